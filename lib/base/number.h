/* base/number.h: numbers as text, the same in every locale. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "textml/str.h"

/* Parses all of text as a decimal floating-point number (no blanks, no hex, no "inf" or "nan"), correctly rounded.
 * False when it is not one or is too large; *out then untouched. */
bool tmli_parse_double(tml_str text, double *out);

/* The fast path of vector files: parses a number at the start of [at, end) and returns the place behind it, or NULL.
 * Correctly rounded to double, then to float. */
const char *tmli_scan_float(const char *at, const char *end, float *out);

/* All of text as a whole number; also "5.0" and "5e0", as hyperparameters may be written. */
bool tmli_parse_int64(tml_str text, int64_t *out);

/* true/false, yes/no, on/off, 1/0 in any case. */
bool tmli_parse_bool(tml_str text, bool *out);

enum {
    TMLI_NUMBER_BYTES = 32
};
/* Shortest text that reads back as the same double (or float); finite values only. Returns the length; NUL-terminated. */
size_t tmli_format_double(double value, char out[TMLI_NUMBER_BYTES]);
size_t tmli_format_float(float value, char out[TMLI_NUMBER_BYTES]);

#endif
