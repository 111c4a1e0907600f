/* support/golden.h: cases that are directories: tests/golden/<suite>/<case>/{input,options,want|error}.
 *
 * options: lines "key=value"; lines that begin with '#' are comments. Each call fails the running test when a file cannot
 * be read. */
#ifndef SUPPORT_GOLDEN_H
#define SUPPORT_GOLDEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "textml/str.h"

typedef struct golden_case {
    const char *name;
    tmli_buf input;
    tmli_buf options;
    tmli_buf want; /* or, with is_error, the sentence without its line end */
    bool is_error;
} golden_case;

/* Calls check for every case of a suite, in order of name. There is at least one. */
void golden_each(const char *suite, void (*check)(const golden_case *c));
/* The value of an option, or fallback. NUL-terminated and borrowed from `value`, which is overwritten. */
const char *golden_option(const golden_case *c, const char *key, const char *fallback,
                          char value[256]);
/* Appends str on one line: \t, \n, \r, \\ as in C, other bytes outside 0x20..0x7e as \xHH. */
void golden_escape(tmli_buf *out, tml_str str);
/* Fails with both texts unless they are equal. */
void golden_compare(const golden_case *c, tml_str got, const char *how);

#endif
