/* Reading ahead: the bytes, the end and the failure of a source, whatever pieces it comes in and goes out in. */
#include "base/source_ahead.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "base/status.h"
#include "support/alloc_fail.h"

/* Bytes 0, 1, 2, … modulo 251, some at a time. */
typedef struct counter {
    size_t left;
    size_t most; /* bytes of one read */
    size_t at;
    bool fails; /* at the end */
} counter;

static tml_status read_counter(void *ctx, void *buffer, size_t n, size_t *got, tml_error *err)
{
    counter *c = ctx;
    *got = n < c->most ? n : c->most;
    *got = *got < c->left ? *got : c->left;
    for (size_t i = 0; i < *got; i++) {
        ((unsigned char *)buffer)[i] = (unsigned char)(c->at++ % 251);
    }
    c->left -= *got;
    return *got == 0 && c->fails ? tmli_fail(err, TML_EFORMAT, "cut short at %zu", c->at) : TML_OK;
}

/* Consumes all of it; returns the status of the last read. */
static tml_status consume(tmli_ahead *ahead, size_t step, size_t *total, tml_error *err)
{
    unsigned char buffer[5000];
    size_t got = 0;
    *total = 0;
    do {
        const tml_status status = tmli_ahead_read(ahead, buffer, step, &got, err);
        if (status != TML_OK) {
            return status;
        }
        for (size_t i = 0; i < got; i++) {
            if (buffer[i] != (unsigned char)((*total + i) % 251)) {
                fail_msg("byte %zu is %u", *total + i, (unsigned)buffer[i]);
            }
        }
        *total += got;
    } while (got > 0);
    return TML_OK;
}

static void all_bytes_come_in_order(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 4999, 131072, 131073, 3000000};
    static const size_t mosts[] = {1000, 70000, 1 << 20};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (size_t k = 0; k < sizeof(mosts) / sizeof(mosts[0]); k++) {
            counter c = {.left = sizes[i], .most = mosts[k]};
            tmli_ahead *ahead = NULL;
            size_t total = 0;
            assert_int_equal(tmli_ahead_start(read_counter, &c, &ahead, NULL), TML_OK);
            assert_int_equal(consume(ahead, 1777, &total, NULL), TML_OK);
            assert_int_equal(total, sizes[i]);
            assert_int_equal(consume(ahead, 1, &total, NULL), TML_OK); /* the end stays the end */
            assert_int_equal(total, 0);
            tmli_ahead_free(ahead);
        }
    }
}

static void a_failure_comes_behind_the_bytes_before_it(void **state)
{
    (void)state;
    counter c = {.left = 400000, .most = 3000, .fails = true};
    tmli_ahead *ahead = NULL;
    tml_error err = {0};
    size_t total = 0;
    assert_int_equal(tmli_ahead_start(read_counter, &c, &ahead, NULL), TML_OK);
    assert_int_equal(consume(ahead, 5000, &total, &err), TML_EFORMAT);
    assert_int_equal(total, 400000);
    assert_string_equal(err.text, "cut short at 400000");
    tmli_ahead_free(ahead);
}

static void it_may_be_left_at_any_time(void **state)
{
    (void)state;
    for (size_t reads = 0; reads < 40; reads += 13) {
        counter c = {.left = 10000000, .most = 100000};
        tmli_ahead *ahead = NULL;
        unsigned char buffer[5000];
        size_t got = 0;
        assert_int_equal(tmli_ahead_start(read_counter, &c, &ahead, NULL), TML_OK);
        for (size_t i = 0; i < reads; i++) {
            assert_int_equal(tmli_ahead_read(ahead, buffer, sizeof(buffer), &got, NULL), TML_OK);
        }
        tmli_ahead_free(ahead);
    }
    tmli_ahead_free(NULL);
}

static void every_failed_allocation_is_reported(void **state)
{
    (void)state;
    for (size_t nth = 0;; nth++) {
        counter c = {.left = 10, .most = 10};
        tmli_ahead *ahead = NULL;
        fail_allocation(nth);
        const tml_status status = tmli_ahead_start(read_counter, &c, &ahead, NULL);
        fail_allocation(NEVER);
        if (status == TML_OK) {
            tmli_ahead_free(ahead);
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
        assert_null(ahead);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_bytes_come_in_order),
        cmocka_unit_test(a_failure_comes_behind_the_bytes_before_it),
        cmocka_unit_test(it_may_be_left_at_any_time),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
