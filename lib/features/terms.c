/* Linear probing over 16-byte slots with the whole key in each: growing touches no text, and terms of up to 7 bytes and
 * n-grams of words are found without a comparison of bytes. */
#include "features/terms.h"

#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"

enum {
    FIRST_SLOTS = 1 << 10,
    KIND_SHIFT = 62,
    KIND_PACKED = 0, /* then the packed bytes */
    KIND_LONGER = 1, /* then its place in bytes */
    KIND_PAIR = 2,   /* then the key of the pair */
};

static const uint32_t FREE = UINT32_MAX;
static const uint64_t SOURCE_MASK = ((uint64_t)1 << KIND_SHIFT) - 1;

void tmli_terms_seal(tmli_terms *terms)
{
    tmli_term_table *const tables[3] = {&terms->packed, &terms->longer, &terms->pairs};
    for (size_t i = 0; i < 3; i++) {
        tmli_free(tables[i]->slots);
        *tables[i] = (tmli_term_table){0};
    }
}

void tmli_terms_deinit(tmli_terms *terms)
{
    tmli_terms_seal(terms);
    tmli_free(terms->sources);
    tmli_free(terms->bytes);
    *terms = (tmli_terms){0};
}

uint64_t tmli_terms_hash(tml_str term)
{
    if (term.len < 8 || term.len > 16) {
        return tmli_hash64_v1(term.data, term.len, 0);
    }
    /* Most of the longer words: two reads that may overlap, no loop. The hash is never stored. */
    uint64_t hash = tmli_load_u64le(term.data) * 0x9e3779b185ebca87u + term.len;
    hash ^= hash >> 32;
    hash = (hash ^ tmli_load_u64le(term.data + term.len - 8)) * 0xc2b2ae3d27d4eb4fu;
    return hash ^ hash >> 29;
}

/* The first slot that a key may have: the upper bits of a product, which depend on all bits of the key. */
static size_t home(const tmli_term_table *table, uint64_t key)
{
    return (size_t)(key * 0x9e3779b97f4a7c15u >> table->shift);
}

