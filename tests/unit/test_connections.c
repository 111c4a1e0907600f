/* The watch over connections, second by second, on socket pairs. */
#include "serve/connections.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "support/alloc_fail.h"

static const serve_limits limits = {
    .max_connections = 3, .max_per_address = 2, .header_s = 20, .body_s = 30, .idle_s = 65};

typedef struct pair {
    serve_connections list;
    serve_connection *connection;
    int client;
    int server;
} pair;

/* Without its thread: the tests look. */
static void begin(pair *p, serve_phase phase)
{
    int fds[2];
    memset(p, 0, sizeof(*p));
    p->list.limits = limits;
    assert_int_equal(pthread_mutex_init(&p->list.lock, NULL), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    p->client = fds[0];
    p->server = fds[1];
    p->connection = serve_connections_add(&p->list, p->server, NULL);
    assert_non_null(p->connection);
    assert_int_equal(p->connection->refusal, 0);
    assert_true(serve_connection_enter(p->connection, phase));
}

static void end(pair *p)
{
    serve_connections_remove(&p->list, p->connection);
    assert_int_equal(p->list.n, 0);
    (void)close(p->client);
    (void)close(p->server);
    assert_int_equal(serve_connections_unread(&p->list), 0); /* whatever was said to it */
    assert_null(p->list.leaving);
    (void)pthread_mutex_destroy(&p->list.lock);
}

/* What the client has been told; *is_open: whether the connection still is. */
static size_t heard(const pair *p, char *out, size_t room, bool *is_open)
{
    size_t n = 0;
    ssize_t got = 0;
    while (n + 1 < room && (got = recv(p->client, out + n, room - 1 - n, MSG_DONTWAIT)) > 0) {
        n += (size_t)got;
    }
    out[n] = '\0';
    *is_open = got < 0;
    return n;
}

static void each_phase_has_its_time(void **state)
{
    static const struct {
        serve_phase phase;
        unsigned seconds; /* 0: for ever */
        const char *words;
    } cases[] = {
        {SERVE_PHASE_HEADERS, 20, "the headers were not complete after 20 s"},
        {SERVE_PHASE_BODY, 30, "less than 1024 bytes in 30 s"},
        {SERVE_PHASE_IDLE, 65, ""},
        {SERVE_PHASE_BUSY, 0, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pair p;
        char words[1024];
        bool is_open = false;
        begin(&p, cases[i].phase);
        const unsigned last = cases[i].seconds > 0 ? cases[i].seconds : 100000;
        for (unsigned now = 0; now<last; now += last> 1000 ? 100 : 1) {
            serve_connections_look(&p.list, now);
        }
        assert_int_equal(heard(&p, words, sizeof(words), &is_open), 0);
        assert_true(is_open);
        serve_connections_look(&p.list, last);
        (void)heard(&p, words, sizeof(words), &is_open);
        assert_int_equal(is_open, cases[i].seconds == 0);
        assert_non_null(strstr(words, cases[i].words));
        assert_int_equal(serve_connection_enter(p.connection, SERVE_PHASE_BUSY), is_open);
        end(&p);
    }
}

static void progress_begins_the_time_anew(void **state)
{
    pair p;
    char words[64];
    bool is_open = false;
    (void)state;
    begin(&p, SERVE_PHASE_BODY);
    for (unsigned now = 0; now < 300; now++) { /* 40 bytes a second are enough */
        serve_connection_count_body(p.connection, 40);
        serve_connections_look(&p.list, now);
    }
    (void)heard(&p, words, sizeof(words), &is_open);
    assert_true(is_open);
    for (unsigned now = 300; now < 360; now++) { /* 30 are not */
        serve_connection_count_body(p.connection, 30);
        serve_connections_look(&p.list, now);
    }
    (void)heard(&p, words, sizeof(words), &is_open);
    assert_false(is_open);
    end(&p);
    begin(&p, SERVE_PHASE_IDLE);
    for (unsigned now = 0; now < 300; now++) { /* a request, now and then */
        if (now % 60 == 0) {
            assert_true(serve_connection_enter(p.connection, SERVE_PHASE_BUSY));
            assert_true(serve_connection_enter(p.connection, SERVE_PHASE_IDLE));
        }
        serve_connections_look(&p.list, now);
    }
    (void)heard(&p, words, sizeof(words), &is_open);
    assert_true(is_open);
    end(&p);
}

/* A client that has closed in the middle of a request is not waited for; one whose request is complete is. */
static void a_closed_client_is_waited_for_only_with_its_request_complete(void **state)
{
    static const serve_phase phases[] = {SERVE_PHASE_NEW, SERVE_PHASE_IDLE, SERVE_PHASE_HEADERS,
                                         SERVE_PHASE_BODY, SERVE_PHASE_BUSY};
    (void)state;
    for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
        pair p;
        begin(&p, phases[i]);
        (void)shutdown(p.client, SHUT_WR);
        assert_false(serve_connection_is_broken(p.connection));
        serve_connections_look(&p.list, 7);
        assert_true(serve_connection_enter(p.connection, phases[i])); /* it has just been seen */
        serve_connections_look(&p.list, 8);
        serve_connections_look(&p.list, 9);
        assert_int_equal(serve_connection_enter(p.connection, SERVE_PHASE_BUSY),
                         phases[i] == SERVE_PHASE_BUSY);
        end(&p);
    }
}

static void a_client_that_is_gone_altogether_is_noticed(void **state)
{
    pair p;
    (void)state;
    begin(&p, SERVE_PHASE_BUSY);
    assert_false(serve_connection_is_broken(p.connection));
    (void)shutdown(p.client, SHUT_RDWR);
    assert_true(serve_connection_is_broken(p.connection));
    end(&p);
}

static void connections_over_the_limits_get_a_refusal(void **state)
{
    struct sockaddr_in one = {.sin_family = AF_INET};
    struct sockaddr_in6 two = {.sin6_family = AF_INET6};
    serve_connections list = {.limits = limits};
    (void)state;
    one.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    two.sin6_addr.s6_addr[15] = 9;
    static const unsigned want[] = {0, 0, 429, 503};
    serve_connection *made[5];
    assert_int_equal(pthread_mutex_init(&list.lock, NULL), 0);
    for (size_t i = 0; i < 4; i++) {
        made[i] = serve_connections_add(&list, -1, (const struct sockaddr *)(const void *)&one);
        assert_non_null(made[i]);
        assert_int_equal(made[i]->refusal, i < 3 ? want[i] : 503);
    }
    serve_connections_remove(&list, made[2]);
    serve_connections_remove(&list, made[3]);
    made[2] = serve_connections_add(&list, -1, (const struct sockaddr *)(const void *)&two);
    assert_non_null(made[2]);
    assert_int_equal(made[2]->refusal, 0); /* another address */
    fail_allocation(0);
    assert_null(serve_connections_add(&list, -1, NULL));
    fail_allocation(NEVER);
    for (size_t i = 0; i < 3; i++) {
        serve_connections_remove(&list, made[i]);
    }
    assert_int_equal(list.n, 0);
    (void)pthread_mutex_destroy(&list.lock);
}

/* Whoever goes first: the watch and the counts see those that are left, each once. */
static void connections_may_end_in_any_order(void **state)
{
    static const size_t orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                       {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        serve_connections list = {.limits = limits};
        serve_connection *made[3];
        assert_int_equal(pthread_mutex_init(&list.lock, NULL), 0);
        for (size_t j = 0; j < 3; j++) {
            made[j] = serve_connections_add(&list, -1, NULL);
            assert_non_null(made[j]);
        }
        for (size_t j = 0; j < 3; j++) {
            size_t n = 0;
            serve_connections_remove(&list, made[orders[i][j]]);
            const serve_connection *before = NULL;
            for (const serve_connection *at = list.first; at != NULL; at = at->next) {
                assert_ptr_equal(at->previous, before);
                before = at;
                n++;
            }
            assert_int_equal(n, 2 - j);
            assert_int_equal(list.n, n);
        }
        (void)pthread_mutex_destroy(&list.lock);
    }
}

/* Its socket stays open beyond the owner's close for as long as the client has something to take. */
static void an_answer_that_is_not_read_outlives_its_connection(void **state)
{
    (void)state;
    for (int is_read = 0; is_read < 2; is_read++) {
        pair p;
        char words[64];
        bool is_open = false;
        begin(&p, SERVE_PHASE_BUSY);
        assert_int_equal(serve_connections_unread(&p.list), 0);
        assert_int_equal(send(p.server, "answer", 6, 0), 6);
        assert_int_equal(serve_connections_unread(&p.list), 1);
        serve_connections_remove(&p.list, p.connection);
        (void)close(p.server);
        assert_int_equal(p.list.n, 0);
        serve_connections_look(&p.list, 1);
        assert_int_equal(serve_connections_unread(&p.list), 1);
        if (is_read != 0) {
            assert_int_equal(heard(&p, words, sizeof(words), &is_open), 6);
            assert_false(is_open); /* nothing more will come, though the socket is there */
        } else {
            (void)close(p.client);
            p.client = -1;
        }
        assert_int_equal(p.list.n_leaving, 1);
        serve_connections_look(&p.list, 2);
        assert_int_equal(p.list.n_leaving, 0);
        assert_int_equal(serve_connections_unread(&p.list), 0);
        p.connection = NULL;
        p.server = -1;
        end(&p);
    }
}

/* Those that are leaving make way for those that come. */
static void unread_answers_take_no_more_sockets_than_connections_may(void **state)
{
    serve_connections list;
    int fds[4][2];
    (void)state;
    assert_int_equal(serve_connections_init(&list, &limits, false, NULL), TML_OK);
    for (size_t i = 0; i < 4; i++) { /* one more than there may be */
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds[i]), 0);
        serve_connection *const made = serve_connections_add(&list, fds[i][0], NULL);
        assert_non_null(made);
        assert_int_equal(made->refusal, 0);
        assert_int_equal(send(fds[i][0], "answer", 6, 0), 6);
        serve_connections_remove(&list, made);
        assert_int_equal(serve_connections_unread(&list), i < 3 ? i + 1 : 3);
    }
    serve_connections_deinit(&list); /* gives up what is left */
    assert_int_equal(list.n_leaving, 0);
    for (size_t i = 0; i < 4; i++) {
        (void)close(fds[i][0]);
        (void)close(fds[i][1]);
    }
}

static void the_watch_begins_and_ends(void **state)
{
    serve_connections list;
    (void)state;
    assert_int_equal(serve_connections_init(&list, &limits, false, NULL), TML_OK);
    serve_connections_deinit(&list);
    serve_connections_deinit(&list); /* as one that never began */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_phase_has_its_time),
        cmocka_unit_test(progress_begins_the_time_anew),
        cmocka_unit_test(a_closed_client_is_waited_for_only_with_its_request_complete),
        cmocka_unit_test(a_client_that_is_gone_altogether_is_noticed),
        cmocka_unit_test(connections_over_the_limits_get_a_refusal),
        cmocka_unit_test(connections_may_end_in_any_order),
        cmocka_unit_test(an_answer_that_is_not_read_outlives_its_connection),
        cmocka_unit_test(unread_answers_take_no_more_sockets_than_connections_may),
        cmocka_unit_test(the_watch_begins_and_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
