/* Tokens between white space, as Python's str.split() cuts them (and fastText, apart from white space outside ASCII). */
#include "text/tokenizer.h"

#include "text/cut.h"
#include "text/unicode.h"
#include "text/utf8.h"

static bool split_ascii(tml_str text, tml_tokens *tokens)
{
    const char *const end = text.data + text.len;
    const char *begin = NULL;
    for (const char *at = text.data; at < end; at += TMLI_BLOCK) {
        const uint64_t spaces = TMLI_BITS64(at, tmli_is_space16);
        if (!tmli_cut_block(tokens, at, ~spaces & tmli_bits_below((size_t)(end - at)), &begin)) {
            return false;
        }
    }
    return tmli_cut_end(tokens, end, begin);
}

static bool split_any(tml_str text, tml_tokens *tokens)
{
    const char *const end = text.data + text.len;
    const char *begin = NULL; /* of the token that is being read */
    for (const char *at = text.data; at < end;) {
        uint32_t codepoint;
        const size_t n = tmli_utf8_next_valid(at, &codepoint);
        if (!tmli_is_space(codepoint)) {
            begin = begin == NULL ? at : begin;
        } else if (!tmli_cut_end(tokens, at, begin)) {
            return false;
        } else {
            begin = NULL;
        }
        at += n;
    }
    return tmli_cut_end(tokens, end, begin);
}

bool tmli_split_whitespace(tml_str text, tml_tokens *tokens)
{
    tokens->n = 0;
    return tmli_is_ascii_padded(text.data, text.len) ? split_ascii(text, tokens)
                                                     : split_any(text, tokens);
}
