/* serve/route_list.h: the answers of the table in routes.c, one file for each family. docs/serving.md describes them. */
#ifndef SERVE_ROUTE_LIST_H
#define SERVE_ROUTE_LIST_H

#include "serve/routes.h"

/* What a batch transform asks before its first request. */
void serve_route_execution_parameters(serve_lane *lane, const serve_request *request,
                                      serve_answer *answer);

/* /invocations as clients of AWS's SDKs call it: their errors, and a stream of events (route_endpoints.c). */
void serve_route_endpoint(serve_lane *lane, const serve_request *request, serve_answer *answer);
void serve_route_stream(serve_lane *lane, const serve_request *request, serve_answer *answer);
/* A refusal from before the route, in the shape of these two: a 503 for overload and a ModelError for what /invocations
 * would have answered; 401, 404 and 405 as they are. */
void serve_endpoint_error(serve_answer *answer, unsigned status, const char *sentence);

/* Prometheus' text format 0.0.4. */
void serve_route_metrics(serve_lane *lane, const serve_request *request, serve_answer *answer);
/* OpenAPI 3.1, with the model's labels and keys. */
void serve_route_openapi(serve_lane *lane, const serve_request *request, serve_answer *answer);
/* The page to try the model. */
void serve_route_page(serve_lane *lane, const serve_request *request, serve_answer *answer);

/* The Open Inference Protocol, version 2 (route_v2.c). */
void serve_route_v2_server(serve_lane *lane, const serve_request *request, serve_answer *answer);
void serve_route_v2_live(serve_lane *lane, const serve_request *request, serve_answer *answer);
void serve_route_v2_ready(serve_lane *lane, const serve_request *request, serve_answer *answer);
void serve_route_v2_model(serve_lane *lane, const serve_request *request, serve_answer *answer);
void serve_route_v2_model_ready(serve_lane *lane, const serve_request *request,
                                serve_answer *answer);
void serve_route_v2_infer(serve_lane *lane, const serve_request *request, serve_answer *answer);

#endif
