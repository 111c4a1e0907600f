/* serve/files.h: an artifact's files from outside: have they changed, how much do they take, may they be served. */
#ifndef SERVE_FILES_H
#define SERVE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "textml/model.h"
#include "textml/status.h"
#include "textml/str.h"

enum {
    SERVE_ARTIFACT_FILES = 2
};

/* What tells one file from another that has its name. All 0: it is not there. */
typedef struct serve_file_mark {
    uint64_t device, inode, n_bytes;
    int64_t seconds, nanoseconds; /* of the last change of its bytes */
} serve_file_mark;

typedef struct serve_mark {
    serve_file_mark files[SERVE_ARTIFACT_FILES];
} serve_mark;

serve_mark serve_mark_of(const char *dir);
bool serve_mark_is_complete(const serve_mark *mark); /* all files are there */
bool serve_mark_eq(const serve_mark *a, const serve_mark *b);
/* The memory that the model is reckoned at: its tensors, and what is parsed. */
size_t serve_mark_bytes(const serve_mark *mark);

/* What was last made of an artifact's files. */
typedef struct serve_trial {
    serve_mark mark;   /* of the files that were looked at */
    bool is_open;      /* they could not be used yet: more may come */
    double since_s;    /* when they were first seen */
    unsigned n_absent; /* looks in a row that found no directory */
} serve_trial;

/* tml_model_load and tml_model_verify. out: free with tml_model_free. */
TML_NODISCARD tml_status serve_load_verified(const char *dir, tml_model **out, tml_error *err);

/* The real path of a directory that lies below root, without links: *out, free with tmli_free.
 * Returns a status of HTTP: 200; 400 when it is no absolute path, no directory, or not below root; 404 when there is
 * none; 507 when memory is short. */
TML_NODISCARD unsigned serve_resolve_dir(const char *root, tml_str path, char **out,
                                         tml_error *err);
/* The directory of the artifact that a model of this name has in root: ROOT/NAME, or ROOT/NAME/model when that does not
 * hold one. Links are followed as long as they stay below root, and are still in *out: they may change. Otherwise as
 * serve_resolve_dir, and 404 for a name that no directory can have. */
TML_NODISCARD unsigned serve_find_dir(const char *root, tml_str name, char **out, tml_error *err);

#endif
