/* fuzz.h: what the fuzz targets have in common.
 *
 * A target is one function over any bytes that asserts properties; it is linked to libFuzzer, or to replay_main.c, which
 * runs the committed corpus. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/utf8.h"
#include "textml/status.h"
#include "textml/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stops with the place and the property when it does not hold, in every build. */
#define FUZZ_CHECK(property)                                                                    \
    do {                                                                                        \
        if (!(property)) {                                                                      \
            (void)fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #property); \
            abort();                                                                            \
        }                                                                                       \
    } while (0)

/* What choices a target makes come from the first byte, so that corpora can be written by hand; an empty input gives 0.
 * Moves data and size behind it. */
static inline unsigned fuzz_choice(const uint8_t **data, size_t *size)
{
    if (*size == 0) {
        return 0;
    }
    (*size)--;
    return *(*data)++;
}

static inline tml_str fuzz_text(const uint8_t *data, size_t size)
{
    return (tml_str){(const char *)data, size};
}

/* The first line of *rest without its end, which it moves behind. */
static inline tml_str fuzz_line(tml_str *rest)
{
    const char *const end = rest->len > 0 ? memchr(rest->data, '\n', rest->len) : NULL;
    const tml_str line = {rest->data, end != NULL ? (size_t)(end - rest->data) : rest->len};
    const size_t taken = line.len + (end != NULL ? 1 : 0);
    rest->data += taken;
    rest->len -= taken;
    return line;
}

/* Whether a tmli_source would take off a byte-order mark, or unpack gzip, before anybody reads the text. */
static inline bool fuzz_is_changed_by_source(tml_str text)
{
    return (text.len >= 2 && memcmp(text.data, "\x1f\x8b", 2) == 0) ||
           (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0);
}

/* A call either worked and said nothing, or failed with a sentence that begins with source and, when valid_text,
 * is valid UTF-8. What is cut short by want of memory does not happen here. */
static inline void fuzz_check_error(tml_status status, const tml_error *err, const char *source)
{
    FUZZ_CHECK(status == err->status);
    FUZZ_CHECK(status != TML_ENOMEM);
    if (status == TML_OK) {
        FUZZ_CHECK(err->text[0] == '\0');
        return;
    }
    FUZZ_CHECK(memchr(err->text, '\0', sizeof err->text) != NULL);
    FUZZ_CHECK(strncmp(err->text, source, strlen(source)) == 0);
    FUZZ_CHECK(strlen(err->text) > strlen(source));
}

#endif
