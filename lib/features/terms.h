/* features/terms.h: numbers for n-grams while documents are counted.
 *
 * Three kinds of terms, each found through an exact 64-bit key: up to 7 bytes (the bytes themselves), longer ones (a
 * hash, then the bytes are compared), and n-grams of words (the number of the n-gram less its last word, and that of the
 * word), which need no text until the vocabulary is written. For one thread at a time. */
#ifndef FEATURES_TERMS_H
#define FEATURES_TERMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "features/ngram.h"
#include "textml/str.h"

#define TMLI_TERMS_MAX ((uint32_t)INT32_MAX) /* two numbers and a kind fit in 64 bits */

/* mark belongs to the caller: it lies beside the number because who looks up a term is about to count it. */
typedef struct tmli_term {
    uint64_t key;
    uint32_t number; /* UINT32_MAX: the slot is free */
    uint32_t mark;   /* 0 in a new one */
} tmli_term;

typedef struct tmli_term_table {
    tmli_term *slots; /* owned; NULL before the first term */
    size_t n_slots;   /* a power of two, or 0 */
    size_t n;
    unsigned shift; /* 64 less the bits of a place */
} tmli_term_table;

typedef struct tmli_terms {
    tmli_term_table packed, longer, pairs;
    uint64_t *sources; /* owned, [n]: kind in the upper two bits, then what the term is made of */
    size_t n, capacity;
    char *bytes; /* owned: the longer ones behind each other, each behind its length */
    size_t n_bytes, bytes_capacity;
} tmli_terms; /* {0} to begin */

void tmli_terms_deinit(tmli_terms *terms);
/* Releases what only finding needs. */
void tmli_terms_seal(tmli_terms *terms);

/* The hash that tmli_terms_longer wants. */
uint64_t tmli_terms_hash(tml_str term);

/* The slot of a term, added when new; borrowed until the next call that adds. NULL when memory is short or
 * TMLI_TERMS_MAX terms are held. */
tmli_term *tmli_terms_packed(tmli_terms *terms, uint64_t packed);
tmli_term *tmli_terms_longer(tmli_terms *terms, tml_str term, uint64_t hash);
tmli_term *tmli_terms_pair(tmli_terms *terms, uint32_t front, uint32_t word);

/* The first slot that a key may have; NULL while the table has none. */
static inline tmli_term *tmli_term_first(const tmli_term_table *table, uint64_t key)
{
    return table->n_slots > 0 ? table->slots + (key * 0x9e3779b97f4a7c15u >> table->shift) : NULL;
}

/* Asks the processor for the slot's cache line. */
static inline void tmli_term_prefetch(const tmli_term_table *table, uint64_t key)
{
    if (table->n_slots > 0) {
        __builtin_prefetch(tmli_term_first(table, key));
    }
}
static inline uint64_t tmli_term_pair_key(uint32_t front, uint32_t word)
{
    return (uint64_t)front << 31 | word;
}

/* Adds every term of `from`; numbers [from->n]: what each is called in `terms`. False as above. */
bool tmli_terms_merge(tmli_terms *terms, const tmli_terms *from, uint32_t *numbers);

/* Bytes of a term, and the term itself into out; words of an n-gram are joined by one blank. */
size_t tmli_terms_length(const tmli_terms *terms, uint32_t number);
void tmli_terms_write(const tmli_terms *terms, uint32_t number, char *out);

#endif
