/* One formatted record to the caller's sink. */
#include "textml/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/bytes.h"

enum {
    RECORD_BYTES = 2000
};

void tml_logf(const tml_log *log, tml_log_level level, const char *format, ...)
{
    if (log == NULL || log->write == NULL || level < log->least) {
        return;
    }
    char record[RECORD_BYTES + 1];
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(record, sizeof record, format, args);
    va_end(args);
    if (len < 0) {
        return;
    }
    if (len > RECORD_BYTES) {
        record[tmli_utf8_cut(record, RECORD_BYTES)] = '\0';
    }
    log->write(log->ctx, level, record);
}
