/* text/libsvm: lines "[label] column:value …", as scikit-learn's dump_svmlight_file and XGBoost's clients write them. Columns
 * are counted from 0, which is those programs' default. The label is not read, nor are "qid:1" and what stands behind
 * a '#'; lines without anything else are passed over. */
#include <stdint.h>
#include <string.h>

#include "base/bytes.h"
#include "base/number.h"
#include "base/status.h"
#include "sagemaker/content_vectors.h"

/* Cuts the next part between blanks off the front of *line; false when there is none. */
static bool next_word(tml_str *line, tml_str *word)
{
    *line = tmli_str_trim(*line);
    size_t n = 0;
    while (n < line->len && line->data[n] != ' ' && line->data[n] != '\t') {
        n++;
    }
    *word = (tml_str){line->data, n};
    *line = (tml_str){line->data + n, line->len - n};
    return n > 0;
}

/* All of text as a number of a column: digits alone. */
static bool read_column(tml_str text, uint64_t *out)
{
    uint64_t column = 0;
    if (text.len == 0 || text.len > 18) { /* fits in 64 bits; the model's bounds come later */
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        column = 10 * column + (uint64_t)(text.data[i] - '0');
    }
    *out = column;
    return true;
}

/* Splits "left:right"; false without a colon. */
static bool split(tml_str word, tml_str *left, tml_str *right)
{
    const char *const colon = memchr(word.data, ':', word.len);
    if (colon == NULL) {
        return false;
    }
    const size_t n = (size_t)(colon - word.data);
    *left = (tml_str){word.data, n};
    *right = (tml_str){colon + 1, word.len - n - 1};
    return true;
}

static tml_status read_element(sm_vector *vector, tml_str word, tml_error *err)
{
    tml_str left = {0};
    tml_str right = {0};
    uint64_t column = 0;
    double value = 0;
    const bool is_split = split(word, &left, &right);
    if (is_split && tmli_str_eq_text(left, "qid")) {
        return TML_OK;
    }
    if (!is_split || !read_column(left, &column) || !tmli_parse_double(right, &value)) {
        return tmli_fail(err, TML_EFORMAT, "\"%.*s\" is no element: expected COLUMN:VALUE",
                         TMLI_SHOWN(word));
    }
    return sm_vector_add(vector, column, value, err);
}

static tml_status read_line(const sm_rows *rows, tml_str line, const tmli_sparse_row **out,
                            tml_error *err)
{
    size_t n_colons = 0;
    for (size_t i = 0; i < line.len; i++) {
        n_colons += line.data[i] == ':';
    }
    sm_vector vector;
    tml_str word;
    tml_status status = sm_vector_begin(&vector, rows, n_colons, err);
    bool is_first = true;
    while (status == TML_OK && next_word(&line, &word)) {
        const bool is_label = is_first && memchr(word.data, ':', word.len) == NULL;
        is_first = false;
        if (!is_label) {
            status = read_element(&vector, word, err);
        }
    }
    return status == TML_OK ? sm_vector_finish(&vector, out, err) : status;
}

/* The next line with something before its comment; empty at the end. */
static tml_str next_line(sm_rows *rows)
{
    tml_str line = {0};
    while (rows->rest.len > 0 && line.len == 0) {
        line = sm_rows_line(rows);
        const char *const comment = line.len > 0 ? memchr(line.data, '#', line.len) : NULL;
        line.len = comment != NULL ? (size_t)(comment - line.data) : line.len;
        line = tmli_str_trim(line);
    }
    return line;
}

tml_status sm_libsvm_next(sm_rows *rows, sm_row *out, bool *has, tml_error *err)
{
    const tml_str line = next_line(rows);
    const size_t limit = rows->dialect.max_row_bytes;
    *has = line.len > 0;
    if (!*has) {
        return TML_OK;
    }
    if (limit > 0 && line.len > limit) {
        return tmli_fail(err, TML_ELIMIT, "line %zu: %zu bytes; the limit is %zu", rows->line,
                         line.len, limit);
    }
    tml_error own = {0};
    const tmli_sparse_row *features = NULL;
    const tml_status status = read_line(rows, line, &features, &own);
    if (status == TML_EFORMAT) {
        return tmli_fail(err, status, "line %zu: %s", rows->line, own.text);
    }
    if (status != TML_OK) {
        return tmli_fail(err, status, "%s", own.text);
    }
    out->features = features;
    return TML_OK;
}
