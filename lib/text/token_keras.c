/* Keras 2.2.4's text_to_word_sequence with its defaults: lower case, every filter character becomes a blank, split at
 * blanks, empty tokens dropped. Only ' ' splits: a no-break space or a carriage return is part of a word. */
#include "text/tokenizer.h"

#include "text/cut.h"
#include "text/unicode.h"

/* Bytes that are ' ' or one of the filters !"#$%&()*+,-./:;<=>?@[\]^_`{|}~\t\n: what is printable but no letter, digit or
 * apostrophe, and two controls. Bytes of other characters than ASCII are none of them. */
static inline tmli_bytes16 is_blank16(tmli_bytes16 v)
{
    const tmli_bytes16 kept = tmli_is_alpha16(v) | tmli_is_digit16(v) | tmli_is_byte16(v, '\'');
    return (tmli_in_range16(v, ' ', '~') & ~kept) | tmli_in_range16(v, '\t', '\n');
}

/* Lower case of text, padded as text is. */
static bool lower(tml_str text, tmli_buf *out)
{
    tmli_buf_reset(out);
    if (!tmli_buf_reserve(out, text.len + TMLI_PAD)) {
        return false;
    }
    if (tmli_is_ascii_padded(text.data, text.len)) {
        tmli_lower_padded(out->data, text.data, text.len);
        out->len = text.len;
        return true;
    }
    tmli_lower(text, out);
    return tmli_buf_reserve(out, TMLI_PAD);
}

bool tmli_split_keras(tml_str text, tml_tokens *tokens)
{
    tokens->n = 0;
    if (!lower(text, &tokens->text)) {
        return false;
    }
    const char *const end = tokens->text.data + tokens->text.len;
    const char *begin = NULL;
    for (const char *at = tokens->text.data; at < end; at += TMLI_BLOCK) {
        const uint64_t blanks = TMLI_BITS64(at, is_blank16);
        if (!tmli_cut_block(tokens, at, ~blanks & tmli_bits_below((size_t)(end - at)), &begin)) {
            return false;
        }
    }
    return tmli_cut_end(tokens, end, begin);
}
