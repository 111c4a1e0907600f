/* Property: any request line, headers and body get one answer: its status is one of HTTP's, an error is short (S30) and parses
 * as its type says, a body of JSON parses, rows out are rows in, frames of a stream add up with their checksums, and
 * no text of a request stands in the log. The same request answered in slices gets the same answer.
 * Input: a byte of settings, then as on the wire but for line ends: "METHOD TARGET\n", "Name: value\n" lines, a blank line, the
 * body. */
#include "fuzz/fuzz.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "base/gzip.h"
#include "base/json.h"
#include "fuzz/routes_server.h"
#include "serve/exchange.h"
#include "serve/invoke.h"
#include "serve/metrics.h"

enum {
    MANY = 1, /* models with names */
    BATCH = 2,
    COLUMNS = 4,
    STYLE_SHIFT = 3, /* 2 bits: none, or a style */
    KEY = 32,
    SMALL = 64, /* limits that requests run into */
    MAX_ERROR_BYTES = 2047,
    MAX_BODY = 1 << 16,
    SMALL_BODY = 64,
};

/* ---- a request, as the socket's side makes it ---- */

typedef struct asked {
    tmli_buf method, url, target, values; /* owned */
    serve_exchange *ex;
    bool is_admitted;
} asked;

/* Header values end where libmicrohttpd ends them. */
static void put_headers(asked *a, tml_str *rest)
{
    for (;;) {
        const tml_str line = fuzz_line(rest);
        const char *const colon = line.len > 0 ? memchr(line.data, ':', line.len) : NULL;
        if (line.len == 0) {
            return;
        }
        if (colon == NULL || memchr(line.data, '\0', line.len) != NULL) {
            continue;
        }
        const size_t n = (size_t)(colon - line.data);
        serve_exchange_put_header(a->ex, (tml_str){line.data, n},
                                  (tml_str){colon + 1, line.len - n - 1});
    }
}

static void begin(asked *a, serve_exchanges *idle, serve_lane *lane, tml_str input)
{
    tml_str rest = input;
    const tml_str line = fuzz_line(&rest);
    const char *const blank = line.len > 0 ? memchr(line.data, ' ', line.len) : NULL;
    const size_t n_method = blank != NULL ? (size_t)(blank - line.data) : line.len;
    const size_t n_skipped = blank != NULL ? n_method + 1 : n_method;
    tmli_buf_append(&a->method, line.data, n_method);
    tmli_buf_append(&a->target, line.data != NULL ? line.data + n_skipped : NULL,
                    line.len - n_skipped);
    a->ex = serve_exchange_begin(idle, lane);
    FUZZ_CHECK(a->ex != NULL);
    const char *const target = tmli_buf_cstr(&a->target);
    tmli_buf_append(&a->url, target, strcspn(target, "?"));
    serve_exchange_put_target(a->ex, target);
    a->ex->request.method = tmli_str(tmli_buf_cstr(&a->method));
    a->ex->request.path = tmli_str(tmli_buf_cstr(&a->url));
    a->ex->stage = SERVE_READING;
    a->ex->reads_body = serve_reads_body(a->ex->request.method, a->ex->request.path);
    put_headers(a, &rest);
    const size_t max = lane->server->settings.max_body;
    a->is_admitted = serve_exchange_admit(a->ex);
    if (a->is_admitted && !serve_exchange_take(a->ex, rest.data, rest.len, max)) {
        serve_refuse_body(lane, &a->ex->request, &a->ex->answer);
        a->is_admitted = false;
    }
}

static void end_asked(asked *a, serve_exchanges *idle)
{
    serve_exchange_end(idle, a->ex);
    tmli_buf_deinit(&a->method);
    tmli_buf_deinit(&a->url);
    tmli_buf_deinit(&a->target);
    tmli_buf_deinit(&a->values);
}

/* ---- its answer ---- */

static bool is_type(const serve_answer *answer, const char *type)
{
    return answer->content_type != NULL && strcmp(answer->content_type, type) == 0;
}

