/* pipeline/session.h: all scratch memory of one thread, for those who use it. */
#ifndef PIPELINE_SESSION_H
#define PIPELINE_SESSION_H

#include "pipeline/explain.h"
#include "pipeline/model.h"

enum {
    /* Rows that go through the network together: enough for the kernels' tiles, little enough for a thread's megabyte. */
    TMLI_CHUNK_ROWS = 64
};

/* What a network's input needs. */
typedef struct tmli_network_side {
    tmli_sequence_options sequence;
    tml_tokens *tokens;
    uint32_t *ids; /* hashes of one text's words, then the ids of those that are known */
    size_t id_capacity;
    tmli_entry *entries; /* [TMLI_CHUNK_ROWS · length] */
    size_t offsets[TMLI_CHUNK_ROWS + 1];
    float *outputs; /* [TMLI_CHUNK_ROWS, labels] */
    tmli_mlp_scratch scratch;
} tmli_network_side;

struct tml_session {
    const tml_model *model;    /* borrowed */
    tmli_network_side network; /* {0} for other models */
    tmli_vectorizer_scratch vectorizer;
    tmli_explainer *explainer; /* owned; NULL before the first explanation */
};

#endif
