/* text/unicode.h: properties and mappings of code points, through utf8proc (unicode.c is the only file that includes
 * it). docs/numerics.md says where utf8proc's Unicode version differs from Python's. */
#ifndef TEXT_UNICODE_H
#define TEXT_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "textml/str.h"

/* Tables of utf8proc's answers (unicode_table.c). Bit i % 64 of number i / 64: i is a word character. */
extern const uint64_t tmli_word_bits[0x10000 / 64];
/* Lower case of U+0080 + i when it takes two bytes as well and does not go by what stands around, else 0. */
extern const uint16_t tmli_lower_two[0x800 - 0x80];

/* Any number is allowed; one that is no character has no property. */
bool tmli_is_space(uint32_t codepoint); /* Python's str.isspace(), which is \s of its re module */
bool tmli_is_letter(uint32_t codepoint);
bool tmli_is_mark(uint32_t codepoint);
bool tmli_is_digit(uint32_t codepoint); /* categories Nd, Nl, No */
/* Written without blanks between words: Han, Hiragana, Katakana, by block (unicode.c has the list). */
bool tmli_is_ideograph(uint32_t codepoint);

bool tmli_is_word_beyond(uint32_t codepoint); /* from U+10000 */

/* \w of Python's re for text: str.isalnum() or '_'. */
static inline bool tmli_is_word(uint32_t codepoint)
{
    return codepoint < 0x10000 ? (tmli_word_bits[codepoint >> 6] >> (codepoint & 63) & 1) != 0
                               : tmli_is_word_beyond(codepoint);
}

/* Appends Python's text.lower(): full mappings (İ → i + U+0307), final sigma by context. text must be valid UTF-8. */
void tmli_lower(tml_str text, tmli_buf *out);

typedef enum tmli_form {
    TMLI_NFC,
    TMLI_NFKC,
    TMLI_NFD_NO_MARKS, /* canonical decomposition, combining marks (Mn) dropped, then composed */
} tmli_form;

/* Appends text in a normal form; false when memory is short. text must be valid UTF-8. */
bool tmli_normal_form(tml_str text, tmli_form form, tmli_buf *out);

/* The end of the part of a valid text that begins at `at` (below end) and is normalized by itself, whatever stands around,
 * if it begins the text or where another part ends: up to the first character that no form changes or joins to what is
 * before it. */
const char *tmli_normal_part_end(const char *at, const char *end);

typedef enum tmli_fold_kind {
    TMLI_FOLD_MARKS, /* compatibility decomposition without the characters of a combining class other than 0 */
    TMLI_FOLD_ASCII, /* compatibility decomposition without what is not ASCII */
} tmli_fold_kind;

/* Appends scikit-learn's strip_accents_unicode or strip_accents_ascii of text, which are not composed again: Hangul stays
 * in pieces. text must be valid UTF-8. */
void tmli_fold(tml_str text, tmli_fold_kind kind, tmli_buf *out);

#endif
