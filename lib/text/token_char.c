/* What scikit-learn cuts into n-grams of characters: for analyzer "char" the text, in which \s\s+ became one blank; for
 * "char_wb" each word between white space, with a blank before and behind it. The n-grams themselves are the features'. */
#include "text/tokenizer.h"

#include <string.h>

#include "base/mem.h"
#include "text/ascii.h"
#include "text/unicode.h"
#include "text/utf8.h"

/* The first place in [at, end) where two white-space characters stand side by side, or end; *behind: the end of the run. */
static const char *next_run(const char *at, const char *end, const char **behind)
{
    const char *first = NULL; /* of the white space that ends before `at` */
    bool is_run = false;
    while (at < end) {
        uint32_t codepoint;
        const size_t n = tmli_utf8_next_valid(at, &codepoint);
        if (tmli_is_space(codepoint)) {
            is_run = first != NULL;
            first = first != NULL ? first : at;
        } else if (is_run) {
            break;
        } else {
            first = NULL;
        }
        at += n;
    }
    *behind = at;
    return is_run ? first : end;
}

/* The place in ASCII text, padded, where a run begins or something that is not ASCII stands, or end. */
static const char *skip_quiet(const char *at, const char *end)
{
    for (; at < end; at += TMLI_BLOCK - 1) { /* the last byte's neighbour is in the next block */
        const uint64_t spaces = TMLI_BITS64(at, tmli_is_space16);
        const uint64_t found =
            ((spaces & spaces >> 1) | TMLI_BITS64(at, )) & tmli_bits_below((size_t)(end - at));
        if (found != 0) {
            return at + tmli_lowest_bit(found);
        }
    }
    return end;
}

bool tmli_split_char(tml_str text, tml_tokens *tokens)
{
    tokens->n = 0;
    tmli_buf *const out = &tokens->text;
    tmli_buf_reset(out);
    if (text.len == 0) {
        return true;
    }
    if (!tmli_buf_reserve(out, text.len + TMLI_PAD) ||
        !tmli_grow(&tokens->items, &tokens->capacity, 1, sizeof *tokens->items)) {
        return false;
    }
    const char *const end = text.data + text.len;
    char *to = out->data;
    for (const char *at = text.data; at != end;) {
        /* A blank may stand before what is not ASCII: one step back, it is seen with it. */
        const char *quiet = skip_quiet(at, end);
        quiet -= quiet > at && quiet < end ? 1 : 0;
        const char *behind;
        const char *const run = next_run(quiet, end, &behind);
        memcpy(to, at, (size_t)(run - at));
        to += run - at;
        if (run != end) {
            *to++ = ' ';
        }
        at = behind;
    }
    out->len = (size_t)(to - out->data);
    tokens->items[0] = tmli_buf_str(out);
    tokens->n = 1;
    return true;
}

bool tmli_split_char_wb(tml_str text, tml_tokens *tokens)
{
    tmli_buf *const out = &tokens->text;
    tmli_buf_reset(out);
    /* Two blanks more than the text at most: words are parted by one byte of it at least. */
    if (!tmli_split_whitespace(text, tokens) || !tmli_buf_reserve(out, text.len + 2 + TMLI_PAD)) {
        return false;
    }
    char *to = out->data;
    *to = ' ';
    for (size_t i = 0; i < tokens->n; i++) {
        const tml_str word = tokens->items[i];
        memcpy(to + 1, word.data, word.len);
        to[1 + word.len] = ' ';
        tokens->items[i] = (tml_str){to, word.len + 2};
        to += 1 + word.len;
    }
    return true;
}
