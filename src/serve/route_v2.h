/* serve/route_v2.h: what the routes below /v2 share. */
#ifndef SERVE_ROUTE_V2_H
#define SERVE_ROUTE_V2_H

#include "serve/routes.h"

/* {"error": SENTENCE}, as the protocol has it. */
void serve_v2_error(serve_answer *answer, unsigned status, const char *sentence);
/* A seat on the model of this name: "default" and the recipe's name are the current one's. NULL: the answer says why. */
serve_seat *serve_v2_take_seat(serve_lane *lane, tml_str name, serve_answer *answer) TML_NODISCARD;

#endif
