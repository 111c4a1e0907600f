#include "sagemaker/failure.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

enum {
    FAILURE_BYTES = 1024
};

int sm_exit_code(tml_status status)
{
    switch (status) {
    case TML_OK:
    case TML_ESTOPPED: return 0;
    case TML_EINVAL:
    case TML_EFORMAT:
    case TML_ELIMIT:
    case TML_EVERSION:
    case TML_EIO:
    case TML_ENUMERIC: return 1;
    case TML_ENOMEM: return 2;
    }
    return 2;
}

/* Length of text, cut to the limit without splitting a character. */
static size_t cut(const char *text)
{
    size_t n = strlen(text);
    if (n > FAILURE_BYTES) {
        n = FAILURE_BYTES;
        while (n > 0 && ((unsigned char)text[n] & 0xC0U) == 0x80U) {
            n--;
        }
    }
    return n;
}

void sm_write_failure(const char *path, const tml_error *err)
{
    char dir[4096];
    const int n = snprintf(dir, sizeof(dir), "%s", path);
    char *slash = strrchr(dir, '/');
    if (n > 0 && (size_t)n < sizeof(dir) && slash != NULL && slash != dir) {
        *slash = '\0';
        if (tmli_make_dirs(dir, NULL) != TML_OK) {
            return;
        }
    }
    const tml_status status = tmli_file_replace(path, err->text, cut(err->text), NULL);
    (void)status; /* nothing is left to tell it to */
}

void sm_clear_failure(const char *path)
{
    (void)unlink(path);
}
