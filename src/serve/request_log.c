/* Requests as lines. Everything from outside is either from a closed list, a number, or checked byte by byte. */
#include "serve/request_log.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/hash.h"
#include "sagemaker/logging.h"

enum {
    MAX_INFERENCE_ID = 64, /* as SageMaker's API has it */
    HASH_DIGITS = 16,
    MAX_PATTERN = 63,
};

bool serve_logs_requests(const serve_server *server)
{
    return server->log != NULL && server->log->least <= TML_LOG_DEBUG;
}

uint64_t serve_hash_of_body(const serve_server *server, tml_str body)
{
    return tmli_hash64_v1(body.data, body.len, server->log_seed);
}

/* A method that one of our routes has, or a dash. */
static const char *known_method(tml_str method)
{
    static const char *const known[] = {"GET", "POST", "HEAD", "DELETE", "PUT", "OPTIONS"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (tmli_str_eq_text(method, known[i])) {
            return known[i];
        }
    }
    return "-";
}

/* The id as it came when it is one: 1 to 64 visible characters that need no quotes anywhere. Otherwise a dash. */
static void copy_id(tml_str id, char out[MAX_INFERENCE_ID + 1])
{
    bool is_plain = id.len >= 1 && id.len <= MAX_INFERENCE_ID;
    for (size_t i = 0; i < id.len && is_plain; i++) {
        const char c = id.data[i];
        is_plain = c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
    }
    (void)snprintf(out, MAX_INFERENCE_ID + 1, "%.*s", is_plain ? (int)id.len : 1,
                   is_plain ? id.data : "-");
}

void serve_log_request(const serve_server *server, const serve_call *call, uint64_t now)
{
    const serve_request *request = call->request;
    const serve_answer *answer = call->answer;
    const tml_str pattern = serve_route_pattern(answer->route);
    const uint64_t ticks = now > request->begun_ticks ? now - request->begun_ticks : 0;
    const double ms = 1e3 * (double)ticks / tmli_ticks_per_second(server->started);
    const size_t n_body = request->body.len + request->n_given_back;
    const uint64_t body_hash = request->n_given_back > 0
                                   ? request->given_back_hash
                                   : serve_hash_of_body(server, request->body);
    char route[MAX_PATTERN + 1];
    char hash[HASH_DIGITS + 1];
    char id[MAX_INFERENCE_ID + 1];
    (void)snprintf(route, sizeof(route), "%.*s", (int)pattern.len, pattern.data);
    (void)snprintf(hash, sizeof(hash), "%016" PRIx64, body_hash);
    copy_id(request->inference_id, id);
    const sm_field fields[] = {
        {.name = "method", .text = known_method(request->method)},
        {.name = "route", .text = route},
        {.name = "status", .number = answer->status},
        {.name = "rows", .number = (double)answer->n_rows},
        {.name = "bytes_in", .number = (double)n_body},
        {.name = "bytes_out", .number = (double)answer->body.len},
        {.name = "ms", .number = round(ms * 1e3) / 1e3},
        {.name = "body_hash", .text = n_body > 0 ? hash : "-"},
        {.name = "inference_id", .text = id},
    };
    sm_log_fields(server->log, TML_LOG_DEBUG, "request", fields,
                  sizeof(fields) / sizeof(fields[0]));
}
