/* sagemaker/content.h: what stands in requests and answers: media types, bodies → rows, scores → bodies.
 *
 * Rows are pulled and scores pushed a few at a time, so that a body of millions of rows needs no list of all of them.
 * docs/serving.md describes the shapes. */
#ifndef SAGEMAKER_CONTENT_H
#define SAGEMAKER_CONTENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/source.h"
#include "base/value.h"
#include "num/sparse.h"
#include "pipeline/csv.h"
#include "textml/model.h"
#include "textml/status.h"
#include "textml/str.h"

/* ---- media types (content.c) ---- */

/* X(name, media type); the order breaks ties between equally wanted types of answers. */
#define SM_MEDIA_LIST(X)           \
    X(SM_JSON, "application/json") \
    X(SM_TEXT, "text/plain")       \
    X(SM_CSV, "text/csv")          \
    X(SM_JSON_LINES, "application/jsonlines") /* answers only */

typedef enum sm_media {
#define SM_MEDIA_ENUM(name, type) name,
    SM_MEDIA_LIST(SM_MEDIA_ENUM)
#undef SM_MEDIA_ENUM
} sm_media;

const char *sm_media_type(sm_media media); /* "application/json"; static */

/* What a request's body is written in. */
typedef struct sm_format {
    sm_media media;
    bool is_latin1; /* TEXT and CSV only: ISO-8859-1, not UTF-8 */
} sm_format;

/* How to read a request. content_type: the header's value, empty when it is missing; types that say nothing (missing,
 * application/octet-stream, and what curl -d sends) are decided by the body's first byte.
 * Errors: TML_EINVAL for a type or charset that is not read, naming those that are. */
TML_NODISCARD tml_status sm_format_of_request(tml_str content_type, tml_str body, sm_format *out,
                                              tml_error *err);
/* How to answer. accept: the header's value, empty when it is missing; its q values count, then its order, then
 * preferred, which is also the answer when anything will do. Errors: TML_EINVAL when nothing acceptable is written here. */
TML_NODISCARD tml_status sm_media_of_answer(tml_str accept, sm_media preferred, sm_media *out,
                                            tml_error *err);

/* ---- bodies → rows (content_rows.c) ---- */

/* What a row's answer shall hold besides the best label and its score. A whole request may ask, and each row for itself. */
typedef struct sm_ask {
    size_t
        k; /* the k best labels with their scores, falling; 0: the best alone, in the usual shape */
    size_t explain;     /* that many of the strongest tokens; 0: no explanation */
    bool probabilities; /* of every label, in the labels' order */
} sm_ask;

/* Whose shapes the answers have. */
typedef enum sm_style {
    SM_STYLE_TEXTML,
    SM_STYLE_BLAZINGTEXT, /* [{"label": ["__label__x"], "prob": [0.9]}, …] */
    SM_STYLE_HUGGINGFACE, /* [{"label": "x", "score": 0.9}, …] */
} sm_style;

/* What the recipe and the server's settings say of requests and answers. */
typedef struct sm_dialect {
    const char *request_key; /* its own keys ("input", "result"); both or none are NULL */
    const char *response_key;
    bool takes_documents; /* a TEXT or CSV body is one text as a whole, its answer the bare label */
    sm_style style;
    bool is_batch;   /* a damaged line becomes a row with a fault; otherwise it ends the request */
    size_t max_rows; /* 0: no limit; likewise the next */
    size_t max_row_bytes;
    sm_ask ask; /* what query and headers ask of every row */
} sm_dialect;

/* One row of a request. */
typedef struct sm_row {
    tml_str text;
    const tmli_sparse_row *features; /* a vector in place of a text, or NULL */
    sm_ask ask;
    const char *fault; /* batch: why the row cannot be read, a sentence; otherwise NULL */
} sm_row;

typedef enum sm_shape {
    SM_SHAPE_OWN,      /* {"input": "text"} → {"result": "label"} */
    SM_SHAPE_OWN_LIST, /* {"input": ["text", …]} → {"result": ["label", …]} */
    SM_SHAPE_ROWS,     /* everything else → {"predictions": [{…}, …]} */
} sm_shape;

typedef struct sm_rows {
    sm_media media;
    sm_shape shape;
    sm_ask ask;       /* of the request: a row that asks for nothing else has it */
    bool is_document; /* the body is one text as a whole */
    size_t n;         /* rows given so far */
    sm_dialect dialect;
    tmli_arena *arena; /* borrowed: JSON's values, CSV's texts, what was latin-1 */
    bool needs_arena;  /* what all rows lie in is in it */
    const char *list;  /* JSON: the key that holds the texts, or NULL for a bare string or list */
    bool is_list;      /* JSON: … in a list */
    const tmli_value *item; /* JSON: the next one */
    size_t n_left;          /* JSON */
    tml_str rest;           /* text/plain and documents: not yet cut */
    tmli_source *source;    /* text/csv: owned, as csv */
    tmli_csv csv;
} sm_rows;

/* body and arena: borrowed until close. Errors: TML_EFORMAT for what is not JSON (with line and column) or has another
 * shape; TML_ELIMIT for JSON of so many values that reading it would take more than 4 MiB and 32 times the body;
 * TML_ENOMEM. After an error close is harmless. */
TML_NODISCARD tml_status sm_rows_open(sm_rows *rows, sm_format format, tml_str body,
                                      sm_dialect dialect, tmli_arena *arena, tml_error *err);
/* The next row, borrowed from body or arena until sm_rows_release; *has false at the end. Errors: TML_EFORMAT naming the
 * row, TML_ENOMEM. */
TML_NODISCARD tml_status sm_rows_next(sm_rows *rows, sm_row *out, bool *has, tml_error *err);
/* Rows given so far are not used any more: their memory serves the next ones. Only where the arena is this body's alone. */
void sm_rows_release(sm_rows *rows);
void sm_rows_close(sm_rows *rows);

/* ---- scores → bodies (content_answers.c) ---- */

typedef struct sm_answers {
    const tml_model *model; /* borrowed: the labels */
    sm_media media;
    sm_shape shape;
    sm_ask ask;
    bool is_document;         /* TEXT and CSV: no line end behind the label */
    const char *response_key; /* of the OWN shapes */
    tmli_buf *out;            /* borrowed; its owner asks whether it failed */
    size_t n;                 /* rows so far */
} sm_answers;

void sm_answers_begin(sm_answers *answers, const sm_rows *rows, sm_media media,
                      const tml_model *model, tmli_buf *out);
/* scores: [labels] of one row, NULL for one with a fault. */
void sm_answers_add(sm_answers *answers, const sm_row *row, const double *scores);
void sm_answers_end(sm_answers *answers);

#endif
