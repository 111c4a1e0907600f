/* scikit-learn's token_pattern (?u)\b\w\w+\b: runs of word characters, at least two of them. \w is Python's: what
 * str.isalnum() says, or '_'. A combining mark is none and ends a word, whatever it stands on. */
#include "text/tokenizer.h"

#include "text/cut.h"
#include "text/unicode.h"
#include "text/utf8.h"

static inline tmli_bytes16 is_word16(tmli_bytes16 v)
{
    return tmli_is_alpha16(v) | tmli_is_digit16(v) | tmli_is_byte16(v, '_');
}

/* Adds to `inside` the bytes of word characters among those in `high`, which are not ASCII. *carry: of such a character
 * that goes on in the next block, the bits there; likewise from the block before. */
static uint64_t add_high(const char *block, uint64_t high, uint64_t inside, uint64_t *carry)
{
    inside |= *carry;
    *carry = 0;
    while (high != 0) {
        const size_t i = tmli_lowest_bit(high);
        if (((unsigned char)block[i] & 0xC0) ==
            0x80) { /* the rest of one that began a block before */
            high &= high - 1;
            continue;
        }
        uint32_t codepoint;
        const size_t n = tmli_utf8_next_valid(block + i, &codepoint);
        const uint64_t bits = tmli_bits_below(n) << i;
        if (tmli_is_word(codepoint)) {
            inside |= bits;
            *carry = i + n > TMLI_BLOCK ? tmli_bits_below(i + n - TMLI_BLOCK) : 0;
        }
        high &= ~bits;
    }
    return inside;
}

/* Drops the words of one character from tokens[first..). No branch: whether a word is that short cannot be foretold. */
static void drop_single(tml_tokens *tokens, size_t first)
{
    static const unsigned char widths[16] = {1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 2, 2, 3, 4};
    tml_str *to = tokens->items + first;
    for (size_t i = first; i < tokens->n; i++) {
        const tml_str item = tokens->items[i];
        *to = item;
        to += item.len > widths[(unsigned char)item.data[0] >> 4] ? 1 : 0;
    }
    tokens->n = (size_t)(to - tokens->items);
}

/* The bits of ASCII words of one character that begin and end in this block. One in its last byte may go on in the next. */
static uint64_t single_bits(uint64_t inside, bool goes_on)
{
    const uint64_t before = inside << 1 | (goes_on ? 1 : 0);
    return inside & ~before & ~(inside >> 1) & tmli_bits_below(TMLI_BLOCK - 1);
}

bool tmli_split_word(tml_str text, tml_tokens *tokens)
{
    tokens->n = 0;
    const char *const end = text.data + text.len;
    const char *begin = NULL;
    uint64_t carry = 0;
    for (const char *at = text.data; at < end; at += TMLI_BLOCK) {
        const uint64_t valid = tmli_bits_below((size_t)(end - at));
        const uint64_t high = TMLI_BITS64(at, ) & valid;
        uint64_t inside = TMLI_BITS64(at, is_word16) & valid;
        const bool goes_on = begin != NULL;
        const bool is_ascii = (high | carry) == 0;
        if (is_ascii) {
            inside &= ~single_bits(inside, goes_on);
        } else {
            inside = add_high(at, high, inside, &carry);
        }
        const size_t first = tokens->n;
        if (!tmli_cut_block(tokens, at, inside, &begin)) {
            return false;
        }
        /* Of ASCII only a word from the block before can still be single. */
        if (!is_ascii || (goes_on && tokens->n > first && tokens->items[first].len <= 4)) {
            drop_single(tokens, first);
        }
    }
    const size_t first = tokens->n;
    if (!tmli_cut_end(tokens, end, begin)) {
        return false;
    }
    if (tokens->n > first) { /* without a token there need be no list */
        drop_single(tokens, first);
    }
    return true;
}
