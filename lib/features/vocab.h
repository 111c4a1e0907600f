/* features/vocab.h: terms ↔ column numbers.
 *
 * A vocabulary is built once (or mapped from an artifact) and then never changes: any number of threads may read it.
 * Ids are dense, 0..n-1: by falling count, where ties go to the term that was seen first (tmli_vocab_build), or in an
 * order that the caller gives (tmli_vocab_build_ordered). Its hash index is part of the
 * artifact and is used in place: hash tmli_hash_v1, linear probing, a power of two of slots. */
#ifndef FEATURES_VOCAB_H
#define FEATURES_VOCAB_H

#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "textml/status.h"
#include "textml/str.h"

#define TMLI_NO_TERM UINT32_MAX

/* A slot of the index: id_plus_one is 0 in an empty one. */
typedef struct tmli_vocab_slot {
    uint32_t hash;
    uint32_t id_plus_one;
} tmli_vocab_slot;

typedef struct tmli_vocab {
    size_t n;          /* terms */
    const char *bytes; /* [n_bytes] all terms, one after the other, in order of id */
    size_t n_bytes;
    const uint32_t *offsets;      /* [n + 1] of terms in bytes */
    const tmli_vocab_slot *slots; /* [n_slots] */
    size_t n_slots;               /* a power of two above n */
    void *owned; /* the memory behind the three, NULL when they are borrowed from a mapping */
} tmli_vocab;

/* Selects and orders terms.
 * terms: every candidate, numbered by the map. counts [size of terms]: occurrences; 0 drops a term.
 * first [size of terms]: rank of the first appearance, for ties. max_terms: keep the most frequent; 0 keeps all.
 * ids [size of terms], output: the new id of each candidate, or TMLI_NO_TERM.
 * out: release with tmli_vocab_deinit; untouched on failure. Errors: TML_ELIMIT when nothing is left or bytes pass
 * 4 GiB, TML_ENOMEM. O(terms log terms). */
TML_NODISCARD tml_status tmli_vocab_build(const tmli_map *terms, const uint64_t *counts,
                                          const uint32_t *first, size_t max_terms, uint32_t *ids,
                                          tmli_vocab *out, tml_error *err);

/* A vocabulary of terms[0..n) whose ids are their places. No two are equal, none is empty.
 * out: as above. Errors: TML_ELIMIT when n is 0 or bytes pass 4 GiB, TML_ENOMEM. O(n). */
TML_NODISCARD tml_status tmli_vocab_build_ordered(const tml_str *terms, size_t n, tmli_vocab *out,
                                                  tml_error *err);

/* A view of borrowed arrays, as they lie in an artifact. Checked in O(1): shapes only. Lookups and terms check the
 * values they meet, so that a damaged index can miss a term but never reads out of bounds.
 * Errors: TML_EFORMAT with a sentence. */
TML_NODISCARD tml_status tmli_vocab_view(const char *bytes, size_t n_bytes, const uint32_t *offsets,
                                         size_t n, const tmli_vocab_slot *slots, size_t n_slots,
                                         tmli_vocab *out, tml_error *err);
void tmli_vocab_deinit(tmli_vocab *vocab); /* leaves {0} */

/* Id of term, or TMLI_NO_TERM. Bytes are compared as they are. */
uint32_t tmli_vocab_find(const tmli_vocab *vocab, tml_str term);
/* The same when hash is known to be tmli_hash_v1(term); and a hint that this will be asked soon. */
uint32_t tmli_vocab_find_hashed(const tmli_vocab *vocab, tml_str term, uint32_t hash);
static inline void tmli_vocab_prefetch(const tmli_vocab *vocab, uint32_t hash)
{
    __builtin_prefetch(vocab->slots + (hash & (vocab->n_slots - 1)));
}
/* Term by id: borrowed from the vocabulary; empty for an id that it does not have. */
tml_str tmli_vocab_term(const tmli_vocab *vocab, uint32_t id);

#endif
