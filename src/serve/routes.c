/* The routes. What bodies mean is the matter of sagemaker/content.h. */
#include "serve/routes.h"

#include <string.h>

#include "base/bytes.h"
#include "base/status.h"
#include "serve/invoke.h"
#include "serve/route_list.h"
#include "serve/route_models.h"
#include "serve/route_v2.h"
#include "serve/uri.h"

typedef void (*route_fn)(serve_lane *lane, const serve_request *request, serve_answer *answer);

typedef struct route {
    tml_str pattern;    /* one * stands for one part of the path that is not empty */
    const char *allow;  /* as the header has it */
    tml_str methods[4]; /* the same one by one; the rest empty */
    bool reads_body;
    bool is_probe;    /* asked by machines all the time */
    bool names_model; /* what stands for * is the model whose answer is wanted */
    route_fn answer;  /* NULL: by serve_invoke, together with others of the kind */
} route;

/* ---- /ping ---- */

static void answer_ping(serve_lane *lane, const serve_request *request, serve_answer *answer)
{
    (void)request;
    tml_error fault;
    /* A server of many models is healthy with none: they come when they are asked for. */
    if (lane->server->settings.is_multi_model ||
        serve_models_has_current(&lane->server->models, &fault)) {
        serve_answer_empty(answer, 200);
    } else {
        serve_answer_error(answer, 503, fault.text);
    }
}

/* ---- the table ---- */

#define WORD(literal)                  \
    {                                  \
        (literal), sizeof(literal) - 1 \
    }

#define GET                       \
    "GET, HEAD",                  \
    {                             \
        WORD("GET"), WORD("HEAD") \
    }
#define POST         \
    "POST",          \
    {                \
        WORD("POST") \
    }

static const route routes[] = {
    {WORD("/ping"),
     "GET, HEAD, POST",
     {WORD("GET"), WORD("HEAD"), WORD("POST")},
     false,
     true,
     false,
     answer_ping},
    {WORD("/invocations"), POST, true, false, false, NULL},
    {WORD("/models"),
     "GET, HEAD, POST",
     {WORD("GET"), WORD("HEAD"), WORD("POST")},
     true,
     false,
     false,
     serve_answer_models},
    {WORD("/models/*"),
     "DELETE, GET, HEAD",
     {WORD("DELETE"), WORD("GET"), WORD("HEAD")},
     false,
     false,
     false,
     serve_answer_model},
    {WORD("/models/*/invoke"), POST, true, false, true, NULL},
    {WORD("/execution-parameters"), GET, false, false, false, serve_route_execution_parameters},
    {WORD("/endpoints/*/invocations"), POST, true, false, false, serve_route_endpoint},
    {WORD("/endpoints/*/invocations-response-stream"), POST, true, false, false,
     serve_route_stream},
    {WORD("/metrics"), GET, false, true, false, serve_route_metrics},
    {WORD("/openapi.json"), GET, false, false, false, serve_route_openapi},
    {WORD("/"), GET, false, false, false, serve_route_page},
    {WORD("/v2"), GET, false, false, false, serve_route_v2_server},
    {WORD("/v2/health/live"), GET, false, true, false, serve_route_v2_live},
    {WORD("/v2/health/ready"), GET, false, true, false, serve_route_v2_ready},
    {WORD("/v2/models/*"), GET, false, false, false, serve_route_v2_model},
    {WORD("/v2/models/*/ready"), GET, false, true, false, serve_route_v2_model_ready},
    {WORD("/v2/models/*/infer"), POST, true, false, false, serve_route_v2_infer},
};

enum {
    N_ROUTES = sizeof(routes) / sizeof(routes[0])
};
_Static_assert((int)N_ROUTES < (int)SERVE_MAX_ROUTES, "the counters have a place for each");

/* "http://host:port/path" → "/path". */
static tml_str path_of(tml_str target)
{
    if (target.len == 0 || target.data[0] == '/') {
        return target;
    }
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        const size_t n = strlen(schemes[i]);
        if (target.len > n && tmli_str_eq_nocase((tml_str){target.data, n}, tmli_str(schemes[i]))) {
            const char *slash = memchr(target.data + n, '/', target.len - n);
            return slash != NULL ? (tml_str){slash, (size_t)(target.data + target.len - slash)}
                                 : TML_STR("/");
        }
    }
    return target;
}

