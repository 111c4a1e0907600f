/* Answers as AWS's SDKs read them: failures in their shape, and event frames taken apart again byte by byte. */
#include "serve/route_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/bytes.h"
#include "base/gzip.h"
#include "support/alloc_fail.h"
#include "support/tiny_server.h"

#define ENDPOINT "/endpoints/any%20name/invocations"
#define STREAM ENDPOINT "-response-stream"

static serve_request request_of(const char *path, const char *type, const char *body)
{
    return (serve_request){.method = TML_STR("POST"),
                           .path = tmli_str(path),
                           .content_type = tmli_str(type),
                           .body = tmli_str(body)};
}

static void ask(tiny_server *fix, serve_request request)
{
    serve_route(fix->lane, &(serve_call){&request, &fix->answer}, 1);
}

static const char *header_of(const serve_answer *answer, const char *name)
{
    for (size_t i = 0; i < SERVE_EXTRA_HEADERS && answer->extra[i].name != NULL; i++) {
        if (strcmp(answer->extra[i].name, name) == 0) {
            return answer->extra[i].value;
        }
    }
    return "(none)";
}

static void an_answer_is_that_of_invocations(void **state)
{
    tiny_server *fix = *state;
    ask(fix, request_of(ENDPOINT, "application/json", "{\"input\": \"hot\"}"));
    assert_int_equal(fix->answer.status, 200);
    assert_string_equal(tmli_buf_cstr(&fix->answer.body), "{\"result\": \"Warm\"}");
    assert_string_equal(header_of(&fix->answer, "x-Amzn-Invoked-Production-Variant"), "AllTraffic");
}

static void a_failure_is_a_model_error(void **state)
{
    tiny_server *fix = *state;
    static const char *const paths[] = {ENDPOINT, STREAM};
    for (size_t i = 0; i < 2; i++) {
        ask(fix, request_of(paths[i], "image/png", "x"));
        assert_int_equal(fix->answer.status, 424);
        assert_string_equal(header_of(&fix->answer, "x-amzn-ErrorType"), "ModelError");
        assert_string_equal(fix->answer.content_type, "application/json");
        assert_string_equal(
            tmli_buf_cstr(&fix->answer.body),
            "{\"Message\":\"Received client error (415) from the model with message "
            "\\\"Content-Type: \\\"image/png\\\" is not read here; send application/json, "
            "application/jsonlines, text/plain, text/csv, text/libsvm or "
            "application/x-recordio-protobuf\\\"\",\"OriginalStatusCode\":415,\"OriginalMessage\":"
            "\"{\\\"error\\\":{\\\"code\\\":415,\\\"message\\\":\\\"Content-Type: "
            "\\\\\\\"image/png\\\\\\\" is not read here; send application/json, "
            "application/jsonlines, text/plain, text/csv, text/libsvm or "
            "application/x-recordio-protobuf\\\"}}\",\"LogStreamArn\":\"\"}");
    }
}

/* What is refused before a model is asked: the SDKs show "Message", and raise a ModelError where there is one. */
static void refusals_are_read_by_the_sdks_too(void **state)
{
    tiny_server *fix = *state;
    serve_request request = request_of(STREAM, "text/plain", "hot");
    request.method = TML_STR("PUT");
    ask(fix, request);
    assert_int_equal(fix->answer.status, 405);
    assert_string_equal(fix->answer.allow, "POST");
    assert_string_equal(
        tmli_buf_cstr(&fix->answer.body),
        "{\"Message\":\"/endpoints/*/invocations-response-stream: \\\"PUT\\\" is not "
        "answered here; use POST\"}");
    ask(fix, request_of("http://host/endpoints/name/other", "text/plain", "hot"));
    assert_int_equal(fix->answer.status, 404);
    assert_memory_equal(tmli_buf_cstr(&fix->answer.body), "{\"Message\":", 11);
    request = request_of(ENDPOINT, "text/plain", "hot");
    serve_refuse_body(fix->lane, &request, &fix->answer);
    assert_int_equal(fix->answer.status, 424);
    assert_string_equal(header_of(&fix->answer, "x-amzn-ErrorType"), "ModelError");
    assert_non_null(strstr(tmli_buf_cstr(&fix->answer.body), "\"OriginalStatusCode\":413,"));
    serve_answer_reset(&fix->answer);
    serve_refuse(TML_STR(ENDPOINT), &fix->answer, 503, "too many");
    assert_int_equal(fix->answer.status, 503);
    assert_string_equal(header_of(&fix->answer, "x-amzn-ErrorType"), "ServiceUnavailable");
    serve_answer_reset(&fix->answer);
    serve_refuse(TML_STR("/invocations"), &fix->answer, 503, "too many");
    assert_string_equal(tmli_buf_cstr(&fix->answer.body),
                        "{\"error\":{\"code\":503,\"message\":\"too many\"}}");
}

