/* A request of 100 MiB: how long others wait meanwhile, and what it takes of the memory. contract.md §9: S03, S20. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/load.h"
#include "contract/server.h"

enum {
    LARGE_BYTES = 100 << 20,
    SPARE_KB = 8 << 10, /* sessions, buffers of sockets, a worker's stack */
    SETTLE_LOOKS = 100, /* 5 s */
    MAX_ROUNDS = 3      /* other processes make times longer, never shorter: the best counts */
};

static const double ping_seconds = 0.005;
static const double small_seconds = 0.010;

/* A line of /proc/PID/status, in KB. */
static size_t status_kb(const server *s, const char *name)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)s->process.pid);
    char *const text = process_read_file(path, NULL);
    assert_non_null(text);
    const char *const line = strstr(text, name);
    if (line == NULL) {
        fail_msg("no %s in %s", name, path);
        return 0;
    }
    const size_t kb = strtoul(line + strlen(name) + 1, NULL, 10); /* behind the colon */
    free(text);
    return kb;
}

static tmli_buf make_large(void)
{
    tmli_buf lines = load_lines(LARGE_BYTES - 200, NULL);
    assert_in_range(lines.len, LARGE_BYTES - 200, LARGE_BYTES);
    return lines;
}

static void others_hardly_wait_for_a_request_of_100_mib(void **state)
{
    server *const s = *state;
    tmli_buf lines = make_large();
    double ping = 0;
    double small = 0;
    server_start(s, (const char *const[]){"--threads", "2", NULL});
    for (size_t i = 0; i < MAX_ROUNDS; i++) {
        load_latencies took = {0};
        char *answer = NULL;
        load_measure(s, &lines, &took, &answer);
        assert_int_equal(load_status(answer), 200);
        assert_in_range(took.pings.n, 100, SIZE_MAX);
        ping = load_times_quantile(&took.pings, 0.99);
        small = load_times_quantile(&took.small, 0.99);
        print_message("%zu pings, p99 %.2f ms; %zu headlines, p99 %.2f ms; %zu times 100 KiB, "
                      "median %.2f ms\n",
                      took.pings.n, 1e3 * ping, took.small.n, 1e3 * small, took.hundred_kb.n,
                      1e3 * load_times_quantile(&took.hundred_kb, 0.5));
        load_latencies_deinit(&took);
        free(answer);
        if (ping <= ping_seconds && small <= small_seconds) {
            break;
        }
    }
    assert_true(ping <= ping_seconds);
    assert_true(small <= small_seconds);
    tmli_buf_deinit(&lines);
}

/* What the server has taken beyond that, when the worker behind the answer has given back what it used. */
static size_t settled_kb(const server *s, size_t before_kb)
{
    size_t kb = status_kb(s, "VmRSS") - before_kb;
    for (int i = 0; i < SETTLE_LOOKS && kb > SPARE_KB; i++) {
        process_sleep(0.05);
        kb = status_kb(s, "VmRSS") - before_kb;
    }
    return kb;
}

/* Twice its size at most, in whatever form the answer is, and hardly anything behind it. */
static void a_request_of_100_mib_takes_twice_its_size_at_most(void **state)
{
    static const char *const accepts[] = {"Accept: text/csv\r\n", "Accept: application/json\r\n",
                                          "Accept: application/jsonlines\r\n"};
    tmli_buf lines = make_large();
    for (size_t i = 0; i < sizeof accepts / sizeof accepts[0]; i++) {
        server *s = NULL;
        void *fresh = NULL;
        (void)server_setup_started(&fresh);
        s = fresh;
        assert_alive(s);
        const size_t before_kb = status_kb(s, "VmRSS");
        char *const answer = load_receive(load_send(s, accepts[i], &lines));
        assert_int_equal(load_status(answer), 200);
        free(answer);
        assert_alive(s);
        const size_t most_kb = status_kb(s, "VmHWM") - before_kb;
        const size_t after_kb = settled_kb(s, before_kb);
        print_message("%.*s: %zu MB at most, %zu KB later\n", (int)strcspn(accepts[i], "\r"),
                      accepts[i], most_kb >> 10, after_kb);
        assert_in_range(most_kb, LARGE_BYTES >> 10, 2 * (LARGE_BYTES >> 10) + SPARE_KB);
        assert_in_range(after_kb, 0, SPARE_KB);
        assert_int_equal(server_teardown(&fresh), 0);
    }
    tmli_buf_deinit(&lines);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(others_hardly_wait_for_a_request_of_100_mib, server_setup,
                                        server_teardown),
        cmocka_unit_test(a_request_of_100_mib_takes_twice_its_size_at_most),
    };
    return cmocka_run_group_tests(tests, server_train, server_forget);
}
