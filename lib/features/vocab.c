/* Terms ↔ column numbers: choosing and ordering them, and the hash index that an artifact stores as it is.
 *
 * Format 1 of the index, pinned by tests/unit/test_vocab.c: the least power of two of slots that is at least twice the
 * number of terms; a term's home is tmli_hash_v1 & (n_slots - 1); terms are entered in the order of their ids, each into
 * the first free slot from its home on, wrapping at the end. Entering frequent terms first keeps them near their homes. */
#include "features/vocab.h"

#include <inttypes.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/status.h"

enum {
    SLOTS_PER_TERM = 2
}; /* at most half full: a miss, the usual case of a rare word, ends after 2.5 slots */

typedef struct candidate {
    uint64_t count;
    uint32_t first;
    uint32_t number; /* in the map */
} candidate;

/* Falling count, then first appearance; the number makes the order total whatever `first` holds. */
static int by_rank(const void *left, const void *right)
{
    const candidate *a = left;
    const candidate *b = right;
    if (a->count != b->count) {
        return a->count > b->count ? -1 : 1;
    }
    if (a->first != b->first) {
        return a->first < b->first ? -1 : 1;
    }
    return a->number < b->number ? -1 : a->number > b->number;
}

/* out: [size of the map] candidates, in order of rank; returns how many of them are kept. */
static size_t rank_terms(const uint64_t *counts, const uint32_t *first, size_t n_terms,
                         size_t max_terms, candidate *out)
{
    size_t n = 0;
    for (size_t i = 0; i < n_terms; i++) {
        if (counts[i] > 0) {
            out[n] = (candidate){.count = counts[i], .first = first[i], .number = (uint32_t)i};
            n++;
        }
    }
    if (n > 1) {
        qsort(out, n, sizeof *out, by_rank);
    }
    return max_terms > 0 && max_terms < n ? max_terms : n;
}

static size_t slots_for(size_t n_terms)
{
    size_t n_slots = 2; /* one term leaves one free */
    while (n_slots / SLOTS_PER_TERM < n_terms) {
        n_slots *= 2;
    }
    return n_slots;
}

static void enter(tmli_vocab_slot *slots, size_t n_slots, tml_str term, uint32_t id)
{
    const uint32_t hash = tmli_hash_v1(term);
    size_t at = hash & (n_slots - 1);
    while (slots[at].id_plus_one != 0) {
        at = (at + 1) & (n_slots - 1);
    }
    slots[at] = (tmli_vocab_slot){.hash = hash, .id_plus_one = id + 1};
}

/* A vocabulary that is being filled: one block holds slots, offsets and bytes, in falling order of alignment. */
typedef struct filling {
    tmli_vocab_slot *slots;
    size_t n_slots;
    uint32_t *offsets;
    char *bytes;
    size_t used; /* bytes */
    size_t n;    /* terms */
    size_t n_bytes;
} filling;

static tml_status begin_filling(size_t n, uint64_t n_bytes, filling *out, tml_error *err)
{
    if (n_bytes > UINT32_MAX) {
        return tmli_fail(err, TML_ELIMIT,
                         "vocabulary: %zu terms are %" PRIu64 " bytes, limit %" PRIu32
                         " (lower max_terms)",
                         n, n_bytes, UINT32_MAX);
    }
    const size_t n_slots = slots_for(n);
    size_t slot_bytes = 0;
    size_t offset_bytes = 0;
    size_t total = 0;
    if (!tmli_mul_size(n_slots, sizeof(tmli_vocab_slot), &slot_bytes) ||
        !tmli_mul_size(n + 1, sizeof(uint32_t), &offset_bytes) ||
        !tmli_add_size(slot_bytes, offset_bytes, &total) ||
        !tmli_add_size(total, (size_t)n_bytes, &total)) {
        return tmli_fail(err, TML_ELIMIT, "vocabulary: %zu terms do not fit in memory", n);
    }
    char *block = tmli_calloc(total, 1);
    if (block == NULL) {
        return tmli_fail_memory(err, "a vocabulary");
    }
    *out = (filling){.slots = (tmli_vocab_slot *)(void *)block,
                     .n_slots = n_slots,
                     .offsets = (uint32_t *)(void *)(block + slot_bytes),
                     .bytes = block + slot_bytes + offset_bytes,
                     .n_bytes = (size_t)n_bytes};
    return TML_OK;
}

