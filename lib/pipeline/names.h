/* pipeline/names.h: names of columns or keys, and the sentence that one is missing among them. */
#ifndef PIPELINE_NAMES_H
#define PIPELINE_NAMES_H

#include <stddef.h>

#include "textml/str.h"

enum {
    TMLI_NAMES_KEPT = 32,  /* among which the nearest is looked for */
    TMLI_NAME_BYTES = 64,  /* longer names have no neighbour (base/suggest.h) */
    TMLI_NAMES_TEXT = 1024 /* room for the sentence */
};

/* The first of n names, trimmed and cut. */
typedef struct tmli_names {
    char kept[TMLI_NAMES_KEPT][TMLI_NAME_BYTES + 1];
    size_t n;
} tmli_names; /* {.n = 0} is an empty list */

void tmli_names_add(tmli_names *list, tml_str name);
/* Writes `no KIND "NAME"; the KINDs are …` with the nearest name and the remedy: to set option, or more. */
void tmli_names_missing(const tmli_names *list, const char *kind, const char *option,
                        const char *name, const char *more, char out[TMLI_NAMES_TEXT]);

#endif
