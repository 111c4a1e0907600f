/* pipeline/folders.h: class folders as a pull reader: DIR/<class>/<file>, one file a text, the folder's name its label.
 *
 * One level more is accepted: when DIR holds a single folder, and that holds folders, the classes are in there. Files come in
 * byte order of class, then of name. Left out, on every level: names that begin with a dot, "_SUCCESS", "*.crc",
 * "*-manifest" and "__MACOSX", which tools and object stores leave behind. A symbolic link that leads to a place inside
 * DIR is followed; one that leads elsewhere or nowhere is refused. */
#ifndef PIPELINE_FOLDERS_H
#define PIPELINE_FOLDERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/file.h"
#include "textml/status.h"
#include "textml/str.h"

typedef struct tmli_folders {
    char *root; /* owned: the folder of the class folders; what follows is owned too */
    char *real; /* the path of the whole without links */
    tmli_paths classes;
    size_t next_class; /* behind the one whose files are listed */
    tmli_paths files;
    size_t next_file;
    size_t limit_bytes;
    tmli_buf bytes; /* of the last file */
    tmli_buf unpacked;
} tmli_folders;

typedef struct tmli_folders_file {
    const char *path; /* borrowed until the next call, as the two below */
    tml_str label;    /* the class */
    tml_str bytes;    /* unpacked when the file is gzip */
} tmli_folders_file;

/* True for the names that are left out. */
bool tmli_is_dropping(tml_str name);

/* Looks at the folders of dir. limit_bytes: the longest file, unpacked. *folders is {0} before; deinit it in any case.
 * Errors, each beginning with a path: TML_EIO; TML_EFORMAT for a directory without class folders, a file beside them, a link
 * that leaves dir; TML_ENOMEM. */
TML_NODISCARD tml_status tmli_folders_init(tmli_folders *folders, const char *dir,
                                           size_t limit_bytes, tml_error *err);
void tmli_folders_deinit(tmli_folders *folders);
/* The next file; *has false at the end. Errors: as above; TML_EFORMAT for what is neither file nor folder and for a folder in
 * a class folder; TML_ELIMIT. */
TML_NODISCARD tml_status tmli_folders_next(tmli_folders *folders, tmli_folders_file *out, bool *has,
                                           tml_error *err);

#endif
