/* base/memory.h: how much memory this process may use. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "textml/version.h"

typedef struct tmli_memory {
    size_t limit_bytes;
    size_t
        used_bytes; /* of the limit, without what the kernel gives back by itself: cached files */
} tmli_memory;

/* What the cgroup grants (version 2: memory.max, version 1: memory/memory.limit_in_bytes) or the machine has, whichever
 * leaves less. cgroup_root: normally "/sys/fs/cgroup"; meminfo: normally "/proc/meminfo". False when neither tells. */
bool tmli_memory_read(const char *cgroup_root, const char *meminfo, tmli_memory *out) TML_NODISCARD;
/* What is left; 0 when more is used than the limit. */
size_t tmli_memory_left(const tmli_memory *memory);

#endif
