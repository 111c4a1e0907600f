/* support/tiny_server.h: a server of routes with a model of two words, without sockets: "hot" is Warm and "ice" is a
 * label that every format must take care of; anything else is not asked for. */
#ifndef SUPPORT_TINY_SERVER_H
#define SUPPORT_TINY_SERVER_H

#include "serve/answer.h"
#include "serve/server.h"

typedef struct tiny_server {
    char *dir;   /* owned; the artifact is in it */
    char *model; /* owned: its path */
    serve_server server;
    serve_lane *lane;
    serve_answer answer;
} tiny_server;

/* Trains the server's model on a file in dir and writes it to model_dir. */
void tiny_server_train(const char *dir, const char *model_dir);
/* cmocka's group set-up and tear-down: *state is the tiny_server. */
int tiny_server_open(void **state);
int tiny_server_close(void **state);

#endif
