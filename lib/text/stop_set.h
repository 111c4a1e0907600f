/* text/stop_set.h: a set of words that is made once and then asked for every token.
 *
 * Most tokens are in no list of stop words: a set of their lengths and one look at the slots says so. */
#ifndef TEXT_STOP_SET_H
#define TEXT_STOP_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "textml/str.h"
#include "textml/version.h"

typedef struct tmli_stop_slot {
    uint32_t tag;    /* the low half of the hash, whose high half gives the place */
    uint32_t number; /* of the word, from 1; 0: free */
} tmli_stop_slot;

typedef struct tmli_stop_set {
    tml_str *words; /* owned, with their bytes behind them; those given, without what came twice */
    size_t n;
    tmli_stop_slot *slots; /* owned */
    size_t mask;           /* slots less 1 */
    uint64_t lengths;      /* bit i: a word has i bytes; bit 63: 63 bytes or more */
} tmli_stop_set;           /* {0} is the empty set */

/* Copies words[0..n). False when memory is short, and the set is then empty. */
bool tmli_stop_set_init(tmli_stop_set *set, const tml_str *words, size_t n) TML_NODISCARD;
void tmli_stop_set_deinit(tmli_stop_set *set);

/* 8 bytes at least can be read at word. No more than the first and the last 8 count: what they leave alike, the
 * comparison tells apart. The set is its owner's choice, so that hostile text cannot fill a place with words. */
static inline uint64_t tmli_stop_hash(tml_str word)
{
    static const unsigned char masks[16] = {255, 255, 255, 255, 255, 255, 255, 255};
    uint64_t first;
    memcpy(&first, word.data, sizeof first);
    uint64_t last = 0;
    if (word.len < sizeof first) {
        uint64_t mask;
        memcpy(&mask, masks + (sizeof first - word.len), sizeof mask);
        first &= mask;
    } else {
        memcpy(&last, word.data + word.len - sizeof last, sizeof last);
    }
    const uint64_t mixed =
        (first ^ (last << 17 | last >> 47) ^ word.len) * UINT64_C(0x9E3779B97F4A7C15);
    return (mixed ^ mixed >> 29) * UINT64_C(0xBF58476D1CE4E5B9);
}

/* The place of the slot that holds word or, when none does, of the free one where it would go. */
static inline size_t tmli_stop_place(const tmli_stop_set *set, tml_str word)
{
    const uint64_t hash = tmli_stop_hash(word);
    size_t i = (size_t)(hash >> 32) & set->mask;
    for (; set->slots[i].number != 0; i = (i + 1) & set->mask) {
        if (set->slots[i].tag == (uint32_t)hash) {
            const tml_str held = set->words[set->slots[i].number - 1];
            if (held.len == word.len && memcmp(held.data, word.data, word.len) == 0) {
                break;
            }
        }
    }
    return i;
}

/* word is padded: 8 bytes behind its first may be read whatever its length. */
static inline bool tmli_stop_set_has(const tmli_stop_set *set, tml_str word)
{
    if ((set->lengths >> (word.len < 63 ? word.len : 63) & 1) == 0) {
        return false;
    }
    return set->slots[tmli_stop_place(set, word)].number != 0;
}

#endif
