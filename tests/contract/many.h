/* contract/many.h: the real serve with many models, each of two words: asked for "hot", a model made from the artifact a
 * answers a-hot. The artifacts are those of support/word_model.h, which the group of tests makes. */
#ifndef CONTRACT_MANY_H
#define CONTRACT_MANY_H

#include "base/buf.h"
#include "contract/server.h"

extern const char *const many_json[]; /* headers of a request of JSON */
extern const double many_seconds;     /* for an answer */

/* *state is a server that has not started; its model_dir is where the models lie. Torn down by server_teardown. */
int many_set_up(void **state);
int many_set_up_started(void **state);
/* Starts it as the platform does, with more arguments (NULL for none). */
void many_start(server *s, const char *const *more);
/* Puts artifact `which` where the platform would unpack a model of this name; its url (free). */
char *many_place(const server *s, const char *which, const char *name);

/* many_place, and the model is loaded by this name. */
char *many_place_loaded(server *s, const char *which, const char *name);

/* Each leaves the answer in s->answer, and returns its status. Names are as they stand in a path, but for loading. */
long many_send(server *s, const char *method, const char *path, const char *body);
long many_load(server *s, const char *name, const char *url);
long many_invoke(server *s, const char *name);
long many_unload(server *s, const char *name);
/* The body of the request that loads. */
void many_put_load(tmli_buf *out, const char *name, const char *url);
/* The model of this name answers as artifact `which` does. */
void assert_invoked(server *s, const char *name, const char *which);
/* M15: no comma before a bracket, and JSON by its type. */
void assert_json(const server *s);

#endif
