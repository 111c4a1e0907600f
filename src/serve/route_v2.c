/* The Open Inference Protocol, version 2: what can be asked of a server and its models. Inference is in route_v2_infer.c. */
#include "serve/route_v2.h"

#include "base/bytes.h"
#include "base/json.h"
#include "base/status.h"
#include "sagemaker/content.h"
#include "serve/route_list.h"
#include "textml/version.h"

void serve_v2_error(serve_answer *answer, unsigned status, const char *sentence)
{
    tmli_json_writer w;
    tmli_buf_reset(&answer->body);
    tmli_json_begin(&w, &answer->body, 0);
    tmli_json_object(&w, NULL);
    tmli_json_put_text(&w, "error", sentence);
    tmli_json_close_object(&w);
    answer->status = status;
    answer->content_type = sm_media_type(SM_JSON);
    if (answer->body.failed) {
        serve_answer_empty(answer, status); /* no memory for words: the status says it alone */
    }
}

/* Whether the name is the current model's. */
static bool is_current(serve_models *models, tml_str name)
{
    if (tmli_str_eq_text(name, "default")) {
        return true;
    }
    serve_model *held = serve_models_hold_current(models);
    const bool is =
        held != NULL && tmli_str_eq_text(name, tml_model_recipe_name(serve_model_of(held)));
    serve_models_let_go(models, held);
    return is;
}

serve_seat *serve_v2_take_seat(serve_lane *lane, tml_str name, serve_answer *answer)
{
    serve_models *models = &lane->server->models;
    serve_seat *seat = NULL;
    tml_error err = {0};
    if (is_current(models, name)) {
        name.len = 0; /* the current one goes by no name */
    }
    const unsigned status = serve_seat_take(models, name, &seat, &err);
    if (status != 200) {
        serve_v2_error(answer, status, err.text);
        return NULL;
    }
    return seat;
}

/* ---- the server ---- */

void serve_route_v2_server(serve_lane *lane, const serve_request *request, serve_answer *answer)
{
    (void)lane;
    (void)request;
    tmli_json_writer w;
    tmli_json_begin(&w, &answer->body, 0);
    tmli_json_object(&w, NULL);
    tmli_json_put_text(&w, "name", "textml");
    tmli_json_put_text(&w, "version", tml_version());
    tmli_json_list(&w, "extensions");
    tmli_json_close_list(&w);
    tmli_json_close_object(&w);
    serve_answer_end_json(answer);
}

static void put_true(serve_answer *answer, const char *key)
{
    tmli_json_writer w;
    tmli_json_begin(&w, &answer->body, 0);
    tmli_json_object(&w, NULL);
    tmli_json_put_bool(&w, key, true);
    tmli_json_close_object(&w);
    serve_answer_end_json(answer);
}

void serve_route_v2_live(serve_lane *lane, const serve_request *request, serve_answer *answer)
{
    (void)lane;
    (void)request;
    put_true(answer, "live");
}

void serve_route_v2_ready(serve_lane *lane, const serve_request *request, serve_answer *answer)
{
    (void)request;
    serve_server *server = lane->server;
    tml_error fault = {0};
    /* A server of many models is ready for the first one. */
    if (server->settings.is_multi_model || serve_models_has_current(&server->models, &fault)) {
        put_true(answer, "ready");
    } else {
        serve_v2_error(answer, 503, fault.text);
    }
}

/* ---- one model ---- */

static void put_tensor(tmli_json_writer *w, const char *name, const char *type, size_t n_columns)
{
    tmli_json_object(w, NULL);
    tmli_json_put_text(w, "name", name);
    tmli_json_put_text(w, "datatype", type);
    tmli_json_list(w, "shape");
    tmli_json_put_double(w, NULL, -1); /* as many rows as the request has */
    if (n_columns > 0) {
        tmli_json_put_u64(w, NULL, n_columns);
    }
    tmli_json_close_list(w);
}

static void put_labels(tmli_json_writer *w, const tml_model *model)
{
    tmli_json_object(w, "parameters");
    tmli_json_list(w, "labels");
    for (size_t i = 0; i < tml_model_labels(model); i++) {
        tmli_json_put_str(w, NULL, tml_model_label(model, i));
    }
    tmli_json_close_list(w);
    tmli_json_close_object(w);
}

void serve_route_v2_model(serve_lane *lane, const serve_request *request, serve_answer *answer)
{
    serve_seat *seat = serve_v2_take_seat(lane, request->name, answer);
    if (seat == NULL) {
        return;
    }
    tmli_json_writer w;
    tmli_json_begin(&w, &answer->body, 0);
    tmli_json_object(&w, NULL);
    tmli_json_put_str(&w, "name", request->name);
    tmli_json_list(&w, "versions");
    tmli_json_close_list(&w);
    tmli_json_put_text(&w, "platform", "textml");
    tmli_json_list(&w, "inputs");
    put_tensor(&w, "text", "BYTES", 0);
    tmli_json_close_object(&w);
    tmli_json_close_list(&w);
    tmli_json_list(&w, "outputs");
    put_tensor(&w, "label", "BYTES", 0);
    tmli_json_close_object(&w);
    put_tensor(&w, "scores", "FP64", tml_model_labels(seat->model));
    put_labels(&w, seat->model);
    tmli_json_close_object(&w);
    tmli_json_close_list(&w);
    tmli_json_close_object(&w);
    serve_seat_give_back(&lane->server->models, seat);
    serve_answer_end_json(answer);
}

void serve_route_v2_model_ready(serve_lane *lane, const serve_request *request,
                                serve_answer *answer)
{
    serve_seat *seat = serve_v2_take_seat(lane, request->name, answer);
    if (seat != NULL) {
        serve_seat_give_back(&lane->server->models, seat);
        put_true(answer, "ready");
    }
}
