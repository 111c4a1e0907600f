/* support/padded.h: artifacts as large as a test or bench wants them. */
#ifndef SUPPORT_PADDED_H
#define SUPPORT_PADDED_H

#include <stddef.h>

#include "textml/status.h"

/* Makes the last word of the artifact in dir, a network, n bytes longer: nothing else changes, but that nobody finds
 * this word any more. Errors: TML_EIO, TML_EFORMAT, TML_ENOMEM. */
TML_NODISCARD tml_status pad_artifact(const char *dir, size_t n, tml_error *err);

#endif
