/* textml/status.h: how every call says whether it worked.
 *
 * A call that can fail returns a tml_status and takes a tml_error as its last argument. The error belongs to the
 * caller, may be NULL, starts as {0}, and after a failure holds one sentence that names the place, what was expected
 * and what was found. Reporting an error never allocates. */
#ifndef TEXTML_STATUS_H
#define TEXTML_STATUS_H

#include "textml/version.h"

/* X(name, pinned number, text): numbers never change, new ones are added at the end. */
#define TML_STATUS_LIST(X)                                                 \
    X(TML_OK, 0, "done")                                                   \
    X(TML_EINVAL, 1, "an option or argument is not valid")                 \
    X(TML_EFORMAT, 2, "the data do not have the expected format")          \
    X(TML_ELIMIT, 3, "larger than a configured limit")                     \
    X(TML_EVERSION, 4, "written by a version that this one does not read") \
    X(TML_EIO, 5, "a system call failed")                                  \
    X(TML_ENUMERIC, 6, "the mathematics left the finite numbers")          \
    X(TML_ENOMEM, 7, "out of memory")                                      \
    X(TML_ESTOPPED, 8, "stopped on request")

typedef enum tml_status {
#define TML_STATUS_ENUM(name, number, text) name = (number),
    TML_STATUS_LIST(TML_STATUS_ENUM)
#undef TML_STATUS_ENUM
} tml_status;

enum {
    TML_ERROR_TEXT_BYTES = 1024
}; /* a failure file holds 1024 bytes too */

typedef struct tml_error {
    tml_status status;
    char text[TML_ERROR_TEXT_BYTES]; /* NUL-terminated, valid UTF-8 when the inputs were */
} tml_error;

/* The list's text for a status; "unknown status" for a number outside it. Static text. */
TML_API const char *tml_status_text(tml_status status);

#endif
