/* textml/str.h: text as pointer and length. */
#ifndef TEXTML_STR_H
#define TEXTML_STR_H

#include <stddef.h>

/* Bytes that are borrowed from somebody: never freed through this struct. NUL is an ordinary byte and data need not end
 * in one. data may be NULL when len is 0. */
typedef struct tml_str {
    const char *data;
    size_t len;
} tml_str;

/* A tml_str over a string literal. */
#define TML_STR(literal) ((tml_str){(literal), sizeof(literal) - 1})

#endif