/* Gives the next id to term. */
static void fill_term(filling *f, tml_str term)
{
    if (term.len > 0) {
        memcpy(f->bytes + f->used, term.data, term.len);
    }
    enter(f->slots, f->n_slots, term, (uint32_t)f->n);
    f->used += term.len;
    f->n++;
    f->offsets[f->n] = (uint32_t)f->used;
}

static tmli_vocab end_filling(const filling *f)
{
    return (tmli_vocab){.n = f->n,
                        .bytes = f->bytes,
                        .n_bytes = f->n_bytes,
                        .offsets = f->offsets,
                        .slots = f->slots,
                        .n_slots = f->n_slots,
                        .owned = f->slots};
}

tml_status tmli_vocab_build_ordered(const tml_str *terms, size_t n, tmli_vocab *out, tml_error *err)
{
    if (n == 0 || n >= TMLI_NO_TERM) {
        return tmli_fail(err, TML_ELIMIT, "vocabulary: %zu terms, expected 1 to %" PRIu32, n,
                         TMLI_NO_TERM - 1);
    }
    uint64_t n_bytes = 0;
    for (size_t i = 0; i < n; i++) {
        n_bytes += terms[i].len;
    }
    filling f = {0};
    const tml_status status = begin_filling(n, n_bytes, &f, err);
    if (status != TML_OK) {
        return status;
    }
    for (size_t i = 0; i < n; i++) {
        fill_term(&f, terms[i]);
    }
    *out = end_filling(&f);
    return TML_OK;
}

tml_status tmli_vocab_build(const tmli_map *terms, const uint64_t *counts, const uint32_t *first,
                            size_t max_terms, uint32_t *ids, tmli_vocab *out, tml_error *err)
{
    tml_status status = TML_OK;
    const size_t n_terms = tmli_map_size(terms);
    candidate *ranked = tmli_alloc(n_terms, sizeof *ranked);
    if (ranked == NULL) {
        return tmli_fail_memory(err, "the terms of a vocabulary");
    }
    const size_t n = rank_terms(counts, first, n_terms, max_terms, ranked);
    if (n == 0) {
        TMLI_TRY(tmli_fail(err, TML_ELIMIT,
                           "vocabulary: no term is left of %zu, expected at least one", n_terms));
    }
    uint64_t n_bytes = 0;
    for (size_t i = 0; i < n; i++) {
        n_bytes += tmli_map_key(terms, ranked[i].number).len;
    }
    filling f = {0};
    TMLI_TRY(begin_filling(n, n_bytes, &f, err));
    for (size_t id = 0; id < n; id++) {
        fill_term(&f, tmli_map_key(terms, ranked[id].number));
    }
    *out = end_filling(&f);
    for (size_t i = 0; i < n_terms; i++) {
        ids[i] = TMLI_NO_TERM;
    }
    for (size_t id = 0; id < n; id++) {
        ids[ranked[id].number] = (uint32_t)id;
    }
cleanup:
    tmli_free(ranked);
    return status;
}

static bool is_aligned(const void *pointer, size_t alignment)
{
    return (uintptr_t)pointer % alignment == 0;
}

