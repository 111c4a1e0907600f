/* base/map.h: text → uint32_t, open addressing. Keys are copied. For use by one thread at a time. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "textml/str.h"
#include "textml/version.h"

#define TMLI_MAP_NONE UINT32_MAX

typedef struct tmli_map tmli_map;

/* seed: of the hash; a map over texts from outside gets an unpredictable one. NULL when memory is short. */
tmli_map *tmli_map_create(uint64_t seed) TML_NODISCARD;
void tmli_map_free(tmli_map *map); /* NULL is allowed */

/* Keys are numbered 0, 1, 2, … in order of first arrival. Returns the number of key, adding it when new (*added says
 * which; added may be NULL), or TMLI_MAP_NONE when memory is short or 2^32-2 keys are held. */
uint32_t tmli_map_add(tmli_map *map, tml_str key, bool *added);
uint32_t tmli_map_find(const tmli_map *map, tml_str key); /* or TMLI_MAP_NONE */
size_t tmli_map_size(const tmli_map *map);
/* Key by number (below size): borrowed until the map is freed or grows. */
tml_str tmli_map_key(const tmli_map *map, uint32_t number);
/* The persisted hash (tmli_hash_v1) is not kept here: see features/vocab.h. */

#endif
