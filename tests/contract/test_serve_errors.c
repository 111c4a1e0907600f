/* Requests that serve refuses: the status, the exact sentence, and a server that lives on. contract.md §9.4: S10, S11,
 * S14, S16, S17, S19, S21, S22, S27, S30. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "contract/server.h"
#include "support/http.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const double answer_seconds = 30;

/* ---- bodies ----------------------------------------------------------------------------------- */

static void bodies_that_cannot_be_read_are_refused_with_their_place(void **state)
{
    static const struct {
        const char *body;
        const char *sentence;
    } cases[] = {
        {"{\"input\": \"a\"",
         "line 1, column 14: this is not JSON: expected ',' or '}', found the end"},
        {"{\"input\":\n  bank}", "line 2, column 3: this is not JSON: expected a value, found 'b'"},
        {"{'input': 'a'}",
         "line 1, column 2: this is not JSON: expected a key in quotes, found '''"},
        {"{\"input\": \"a\"} x",
         "line 1, column 16: this is not JSON: expected nothing behind the value, found 'x'"},
        {"{}", "no \"input\": expected {\"input\": \"text\"} or {\"instances\": [\"text\", …]}"},
        {"{\"Input\": \"a\"}",
         "no \"input\": expected {\"input\": \"text\"} or {\"instances\": [\"text\", …]}"},
        {"{\"input\": 5}", "\"input\" is a number: expected a string or a list of strings"},
        {"{\"input\": null}", "\"input\" is null: expected a string or a list of strings"},
        {"{\"input\": {\"a\": 1}}",
         "\"input\" is an object: expected a string or a list of strings"},
        {"{\"input\": [\"a\", 5]}", "input[1] is a number: expected a string"},
        {"{\"input\": [[\"a\"]]}", "input[0] is a list: expected a string"},
        {"{\"instances\": 5}", "\"instances\" is a number: expected a string or a list of strings"},
        {"{\"instances\": [\"a\", null]}",
         "instances[1] is null: expected a string or an object with one of \"input\", \"text\", "
         "\"source\", \"features\", \"data\""},
        {"{\"instances\": [{\"txet\": \"a\"}]}",
         "instances[0] is an object without a text: expected a string or an object with one of "
         "\"input\", \"text\", \"source\", \"features\", \"data\""},
        {"{\"instances\": [{\"text\": 5}]}",
         "instances[0] is an object whose text is a number: expected a string or an object with "
         "one of \"input\", \"text\", \"source\", \"features\", \"data\""},
        {"{\"input\": \"a\", \"probabilities\": \"yes\"}",
         "\"probabilities\" is a string: expected true or false"},
        {"5", "the body is a number: expected {\"input\": …}, a string or a list of strings"},
        {"", "the body is empty: expected JSON such as {\"input\": …}"},
        {" \n", "the body is empty: expected JSON such as {\"input\": …}"},
    };
    server *const s = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        server_ask(s, "application/json", NULL, cases[i].body);
        assert_error(s, 400, cases[i].sentence);
    }
    assert_alive(s);
}

static void csv_that_cannot_be_read_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *body;
        const char *sentence;
    } cases[] = {
        {"market\n\"bank", "line 2, field 1: the quote that opens here is never closed"},
        {"market\n\"bank\",x\n",
         "line 2: 2 fields, expected one: put the whole text in one pair of quotes"},
    };
    server *const s = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        server_ask(s, "text/csv", NULL, cases[i].body);
        assert_error(s, 400, cases[i].sentence);
    }
    assert_alive(s);
}

/* S14 */
static void hostile_bytes_are_survived(void **state)
{
    enum {
        DEEP = 100000
    };
    static const char with_nul[] = "{\"input\": \"ba\0nk\"}";
    static const char not_utf8[] = "{\"input\": \"market \xff\xfe bank\"}";
    server *const s = *state;
    char *const deep = malloc(DEEP + 1);
    assert_non_null(deep);
    memset(deep, '[', DEEP);
    deep[DEEP] = '\0';
    server_ask(s, "application/json", NULL, deep);
    free(deep);
    assert_int_equal(s->answer.status, 400);
    server_ask(s, "application/json", NULL, "{\"input\": \"a\\u0000b\"}");
    assert_int_equal(s->answer.status, 400);
    server_ask(s, "application/json", NULL, not_utf8);
    assert_error(s, 400, "line 1, column 19: this is not UTF-8, in which JSON is written");
    const char *const headers[] = {"Content-Type: application/json", NULL};
    const http_request request = {.path = "/invocations",
                                  .headers = headers,
                                  .body = with_nul,
                                  .n_body = sizeof with_nul - 1};
    http_send(s->client, &request, &s->answer);
    assert_int_equal(s->answer.status, 400);
    server_ask(s, "text/plain", NULL, "\xff\xc0\x80\n\xed\xa0\x80\n");
    assert_int_equal(s->answer.status, 200);
    assert_alive(s);
}

