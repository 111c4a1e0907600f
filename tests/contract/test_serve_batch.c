/* What a batch transform asks of serve: damaged lines, records of RecordIO, formats in and out that differ, and requests that
 * take long. contract.md §9.5 and §9.7: B02, B03, B05, B07, B11, F04, F08. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/record.h"
#include "base/recordio.h"
#include "contract/load.h"
#include "contract/server.h"
#include "support/near.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ENV(...) ((const char *const[]){__VA_ARGS__, NULL})
#define RECORDS "application/x-recordio-protobuf"

static const double of_floats = 1e-7; /* half a unit in the last place below 1, and room */

static void start_batch(server *s)
{
    s->env = ENV("SAGEMAKER_BATCH=true");
    server_start(s, NULL);
}

/* B02, B05: foreign keys stand in the records, as a join of input and output leaves them. */
static void lines_of_json_get_lines_of_json(void **state)
{
    static const char body[] = "{\"id\": 7, \"source\": \"market bank\"}\n"
                               "{\"id\": 8, \"source\": \"film song\", \"k\": 1}\n"
                               "{\"id\": 9, \"source\": \"virus doctor\"}\n";
    static const char *const want[] = {"{\"label\": \"Business\"", "{\"label\": \"Entertainment\"",
                                       "{\"label\": \"Health & Medicine\""};
    server *const s = *state;
    start_batch(s);
    server_ask(s, "application/jsonlines", "application/jsonlines", body);
    assert_int_equal(s->answer.status, 200);
    const char *at = s->answer.body;
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        assert_int_equal(strncmp(at, want[i], strlen(want[i])), 0);
        at = strchr(at, '\n');
        assert_non_null(at);
        at++;
    }
    assert_string_equal(at, "");
}

/* B03: the others are answered, and the damaged one keeps its place. */
static void a_damaged_line_is_answered_in_its_place(void **state)
{
    static const char lines[] = "\"market bank\"\n{\"source\"\n\"film song\"\n";
    static const char csv[] = "market bank\n\"a\"b\nfilm song\n";
    static const char fault[] = "\n{\"error\": \"line 2, column ";
    server *const s = *state;
    start_batch(s);
    server_ask(s, "application/jsonlines", "text/csv", lines);
    assert_answer(s, 200, "text/csv", "Business\nERROR\nEntertainment\n");
    server_ask(s, "text/csv", "text/plain", csv);
    assert_answer(s, 200, "text/plain", "Business\nERROR\nEntertainment\n");
    server_ask(s, "application/jsonlines", NULL, lines);
    assert_int_equal(s->answer.status, 200);
    const char *const second = strchr(s->answer.body, '\n');
    assert_non_null(second);
    assert_int_equal(strncmp(second, fault, strlen(fault)), 0);
    const char *const third = strchr(second + 1, '\n');
    assert_non_null(third);
    assert_non_null(strstr(third, "\"Entertainment\""));
    assert_alive(s);
}

/* F04 */
static void answers_may_be_of_another_format(void **state)
{
    server *const s = *state;
    server_start(s, NULL);
    server_ask(s, "application/jsonlines", "text/csv", "\"market bank\"\n\"film song\"\n");
    assert_answer(s, 200, "text/csv", "Business\nEntertainment\n");
    server_ask(s, "text/csv", "application/jsonlines", "market bank\nfilm song\n");
    assert_int_equal(s->answer.status, 200);
    char *const type = http_header(&s->answer, "Content-Type");
    assert_string_equal(type, "application/jsonlines");
    free(type);
    assert_int_equal(strncmp(s->answer.body, "{\"label\": \"Business\", \"score\": ", 31), 0);
    assert_non_null(strstr(s->answer.body, "}\n{\"label\": \"Entertainment\", \"score\": "));
}

/* ---- RecordIO ---- */

/* A field of protobuf that is a message or bytes, shorter than 128. */
static void put_field(tmli_buf *out, char tag, tml_str content)
{
    tmli_buf_append_byte(out, tag);
    tmli_buf_append_byte(out, (char)content.len);
    tmli_buf_append_str(out, content);
}

/* Record.features["text"].bytes.value[0] = text, by the numbers in SageMaker's published definition. */
static void put_record(tmli_buf *out, const char *text)
{
    tmli_buf bytes = {0};
    tmli_buf value = {0};
    tmli_buf entry = {0};
    put_field(&bytes, 0x0a, tmli_str(text));
    put_field(&value, 0x4a, tmli_buf_str(&bytes));
    put_field(&entry, 0x0a, TML_STR("text"));
    put_field(&entry, 0x12, tmli_buf_str(&value));
    put_field(out, 0x0a, tmli_buf_str(&entry));
    assert_false(out->failed);
    tmli_buf_deinit(&bytes);
    tmli_buf_deinit(&value);
    tmli_buf_deinit(&entry);
}

static void put_frame(tmli_buf *out, const char *text)
{
    static const char header[] = {0x0a, 0x23, (char)0xd7, (char)0xce, 0, 0, 0, 0};
    tmli_buf record = {0};
    put_record(&record, text);
    const size_t at = out->len;
    tmli_buf_append(out, header, sizeof header);
    tmli_buf_append_str(out, tmli_buf_str(&record));
    while (out->len % 4 != 0) {
        tmli_buf_append_byte(out, 0);
    }
    assert_false(out->failed);
    out->data[at + 4] = (char)record.len;
    tmli_buf_deinit(&record);
}

