/* base/file.h: whole files in, whole files out. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "textml/status.h"

/* Appends a regular file's bytes to *out. Errors: TML_EIO (cannot be read; the sentence has the path and the reason),
 * TML_ELIMIT (more than limit_bytes), TML_ENOMEM. *out is unchanged on failure. */
TML_NODISCARD tml_status tmli_file_read(const char *path, size_t limit_bytes, tmli_buf *out,
                                        tml_error *err);

/* Replaces path by these bytes so that a reader sees the old file or the new one: a temporary file beside it, fsync,
 * rename, fsync of the directory. Nothing stays behind after a failure. */
TML_NODISCARD tml_status tmli_file_replace(const char *path, const void *bytes, size_t n,
                                           tml_error *err);

/* A file that is written in pieces and put in place at the end in the same manner. */
typedef struct tmli_file_out {
    int fd;          /* -1 when not open */
    char *path;      /* owned: where it will stand */
    char *temp_path; /* owned: where it is written */
} tmli_file_out;     /* begin with {.fd = -1} */

TML_NODISCARD tml_status tmli_file_out_begin(tmli_file_out *out, const char *path, tml_error *err);
TML_NODISCARD tml_status tmli_file_out_write(tmli_file_out *out, const void *bytes, size_t n,
                                             tml_error *err);
/* Flushes to the disk what was written so far; commit does it too. A failure abandons the file. */
TML_NODISCARD tml_status tmli_file_out_sync(tmli_file_out *out, tml_error *err);
TML_NODISCARD tml_status tmli_file_out_commit(tmli_file_out *out, tml_error *err);
void tmli_file_out_abandon(
    tmli_file_out *out); /* removes the temporary file; harmless after commit */

/* A read-only private mapping of a whole regular file; bytes NULL and n 0 for an empty one. */
typedef struct tmli_mapping {
    const unsigned char *bytes;
    size_t n;
} tmli_mapping;

TML_NODISCARD tml_status tmli_file_map(const char *path, tmli_mapping *out, tml_error *err);
void tmli_file_unmap(tmli_mapping *mapping); /* {0} is allowed; leaves {0} */

bool tmli_file_exists(const char *path); /* anything at all is there */
bool tmli_is_dir(const char *path);
bool tmli_is_file(const char *path); /* a regular file, or a link to one */
/* Makes a directory and its missing parents (mode 0777 less umask). */
TML_NODISCARD tml_status tmli_make_dirs(const char *path, tml_error *err);
/* a/b as a new string (tmli_free), or NULL when memory is short. */
char *tmli_path_join(const char *a, const char *b) TML_NODISCARD;
const char *tmli_path_name(const char *path); /* the part behind the last '/', borrowed */

/* The regular files below dir, recursively, as paths in byte order of their path relative to dir. Left out: names that
 * begin with a dot, empty files, "_SUCCESS", "*.crc" (what object stores and tools leave behind). Links are followed,
 * except back to a directory above. *out is replaced on success and owned by the caller. */
typedef struct tmli_paths {
    char **items; /* owned */
    size_t n;
    size_t capacity;
} tmli_paths; /* {0} is an empty list */

TML_NODISCARD tml_status tmli_list_files(const char *dir, tmli_paths *out, tml_error *err);
/* The entries of one directory as paths, as the system orders them: those whose name `takes` wants. The directory is closed
 * again before any of them is entered: deep trees need no more descriptors. *out grows. Errors: TML_EIO, TML_ENOMEM. */
TML_NODISCARD tml_status tmli_list_entries(const char *dir, bool (*takes)(const char *name),
                                           tmli_paths *out, tml_error *err);
TML_NODISCARD tml_status tmli_paths_add(tmli_paths *paths, const char *path,
                                        tml_error *err); /* copies */
void tmli_paths_deinit(tmli_paths *paths);

#endif
