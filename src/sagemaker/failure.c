#include "sagemaker/failure.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

_Static_assert(TML_ERROR_TEXT_BYTES <= 1024, "SageMaker shows 1,024 bytes of the failure file");

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
    const tml_status status = tmli_file_replace(path, err->text, strlen(err->text), NULL);
    (void)status; /* nothing is left to tell it to */
}

void sm_clear_failure(const char *path)
{
    (void)unlink(path);
}
