/* serve/routes.h: requests → answers as functions of bytes: no socket, no thread. docs/serving.md lists the routes. */
#ifndef SERVE_ROUTES_H
#define SERVE_ROUTES_H

#include <stdbool.h>
#include <stdint.h>

#include "serve/answer.h"
#include "serve/server.h"
#include "textml/str.h"

/* All borrowed for the call. A header that is missing is empty. */
typedef struct serve_request {
    tml_str method;
    tml_str path;  /* as sent, with its %XX; also in the absolute form that proxies use */
    tml_str query; /* behind the question mark, as sent */
    tml_str name;  /* what stands for * in the route's pattern, decoded; set by serve_route */
    tml_str model; /* whose answer is wanted; empty: the current one; set by serve_route */
    tml_str content_type;
    tml_str content_encoding;
    tml_str accept;
    tml_str accept_encoding;
    tml_str custom_attributes; /* X-Amzn-SageMaker-Custom-Attributes */
    tml_str inference_id;      /* X-Amzn-SageMaker-Inference-Id */
    tml_str target_model;      /* X-Amzn-SageMaker-Target-Model */
    tml_str authorization;
    tml_str ask_k; /* X-Textml-K; likewise the next three */
    tml_str ask_probabilities;
    tml_str ask_explain;
    tml_str ask_style;
    uint64_t begun_ticks; /* when its headers had come, by tmli_ticks */
    tml_str body;
    size_t n_given_back; /* bytes of a long request's body, which is given back before the answer */
    uint64_t given_back_hash; /* for the log, when it shows requests */
} serve_request;

/* All borrowed. */
typedef struct serve_call {
    serve_request *request;
    serve_answer *answer;
} serve_call;

/* A long request that is answered in slices: serve/invoke.h. */
typedef struct serve_invocation serve_invocation;

/* Answers n requests, at most SERVE_CHUNK_ROWS, in one go. It never fails: what goes wrong becomes the answer. */
void serve_route(serve_lane *lane, const serve_call *calls, size_t n);
/* Answers a long request, or begins to: then the result is what serve_invocation_step goes on with. NULL: answered. body: as
 * for serve_invocation_begin. */
serve_invocation *serve_route_long(serve_lane *lane, const serve_call *call,
                                   tmli_buf *body) TML_NODISCARD;
/* Whether the answer loads or unloads a model, which takes longer than others should wait. */
bool serve_is_loading(serve_server *server, const serve_request *request);
/* Whether a server with a key answers there without it. */
bool serve_needs_no_key(tml_str target);
/* Whether the body of such a request is looked at. */
bool serve_reads_body(tml_str method, tml_str path);
/* A refusal in the shape that the clients of this path read: those of AWS's SDKs and of /v2 have their own. */
void serve_refuse(tml_str path, serve_answer *answer, unsigned status, const char *sentence);
/* Which route a target means, for the counters. */
uint8_t serve_route_number(tml_str target);
/* The 413 for a body over the server's limit. */
void serve_refuse_body(serve_lane *lane, serve_request *request, serve_answer *answer);

/* Routes by number, for the counters: from 1; 0 and those that are not there are "other". */
tml_str serve_route_pattern(size_t number);
bool serve_route_is_probe(size_t number); /* asked by machines all the time: /ping, /metrics */

#endif
