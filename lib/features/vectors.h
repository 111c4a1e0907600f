/* features/vectors.h: word vectors in text form: GloVe's (no header) and word2vec's (first line "COUNT DIMS"), plain or
 * gzip. A line is a word, then dims numbers, separated by single blanks (a blank at the end is allowed); a word that holds
 * blanks itself ends before the last dims of them. Line ends are \n or \r\n; empty lines are skipped. */
#ifndef FEATURES_VECTORS_H
#define FEATURES_VECTORS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "features/vocab.h"
#include "textml/status.h"

typedef struct tmli_vectors tmli_vectors;

/* dims: expected numbers a line; 0 takes those of the first line. out: free with tmli_vectors_close.
 * Errors here and below: TML_EIO (cannot be read), TML_EFORMAT with "NAME:LINE: …" (empty file, wrong number of
 * dimensions, not a finite number, header and dims disagree, fewer words than the header promises), TML_ELIMIT (a line of
 * more than 8 MiB), TML_ENOMEM. After an error only close is allowed. */
TML_NODISCARD tml_status tmli_vectors_open(const char *path, size_t dims, tmli_vectors **out,
                                           tml_error *err);
void tmli_vectors_close(tmli_vectors *vectors); /* NULL is allowed */
size_t tmli_vectors_dims(const tmli_vectors *vectors);

/* The next word, *has false at the end. *word is borrowed until the next call. The line's length is checked; its
 * numbers are parsed only by tmli_vectors_values. */
TML_NODISCARD tml_status tmli_vectors_next(tmli_vectors *vectors, tml_str *word, bool *has,
                                           tml_error *err);
/* The numbers of the current word into out[dims]; all finite. */
TML_NODISCARD tml_status tmli_vectors_values(tmli_vectors *vectors, float *out, tml_error *err);

/* Fills table [vocab->n, dims], zeroed by the caller, from the file: the first occurrence of a word counts. *found: words
 * of the vocabulary that were in the file. Lines of other words are checked for their number of dimensions too. dims: at
 * least 1. stop: may be NULL; looked at before each line, TML_ESTOPPED once it is set. After an error some rows may be
 * filled. */
TML_NODISCARD tml_status tmli_vectors_fill(const char *path, const tmli_vocab *vocab, size_t dims,
                                           const atomic_bool *stop, float *table, size_t *found,
                                           tml_error *err);

#endif