static void attributes_come_back_when_a_header_can_hold_them(void **state)
{
    tiny_server *fix = *state;
    static char long_one[1026];
    memset(long_one, 'a', sizeof long_one - 1);
    const struct {
        tml_str sent, want;
    } cases[] = {
        {TML_STR("trace=1; b"), TML_STR("trace=1; b")},
        {{long_one, 1024}, {long_one, 1024}},
        {{long_one, 1025}, {0}},
        {TML_STR("a\r\nSet-Cookie: b"), {0}},
        {TML_STR("caf\xc3\xa9"), {0}},
        {{0}, {0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        serve_request request = request_of(ENDPOINT, "text/plain", "hot\n");
        request.custom_attributes = cases[i].sent;
        ask(fix, request);
        assert_int_equal(fix->answer.status, 200);
        assert_true(tmli_str_eq(fix->answer.custom_attributes, cases[i].want));
        request.path = TML_STR("/invocations");
        ask(fix, request);
        assert_int_equal(fix->answer.custom_attributes.len, 0);
    }
}

/* ---- frames ---- */

static uint32_t u32be(const char *at)
{
    const unsigned char *b = (const unsigned char *)at;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Takes one frame off the front: its payload is appended. */
static tml_str take_frame(tml_str left, tmli_buf *payload)
{
    static const char headers[] = "\x0b:event-type\7\0\x0bPayloadPart"
                                  "\x0d:content-type\7\0\x18"
                                  "application/octet-stream"
                                  "\x0d:message-type\7\0\5event";
    assert_in_range(left.len, 16 + sizeof headers - 1, SIZE_MAX);
    const size_t n = u32be(left.data);
    assert_in_range(n, 16 + sizeof headers - 1, left.len);
    assert_int_equal(u32be(left.data + 4), sizeof headers - 1);
    assert_int_equal(u32be(left.data + 8), tmli_crc32(0, left.data, 8));
    assert_memory_equal(left.data + 12, headers, sizeof headers - 1);
    assert_int_equal(u32be(left.data + n - 4), tmli_crc32(0, left.data, n - 4));
    tmli_buf_append(payload, left.data + 12 + sizeof headers - 1, n - 16 - (sizeof headers - 1));
    return (tml_str){left.data + n, left.len - n};
}

static size_t take_all(const serve_answer *answer, tmli_buf *payload)
{
    size_t n = 0;
    tmli_buf_reset(payload);
    for (tml_str left = tmli_buf_str(&answer->body); left.len > 0; n++) {
        left = take_frame(left, payload);
        assert_true(left.len == 0 || payload->data[payload->len - 1] == '\n');
    }
    return n;
}

static void checksums_are_those_of_gzip(void **state)
{
    (void)state;
    assert_int_equal(tmli_crc32(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(tmli_crc32(tmli_crc32(0, "1234", 4), "56789", 5), 0xcbf43926);
    assert_int_equal(tmli_crc32(7, NULL, 0), 7);
}

static void a_stream_comes_in_frames(void **state)
{
    tiny_server *fix = *state;
    tmli_buf payload = {0};
    ask(fix, request_of(STREAM, "application/json", "{\"input\": \"hot\"}"));
    assert_int_equal(fix->answer.status, 200);
    assert_string_equal(fix->answer.content_type, "application/vnd.amazon.eventstream");
    assert_string_equal(header_of(&fix->answer, "X-Amzn-SageMaker-Content-Type"),
                        "application/json");
    assert_int_equal(take_all(&fix->answer, &payload), 1);
    assert_string_equal(tmli_buf_cstr(&payload), "{\"result\": \"Warm\"}");
    ask(fix, request_of(STREAM, "text/csv", ""));
    assert_int_equal(fix->answer.status, 200);
    assert_int_equal(fix->answer.body.len, 0);
    tmli_buf_deinit(&payload);
}

static void a_long_stream_is_cut_behind_lines(void **state)
{
    enum {
        N_ROWS = 40000
    };
    tiny_server *fix = *state;
    tmli_buf body = {0};
    tmli_buf want = {0};
    tmli_buf payload = {0};
    for (size_t i = 0; i < N_ROWS; i++) {
        tmli_buf_append_text(&body, "hot\n");
        tmli_buf_append_text(&want, "Warm\n");
    }
    ask(fix, request_of(STREAM, "text/plain", tmli_buf_cstr(&body)));
    assert_int_equal(take_all(&fix->answer, &payload), 4);
    assert_true(tmli_str_eq(tmli_buf_str(&payload), tmli_buf_str(&want)));
    tmli_buf_deinit(&body);
    tmli_buf_deinit(&want);
    tmli_buf_deinit(&payload);
}

/* Frames around packed bytes would be neither. */
static void a_stream_is_not_packed(void **state)
{
    tiny_server *fix = *state;
    tmli_buf body = {0};
    tmli_buf want = {0};
    tmli_buf payload = {0};
    for (size_t i = 0; i < 1000; i++) {
        tmli_buf_append_text(&body, "hot\n");
        tmli_buf_append_text(&want, "Warm\n");
    }
    serve_request request = request_of(STREAM, "text/plain", tmli_buf_cstr(&body));
    request.accept_encoding = TML_STR("gzip");
    ask(fix, request);
    assert_false(fix->answer.is_gzip);
    assert_int_equal(take_all(&fix->answer, &payload), 1);
    assert_true(tmli_str_eq(tmli_buf_str(&payload), tmli_buf_str(&want)));
    request.path = TML_STR(ENDPOINT);
    ask(fix, request);
    assert_true(fix->answer.is_gzip);
    tmli_buf_deinit(&body);
    tmli_buf_deinit(&want);
    tmli_buf_deinit(&payload);
}

static void without_memory_the_answer_says_so(void **state)
{
    tiny_server *fix = *state;
    static const struct {
        const char *path, *type;
        unsigned status;
    } cases[] = {{STREAM, "text/plain", 200}, {ENDPOINT, "image/png", 424}};
    for (size_t i = 0; i < 2; i++) {
        for (size_t nth = 0;; nth++) {
            tmli_buf_deinit(&fix->answer.body);
            fail_allocation(nth);
            ask(fix, request_of(cases[i].path, cases[i].type, "hot\n"));
            fail_allocation(NEVER);
            const unsigned status = fix->answer.status;
            assert_true(status == 200 || status == 424 || status == 503);
            if (nth > 40) { /* more than there are: none has failed */
                assert_int_equal(status, cases[i].status);
                break;
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_that_of_invocations),
        cmocka_unit_test(a_failure_is_a_model_error),
        cmocka_unit_test(refusals_are_read_by_the_sdks_too),
        cmocka_unit_test(attributes_come_back_when_a_header_can_hold_them),
        cmocka_unit_test(checksums_are_those_of_gzip),
        cmocka_unit_test(a_stream_comes_in_frames),
        cmocka_unit_test(a_long_stream_is_cut_behind_lines),
        cmocka_unit_test(a_stream_is_not_packed),
        cmocka_unit_test(without_memory_the_answer_says_so),
    };
    return cmocka_run_group_tests(tests, tiny_server_open, tiny_server_close);
}