static uint32_t u32be(const char *at)
{
    const unsigned char *const b = (const unsigned char *)at;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Frames that fill the body; *payload: what they hold. */
static void check_events(tml_str body, tmli_buf *payload)
{
    while (body.len > 0) {
        FUZZ_CHECK(body.len >= 16);
        const uint32_t n = u32be(body.data);
        const uint32_t n_headers = u32be(body.data + 4);
        FUZZ_CHECK(n <= body.len && n >= 16 + n_headers);
        FUZZ_CHECK(u32be(body.data + 8) == tmli_crc32(0, body.data, 8));
        FUZZ_CHECK(u32be(body.data + n - 4) == tmli_crc32(0, body.data, n - 4));
        tmli_buf_append(payload, body.data + 12 + n_headers, n - n_headers - 16);
        body.data += n;
        body.len -= n;
    }
}

static void check_rows(const serve_answer *answer, tml_str body)
{
    size_t n_lines = 0;
    for (size_t i = 0; i < body.len; i++) {
        n_lines += body.data[i] == '\n';
    }
    if (is_type(answer, "application/json")) {
        tmli_arena arena;
        const tmli_value *root = NULL;
        tmli_arena_init(&arena, 4096, 0);
        FUZZ_CHECK(tmli_json_parse(body, &arena, &root, NULL) == TML_OK);
        const tmli_value *const all = tmli_value_get(root, "predictions");
        FUZZ_CHECK(all == NULL || all->n == answer->n_rows);
        tmli_arena_deinit(&arena);
    } else if (is_type(answer, "text/plain") || is_type(answer, "application/jsonlines")) {
        FUZZ_CHECK(n_lines == answer->n_rows);
    }
}

static void check_json(tml_str body)
{
    tmli_arena arena;
    const tmli_value *root = NULL;
    tmli_arena_init(&arena, 4096, 0);
    FUZZ_CHECK(tmli_json_parse(body, &arena, &root, NULL) == TML_OK);
    tmli_arena_deinit(&arena);
}

static bool is_invocation(tml_str pattern)
{
    return tmli_str_eq_text(pattern, "/invocations") ||
           tmli_str_eq_text(pattern, "/models/*/invoke") || tmli_str_starts(pattern, "/endpoints/");
}

static void check_answer(const serve_answer *answer)
{
    const tml_str pattern = serve_route_pattern(answer->route);
    const tml_str body = tmli_buf_str(&answer->body);
    FUZZ_CHECK(answer->status >= 200 && answer->status <= 599);
    FUZZ_CHECK(!answer->body.failed);
    FUZZ_CHECK((answer->content_type == NULL) == (body.len == 0) || answer->status == 200);
    FUZZ_CHECK(answer->status != 500 && answer->status != 503); /* nothing fails here */
    if (answer->status >= 400) {
        FUZZ_CHECK(body.len >= 1 && body.len <= MAX_ERROR_BYTES);
        FUZZ_CHECK(is_type(answer, "application/json") && !answer->is_gzip);
        FUZZ_CHECK((answer->status == 405) == (answer->allow != NULL));
        check_json(body);
        return;
    }
    if (answer->is_gzip) {
        FUZZ_CHECK(is_invocation(pattern) && body.len > 18);
        return; /* fuzz_gzip reads it */
    }
    if (is_type(answer, "application/vnd.amazon.eventstream")) {
        tmli_buf payload = {0};
        check_events(body, &payload);
        tmli_buf_deinit(&payload);
    } else if (is_type(answer, "application/json")) {
        check_json(body);
    }
    if (is_invocation(pattern) && answer->status == 200) {
        check_rows(answer, body);
    }
}

/* ---- both ways to an answer ---- */

/* Between two others whose names have to be decoded: what is answered together shares memory. */
static void answer_at_once(routes_server *of, tml_str input, asked *a, serve_exchanges *idle)
{
    asked before = {0};
    asked behind = {0};
    begin(a, idle, of->lane, input);
    begin(&before, idle, of->lane,
          TML_STR("POST /models/%6d/invoke\nContent-Type: text/plain\n\nhot\n"));
    begin(&behind, idle, of->lane, TML_STR("GET /models/%78%78\n\n"));
    serve_exchange *all[] = {before.ex, a->ex, behind.ex};
    const bool has_others = before.is_admitted && a->is_admitted;
    if (has_others) {
        serve_exchange_work(all, 3, of->lane);
        FUZZ_CHECK(behind.ex->answer.status == 404);
        if (!of->server.settings.is_multi_model) {
            FUZZ_CHECK(before.ex->answer.status == 404);
        } else if (!tmli_str_eq_text(a->ex->request.method, "DELETE")) {
            FUZZ_CHECK(before.ex->answer.status == 200);
        }
    } else if (a->is_admitted) {
        serve_exchange_work(all + 1, 1, of->lane);
    }
    end_asked(&before, idle);
    end_asked(&behind, idle);
}

static void answer_in_slices(routes_server *of, tml_str input, asked *a, serve_exchanges *idle)
{
    begin(a, idle, of->lane, input);
    if (!a->is_admitted) {
        return;
    }
    serve_exchange *const ex = a->ex;
    const serve_call call = {&ex->request, &ex->answer};
    ex->request.body = tmli_buf_str(&ex->body);
    serve_invocation *const work = serve_route_long(of->lane, &call, &ex->body);
    if (work != NULL) {
        serve_slice slice = SERVE_SLICE_MORE;
        while (slice == SERVE_SLICE_MORE) {
            slice = serve_invocation_step(work);
        }
        FUZZ_CHECK(slice == SERVE_SLICE_DONE);
        serve_invocation_end(work);
    }
    ex->stage = SERVE_ANSWERED;
}

static bool is_fixed(tml_str pattern)
{
    return !tmli_str_eq_text(pattern, "/metrics") && !tmli_str_starts(pattern, "/models");
}

static void settle(routes_server *of, unsigned choice)
{
    const unsigned style = choice >> STYLE_SHIFT & 3;
    serve_settings *const settings = &of->lane->server->settings;
    const bool is_many = settings->is_multi_model;
    *settings = (serve_settings){
        .max_body = (choice & SMALL) != 0 ? SMALL_BODY : MAX_BODY,
        .max_rows = (choice & SMALL) != 0 ? 3 : 1000,
        .max_row_bytes = (choice & SMALL) != 0 ? 16 : MAX_BODY,
        .is_batch = (choice & BATCH) != 0,
        .has_style = style > 0,
        .style = style > 0 ? (tml_style)(style - 1) : TML_STYLE_TEXTML,
        .has_columns = (choice & COLUMNS) != 0,
        .api_key = (choice & KEY) != 0 ? TML_STR("key") : (tml_str){0},
        .is_multi_model = is_many,
        .max_payload_mb = -1,
        .n_threads = 1,
    };
    FUZZ_CHECK(sm_columns_parse(TML_STR("predicted_label,probabilities,labels,other"),
                                &settings->columns, NULL) == TML_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const unsigned choice = fuzz_choice(&data, &size);
    const tml_str input = fuzz_text(data, size);
    routes_server *const of = routes_server_get((choice & MANY) != 0);
    serve_exchanges idle = {0};
    asked whole = {0};
    asked sliced = {0};
    settle(of, choice);
    routes_server_reset(of);
    answer_at_once(of, input, &whole, &idle);
    check_answer(&whole.ex->answer);
    routes_server_reset(of);
    answer_in_slices(of, input, &sliced, &idle);
    check_answer(&sliced.ex->answer);
    FUZZ_CHECK(whole.ex->answer.status == sliced.ex->answer.status);
    if (is_fixed(serve_route_pattern(whole.ex->answer.route))) {
        FUZZ_CHECK(tmli_str_eq(tmli_buf_str(&whole.ex->answer.body),
                               tmli_buf_str(&sliced.ex->answer.body)));
    }
    end_asked(&whole, &idle);
    end_asked(&sliced, &idle);
    serve_exchanges_deinit(&idle);
    return 0;
}