/* ---- types, methods, paths -------------------------------------------------------------------- */

#define READ                                                          \
    "application/json, application/jsonlines, text/plain, text/csv, " \
    "text/libsvm or application/x-recordio-protobuf"

/* S10, S11 */
static void types_that_are_not_spoken_are_refused(void **state)
{
    static const struct {
        const char *type, *accept;
        long status;
        const char *sentence;
    } cases[] = {
        {"image/png", NULL, 415, "Content-Type: \"image/png\" is not read here; send " READ},
        {"application/x-npy", NULL, 415,
         "Content-Type: \"application/x-npy\" is not read here; send " READ},
        {"text/plain; charset=koi8-r", NULL, 415,
         "Content-Type: charset \"koi8-r\" is not read here; send UTF-8 or ISO-8859-1"},
        {"application/json; charset=iso-8859-1", NULL, 415,
         "Content-Type: charset \"iso-8859-1\" is not read here; send UTF-8"},
        {"application/json", "image/png", 406,
         "Accept: \"image/png\" is not written here; ask for application/json, "
         "application/jsonlines, text/plain, text/csv or application/x-recordio-protobuf"},
        {"application/json", "application/json;q=0", 406,
         "Accept: \"application/json;q=0\" is not written here; ask for application/json, "
         "application/jsonlines, text/plain, text/csv or application/x-recordio-protobuf"},
    };
    server *const s = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        server_ask(s, cases[i].type, cases[i].accept, "{\"input\": \"market bank\"}");
        assert_error(s, cases[i].status, cases[i].sentence);
    }
    assert_alive(s);
}

static void a_body_that_is_packed_wrongly_is_refused(void **state)
{
    static const struct {
        const char *encoding;
        long status;
        const char *sentence;
    } cases[] = {
        {"Content-Encoding: gzip", 400,
         "body: the gzip data are damaged: unknown compression method"},
        {"Content-Encoding: gzip, gzip", 415,
         "Content-Encoding: \"gzip, gzip\" is not read here; send the body packed once with gzip, "
         "or as it is"},
        {"Content-Encoding: br", 415,
         "Content-Encoding: \"br\" is not read here; send the body packed once with gzip, or as "
         "it is"},
    };
    static const char body[] = "\x1f\x8b\x07 packed";
    server *const s = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *const headers[] = {"Content-Type: application/json", cases[i].encoding, NULL};
        const http_request request = {
            .path = "/invocations", .headers = headers, .body = body, .n_body = sizeof body - 1};
        http_send(s->client, &request, &s->answer);
        assert_error(s, cases[i].status, cases[i].sentence);
    }
    assert_alive(s);
}

/* S27 */
static void paths_and_methods_that_do_not_exist_are_refused(void **state)
{
    static const struct {
        const char *method, *path;
        long status;
        const char *allow;
        const char *sentence;
    } cases[] = {
        {"GET", "/index.html", 404, NULL,
         "\"/index.html\" is not served here; ask for GET /ping or POST /invocations"},
        {"GET", "/pingfoo", 404, NULL,
         "\"/pingfoo\" is not served here; ask for GET /ping or POST /invocations"},
        {"POST", "/invocations/", 404, NULL,
         "\"/invocations/\" is not served here; ask for GET /ping or POST /invocations"},
        {"GET", "/invocations", 405, "POST",
         "/invocations: \"GET\" is not answered here; use POST"},
        {"PUT", "/invocations", 405, "POST",
         "/invocations: \"PUT\" is not answered here; use POST"},
        {"DELETE", "/ping", 405, "GET, HEAD, POST",
         "/ping: \"DELETE\" is not answered here; use GET, HEAD, POST"},
    };
    server *const s = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const http_request request = {.method = cases[i].method, .path = cases[i].path};
        http_send(s->client, &request, &s->answer);
        assert_error(s, cases[i].status, cases[i].sentence);
        char *const allow = http_header(&s->answer, "Allow");
        assert_string_equal(allow != NULL ? allow : "(none)",
                            cases[i].allow != NULL ? cases[i].allow : "(none)");
        free(allow);
    }
    assert_alive(s);
}

