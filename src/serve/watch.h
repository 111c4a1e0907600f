/* serve/watch.h: a thread that looks after the models while others serve: it verifies the first one when that takes long,
 * loads new artifacts in place of old ones, and gives up what nobody uses. */
#ifndef SERVE_WATCH_H
#define SERVE_WATCH_H

#include <stdbool.h>

#include "serve/server.h"
#include "textml/status.h"

typedef struct serve_watcher serve_watcher;

/* server: borrowed. out: end with serve_watcher_stop. Errors: TML_ENOMEM. */
TML_NODISCARD tml_status serve_watcher_start(serve_server *server, serve_watcher **out,
                                             tml_error *err);
/* Look now, whether or not anything seems to have changed. */
void serve_watcher_wake(serve_watcher *watcher);
/* False when the thread still reads a model: it goes on, and only ending the process helps. NULL is allowed. */
bool serve_watcher_stop(serve_watcher *watcher);

/* What the thread does about once a second. is_asked: somebody has asked for it. */
void serve_watch_look(serve_server *server, bool is_asked);

#endif
