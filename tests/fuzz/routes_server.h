/* fuzz/routes_server.h: servers of routes for fuzz_routes.c, made once: one of a single model and one of models with names. */
#ifndef FUZZ_ROUTES_SERVER_H
#define FUZZ_ROUTES_SERVER_H

#include <stdbool.h>

#include "serve/server.h"

typedef struct routes_server {
    serve_server server;
    serve_lane *lane;
} routes_server;

/* The text that no line of the log may hold: inputs ask for it wherever a request has room for a text. */
#define ROUTES_SECRET "Xyzzyplugh"

/* It stays until the process ends. */
routes_server *routes_server_get(bool is_many);
/* The one of many models has the model "m" and no other. */
void routes_server_reset(routes_server *of);

#endif
