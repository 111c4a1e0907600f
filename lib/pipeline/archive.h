/* pipeline/archive.h: class folders inside a tar archive as a pull reader, in the archive's order: <class>/<file>, or in one
 * folder more, <folder>/<class>/<file>.
 *
 * Left out are folders themselves and the names that pipeline/folders.h leaves out. Refused are names that climb out of the
 * archive, links, devices, and files that lie elsewhere than the first one lets expect. */
#ifndef PIPELINE_ARCHIVE_H
#define PIPELINE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/tar.h"
#include "textml/status.h"
#include "textml/str.h"

typedef struct tmli_archive {
    tmli_tar tar;        /* owned */
    size_t limit_bytes;  /* of a text */
    size_t n_parts;      /* of every file's name: 2 or 3; 0 before the first file */
    tmli_buf wrapper;    /* owned: the outer of three parts, or empty */
    tmli_buf first_name; /* owned: of the file that set them */
    tmli_buf unpacked;   /* owned */
} tmli_archive;

typedef struct tmli_archive_file {
    const char *name; /* borrowed until the next call, as the two below */
    tml_str label;    /* the class */
    tml_str bytes;    /* unpacked when the member is gzip */
} tmli_archive_file;

/* Takes what the window has loaded; its source stays borrowed. */
void tmli_archive_init(tmli_archive *archive, tmli_window *window, size_t limit_bytes);
void tmli_archive_deinit(tmli_archive *archive);
/* The next file; *has false at the end. Errors: those of base/tar.h; TML_EFORMAT for a member that is refused, and at the
 * end for an archive without files in class folders. */
TML_NODISCARD tml_status tmli_archive_next(tmli_archive *archive, tmli_archive_file *out, bool *has,
                                           tml_error *err);

#endif
