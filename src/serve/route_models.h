/* serve/route_models.h: the routes below /models: what a multi-model endpoint asks its container to do. */
#ifndef SERVE_ROUTE_MODELS_H
#define SERVE_ROUTE_MODELS_H

#include <stdbool.h>

#include "serve/routes.h"

/* /models: POST loads a model, GET lists them. */
void serve_answer_models(serve_lane *lane, const serve_request *request, serve_answer *answer);
/* /models/NAME: GET shows it, DELETE unloads it. */
void serve_answer_model(serve_lane *lane, const serve_request *request, serve_answer *answer);

/* A 404 where models have no names; then true. */
bool serve_refuse_models(const serve_server *server, serve_answer *answer);

#endif
