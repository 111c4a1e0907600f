/* base/cpu.h: how many processors this process may use. */
#ifndef BASE_CPU_H
#define BASE_CPU_H

#include <stddef.h>

/* The least of: processors online, the affinity mask, and the cgroup's CPU quota (version 2: cpu.max, version 1:
 * cpu.cfs_quota_us / cpu.cfs_period_us) rounded up; at least 1. cgroup_root: normally "/sys/fs/cgroup". */
size_t tmli_cpu_count(const char *cgroup_root);

#endif