tml_status tmli_vocab_view(const char *bytes, size_t n_bytes, const uint32_t *offsets, size_t n,
                           const tmli_vocab_slot *slots, size_t n_slots, tmli_vocab *out,
                           tml_error *err)
{
    if (n >= TMLI_NO_TERM) {
        return tmli_fail(err, TML_EFORMAT, "vocabulary: %zu terms, expected at most %" PRIu32, n,
                         TMLI_NO_TERM - 1);
    }
    if (n_slots <= n || (n_slots & (n_slots - 1)) != 0) {
        return tmli_fail(err, TML_EFORMAT,
                         "vocabulary: %zu slots for %zu terms, expected a power of two above that",
                         n_slots, n);
    }
    if (offsets == NULL || slots == NULL || (bytes == NULL && n_bytes > 0)) {
        return tmli_fail(err, TML_EFORMAT, "vocabulary: bytes, offsets or slots are missing");
    }
    if (!is_aligned(offsets, alignof(uint32_t)) || !is_aligned(slots, alignof(tmli_vocab_slot))) {
        return tmli_fail(err, TML_EFORMAT,
                         "vocabulary: offsets or slots do not begin at a multiple of 4 bytes");
    }
    if (offsets[0] != 0 || offsets[n] != n_bytes) {
        return tmli_fail(err, TML_EFORMAT,
                         "vocabulary: terms span bytes %" PRIu32 " to %" PRIu32
                         ", expected 0 to %zu",
                         offsets[0], offsets[n], n_bytes);
    }
    *out = (tmli_vocab){.n = n,
                        .bytes = bytes,
                        .n_bytes = n_bytes,
                        .offsets = offsets,
                        .slots = slots,
                        .n_slots = n_slots,
                        .owned = NULL};
    return TML_OK;
}

void tmli_vocab_deinit(tmli_vocab *vocab)
{
    tmli_free(vocab->owned);
    *vocab = (tmli_vocab){0};
}

static inline tml_str term_of(const tmli_vocab *vocab, uint32_t id)
{
    if (id >= vocab->n) {
        return (tml_str){NULL, 0};
    }
    /* A mapped file may be damaged: both ends are checked each time, which costs two compares. */
    const uint32_t begin = vocab->offsets[id];
    const uint32_t end = vocab->offsets[id + 1];
    if (begin >= end || end > vocab->n_bytes) {
        return (tml_str){NULL, 0};
    }
    return (tml_str){vocab->bytes + begin, end - begin};
}

tml_str tmli_vocab_term(const tmli_vocab *vocab, uint32_t id)
{
    return term_of(vocab, id);
}

/* n bytes are the same. Terms are short: a call of memcmp takes longer than to compare them. */
static inline bool are_same(const char *a, const char *b, size_t n)
{
    if (n > 16) {
        return memcmp(a, b, n) == 0;
    }
    if (n >= 8) { /* both ends; what is in the middle is in both */
        return tmli_load_u64le(a) == tmli_load_u64le(b) &&
               tmli_load_u64le(a + n - 8) == tmli_load_u64le(b + n - 8);
    }
    if (n >= 4) {
        return tmli_load_u32le(a) == tmli_load_u32le(b) &&
               tmli_load_u32le(a + n - 4) == tmli_load_u32le(b + n - 4);
    }
    return n == 0 || (a[0] == b[0] && a[n / 2] == b[n / 2] && a[n - 1] == b[n - 1]);
}

uint32_t tmli_vocab_find(const tmli_vocab *vocab, tml_str term)
{
    return tmli_vocab_find_hashed(vocab, term, tmli_hash_v1(term));
}

uint32_t tmli_vocab_find_hashed(const tmli_vocab *vocab, tml_str term, uint32_t hash)
{
    /* At most n_slots steps, for a damaged index may have no empty slot. */
    for (size_t step = 0; step < vocab->n_slots; step++) {
        const tmli_vocab_slot slot = vocab->slots[(hash + step) & (vocab->n_slots - 1)];
        if (slot.id_plus_one == 0) {
            return TMLI_NO_TERM;
        }
        const uint32_t id = slot.id_plus_one - 1;
        if (slot.hash != hash || id >= vocab->n) {
            continue;
        }
        const tml_str found = term_of(vocab, id);
        if (found.len == term.len && are_same(found.data, term.data, term.len)) {
            return id;
        }
    }
    return TMLI_NO_TERM;
}
