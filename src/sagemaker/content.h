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
#include "base/json_pull.h"
#include "num/sparse.h"
#include "textml/explain.h"
#include "textml/model.h"
#include "textml/status.h"
#include "textml/str.h"

/* ---- media types (content.c) ---- */

/* X(name, media type); the order breaks ties between equally wanted types of answers. */
#define SM_MEDIA_LIST(X)                            \
    X(SM_JSON, "application/json")                  \
    X(SM_TEXT, "text/plain")                        \
    X(SM_CSV, "text/csv")                           \
    X(SM_JSON_LINES, "application/jsonlines")       \
    X(SM_LIBSVM, "text/libsvm") /* requests only */ \
    X(SM_RECORDIO, "application/x-recordio-protobuf")

typedef enum sm_media {
#define SM_MEDIA_ENUM(name, type) name,
    SM_MEDIA_LIST(SM_MEDIA_ENUM)
#undef SM_MEDIA_ENUM
} sm_media;

const char *sm_media_type(sm_media media); /* "application/json"; static */

/* What a request's body is written in. */
typedef struct sm_format {
    sm_media media;
    bool is_latin1;  /* TEXT and CSV only: ISO-8859-1, not UTF-8 */
    bool is_guessed; /* from the body: no Content-Type tells */
    bool has_header; /* CSV only: the first record is none, as RFC 4180's parameter says */
} sm_format;

/* How to read a request. content_type: the header's value, empty when it is missing; types that say nothing (missing,
 * application/octet-stream, and what curl -d sends) are decided by the body: '{' or '[' begins JSON when all of it is
 * JSON, else JSON Lines; RecordIO's magic number begins RecordIO; anything else is CSV.
 * Errors: TML_EINVAL for a type or charset that is not read, naming those that are. */
TML_NODISCARD tml_status sm_format_of_request(tml_str content_type, tml_str body, sm_format *out,
                                              tml_error *err);
/* How to answer. accept: the header's value, empty when it is missing; its q values count, then its order, then
 * preferred, which is also the answer when anything will do (CSV when it is SM_LIBSVM, which is not written).
 * Errors: TML_EINVAL when nothing acceptable is written here. */
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

/* Columns of answers, as SAGEMAKER_INFERENCE_OUTPUT names them (answers_columns.c). */
typedef enum sm_column_kind {
    SM_COLUMN_PREDICTED_LABEL,
    SM_COLUMN_LABELS,        /* all of them, in their order, as the next */
    SM_COLUMN_PROBABILITY,   /* of the predicted label */
    SM_COLUMN_PROBABILITIES, /* of all labels */
    SM_COLUMN_RAW_SCORE, /* what the model says before anything is made of it: here the probability too */
    SM_COLUMN_RAW_SCORES,
    SM_COLUMN_OTHER, /* a name that fits no classifier: the value is NaN */
} sm_column_kind;

enum {
    SM_MAX_COLUMNS = 16,
    SM_COLUMN_NAME_BYTES = 40, /* with its NUL */
};

typedef struct sm_columns {
    size_t n; /* at least 1 */
    struct {
        sm_column_kind kind;
        char name[SM_COLUMN_NAME_BYTES]; /* without blanks, in lower case */
    } all[SM_MAX_COLUMNS];
} sm_columns;

/* names: separated by commas. Errors: TML_EINVAL for a name that is empty, too long, or there twice, and for too many. */
TML_NODISCARD tml_status sm_columns_parse(tml_str names, sm_columns *out, tml_error *err);

/* What the recipe and the server's settings say of requests and answers. */
typedef struct sm_dialect {
    const char *request_key; /* its own keys ("input", "result"); both or none are NULL */
    const char *response_key;
    bool takes_documents; /* a TEXT or CSV body is one text as a whole, its answer the bare label */
    tml_style style;
    bool is_batch;   /* a damaged line becomes a row with a fault; otherwise it ends the request */
    size_t max_rows; /* 0: no limit; likewise the next */
    size_t max_row_bytes;
    size_t n_columns; /* of the model's vectors (tmli_model_columns); 0: it takes texts alone */
    const sm_columns *columns; /* of answers, borrowed until their end; NULL: the usual ones */
    sm_ask ask;                /* what query and headers ask of every row */
} sm_dialect;

/* The style of this word, in any case; false when there is none. */
bool sm_style_named(tml_str word, tml_style *out);
/* Like sm_media_of_answer, by the customs of a style: BlazingText answers in the preferred type whatever Accept says. */
TML_NODISCARD tml_status sm_media_of_styled_answer(tml_style style, tml_str accept,
                                                   sm_media preferred, sm_media *out,
                                                   tml_error *err);

/* One row of a request. */
typedef struct sm_row {
    tml_str text;
    const tmli_sparse_row *features; /* a vector in place of a text, or NULL */
    sm_ask ask;        /* its k may be larger than the number of labels: all of them */
    const char *fault; /* batch: why the row cannot be read, a sentence; otherwise NULL */
} sm_row;

typedef enum sm_shape {
    SM_SHAPE_OWN,      /* {"input": "text"} → {"result": "label"} */
    SM_SHAPE_OWN_LIST, /* {"input": ["text", …]} → {"result": ["label", …]} */
    SM_SHAPE_ROWS,     /* everything else → {"predictions": [{…}, …]} */
} sm_shape;

