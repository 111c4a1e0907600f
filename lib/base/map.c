/* Linear probing over 8-byte slots. A slot holds 32 bits of the key's hash, which give its home and are compared before
 * the key's bytes are touched, so that growing needs no key and a miss rarely reads one. */
#include "base/map.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

enum {
    LEAST_SLOTS = 16,
    MAX_LOAD_SIXTEENTHS = 11, /* a miss looks at 6 neighbouring slots on average: one cache line */
};

typedef struct slot {
    uint32_t tag;
    uint32_t number; /* TMLI_MAP_NONE: the slot is free */
} slot;

struct tmli_map {
    uint64_t seed;
    slot *slots;    /* owned; NULL before the first key */
    size_t n_slots; /* a power of two, or 0 */
    size_t *ends;   /* owned: key i is bytes [i > 0 ? ends[i-1] : 0, ends[i]) of blob */
    size_t ends_capacity;
    char *blob; /* owned */
    size_t blob_capacity;
    size_t n;
};

tmli_map *tmli_map_create(uint64_t seed)
{
    tmli_map *const map = tmli_calloc(1, sizeof *map);
    if (map != NULL) {
        map->seed = seed;
    }
    return map;
}

void tmli_map_free(tmli_map *map)
{
    if (map != NULL) {
        tmli_free(map->slots);
        tmli_free(map->ends);
        tmli_free(map->blob);
        tmli_free(map);
    }
}

size_t tmli_map_size(const tmli_map *map)
{
    return map->n;
}

static size_t key_begin(const tmli_map *map, size_t number)
{
    return number > 0 ? map->ends[number - 1] : 0;
}

tml_str tmli_map_key(const tmli_map *map, uint32_t number)
{
    const size_t begin = key_begin(map, number);
    const size_t len = map->ends[number] - begin;
    return len > 0 ? (tml_str){map->blob + begin, len} : (tml_str){"", 0};
}

static uint32_t tag_of(const tmli_map *map, tml_str key)
{
    return (uint32_t)(tmli_hash64_v1(key.data, key.len, map->seed) >> 32);
}

static bool holds(const tmli_map *map, uint32_t number, tml_str key)
{
    const size_t begin = key_begin(map, number);
    const size_t len = map->ends[number] - begin;
    return len == key.len && (len == 0 || memcmp(map->blob + begin, key.data, len) == 0);
}

/* The slot of key, or the free one where it belongs. There always is a free one. */
static slot *find_slot(const tmli_map *map, tml_str key, uint32_t tag)
{
    const size_t mask = map->n_slots - 1;
    for (size_t i = tag & mask;; i = (i + 1) & mask) {
        slot *const s = &map->slots[i];
        if (s->number == TMLI_MAP_NONE || (s->tag == tag && holds(map, s->number, key))) {
            return s;
        }
    }
}

uint32_t tmli_map_find(const tmli_map *map, tml_str key)
{
    return map->n > 0 ? find_slot(map, key, tag_of(map, key))->number : TMLI_MAP_NONE;
}

static bool grow_slots(tmli_map *map)
{
    const size_t n_slots = map->n_slots > 0 ? 2 * map->n_slots : LEAST_SLOTS;
    slot *const slots = tmli_alloc(n_slots, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    memset(slots, 0xff, n_slots * sizeof *slots); /* every number is TMLI_MAP_NONE */
    const size_t mask = n_slots - 1;
    for (size_t i = 0; i < map->n_slots; i++) {
        if (map->slots[i].number != TMLI_MAP_NONE) {
            size_t home = map->slots[i].tag & mask;
            while (slots[home].number != TMLI_MAP_NONE) {
                home = (home + 1) & mask;
            }
            slots[home] = map->slots[i];
        }
    }
    tmli_free(map->slots);
    map->slots = slots;
    map->n_slots = n_slots;
    return true;
}

/* Room for one more key everywhere, so that adding it cannot stop half-way. */
static bool make_room(tmli_map *map, size_t key_bytes)
{
    size_t blob_bytes;
    return map->n < TMLI_MAP_NONE - 1 &&
           tmli_add_size(key_begin(map, map->n), key_bytes, &blob_bytes) &&
           tmli_grow(&map->blob, &map->blob_capacity, blob_bytes, 1) &&
           tmli_grow(&map->ends, &map->ends_capacity, map->n + 1, sizeof *map->ends);
}

static bool has_free_slot(const tmli_map *map)
{
    return map->n < map->n_slots / 16 * MAX_LOAD_SIXTEENTHS;
}

uint32_t tmli_map_add(tmli_map *map, tml_str key, bool *added)
{
    if (added != NULL) {
        *added = false;
    }
    if (!has_free_slot(map) && !grow_slots(map)) {
        return map->n > 0 ? tmli_map_find(map, key) : TMLI_MAP_NONE;
    }
    const uint32_t tag = tag_of(map, key);
    slot *const s = find_slot(map, key, tag);
    if (s->number != TMLI_MAP_NONE || !make_room(map, key.len)) {
        return s->number;
    }
    const size_t begin = key_begin(map, map->n);
    if (key.len > 0) {
        memcpy(map->blob + begin, key.data, key.len);
    }
    map->ends[map->n] = begin + key.len;
    *s = (slot){tag, (uint32_t)map->n};
    map->n++;
    if (added != NULL) {
        *added = true;
    }
    return s->number;
}
