/* sagemaker/channels.h: input channels → files to read. */
#ifndef SAGEMAKER_CHANNELS_H
#define SAGEMAKER_CHANNELS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/file.h"
#include "base/value.h"
#include "textml/status.h"
#include "textml/str.h"

enum {
    SM_CHANNELS_MAX = 20
}; /* SageMaker's own limit */

/* The files of a channel are all below its directory, at any depth, for S3 prefixes nest. When no file has the name of a
 * data file (.csv, .tsv, .jsonl, .ndjson, .json, .tar, .tgz, .parquet, with or without .gz, or part-*), and files lie in two
 * folders or more below it, they are class folders: texts, <class>/<file>. Then the directory itself stands in `files`, and
 * the row reader does the rest. A channel "vectors" never is. */
typedef struct sm_channel {
    char *name;         /* owned */
    char *path;         /* owned: a directory, or one file */
    char *content_type; /* owned; NULL when none was given */
    tmli_paths files;   /* in byte order of their path; of class folders the directory alone */
} sm_channel;

typedef struct sm_channels {
    sm_channel items[SM_CHANNELS_MAX];
    size_t n;
} sm_channels; /* {0} is an empty list */

/* Adds what inputdataconfig.json says; without any channel in it, the directories below data_dir.
 * Left out: channels "code" and "sm_drivers", which SDKs add. Errors: TML_EINVAL for Pipe mode, more than 20 channels, a
 * content type that this version cannot read (channel and type are named); TML_EIO, TML_ENOMEM. */
TML_NODISCARD tml_status sm_channels_from_config(sm_channels *channels, const tmli_value *config,
                                                 const char *data_dir, tml_error *err);
/* Adds or replaces a channel: "NAME=PATH" from the command line. */
TML_NODISCARD tml_status sm_channels_add_argument(sm_channels *channels, const char *argument,
                                                  tml_error *err);
void sm_channels_deinit(sm_channels *channels);

/* The channel called a, or else b (which may be NULL), or NULL. */
const sm_channel *sm_channels_find(const sm_channels *channels, const char *a, const char *b);

/* The file of word vectors that a recipe calls source: any file of a channel "vectors" that is called so, or its only
 * file; else a file called so in any channel; else source as a path. "NAME" and "NAME.gz" are the same name.
 * *out is borrowed from channels or is source. Errors: TML_EINVAL with the remedies. */
TML_NODISCARD tml_status sm_channels_vectors(const sm_channels *channels, const char *source,
                                             const char **out, tml_error *err);
/* True when path's name is that of the vectors file: readers of rows leave it out. */
bool sm_is_vectors_file(const char *path, const char *source);

/* True for "text/csv" in any case, with or without parameters. */
bool sm_is_csv_type(const char *content_type);

#endif
