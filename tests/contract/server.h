/* contract/server.h: the real serve on a free port of the loopback, with a model that the real train has made. */
#ifndef CONTRACT_SERVER_H
#define CONTRACT_SERVER_H

#include <stddef.h>

#include "base/buf.h"
#include "support/http_client.h"
#include "support/process.h"
#include "textml/model.h"

enum {
    SERVER_LABELS = 4
};

/* Group setup: trains once; group teardown removes. */
int server_train(void **state);
int server_forget(void **state);
/* In place of server_train: serves the model of a job that has trained, whose end server_forget is then. */
void server_adopt(void *trained_job);

typedef struct server {
    char *dir;       /* the test's directory */
    char *model_dir; /* the artifact's own copy below it */
    process process;
    const process_options *as; /* whose umask and uid it runs with; NULL: ours */
    const char *const *env;    /* NULL for none */
    unsigned port;
    http_client *client;
    http_answer answer; /* the latest */
} server;

/* One that has not started, in a directory of its own, with its model_dir below that; for server_teardown to end. */
server *server_create(const char *model_dir);
/* For cmocka: *state is a server that has not started. */
int server_setup(void **state);
int server_teardown(void **state);
/* The same, started without further options. */
int server_setup_started(void **state);

/* Starts serve on a free port, with more arguments (ends in NULL, may be NULL), and waits until it listens. */
void server_start(server *s, const char *const *args);
/* Starts it with these arguments alone, and waits for nothing. */
void server_launch(server *s, const char *const *args);
/* Ends it with SIGTERM: exit code 0 is expected. */
void server_stop(server *s);
/* True until it has ended. */
bool server_is_up(server *s);

/* Each leaves the answer in s->answer. */
void server_get(server *s, const char *path);
void server_ask(server *s, const char *type, const char *accept, const char *body);
/* Status, Content-Type (NULL: none) and body. */
void assert_answer(const server *s, long status, const char *type, const char *body);
/* {"error":{"code":STATUS,"message":SENTENCE}}; "$MODEL" in it stands for the model's directory. */
void assert_error(const server *s, long status, const char *sentence);
/* It still answers: 200 on /ping and the right label for a headline. */
void assert_alive(server *s);

/* The artifact's files: textml.json and model.safetensors. */
void server_read(const server *s, const char *name, tmli_buf *out);
void server_write(const server *s, const char *name, const void *bytes, size_t n);

/* The offline scores of the same artifact, by the library: scores [n, SERVER_LABELS]. */
void server_offline(const server *s, const tml_str *texts, size_t n, double *scores);
extern const char *const server_label_names[SERVER_LABELS];

#endif
