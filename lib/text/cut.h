/* text/cut.h: tokens out of bit masks, 64 bytes of text at a step. */
#ifndef TEXT_CUT_H
#define TEXT_CUT_H

#include <stdbool.h>

#include "base/mem.h"
#include "text/ascii.h"
#include "text/tokenizer.h"

/* Most tokens that end in one block: one that began before it, and every other byte. */
enum {
    TMLI_BLOCK_TOKENS = TMLI_BLOCK / 2 + 1
};

/* Adds the tokens that end in block. Bit i of inside: block[i] belongs to a token.
 * *begin: of the token that reaches from one block into the next, NULL when there is none. Blocks come in order, and
 * after the last tmli_cut_end. False when memory is short. */
static inline bool tmli_cut_block(tml_tokens *tokens, const char *block, uint64_t inside,
                                  const char **begin)
{
    if (tokens->capacity - tokens->n < TMLI_BLOCK_TOKENS &&
        !tmli_grow(&tokens->items, &tokens->capacity, tokens->n + TMLI_BLOCK_TOKENS,
                   sizeof *tokens->items)) {
        return false;
    }
    const uint64_t before = inside << 1 | (*begin != NULL ? 1 : 0);
    uint64_t starts = inside & ~before;
    const char *at = *begin;
    tml_str *item = tokens->items + tokens->n;
    for (uint64_t ends = ~inside & before; ends != 0; ends &= ends - 1) {
        if (at == NULL) {
            at = block + tmli_lowest_bit(starts);
            starts &= starts - 1;
        }
        *item++ = (tml_str){at, (size_t)(block + tmli_lowest_bit(ends) - at)};
        at = NULL;
    }
    tokens->n = (size_t)(item - tokens->items);
    *begin = starts != 0 ? block + tmli_lowest_bit(starts) : at;
    return true;
}

/* Adds the token that ends with the text. */
static inline bool tmli_cut_end(tml_tokens *tokens, const char *end, const char *begin)
{
    if (begin == NULL) {
        return true;
    }
    if (!tmli_grow(&tokens->items, &tokens->capacity, tokens->n + 1, sizeof *tokens->items)) {
        return false;
    }
    tokens->items[tokens->n++] = (tml_str){begin, (size_t)(end - begin)};
    return true;
}

#endif