static bool grow(tmli_term_table *table)
{
    const size_t n_slots = table->n_slots > 0 ? table->n_slots * 2 : FIRST_SLOTS;
    tmli_term *const slots = tmli_alloc(n_slots, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    memset(slots, 0xFF, n_slots * sizeof *slots); /* every number is FREE */
    tmli_term_table grown = {.slots = slots,
                             .n_slots = n_slots,
                             .n = table->n,
                             .shift = (unsigned)(64 - __builtin_ctzll(n_slots))};
    for (size_t i = 0; i < table->n_slots; i++) {
        const tmli_term term = table->slots[i];
        if (term.number != FREE) {
            size_t at = home(&grown, term.key);
            while (slots[at].number != FREE) {
                at = (at + 1) & (n_slots - 1);
            }
            slots[at] = term;
        }
    }
    tmli_free(table->slots);
    *table = grown;
    return true;
}

/* Enters a new term that is known to be missing. */
static tmli_term *add(tmli_terms *terms, tmli_term_table *table, uint64_t key, uint64_t source)
{
    /* At most 5/8 full: a miss looks at four neighbouring slots on average, which are one cache line or two. */
    if (table->n + 1 > table->n_slots / 8 * 5 && !grow(table)) {
        return NULL;
    }
    if (terms->n >= TMLI_TERMS_MAX ||
        !tmli_grow(&terms->sources, &terms->capacity, terms->n + 1, sizeof *terms->sources)) {
        return NULL;
    }
    size_t at = home(table, key);
    while (table->slots[at].number != FREE) {
        at = (at + 1) & (table->n_slots - 1);
    }
    table->slots[at] = (tmli_term){.key = key, .number = (uint32_t)terms->n, .mark = 0};
    table->n++;
    terms->sources[terms->n++] = source;
    return table->slots + at;
}

/* The slot of a key that decides alone, or NULL. */
static tmli_term *find(const tmli_term_table *table, uint64_t key)
{
    if (table->n_slots == 0) {
        return NULL;
    }
    for (size_t at = home(table, key);; at = (at + 1) & (table->n_slots - 1)) {
        tmli_term *const slot = table->slots + at;
        if (slot->key == key && slot->number != FREE) {
            return slot;
        }
        if (slot->number == FREE) {
            return NULL;
        }
    }
}

tmli_term *tmli_terms_packed(tmli_terms *terms, uint64_t packed)
{
    tmli_term *const found = find(&terms->packed, packed);
    return found != NULL ? found : add(terms, &terms->packed, packed, packed);
}

tmli_term *tmli_terms_pair(tmli_terms *terms, uint32_t front, uint32_t word)
{
    const uint64_t key = tmli_term_pair_key(front, word);
    tmli_term *const found = find(&terms->pairs, key);
    return found != NULL ? found
                         : add(terms, &terms->pairs, key, key | (uint64_t)KIND_PAIR << KIND_SHIFT);
}

/* A longer term stands in bytes behind its length, so that reading it touches one place. */
static tml_str longer_at(const tmli_terms *terms, size_t begin)
{
    uint32_t len = 0;
    memcpy(&len, terms->bytes + begin, sizeof len);
    return (tml_str){terms->bytes + begin + sizeof len, len};
}

static tmli_term *add_longer(tmli_terms *terms, tml_str term, uint64_t hash)
{
    const uint32_t len = (uint32_t)term.len;
    size_t need = 0;
    if (term.len > UINT32_MAX || !tmli_add_size(terms->n_bytes, sizeof len + term.len, &need) ||
        !tmli_grow(&terms->bytes, &terms->bytes_capacity, need, 1)) {
        return NULL;
    }
    tmli_term *const slot =
        add(terms, &terms->longer, hash, terms->n_bytes | (uint64_t)KIND_LONGER << KIND_SHIFT);
    if (slot != NULL) {
        memcpy(terms->bytes + terms->n_bytes, &len, sizeof len);
        memcpy(terms->bytes + terms->n_bytes + sizeof len, term.data, term.len);
        terms->n_bytes = need;
    }
    return slot;
}

tmli_term *tmli_terms_longer(tmli_terms *terms, tml_str term, uint64_t hash)
{
    const tmli_term_table *const table = &terms->longer;
    if (table->n_slots == 0) {
        return add_longer(terms, term, hash);
    }
    for (size_t at = home(table, hash);; at = (at + 1) & (table->n_slots - 1)) {
        tmli_term *const slot = table->slots + at;
        if (slot->number == FREE) {
            return add_longer(terms, term, hash);
        }
        if (slot->key == hash) {
            const tml_str held = longer_at(terms, terms->sources[slot->number] & SOURCE_MASK);
            if (held.len == term.len && memcmp(held.data, term.data, term.len) == 0) {
                return slot;
            }
        }
    }
}

bool tmli_terms_merge(tmli_terms *terms, const tmli_terms *from, uint32_t *numbers)
{
    for (size_t i = 0; i < from->n; i++) { /* the parts of an n-gram come before it */
        const uint64_t source = from->sources[i] & SOURCE_MASK;
        const tmli_term *slot = NULL;
        switch (from->sources[i] >> KIND_SHIFT) {
        case KIND_PACKED: slot = tmli_terms_packed(terms, source); break;
        case KIND_LONGER: {
            const tml_str term = longer_at(from, source);
            slot = tmli_terms_longer(terms, term, tmli_terms_hash(term));
            break;
        }
        default:
            slot = tmli_terms_pair(terms, numbers[source >> 31], numbers[source & INT32_MAX]);
            break;
        }
        if (slot == NULL) {
            return false;
        }
        numbers[i] = slot->number;
    }
    return true;
}

/* A term that is no n-gram of words; the bytes of a packed one are written to packed. */
static tml_str word_of(const tmli_terms *terms, uint32_t number, char packed[TMLI_PACKED_MAX])
{
    const uint64_t source = terms->sources[number] & SOURCE_MASK;
    if (terms->sources[number] >> KIND_SHIFT == KIND_LONGER) {
        return longer_at(terms, source);
    }
    return (tml_str){packed, tmli_unpack(source, packed)};
}

/* Splits an n-gram of words: its last word, and true with the number of what stands before it. */
static bool split(const tmli_terms *terms, uint32_t number, uint32_t *front, uint32_t *word)
{
    const uint64_t source = terms->sources[number];
    if (source >> KIND_SHIFT != KIND_PAIR) {
        *word = number;
        return false;
    }
    *front = (uint32_t)((source & SOURCE_MASK) >> 31);
    *word = (uint32_t)(source & INT32_MAX);
    return true;
}

size_t tmli_terms_length(const tmli_terms *terms, uint32_t number)
{
    char packed[TMLI_PACKED_MAX];
    size_t len = 0;
    uint32_t word = 0;
    while (split(terms, number, &number, &word)) {
        len += 1 + word_of(terms, word, packed).len;
    }
    return len + word_of(terms, word, packed).len;
}

void tmli_terms_write(const tmli_terms *terms, uint32_t number, char *out)
{
    char packed[TMLI_PACKED_MAX];
    char *end = out + tmli_terms_length(terms, number);
    for (bool has_front = true; has_front;) { /* from the last word to the first */
        uint32_t word = 0;
        has_front = split(terms, number, &number, &word);
        const tml_str text = word_of(terms, word, packed);
        end -= text.len;
        if (text.len > 0) {
            memcpy(end, text.data, text.len);
        }
        if (has_front) {
            *--end = ' ';
        }
    }
}
