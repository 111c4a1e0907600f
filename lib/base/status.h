/* base/status.h: failing with a sentence. */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include "textml/status.h"
#include "textml/str.h"

/* Fills *err (when not NULL and still TML_OK: the first failure wins) and returns status. Text beyond the buffer is
 * cut at a character boundary. */
tml_status tmli_fail(tml_error *err, tml_status status, const char *format, ...) TML_PRINTF(3, 4);

/* As {0} for those who are asked at wire speed: {0} clears a whole KB. */
static inline void tmli_no_error(tml_error *err)
{
    err->status = TML_OK;
    err->text[0] = '\0';
}

/* TML_ENOMEM with a sentence naming what could not be held. */
tml_status tmli_fail_memory(tml_error *err, const char *what);

#ifdef __clang_analyzer__
/* clang-tidy sees one file at a time and would follow paths on which a failure is TML_OK. */
#define tmli_fail(err, status, ...) ((void)(tmli_fail)((err), (status), __VA_ARGS__), (status))
#define tmli_fail_memory(err, what) ((void)(tmli_fail_memory)((err), (what)), TML_ENOMEM)
#endif

/* Evaluates a call; on failure stores its status in the local `status` and goes to the label `cleanup`.
 * The only macro in textml with control flow. */
#define TMLI_TRY(expr)          \
    do {                        \
        status = (expr);        \
        if (status != TML_OK) { \
            goto cleanup;       \
        }                       \
    } while (0)

/* For printf's "%.*s" with a tml_str that comes from outside: at most 64 bytes of it. */
#define TMLI_SHOWN(str) \
    ((str).len > 64 ? 64 : (int)(str).len), ((str).data != NULL ? (str).data : "")

#endif
