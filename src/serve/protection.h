/* serve/protection.h: an API key and TLS, for use outside SageMaker; both off by default. */
#ifndef SERVE_PROTECTION_H
#define SERVE_PROTECTION_H

#include <stdbool.h>

#include "base/buf.h"
#include "textml/status.h"
#include "textml/str.h"

/* As the command line has them; NULL for none. */
typedef struct serve_protection_files {
    const char *api_key;
    const char *tls_cert;
    const char *tls_key;
} serve_protection_files;

/* What they hold; empty where there is none. */
typedef struct serve_protection {
    tmli_buf api_key;
    tmli_buf tls_cert; /* PEM, as is the next */
    tmli_buf tls_key;
} serve_protection; /* {0} protects nothing */

/* Reads the files; without one for it, the key is that of the variable TEXTML_API_KEY. out: release with
 * serve_protection_deinit, also after a failure. Errors: TML_EINVAL for a key that no header can carry and for half of a
 * certificate; TML_EIO, TML_ELIMIT for files; TML_ENOMEM. */
TML_NODISCARD tml_status serve_protection_load(serve_protection *out,
                                               const serve_protection_files *files, tml_error *err);
void serve_protection_deinit(serve_protection *protection);

/* Whether the value of an Authorization header is "Bearer KEY". An empty key lets everybody pass. The time it takes does
 * not tell how much of a wrong key was right. */
bool serve_key_matches(tml_str key, tml_str authorization);

#endif