/* S30: whatever long text stands where, a sentence is readable and shorter than the platform cuts. */
static void errors_are_short_whatever_was_sent(void **state)
{
    enum {
        N = 5000
    };
    server *const s = *state;
    char long_text[N + 1];
    char path[N + 64];
    char type[N + 64];
    tmli_buf body = {0};
    memset(long_text, 'x', N);
    long_text[N] = '\0';
    (void)snprintf(path, sizeof path, "/%s", long_text);
    (void)snprintf(type, sizeof type, "Content-Type: %s", long_text);
    tmli_buf_printf(&body, "{\"instances\": [{\"text\": \"a\", \"k\": \"%s\"}, \"%s", long_text,
                    long_text);
    const http_request requests[] = {
        {.path = path},
        {.path = "/invocations", .method = long_text},
        {.path = "/invocations",
         .headers = (const char *const[]){type, NULL},
         .body = "a",
         .n_body = 1},
        {.path = "/invocations", .body = body.data, .n_body = body.len},
        {.path = "/endpoints/x/invocations", .body = body.data, .n_body = body.len},
        {.path = "/v2/models/default/infer", .body = body.data, .n_body = body.len},
        {.path = "/models", .body = body.data, .n_body = body.len},
    };
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        http_send(s->client, &requests[i], &s->answer);
        assert_in_range(s->answer.status, 400, 499);
        assert_in_range(s->answer.n_body, 1, 2047);
        for (size_t at = 0; at < s->answer.n_body; at++) {
            assert_in_range(s->answer.body[at], ' ', '~');
        }
    }
    tmli_buf_deinit(&body);
    assert_alive(s);
}

/* ---- large bodies ----------------------------------------------------------------------------- */

/* S21 */
static void a_body_of_7_megabytes_is_refused_and_the_server_lives(void **state)
{
    enum {
        BODY_BYTES = 7000000
    };
    static const char sentence[] =
        "the body is larger than 6000000 bytes; send fewer rows in a request, or start serve with "
        "a larger --max-body";
    server *const s = *state;
    server_start(s, (const char *const[]){"--max-body", "6000000", NULL});
    char *const body = malloc(BODY_BYTES + 1);
    assert_non_null(body);
    memset(body, 'a', BODY_BYTES);
    body[BODY_BYTES] = '\0';
    /* Asking first, sending at once, and in pieces whose number nobody says beforehand. */
    static const char *const more[] = {"Expect: 100-continue",
                                       "Expect:", "Transfer-Encoding: chunked"};
    for (size_t i = 0; i < COUNT_OF(more); i++) {
        const char *const headers[] = {"Content-Type: text/plain", more[i], NULL};
        const http_request request = {
            .path = "/invocations", .headers = headers, .body = body, .n_body = BODY_BYTES};
        http_send(s->client, &request, &s->answer);
        assert_error(s, 413, sentence);
        assert_alive(s);
    }
    free(body);
}

static void the_limit_can_be_set(void **state)
{
    static const char *const args[] = {"--max-body", "30", NULL};
    server *const s = *state;
    server_start(s, args);
    server_ask(s, "text/plain", NULL, "market bank profit market bank"); /* 30 bytes */
    assert_answer(s, 200, "text/plain", "Business\n");
    server_ask(s, "text/plain", NULL, "market bank profit market bank!");
    assert_error(s, 413,
                 "the body is larger than 30 bytes; send fewer rows in a request, or start "
                 "serve with a larger --max-body");
}

/* ---- what no proper client sends -------------------------------------------------------------- */

