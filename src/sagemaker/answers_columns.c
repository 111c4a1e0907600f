/* The columns of answers that an environment variable names. */
#include "sagemaker/content.h"

#include <string.h>

#include "base/bytes.h"
#include "base/status.h"

static const struct {
    const char *name;
    sm_column_kind kind;
} known[] = {
    {"predicted_label", SM_COLUMN_PREDICTED_LABEL},
    {"labels", SM_COLUMN_LABELS},
    {"probability", SM_COLUMN_PROBABILITY},
    {"probabilities", SM_COLUMN_PROBABILITIES},
    {"raw_score", SM_COLUMN_RAW_SCORE},
    {"raw_scores", SM_COLUMN_RAW_SCORES},
};

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Copies a name without its blanks and in lower case. Names are printable ASCII: they become keys and messages. */
static tml_status read_name(tml_str text, char out[SM_COLUMN_NAME_BYTES], tml_error *err)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.data[i];
        if (is_blank(c)) {
            continue;
        }
        if (n == SM_COLUMN_NAME_BYTES - 1 || c < 0x20 || c > 0x7e) {
            return tmli_fail(err, TML_EINVAL,
                             "output columns: a name that is longer than %d characters or not "
                             "plain ASCII",
                             SM_COLUMN_NAME_BYTES - 1);
        }
        out[n++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    out[n] = '\0';
    if (n == 0) {
        return tmli_fail(err, TML_EINVAL,
                         "output columns: an empty name; expected a list such as "
                         "predicted_label,probabilities,labels");
    }
    return TML_OK;
}

static tml_status add_column(sm_columns *columns, tml_str text, tml_error *err)
{
    if (columns->n == SM_MAX_COLUMNS) {
        return tmli_fail(err, TML_EINVAL, "output columns: more than %d", SM_MAX_COLUMNS);
    }
    char *const name = columns->all[columns->n].name;
    const tml_status status = read_name(text, name, err);
    if (status != TML_OK) {
        return status;
    }
    for (size_t i = 0; i < columns->n; i++) {
        if (strcmp(columns->all[i].name, name) == 0) {
            return tmli_fail(err, TML_EINVAL, "output columns: \"%s\" is there twice", name);
        }
    }
    sm_column_kind kind = SM_COLUMN_OTHER;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        kind = strcmp(known[i].name, name) == 0 ? known[i].kind : kind;
    }
    columns->all[columns->n++].kind = kind;
    return TML_OK;
}

tml_status sm_columns_parse(tml_str names, sm_columns *out, tml_error *err)
{
    sm_columns columns = {0};
    for (size_t at = 0; at <= names.len;) {
        size_t end = at;
        while (end < names.len && names.data[end] != ',') {
            end++;
        }
        const tml_str name = {names.data != NULL ? names.data + at : NULL, end - at};
        const tml_status status = add_column(&columns, name, err);
        if (status != TML_OK) {
            return status;
        }
        at = end + 1;
    }
    *out = columns;
    return TML_OK;
}
