/* POST /v2/models/{name}/infer: one tensor of texts in, labels and scores out. */
#include <stdint.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/json.h"
#include "base/status.h"
#include "serve/coding.h"
#include "serve/route_list.h"
#include "serve/route_v2.h"

enum {
    JSON_LEAST_BYTES = 4 << 20,
    JSON_TIMES_BODY = 32, /* as in sagemaker/content_rows.c: a list of one-letter texts takes 24 */
};

typedef struct inference {
    const serve_settings *settings; /* borrowed */
    const tmli_value *id;           /* NULL: none */
    const tmli_value *next;         /* row */
    size_t n;
    bool is_nested; /* each row is a list of one text */
    bool wants_label, wants_scores;
    tmli_buf labels, scores; /* owned: the outputs' data, in JSON */
} inference;

/* ---- the request ---- */

static tml_status parse(tmli_arena *arena, tml_str body, const tmli_value **root, tml_error *err)
{
    const size_t limit = JSON_LEAST_BYTES + JSON_TIMES_BODY * body.len;
    const size_t used_before = arena->used_bytes;
    arena->limit_bytes = used_before + limit;
    tml_status status = tmli_json_parse(body, arena, root, err);
    const bool at_limit = arena->used_bytes - used_before > limit / 2;
    arena->limit_bytes = SIZE_MAX;
    if (status == TML_ENOMEM && at_limit) {
        *err = (tml_error){0};
        status = tmli_fail(err, TML_ELIMIT, "the body holds too many values; send fewer rows");
    }
    if (status == TML_EFORMAT && tmli_str_find(body, "\"binary_data_size\"") != SIZE_MAX) {
        *err = (tml_error){0};
        status = tmli_fail(err, TML_EFORMAT,
                           "binary tensors are not read; send the texts in \"data\" "
                           "(binary_data=False)");
    }
    if (status == TML_OK && (*root)->kind != TMLI_OBJECT) {
        status = tmli_fail(err, TML_EFORMAT,
                           "the body is %s: expected {\"inputs\": [{\"name\": \"text\", …}]}",
                           tmli_kind_name((*root)->kind));
    }
    return status;
}

/* NULL for one that is null as well: clients write that for what they leave out. */
static const tmli_value *member(const tmli_value *object, const char *key)
{
    const tmli_value *value = tmli_value_get(object, key);
    return value != NULL && value->kind != TMLI_NULL ? value : NULL;
}

static const char *found(const tmli_value *value)
{
    return value != NULL ? tmli_kind_name(value->kind) : "nothing";
}

static bool is_text(const tmli_value *value, const char *text)
{
    return value != NULL && value->kind == TMLI_STRING && tmli_str_eq_text(value->text, text);
}

/* Shape [n] or [n, 1]. */
static tml_status read_shape(const tmli_value *shape, size_t n, tml_error *err)
{
    const bool is_list =
        shape != NULL && shape->kind == TMLI_LIST && (shape->n == 1 || shape->n == 2);
    const tmli_value *rows = is_list ? shape->first : NULL;
    const tmli_value *columns = is_list ? rows->next : NULL;
    if (!is_list || rows->kind != TMLI_NUMBER ||
        (columns != NULL && (columns->kind != TMLI_NUMBER || columns->number != 1))) {
        return tmli_fail(err, TML_EFORMAT, "inputs[0].shape: expected [rows] or [rows, 1]");
    }
    if (rows->number != (double)n) {
        return tmli_fail(err, TML_EFORMAT,
                         "inputs[0].shape: says %.17g rows, but \"data\" holds %zu", rows->number,
                         n);
    }
    return TML_OK;
}

static const tmli_value *text_of(const inference *call, const tmli_value *row)
{
    return call->is_nested ? row->first : row;
}

static tml_status check_row(const inference *call, const tmli_value *row, size_t i, tml_error *err)
{
    const size_t max = call->settings->max_row_bytes;
    const bool is_alike =
        call->is_nested ? row->kind == TMLI_LIST && row->n == 1 : row->kind != TMLI_LIST;
    if (!is_alike || text_of(call, row)->kind != TMLI_STRING) {
        return tmli_fail(err, TML_EFORMAT, "inputs[0].data[%zu] is %s: expected %s", i,
                         tmli_kind_name(row->kind),
                         call->is_nested ? "a list of one string, as the first" : "a string");
    }
    if (max > 0 && text_of(call, row)->text.len > max) {
        return tmli_fail(err, TML_ELIMIT,
                         "inputs[0].data[%zu]: a text of %zu bytes, expected at most %zu; "
                         "shorten it",
                         i, text_of(call, row)->text.len, max);
    }
    return TML_OK;
}

