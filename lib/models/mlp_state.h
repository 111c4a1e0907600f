/* models/mlp_state.h: everything that a training run holds beside the model; between mlp_train.c, mlp_step.c and
 * mlp_state.c. N rows in a batch, B blocks of E numbers, D inputs and O outputs of a layer. */
#ifndef MODELS_MLP_STATE_H
#define MODELS_MLP_STATE_H

#include "models/mlp_train.h"

typedef struct tmli_train_layer {
    size_t d, o;
    float *w, *b;             /* [D, O], [O]; in the model's slab */
    tmli_optim_state w_state; /* rows: the blocks of the first layer, and one for others */
    tmli_optim_state b_state; /* one row */
    float *w_t;               /* [O, D] copy of w for the way back; NULL for the first layer */
    float *out;               /* [N, O] outputs before dropout */
    float *fed;               /* [N, O] what the next layer reads: out itself, or out · mask */
    float *mask;              /* [N, O] factors of dropout; NULL without */
    float *grad;       /* [N, O] gradient of the loss by what the activation was applied to */
    size_t piece_rows; /* rows of w, within a block, that are one task */
    bool uses_blas;
} tmli_train_layer;

/* A piece of one layer's weights that is summed up and stepped by one thread at once. */
typedef struct tmli_weight_task {
    uint32_t layer;
    uint32_t block;  /* row of w_state */
    size_t first, n; /* inputs within the block */
} tmli_weight_task;

/* The gradients of table rows; only when the table is trained. */
typedef struct tmli_table_train {
    float *data;            /* [table.n, E]; the model's embedding, writable */
    tmli_optim_state state; /* rows: the table's */
    float *dx;       /* [max_entries, E] gradient of each entry's vector, in the groups' order */
    uint32_t *slots; /* [table.n] 1 + place of a table row in `rows`; 0 for rows not in the batch */
    uint32_t *rows;  /* [max_entries] table rows of the batch, in order of first appearance */
    uint32_t *starts;  /* [max_entries + 2] entries of rows[i]: entries[starts[i]..starts[i + 1]) */
    uint32_t *entries; /* [max_entries] numbers of entries in the groups, rising within a row */
    size_t n_rows;
} tmli_table_train;

typedef struct tmli_trainer {
    tmli_mlp *mlp; /* borrowed */
    const tmli_mlp_train_options *options;
    const tmli_examples *examples; /* labels, targets and weights */
    tmli_pool *pool;
    size_t n_lanes; /* threads */
    size_t n_layers;
    tmli_train_layer layers[TMLI_MLP_MAX_LAYERS];
    bool any_blas;
    tmli_entry *entries; /* owned: entries that matter, those of zero vectors left out */
    size_t *offsets;     /* owned */
    tmli_rows rows;      /* the same as a view */
    size_t max_rows;     /* N */
    tmli_groups groups;
    tmli_table_train table;
    tmli_weight_task *tasks; /* owned */
    size_t n_tasks;
    uint32_t *order; /* owned; [n] rows of the epoch */
    double *losses;  /* owned; [N] weight · loss */
    float *hits;     /* owned; [N] */
    float *ones;     /* owned; [N] */
    float *memory;   /* owned slab of the layers' buffers */
    float *lanes;    /* owned; [n_lanes, lane_floats] */
    size_t lane_floats;
    float *best, *best_table; /* owned copies of slab and table, or NULL */
    size_t slab_floats;
    tmli_mlp_scratch *scratches; /* owned; [n_lanes], for validation */
    uint32_t step;               /* optimizer steps made */
} tmli_trainer;

/* trainer: deinit it, after failures too. table, train, options: borrowed. */
TML_NODISCARD tml_status tmli_trainer_init(tmli_trainer *trainer, tmli_mlp *mlp, float *table,
                                           const tmli_examples *train,
                                           const tmli_mlp_train_options *options, tmli_pool *pool,
                                           bool keeps_best, tml_error *err);
void tmli_trainer_deinit(tmli_trainer *trainer);

/* Copies of all that is trained. */
void tmli_trainer_save_best(tmli_trainer *trainer);
void tmli_trainer_restore_best(tmli_trainer *trainer);

#endif