static void what_is_not_http_is_survived(void **state)
{
    static const struct {
        const char *text;
        const char *answer; /* how it begins; NULL: whatever, or nothing */
    } cases[] = {
        {"NONSENSE\r\n\r\n", NULL},
        {"\r\n\r\n\r\n", NULL},
        {"\x16\x03\x01\x02", NULL}, /* somebody speaks TLS */
        {"GET /ping\r\n\r\n", "HTTP/1.1 400 "},
        {"GET /ping HTTP/9.9\r\nHost: x\r\n\r\n", "HTTP/1.1 505 "},
        {"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", "HTTP/1.1 400 "},
        {"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
         "HTTP/1.1 413 "},
        {"POST /invocations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
         "HTTP/1.1 400 "},
        {"GET /x%00%ff%zz HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 "},
        {"GET /ping HTTP/1.1\r\nHost: x\r\nBroken header\r\n\r\n", "HTTP/1.1 400 "},
    };
    server *const s = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const int fd = http_connect(s->port);
        (void)http_write_text(fd, cases[i].text);
        if (cases[i].answer != NULL) {
            char *const answer = http_read_answer(fd, answer_seconds);
            assert_int_equal(strncmp(answer, cases[i].answer, strlen(cases[i].answer)), 0);
            free(answer);
        }
        http_close(fd);
    }
    assert_alive(s);
}

static void headers_of_any_length_are_survived(void **state)
{
    enum {
        LONG_BYTES = 1 << 20
    };
    server *const s = *state;
    char *const text = malloc(LONG_BYTES + 1);
    assert_non_null(text);
    memset(text, 'h', LONG_BYTES);
    text[LONG_BYTES] = '\0';
    const int fd = http_connect(s->port);
    (void)http_write_text(fd, "GET /ping HTTP/1.1\r\nHost: x\r\nX-Long: ");
    (void)http_write_text(fd, text);
    (void)http_write_text(fd, "\r\n\r\n");
    char *const answer = http_read_answer(fd, answer_seconds);
    assert_null(strstr(answer, " 200 ")); /* refused in words, or cut off */
    free(answer);
    http_close(fd);
    free(text);
    assert_alive(s);
}

/* S22: clients that stop in the middle, and stay, do not keep the others from their answers. */
static void clients_that_stop_half_way_disturb_nobody(void **state)
{
    enum {
        N_STUCK = 50
    };
    static const char *const beginnings[] = {
        "",
        "POST /invo",
        "POST /invocations HTTP/1.1\r\nHost: x\r\n",
        "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n",
        "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"input\": \"ma",
    };
    int stuck[N_STUCK];
    server *const s = *state;
    for (size_t i = 0; i < N_STUCK; i++) {
        stuck[i] = http_connect(s->port);
        (void)http_write_text(stuck[i], beginnings[i % COUNT_OF(beginnings)]);
    }
    assert_alive(s);
    for (size_t i = 0; i < N_STUCK; i += 2) {
        http_close(stuck[i]);
    }
    assert_alive(s);
    for (size_t i = 1; i < N_STUCK; i += 2) {
        http_close(stuck[i]);
    }
    assert_alive(s);
}

static void a_client_that_leaves_before_its_answer_disturbs_nobody(void **state)
{
    server *const s = *state;
    for (int i = 0; i < 20; i++) {
        const int fd = http_connect(s->port);
        (void)http_write_text(fd, "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: "
                                  "text/plain\r\nContent-Length: 11\r\n\r\nmarket bank");
        http_close(fd);
    }
    assert_alive(s);
}

#define UNSTARTED(test) cmocka_unit_test_setup_teardown(test, server_setup, server_teardown)
#define STARTED(test) cmocka_unit_test_setup_teardown(test, server_setup_started, server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STARTED(bodies_that_cannot_be_read_are_refused_with_their_place),
        STARTED(csv_that_cannot_be_read_is_refused_with_its_line),
        STARTED(hostile_bytes_are_survived),
        STARTED(types_that_are_not_spoken_are_refused),
        STARTED(a_body_that_is_packed_wrongly_is_refused),
        STARTED(paths_and_methods_that_do_not_exist_are_refused),
        STARTED(errors_are_short_whatever_was_sent),
        UNSTARTED(a_body_of_7_megabytes_is_refused_and_the_server_lives),
        UNSTARTED(the_limit_can_be_set),
        STARTED(what_is_not_http_is_survived),
        STARTED(headers_of_any_length_are_survived),
        STARTED(clients_that_stop_half_way_disturb_nobody),
        STARTED(a_client_that_leaves_before_its_answer_disturbs_nobody),
    };
    return cmocka_run_group_tests(tests, server_train, server_forget);
}