/* Whether the path is what the pattern says; *name is then what stands for its *, as sent. */
static bool matches(tml_str pattern, tml_str path, tml_str *name)
{
    const char *star = memchr(pattern.data, '*', pattern.len);
    *name = (tml_str){0};
    if (star == NULL) {
        return tmli_str_eq(path, pattern);
    }
    const tml_str before = {pattern.data, (size_t)(star - pattern.data)};
    const tml_str after = {star + 1, pattern.len - before.len - 1};
    if (path.len <= before.len + after.len || memcmp(path.data, before.data, before.len) != 0 ||
        memcmp(path.data + path.len - after.len, after.data, after.len) != 0) {
        return false;
    }
    *name = (tml_str){path.data + before.len, path.len - before.len - after.len};
    return memchr(name->data, '/', name->len) == NULL;
}

static const route *find(tml_str target, tml_str *name)
{
    const tml_str path = path_of(target);
    for (size_t i = 0; i < N_ROUTES; i++) {
        if (matches(routes[i].pattern, path, name)) {
            return &routes[i];
        }
    }
    return NULL;
}

void serve_refuse(tml_str path, serve_answer *answer, unsigned status, const char *sentence)
{
    path = path_of(path);
    if (tmli_str_starts(path, "/v2/") || tmli_str_eq_text(path, "/v2")) {
        serve_v2_error(answer, status, sentence);
    } else if (tmli_str_starts(path, "/endpoints/")) {
        serve_endpoint_error(answer, status, sentence);
    } else {
        serve_answer_error(answer, status, sentence);
    }
}

tml_str serve_route_pattern(size_t number)
{
    return number >= 1 && number <= N_ROUTES ? routes[number - 1].pattern : TML_STR("other");
}

bool serve_route_is_probe(size_t number)
{
    return number >= 1 && number <= N_ROUTES && routes[number - 1].is_probe;
}

static uint8_t number_of(const route *found)
{
    return found != NULL ? (uint8_t)(found - routes + 1) : 0;
}

uint8_t serve_route_number(tml_str target)
{
    tml_str name;
    return number_of(find(target, &name));
}

static bool allows(const route *found, tml_str method)
{
    for (size_t i = 0; found->methods[i].len > 0; i++) {
        if (tmli_str_eq(method, found->methods[i])) {
            return true;
        }
    }
    return false;
}

bool serve_needs_no_key(tml_str target)
{
    return tmli_str_eq(path_of(target), TML_STR("/ping"));
}

bool serve_reads_body(tml_str method, tml_str path)
{
    tml_str name;
    const route *found = find(path, &name);
    return found != NULL && found->reads_body && allows(found, method);
}

/* The model in the query of an invocation, as the multi-model server of other containers has it; false without one. */
static bool names_in_query(const serve_server *server, const route *found,
                           const serve_request *request, tml_str *name)
{
    return server->settings.is_multi_model && found->answer == NULL && !found->names_model &&
           serve_uri_query(request->query, TML_STR("model_name"), name);
}

/* The model that a client of an SDK names, as the platform would choose it; archives go by the name of what is in them. False
 * without one. */
static bool names_target(const serve_server *server, const route *found,
                         const serve_request *request, tml_str *name)
{
    static const char suffix[] = ".tar.gz";
    *name = request->target_model;
    if (!server->settings.is_multi_model || name->len == 0 ||
        (found->answer != serve_route_endpoint && found->answer != serve_route_stream)) {
        return false;
    }
    if (tmli_str_ends(*name, suffix)) {
        name->len -= sizeof(suffix) - 1;
    }
    return true;
}

/* The model in a path of /v2, where it is not the current one. */
static bool names_v2_model(const route *found, tml_str name)
{
    return (found->answer == serve_route_v2_model || found->answer == serve_route_v2_model_ready ||
            found->answer == serve_route_v2_infer) &&
           !tmli_str_eq_text(name, "default");
}

/* False when memory is short. */
static bool choose_model(serve_lane *lane, const route *found, serve_request *request)
{
    tml_str name;
    if (found->names_model) {
        request->model = request->name;
    } else if (names_in_query(lane->server, found, request, &name) && name.len > 0) {
        char *text = tmli_arena_alloc(&lane->arena, name.len, 1);
        if (text == NULL) {
            return false;
        }
        const size_t n = serve_uri_decode_part(name, text, name.len);
        /* What cannot be decoded is the name of no model. */
        request->model = n != SIZE_MAX ? (tml_str){text, n} : name;
    } else if (names_target(lane->server, found, request, &name)) {
        request->model = name;
    }
    return true;
}