enum {
    SM_EXPLAIN_MAX = 1000 /* tokens that a row may ask to have explained */
};

typedef struct sm_rows {
    sm_media media;
    sm_shape shape;
    sm_ask ask;       /* of the request: a row that asks for nothing else has it */
    bool is_document; /* the body is one text as a whole */
    size_t n;         /* rows given so far */
    sm_dialect dialect;
    tmli_arena *arena;    /* borrowed: texts that do not stand in the body as they are */
    tmli_arena_mark mark; /* what sm_rows_release goes back to */
    tml_str rest;         /* not JSON: not yet read */
    size_t line;          /* … in lines: where the row that was given last begins, from 1 */
    size_t next_line;     /* … of rest */
    bool is_latin1;
    bool has_stray_quotes; /* batch CSV: quotes end with their line, for one did not close */
    /* JSON: the list of rows (is_list), the members of the only row, or neither when the only row is the string */
    tmli_json_items items;
    tmli_json_token string;
    const char *list; /* the key that the rows stand under, or NULL when they are the whole body */
    bool is_list;
    bool has_one; /* not a list: it was not given yet */
} sm_rows;

/* body and arena: borrowed until close. All of a JSON body is checked here. Errors: TML_EFORMAT for what is not JSON (with
 * line and column), has another shape or asks for what there is not; TML_ENOMEM. After an error close is harmless. */
TML_NODISCARD tml_status sm_rows_open(sm_rows *rows, sm_format format, tml_str body,
                                      sm_dialect dialect, tmli_arena *arena, tml_error *err);
/* The next row, borrowed from body or arena until sm_rows_release; *has false at the end. Errors: TML_EFORMAT naming the
 * line or row, TML_ELIMIT for too many rows or too long a text, TML_ENOMEM. With dialect.is_batch a line that is damaged
 * or too long is a row with a fault instead. */
TML_NODISCARD tml_status sm_rows_next(sm_rows *rows, sm_row *out, bool *has, tml_error *err);
/* The rows given so far are not used any more, nor is anything else that came from the arena since open: its memory is
 * used again, so that a body of millions of rows takes as much as one of a few. */
void sm_rows_release(sm_rows *rows);
void sm_rows_close(sm_rows *rows);

/* ---- for the readers of single formats (content_json_rows.c, content_csv_rows.c, content_libsvm.c, content_recordio.c) ---- */

enum {
    SM_PLACE_BYTES = 96
};

/* How sentences call the row that is being read: "instances[3]", "line 4", "record 5", "the body". */
void sm_rows_place(const sm_rows *rows, char place[SM_PLACE_BYTES]);
/* The next line of rows->rest without its end (\n or \r\n), which it moves behind; rest is not empty. */
tml_str sm_rows_line(sm_rows *rows);
/* Each reads the next row of its format from rows->rest into *out, whose ask is the request's; *has is true before the
 * call and becomes false at the end. After TML_EFORMAT the line formats stand behind the damaged line, so that a
 * batch can go on. Sentences name the line ("line 3: …") or the record. */
TML_NODISCARD tml_status sm_libsvm_next(sm_rows *rows, sm_row *out, bool *has, tml_error *err);
TML_NODISCARD tml_status sm_recordio_next(sm_rows *rows, sm_row *out, bool *has, tml_error *err);
TML_NODISCARD tml_status sm_csv_next(sm_rows *rows, sm_row *out, bool *has, tml_error *err);
TML_NODISCARD tml_status sm_json_open(sm_rows *rows, tml_str body, tml_error *err);
TML_NODISCARD tml_status sm_json_next(sm_rows *rows, sm_row *out, bool *has, tml_error *err);
TML_NODISCARD tml_status sm_json_line_next(sm_rows *rows, sm_row *out, bool *has, tml_error *err);

/* ---- rows → scores (content_scores.c) ---- */

/* Scores [n, labels] of n rows, texts and vectors mixed; those of a row with a fault are not set. Errors: those of
 * tml_session_predict and tmli_session_predict_rows. */
TML_NODISCARD tml_status sm_rows_score(tml_session *session, const tml_model *model,
                                       const sm_row *rows, size_t n, double *scores,
                                       tml_error *err);

/* ---- scores → bodies (content_answers.c) ---- */

typedef struct sm_answers {
    const tml_model *model; /* borrowed: the labels */
    sm_media media;
    sm_shape shape;
    tml_style style;
    sm_ask ask;
    bool is_document;          /* TEXT and CSV: no line end behind the label */
    bool is_one;               /* JSON: the request holds a single text, not a list of texts */
    const char *response_key;  /* of the OWN shapes */
    const sm_columns *columns; /* borrowed, or NULL */
    tmli_buf *out;             /* borrowed; its owner asks whether it failed */
    size_t n;                  /* rows so far */
} sm_answers;

void sm_answers_begin(sm_answers *answers, const sm_rows *rows, sm_media media,
                      const tml_model *model, tmli_buf *out);
/* scores: [labels] of one row, NULL for one with a fault. explanation: of that row's text, or NULL. */
void sm_answers_add(sm_answers *answers, const sm_row *row, const double *scores,
                    const tml_explanation *explanation);
void sm_answers_end(sm_answers *answers);

#endif
