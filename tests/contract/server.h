/* contract/server.h: the real serve on a model of a test's own, on a free port of the loopback. */
#ifndef CONTRACT_SERVER_H
#define CONTRACT_SERVER_H

#include "support/http_client.h"
#include "support/process.h"

typedef struct server {
    char *dir;   /* the test's directory */
    char *model; /* dir/model */
    process serve;
    unsigned port;
    http_client *client;
    http_answer answer; /* the latest */
} server;

/* For cmocka: *state is a server that is not started, with the artifact of support/tiny_model.h in its model. */
int server_setup(void **state);
int server_teardown(void **state);

/* Starts serve with --model-dir, --host 127.0.0.1, --port 0 and these options (ends in NULL; NULL for none) and waits
 * until it listens. env: as in process_options. */
void server_start(server *s, const char *const *options, const char *const *env);
/* The same without --model-dir and --port, which env must then say. */
void server_start_bare(server *s, const char *const *options, const char *const *env);

/* Sends it and keeps the answer. */
void server_get(server *s, const char *method, const char *path);
void server_invoke(server *s, const char *type, const char *accept, const char *body);
/* The latest answer is this. */
void assert_answer(const server *s, long status, const char *body);
/* The latest answer is {"error":{"code":STATUS,"message":"SENTENCE"}}; "$MODEL" in it stands for the model's path. */
void assert_error(const server *s, long status, const char *sentence);
/* Ends it with SIGTERM: exit code 0, in time. */
void assert_ends_well(server *s);

#endif