static void ask_records(server *s, const char *accept, const tmli_buf *body)
{
    char line[128];
    (void)snprintf(line, sizeof line, "Accept: %s", accept);
    const char *const headers[] = {"Content-Type: " RECORDS, line, NULL};
    const http_request request = {
        .path = "/invocations", .headers = headers, .body = body->data, .n_body = body->len};
    http_send(s->client, &request, &s->answer);
}

/* B07: its first bytes tell whether a body is framed. */
static void records_are_read_with_and_without_frames(void **state)
{
    server *const s = *state;
    tmli_buf body = {0};
    server_start(s, NULL);
    put_frame(&body, "market bank");
    put_frame(&body, "film song");
    put_frame(&body, "virus doctor");
    ask_records(s, "text/csv", &body);
    assert_answer(s, 200, "text/csv", "Business\nEntertainment\nHealth & Medicine\n");
    tmli_buf_reset(&body);
    put_record(&body, "film song");
    ask_records(s, "text/csv", &body);
    assert_answer(s, 200, "text/csv", "Entertainment\n");
    tmli_buf_deinit(&body);
}

static const tmli_record_value *label_of(const tmli_record *record, const char *key)
{
    for (size_t i = 0; i < record->n_labels; i++) {
        if (tmli_str_eq_text(record->labels[i].key, key)) {
            return &record->labels[i];
        }
    }
    fail_msg("no \"%s\" in the record's label", key);
    return NULL;
}

/* F08: a record for each row, and in each what is said of its own row alone. */
static void records_are_answered_in_records(void **state)
{
    static const tml_str texts[] = {{"market bank", 11}, {"film song", 9}, {"virus doctor", 12}};
    static const char *const labels[] = {"Business", "Entertainment", "Health & Medicine"};
    server *const s = *state;
    double scores[COUNT_OF(texts) * SERVER_LABELS];
    tmli_buf body = {0};
    tmli_arena arena;
    tml_error err = {0};
    tmli_arena_init(&arena, 4096, 0);
    server_start(s, NULL);
    server_offline(s, texts, COUNT_OF(texts), scores);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        put_frame(&body, texts[i].data);
    }
    ask_records(s, RECORDS, &body);
    assert_int_equal(s->answer.status, 200);
    tml_str rest = {s->answer.body, s->answer.n_body};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        tml_str payload = {0};
        tmli_record record = {0};
        bool has = false;
        assert_int_equal(tmli_recordio_next(&rest, &arena, &payload, &has, &err), TML_OK);
        assert_true(has);
        assert_int_equal(tmli_record_parse(payload, &arena, &record, &err), TML_OK);
        const double *const row = scores + i * SERVER_LABELS;
        const tmli_record_value *const label = label_of(&record, "predicted_label");
        const tmli_record_value *const score = label_of(&record, "score");
        assert_int_equal(record.n_labels, 2);
        assert_int_equal(label->n, 1);
        assert_true(tmli_str_eq_text(label->texts[0], labels[i]));
        assert_int_equal(score->n, 1);
        assert_near(tmli_record_number(score, 0), row[tml_best(row, SERVER_LABELS)], of_floats);
    }
    assert_int_equal(rest.len, 0);
    tmli_arena_deinit(&arena);
    tmli_buf_deinit(&body);
}

/* ---- time ---- */

/* B11: 90 s are 90 times what the shortest of serve's timers takes by default there to notice a client that does nothing, so
 * with timers of a second a request of several seconds shows the same: none of them runs while serve itself works. */
static void a_request_is_worked_on_as_long_as_it_takes(void **state)
{
    static const double least_seconds = 4;
    static const char *const headers[] = {"Content-Type: text/csv", NULL};
    server *const s = *state;
    double seconds = 0;
    server_start(s, ARGS("--threads", "1", "--header-timeout", "1", "--body-timeout", "1",
                         "--idle-timeout", "1", "--max-body", "1000000000"));
    for (size_t n = 2 << 20; seconds < least_seconds; n *= 2) {
        size_t n_rows = 0;
        size_t n_lines = 0;
        tmli_buf lines = load_lines(n, &n_rows);
        const http_request request = {.path = "/invocations?k=3",
                                      .headers = headers,
                                      .body = lines.data,
                                      .n_body = lines.len};
        http_send(s->client, &request, &s->answer);
        seconds = s->answer.seconds;
        assert_int_equal(s->answer.status, 200);
        for (const char *at = s->answer.body; (at = strchr(at, '\n')) != NULL; at++) {
            n_lines++;
        }
        assert_int_equal(n_lines, n_rows);
        tmli_buf_deinit(&lines);
    }
    print_message("answered in %.1f s with timers of 1 s\n", seconds);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, server_setup, server_teardown)
    const struct CMUnitTest tests[] = {
        CASE(lines_of_json_get_lines_of_json),  CASE(a_damaged_line_is_answered_in_its_place),
        CASE(answers_may_be_of_another_format), CASE(records_are_read_with_and_without_frames),
        CASE(records_are_answered_in_records),  CASE(a_request_is_worked_on_as_long_as_it_takes),
    };
    return cmocka_run_group_tests(tests, server_train, server_forget);
}
