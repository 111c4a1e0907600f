/* Status texts and the one place where error sentences are put together. */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/bytes.h"

#ifdef __clang_analyzer__
#undef tmli_fail
#undef tmli_fail_memory
#endif

const char *tml_status_text(tml_status status)
{
    switch (status) {
#define STATUS_CASE(name, number, text) \
    case name: return text;
        TML_STATUS_LIST(STATUS_CASE)
#undef STATUS_CASE
    }
    return "unknown status";
}

tml_status tmli_fail(tml_error *err, tml_status status, const char *format, ...)
{
    if (err == NULL || err->status != TML_OK) {
        return status;
    }
    err->status = status;
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    if (len < 0) {
        err->text[0] = '\0';
    } else if ((size_t)len >= sizeof err->text) {
        err->text[tmli_utf8_cut(err->text, sizeof err->text - 1)] = '\0';
    }
    return status;
}

tml_status tmli_fail_memory(tml_error *err, const char *what)
{
    return tmli_fail(err, TML_ENOMEM, "%s: out of memory", what);
}