static tml_status read_data(inference *call, const tmli_value *data, tml_error *err)
{
    const size_t max = call->settings->max_rows;
    tml_status status = TML_OK;
    size_t i = 0;
    if (data == NULL || data->kind != TMLI_LIST) {
        return tmli_fail(err, TML_EFORMAT,
                         "inputs[0].data is %s: expected a list of strings; binary data are not "
                         "read",
                         found(data));
    }
    if (max > 0 && data->n > max) {
        return tmli_fail(err, TML_ELIMIT,
                         "inputs[0].data: %zu rows, expected at most %zu; send fewer rows in a "
                         "request",
                         data->n, max);
    }
    call->next = data->first;
    call->n = data->n;
    call->is_nested = data->n > 0 && data->first->kind == TMLI_LIST;
    for (const tmli_value *row = data->first; row != NULL; row = row->next, i++) {
        TMLI_TRY(check_row(call, row, i, err));
    }
cleanup:
    return status;
}

static tml_status read_inputs(inference *call, const tmli_value *inputs, tml_error *err)
{
    if (inputs == NULL || inputs->kind != TMLI_LIST || inputs->n != 1 ||
        inputs->first->kind != TMLI_OBJECT) {
        return tmli_fail(err, TML_EFORMAT, "inputs: expected a list of one tensor, the texts");
    }
    const tmli_value *input = inputs->first;
    if (!is_text(tmli_value_get(input, "datatype"), "BYTES")) {
        return tmli_fail(err, TML_EFORMAT, "inputs[0].datatype: expected \"BYTES\", for texts");
    }
    const tml_status status = read_data(call, member(input, "data"), err);
    return status != TML_OK ? status : read_shape(tmli_value_get(input, "shape"), call->n, err);
}

/* Without a list of outputs all are wanted. */
static tml_status read_outputs(inference *call, const tmli_value *outputs, tml_error *err)
{
    call->wants_label = call->wants_scores = outputs == NULL || outputs->n == 0;
    if (outputs == NULL) {
        return TML_OK;
    }
    const tmli_value *output = outputs->kind == TMLI_LIST ? outputs->first : NULL;
    for (; output != NULL; output = output->next) {
        const tmli_value *name = tmli_value_get(output, "name");
        if (is_text(name, "label")) {
            call->wants_label = true;
        } else if (is_text(name, "scores")) {
            call->wants_scores = true;
        } else {
            return tmli_fail(err, TML_EINVAL,
                             "outputs: there are \"label\" and \"scores\", and no others");
        }
    }
    return outputs->kind == TMLI_LIST
               ? TML_OK
               : tmli_fail(err, TML_EFORMAT, "outputs is %s: expected a list", found(outputs));
}

static tml_status read_request(inference *call, tmli_arena *arena, tml_str body, tml_error *err)
{
    tml_status status = TML_OK;
    const tmli_value *root = NULL;
    TMLI_TRY(parse(arena, body, &root, err));
    call->id = member(root, "id");
    if (call->id != NULL && call->id->kind != TMLI_STRING) {
        return tmli_fail(err, TML_EFORMAT, "id is %s: expected a string", found(call->id));
    }
    TMLI_TRY(read_outputs(call, member(root, "outputs"), err));
    TMLI_TRY(read_inputs(call, tmli_value_get(root, "inputs"), err));
cleanup:
    return status;
}

/* ---- the answer ---- */

static void add_row(inference *call, const tml_model *model, const double *scores)
{
    const size_t n_labels = tml_model_labels(model);
    const char *comma = call->labels.len > 0 || call->scores.len > 0 ? "," : "";
    if (call->wants_label) {
        tmli_buf_append_text(&call->labels, comma);
        tmli_json_string(&call->labels, tml_model_label(model, tml_best(scores, n_labels)));
    }
    for (size_t i = 0; i < n_labels && call->wants_scores; i++) {
        tmli_buf_append_text(&call->scores, i > 0 ? "," : comma);
        tmli_json_float(&call->scores, (float)scores[i]);
    }
}

