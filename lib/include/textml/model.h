/* textml/model.h: a trained classifier: saved, mapped, asked.
 *
 * A model is immutable and may be shared by any number of threads; each thread asks through its own session, which
 * holds all scratch memory, so that predicting allocates nothing after warm-up. */
#ifndef TEXTML_MODEL_H
#define TEXTML_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "textml/status.h"
#include "textml/str.h"

typedef struct tml_model tml_model;
typedef struct tml_session tml_session;

/* Writes the artifact (docs/artifact-format.md) into dir, which is made if missing: both files are written beside their
 * place, flushed, then renamed. After a failure dir holds what it held before. Errors: TML_EIO, TML_ENOMEM. */
TML_API TML_NODISCARD tml_status tml_model_save(const tml_model *model, const char *dir,
                                                tml_error *err);

/* Maps an artifact: O(1) in the size of its tensors. out: free with tml_model_free.
 * Errors: TML_EIO (files missing or unreadable), TML_EFORMAT (truncated, altered, or not an artifact), TML_EVERSION
 * (written by a newer textml), TML_ENOMEM. */
TML_API TML_NODISCARD tml_status tml_model_load(const char *dir, tml_model **out, tml_error *err);

/* Reads every byte of a mapped model's tensors and compares their hash with the recorded one: finds alterations that
 * keep sizes and shapes. A model that was not loaded from files is always whole. Errors: TML_EFORMAT. */
TML_API TML_NODISCARD tml_status tml_model_verify(const tml_model *model, tml_error *err);
TML_API void tml_model_free(tml_model *model); /* NULL is allowed; sessions must be gone */

TML_API size_t tml_model_labels(const tml_model *model); /* number of labels, at least 2 */
/* Name of label i, below tml_model_labels: as answers show it, UTF-8 without a NUL but for the one behind its end. Borrowed
 * from the model. */
TML_API tml_str tml_model_label(const tml_model *model, size_t i);
TML_API const char *tml_model_recipe_name(const tml_model *model); /* borrowed from the model */
TML_API size_t tml_model_bytes(const tml_model *model);            /* size of the tensors */
/* A network that was loaded keeps partial sums of frequent words as they are first asked for: up to 16 MiB for all its
 * sessions, or max_bytes from now on; other models keep nothing. Answers are the same to the last bit. Before any
 * session of the model is opened. Errors: TML_ENOMEM. */
TML_API TML_NODISCARD tml_status tml_model_limit_cache(tml_model *model, size_t max_bytes,
                                                       tml_error *err);
TML_API size_t tml_model_cache_bytes(const tml_model *model); /* what they may come to take */
/* The keys of the recipe's own JSON request and answer ("input", "result"), or NULL. Borrowed from the model. */
TML_API const char *tml_model_request_key(const tml_model *model);
TML_API const char *tml_model_response_key(const tml_model *model);
/* Whose shapes answers have. X(name, word in recipes and options) */
#define TML_STYLE_LIST(X)                                                                         \
    X(TML_STYLE_TEXTML, "textml")                                                                 \
    X(TML_STYLE_BLAZINGTEXT, "blazingtext") /* [{"label": ["__label__x"], "prob": [0.9]}, …] */ \
    X(TML_STYLE_HUGGINGFACE, "huggingface") /* [{"label": "x", "score": 0.9}, …] */

typedef enum tml_style {
#define TML_STYLE_ENUM(name, word) name,
    TML_STYLE_LIST(TML_STYLE_ENUM)
#undef TML_STYLE_ENUM
} tml_style;

/* What the recipe says of it; whoever serves the model may decide otherwise. */
TML_API tml_style tml_model_response_style(const tml_model *model);
/* Whether a request that is no JSON holds one document as a whole, rather than a text a line. */
TML_API bool tml_model_takes_documents(const tml_model *model);

/* model: borrowed until tml_session_free. out: free with tml_session_free. Errors: TML_ENOMEM. Threads: any number may make
 * sessions of one model; a session is used by one at a time. */
TML_API TML_NODISCARD tml_status tml_session_create(const tml_model *model, tml_session **out,
                                                    tml_error *err);
TML_API void tml_session_free(tml_session *session); /* NULL is allowed */

/* Scores n texts: scores [n, labels] get a probability for each label, adding up to 1 in each row. Any bytes are
 * accepted as text. The scores of a text do not depend on its neighbours.
 * Errors: TML_ENOMEM only, while scratch still grows to the longest text seen. */
TML_API TML_NODISCARD tml_status tml_session_predict(tml_session *session, const tml_str *texts,
                                                     size_t n, double *scores, tml_error *err);
/* Index of the greatest score (the first of equal ones); n at least 1. */
TML_API size_t tml_best(const double *scores, size_t n);

#endif