/* Answers a request at once, or returns true when it is one for serve_invoke. */
static bool route_one(serve_lane *lane, serve_request *request, serve_answer *answer)
{
    const route *found = find(request->path, &request->name);
    tml_error err = {0};
    serve_answer_reset(answer);
    answer->route = number_of(found);
    if (found == NULL) {
        (void)tmli_fail(&err, TML_EINVAL,
                        "\"%.*s\" is not served here; ask for GET /ping or POST /invocations",
                        TMLI_SHOWN(request->path));
        serve_refuse(request->path, answer, 404, err.text);
    } else if (!allows(found, request->method)) {
        (void)tmli_fail(&err, TML_EINVAL, "%s: \"%.*s\" is not answered here; use %s",
                        found->pattern.data, TMLI_SHOWN(request->method), found->allow);
        serve_refuse(request->path, answer, 405, err.text);
        answer->allow = found->allow;
    } else if (!serve_uri_decode(request->name, &lane->arena, &request->name) ||
               !choose_model(lane, found, request)) {
        serve_answer_no_memory(answer);
    } else if (found->answer != NULL) {
        found->answer(lane, request, answer);
    } else {
        return !found->names_model || !serve_refuse_models(lane->server, answer);
    }
    return false;
}

/* Those that ask the same model, in one go: the ones at the front of what is left. */
static void invoke_by_model(serve_lane *lane, serve_call *calls, size_t n)
{
    while (n > 0) {
        serve_call others[SERVE_CHUNK_ROWS];
        size_t n_same = 0;
        size_t n_others = 0;
        const tml_str model = calls[0].request->model;
        for (size_t i = 0; i < n; i++) {
            if (tmli_str_eq(calls[i].request->model, model)) {
                calls[n_same++] = calls[i];
            } else {
                others[n_others++] = calls[i];
            }
        }
        serve_invoke(lane, calls, n_same);
        if (n_others > 0) {
            memcpy(calls, others, n_others * sizeof(*calls));
        }
        n = n_others;
    }
}

void serve_route(serve_lane *lane, const serve_call *calls, size_t n)
{
    serve_call invocations[SERVE_CHUNK_ROWS];
    size_t n_invocations = 0;
    for (size_t i = 0; i < n; i++) {
        if (route_one(lane, calls[i].request, calls[i].answer)) {
            invocations[n_invocations++] = calls[i];
        }
    }
    invoke_by_model(lane, invocations, n_invocations);
    serve_lane_end_request(lane);
}

bool serve_is_loading(serve_server *server, const serve_request *request)
{
    tml_str name;
    if (!server->settings.is_multi_model) {
        return false;
    }
    const route *found = find(request->path, &name);
    if (found == NULL || !allows(found, request->method)) {
        return false;
    }
    if (found->names_model || names_v2_model(found, name) ||
        names_in_query(server, found, request, &name) ||
        names_target(server, found, request, &name)) {
        return serve_models_would_load(&server->models, name);
    }
    return (found->answer == serve_answer_models || found->answer == serve_answer_model) &&
           !tmli_str_eq_text(request->method, "GET") && !tmli_str_eq_text(request->method, "HEAD");
}

serve_invocation *serve_route_long(serve_lane *lane, const serve_call *call, tmli_buf *body)
{
    serve_invocation *begun = route_one(lane, call->request, call->answer)
                                  ? serve_invocation_begin(lane->server, call, body)
                                  : NULL;
    call->request->name = (tml_str){0}; /* decoded into the lane's memory, which others use now */
    call->request->model = (tml_str){0};
    serve_lane_end_request(lane);
    return begun;
}

void serve_refuse_body(serve_lane *lane, serve_request *request, serve_answer *answer)
{
    tml_error err = {0};
    serve_answer_reset(answer);
    answer->route = number_of(find(request->path, &request->name));
    (void)tmli_fail(&err, TML_ELIMIT,
                    "the body is larger than %zu bytes; send fewer rows in a request, or start "
                    "serve with a larger --max-body",
                    lane->server->settings.max_body);
    serve_refuse(request->path, answer, 413, err.text);
}