static tml_status score(serve_lane *lane, serve_seat *seat, inference *call, tml_error *err)
{
    const size_t n_labels = tml_model_labels(seat->model);
    while (call->next != NULL) {
        size_t n = 0;
        for (; call->next != NULL && n < SERVE_CHUNK_ROWS; call->next = call->next->next) {
            lane->texts[n++] = text_of(call, call->next)->text;
        }
        const tml_status status =
            tml_session_predict(seat->session, lane->texts, n, seat->scores, err);
        if (status != TML_OK) {
            return status;
        }
        for (size_t i = 0; i < n; i++) {
            add_row(call, seat->model, seat->scores + i * n_labels);
        }
    }
    return call->labels.failed || call->scores.failed ? tmli_fail_memory(err, "the answer")
                                                      : TML_OK;
}

static void put_output(tmli_buf *out, const char *name, const char *type, const char *shape,
                       const tmli_buf *data)
{
    tmli_buf_printf(out, "%s{\"name\":\"%s\",\"datatype\":\"%s\",\"shape\":[%s],\"data\":[",
                    out->data != NULL && out->len > 0 && out->data[out->len - 1] == '}' ? "," : "",
                    name, type, shape);
    tmli_buf_append_str(out, tmli_buf_str(data));
    tmli_buf_append_text(out, "]}");
}

static void put_answer(const inference *call, tml_str name, size_t n_labels, tmli_buf *out)
{
    char shape[64];
    tmli_buf_append_text(out, "{\"model_name\":");
    tmli_json_string(out, name);
    if (call->id != NULL) {
        tmli_buf_append_text(out, ",\"id\":");
        tmli_json_string(out, call->id->text);
    }
    tmli_buf_append_text(out, ",\"outputs\":[");
    if (call->wants_label) {
        (void)snprintf(shape, sizeof(shape), "%zu", call->n);
        put_output(out, "label", "BYTES", shape, &call->labels);
    }
    if (call->wants_scores) {
        (void)snprintf(shape, sizeof(shape), "%zu,%zu", call->n, n_labels);
        put_output(out, "scores", "FP64", shape, &call->scores);
    }
    tmli_buf_append_text(out, "]}");
}

/* The answer to a body that is as its type says. */
static tml_status infer(serve_lane *lane, const serve_request *request, serve_seat *seat,
                        tml_str body, serve_answer *answer, tml_error *err)
{
    tml_status status = TML_OK;
    inference call = {.settings = &lane->server->settings};
    TMLI_TRY(read_request(&call, &lane->arena, body, err));
    TMLI_TRY(score(lane, seat, &call, err));
    if (serve_server_is_torn(lane->server, seat, err)) {
        TMLI_TRY(err->status);
    }
    put_answer(&call, request->name, tml_model_labels(seat->model), &answer->body);
    answer->n_rows = call.n;
    serve_answer_end_json(answer);
cleanup:
    tmli_buf_deinit(&call.labels);
    tmli_buf_deinit(&call.scores);
    return status;
}

void serve_route_v2_infer(serve_lane *lane, const serve_request *request, serve_answer *answer)
{
    tml_error err = {0};
    tmli_buf unpacked = {0};
    tml_str body = request->body;
    serve_seat *seat = serve_v2_take_seat(lane, request->name, answer);
    if (seat == NULL) {
        return;
    }
    unsigned status = serve_unpack_body(request->content_encoding, lane->server->settings.max_body,
                                        &unpacked, &body, &err);
    if (status == 200) {
        status = serve_http_status(infer(lane, request, seat, body, answer, &err));
    }
    if (status == 200 && answer->status != 200) { /* memory was short while it was written */
        status = answer->status;
        (void)tmli_fail_memory(&err, "the answer");
    }
    if (status != 200) {
        serve_v2_error(answer, status, err.text);
    } else if (answer->body.len >= SERVE_LEAST_PACKED_BYTES &&
               serve_coding_takes_gzip(request->accept_encoding)) {
        answer->is_gzip = serve_pack_body(&answer->body);
    }
    serve_seat_give_back(&lane->server->models, seat);
    tmli_buf_deinit(&unpacked);
}
