/* features/bag_internal.h: what the two halves of a bag's builder share: bag_count.c fills it, bag_finish.c empties it. */
#ifndef FEATURES_BAG_INTERNAL_H
#define FEATURES_BAG_INTERNAL_H

#include <stdatomic.h>

#include "features/bag_build.h"
#include "features/terms.h"

/* A counted document is a run of 32-bit words: a term's number and count, or, with this bit and no second word, the
 * number of a term that occurs once, as three of four do. */
#define TMLI_ONCE 0x80000000u

/* Consecutive documents, counted by one lane. */
typedef struct tmli_bag_chunk {
    size_t first, n; /* documents */
    size_t lane;     /* whose numbers these are; meaningless when hashed */
    uint32_t *words; /* owned */
    size_t n_words, capacity;
    size_t *ends; /* owned, [n]: of each document in words */
} tmli_bag_chunk;

typedef struct tmli_counted {
    uint32_t number;
    uint32_t count;
} tmli_counted;

/* What one thread works with. Chunks go to whichever lane is free; terms have their numbers within the lane. */
typedef struct tmli_bag_lane {
    tml_tokens *tokens; /* owned; NULL until texts are added */
    tmli_terms terms;
    tmli_counted *counted; /* owned: the document at hand */
    size_t n_counted, counted_capacity;
    uint32_t *words; /* owned: numbers of the document's words */
    size_t words_capacity;
    /* char_wb: words repeat, so that each is taken apart once; a document counts words first, then their n-grams. */
    tmli_terms spelled; /* the words */
    uint32_t *pieces;   /* owned: numbers of the n-grams of each word, one word behind the other */
    size_t n_pieces, pieces_capacity;
    size_t *piece_ends; /* owned, [spelled.n] */
    size_t piece_ends_capacity;
    tmli_counted *whole; /* owned: the document's words */
    size_t whole_capacity;
    uint32_t *marks; /* owned, [terms.n]: as those of words, for n-grams */
    size_t n_marks, marks_capacity;
    uint32_t *fronts; /* owned: numbers of its n-grams of one order */
    size_t fronts_capacity;
    tmli_bag_scratch scratch;
    tml_status status;
    tml_error err;
    uint32_t *columns; /* owned, by bag_finish.c: of each number */
    uint32_t *df;      /* owned: training documents by number */
    uint64_t *totals;  /* owned: occurrences in them; NULL without max_features */
} tmli_bag_lane;

struct tmli_bag_builder {
    tmli_bag_options options;
    const tml_tokenizer *tokenizer;
    tmli_pool *pool;
    tmli_bag_lane *lanes; /* owned */
    size_t n_lanes;
    tmli_bag_chunk *chunks; /* owned */
    size_t n_chunks, chunks_capacity;
    size_t n_documents;
    size_t n_seen; /* distinct terms of the training documents; when finished */
    /* For the loop that runs. */
    const tml_str *texts; /* of the documents from first_document on; NULL: token lists */
    const tmli_token_list *documents; /* likewise */
    size_t first_document;
    atomic_size_t next_chunk;
};

/* Reads one counted word, and its count behind it when it is not 1. */
static inline tmli_counted tmli_counted_next(const uint32_t **at)
{
    const uint32_t word = *(*at)++;
    if ((word & TMLI_ONCE) != 0) {
        return (tmli_counted){word & ~TMLI_ONCE, 1};
    }
    return (tmli_counted){word, *(*at)++};
}

void tmli_bag_lane_deinit(tmli_bag_lane *lane);

/* What bag_select.c makes of the terms of all lanes. */
typedef struct tmli_bag_selection {
    tmli_vocab vocab;
    uint32_t *df; /* owned, [vocab.n] training documents of each column */
} tmli_bag_selection;

/* Chooses and orders the columns of a vocabulary, and sets lane->columns. The lanes' terms, df and totals are used up.
 * out: release with tmli_vocab_deinit and tmli_free. Errors: as tmli_bag_builder_finish. */
TML_NODISCARD tml_status tmli_bag_select(tmli_bag_builder *builder, size_t n_training,
                                         tmli_bag_selection *out, tml_error *err);

#endif
