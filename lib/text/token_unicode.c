/* Words by Unicode's general categories. The rule, version 1 (a saved model depends on it):
 *
 *   1. A token is a maximal run of letters (L*), marks (M*), digits (N*) and '_'. All else separates and is dropped.
 *   2. One apostrophe, ' (U+0027) or ’ (U+2019), stays inside a token when a letter stands on both sides of it: "don't",
 *      "l’été". The letter before it may carry marks, so that decomposed text is cut as composed text is. An apostrophe
 *      beside a digit, '_', blank, or another apostrophe separates.
 *   3. An ideograph or kana (tmli_is_ideograph) is a token by itself, with the marks that follow it: such text has no
 *      blanks between words. It ends the run before it and is no letter for rule 2. The halfwidth sound marks U+FF9E and
 *      U+FF9F, letters by category, count as the marks that they become in every normal form with compatibility.
 *
 * Format characters (soft hyphen, zero-width joiner and non-joiner, …) separate, as all that rule 1 does not name. */
#include "text/tokenizer.h"

#include "text/cut.h"
#include "text/unicode.h"
#include "text/utf8.h"

typedef enum class {
    SEPARATOR,
    LETTER,
    MARK,
    DIGIT, /* or '_' */
    APOSTROPHE,
    IDEOGRAPH,
} class;

static class class_of(uint32_t codepoint)
{
    if (codepoint < 0x80) {
        const uint32_t small = codepoint | 0x20;
        if (small >= 'a' && small <= 'z') {
            return LETTER;
        }
        if ((codepoint >= '0' && codepoint <= '9') || codepoint == '_') {
            return DIGIT;
        }
        return codepoint == '\'' ? APOSTROPHE : SEPARATOR;
    }
    if (codepoint == 0x2019) {
        return APOSTROPHE;
    }
    if (tmli_is_ideograph(codepoint)) {
        return IDEOGRAPH;
    }
    if (codepoint == 0xFF9E || codepoint == 0xFF9F) {
        return MARK;
    }
    if (tmli_is_letter(codepoint)) {
        return LETTER;
    }
    if (tmli_is_mark(codepoint)) {
        return MARK;
    }
    return tmli_is_digit(codepoint) ? DIGIT : SEPARATOR;
}

/* The class of the character at `at`, and its end; SEPARATOR and end itself at the end. */
static class class_at(const char *at, const char *end, const char **behind)
{
    *behind = end;
    if (at == end) {
        return SEPARATOR;
    }
    uint32_t codepoint;
    *behind = at + tmli_utf8_next_valid(at, &codepoint);
    return class_of(codepoint);
}

/* The end of the token that begins at `at` with a character of class `first` that ends at `behind`. */
static const char *token_end(class first, const char *behind, const char *end)
{
    const char *at = behind;
    bool is_after_letter = first == LETTER; /* marks in between do not count */
    for (;;) {
        class c = class_at(at, end, &behind);
        if (first == IDEOGRAPH && c != MARK) {
            return at;
        }
        if (c == APOSTROPHE && is_after_letter) {
            const char *const letter = behind;
            c = class_at(letter, end, &behind);
            if (c != LETTER) {
                return at;
            }
        }
        if (c != LETTER && c != MARK && c != DIGIT) {
            return at;
        }
        is_after_letter = c == LETTER || (c == MARK && is_after_letter);
        at = behind;
    }
}

static bool split_any(tml_str text, tml_tokens *tokens)
{
    const char *const end = text.data + text.len;
    for (const char *at = text.data; at < end;) {
        const char *behind;
        const class first = class_at(at, end, &behind);
        if (first != SEPARATOR && first != APOSTROPHE) {
            behind = token_end(first, behind, end);
            if (!tmli_cut_end(tokens, behind, at)) {
                return false;
            }
        }
        at = behind;
    }
    return true;
}

static inline tmli_bytes16 is_digit16(tmli_bytes16 v)
{
    return tmli_is_digit16(v) | tmli_is_byte16(v, '_');
}

static inline tmli_bytes16 is_apostrophe16(tmli_bytes16 v)
{
    return tmli_is_byte16(v, '\'');
}

/* The same as split_any for ASCII, where rule 2 is a matter of shifted masks. */
static bool split_ascii(tml_str text, tml_tokens *tokens)
{
    const char *const end = text.data + text.len;
    const char *begin = NULL;
    uint64_t last_letter = 0; /* 1 when the block before ended in a letter */
    for (const char *at = text.data; at < end; at += TMLI_BLOCK) {
        const uint64_t valid = tmli_bits_below((size_t)(end - at));
        const uint64_t letters = TMLI_BITS64(at, tmli_is_alpha16) & valid;
        const uint64_t digits = TMLI_BITS64(at, is_digit16) & valid;
        const bool has_next = end - at > TMLI_BLOCK;
        const uint64_t next_letter = has_next && class_of((unsigned char)at[TMLI_BLOCK]) == LETTER;
        const uint64_t before = letters << 1 | last_letter;
        const uint64_t after = letters >> 1 | next_letter << (TMLI_BLOCK - 1);
        const uint64_t joined = TMLI_BITS64(at, is_apostrophe16) & before & after;
        if (!tmli_cut_block(tokens, at, letters | digits | joined, &begin)) {
            return false;
        }
        last_letter = letters >> (TMLI_BLOCK - 1);
    }
    return tmli_cut_end(tokens, end, begin);
}

bool tmli_split_unicode(tml_str text, tml_tokens *tokens)
{
    tokens->n = 0;
    return tmli_is_ascii_padded(text.data, text.len) ? split_ascii(text, tokens)
                                                     : split_any(text, tokens);
}
