/* textml/log.h: where the library's messages go.
 *
 * The library prints nothing. What it has to say goes to the caller's sink, one record a call, without a line end. */
#ifndef TEXTML_LOG_H
#define TEXTML_LOG_H

#include "textml/version.h"

typedef enum tml_log_level {
    TML_LOG_DEBUG,
    TML_LOG_INFO,
    TML_LOG_WARN,
    TML_LOG_ERROR,
} tml_log_level;

/* Called on the thread that logs; calls may overlap when work runs on several threads.
 * message: NUL-terminated, borrowed for the call. */
typedef void (*tml_log_fn)(void *ctx, tml_log_level level, const char *message);

/* A sink is passed by pointer; NULL, or a NULL write, drops the records. */
typedef struct tml_log {
    tml_log_fn write;
    void *ctx;
    tml_log_level least; /* records below this level are not formatted */
} tml_log;

/* Formats one record (at most 2,000 bytes, cut at a character boundary) and hands it to the sink. */
TML_API void tml_logf(const tml_log *log, tml_log_level level, const char *format, ...)
    TML_PRINTF(3, 4);

#endif
