/* base/tar.h: tar archives as a pull parser over a source: nothing is unpacked to disk, and no more than one member is held.
 *
 * Read are the formats of POSIX (ustar and pax) and of GNU tar with its long names, and the one before them (v7). Sparse
 * members are refused. Every header's checksum is verified. */
#ifndef BASE_TAR_H
#define BASE_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/source.h"
#include "textml/status.h"
#include "textml/str.h"

enum {
    TMLI_TAR_BLOCK = 512 /* headers are one, and data are filled up to whole ones */
};

typedef enum tmli_tar_kind {
    TMLI_TAR_FILE,
    TMLI_TAR_DIRECTORY,
    TMLI_TAR_LINK,  /* hard or symbolic */
    TMLI_TAR_OTHER, /* devices, pipes and what POSIX does not name */
} tmli_tar_kind;

typedef struct tmli_tar_member {
    const char *
        name; /* not empty, as the archive has it: it may climb; borrowed until the next call of tmli_tar_next */
    tmli_tar_kind kind;
    uint64_t n_bytes; /* of data; those of links, directories and devices are 0 */
} tmli_tar_member;

typedef struct tmli_tar {
    tmli_window window; /* its source is borrowed */
    size_t limit_bytes;
    tmli_buf name;      /* of the member, or of the one before */
    tmli_buf long_name; /* what headers before the member's own say; empty when nothing */
    uint64_t long_size; /* likewise, with has_size */
    bool has_size;
    uint64_t n_data; /* bytes of the member's data that were not consumed */
    uint64_t n_fill; /* bytes that fill up its last block */
} tmli_tar;

/* True when block[0..TMLI_TAR_BLOCK) is a header with the magic of ustar or GNU tar and the right checksum. */
bool tmli_tar_is_header(const char *block);

/* limit_bytes: the longest member that tmli_tar_bytes gives. No allocation before the first member. */
void tmli_tar_init(tmli_tar *tar, tmli_source *source, size_t limit_bytes);
void tmli_tar_deinit(tmli_tar *tar);
/* The next member; *has false behind the two empty blocks that close the archive (one will do), after which the source was
 * read to its end. Errors, each beginning with the source's name, and the member's when it is known: TML_EFORMAT for a
 * damaged header, an archive or member that is cut short, a sparse member, bytes behind the end; TML_ELIMIT for names of
 * more than 1 MiB; TML_ENOMEM; the source's. After an error only deinit is allowed. */
TML_NODISCARD tml_status tmli_tar_next(tmli_tar *tar, tmli_tar_member *out, bool *has,
                                       tml_error *err);
/* All data of the last member, borrowed until the next call. At most once a member. Errors: as above; TML_ELIMIT for a
 * member over the limit. */
TML_NODISCARD tml_status tmli_tar_bytes(tmli_tar *tar, tml_str *out, tml_error *err);

#endif
