/* Media types: what a request is in, and what its answer shall be in. Bodies are the matter of content_rows.c and
 * content_answers.c. */
#include "sagemaker/content.h"

#include "base/bytes.h"
#include "base/number.h"
#include "base/status.h"

#define MEDIA_TYPE(name, type) {type, sizeof(type) - 1},
static const tml_str media_types[] = {SM_MEDIA_LIST(MEDIA_TYPE)};

enum {
    N_MEDIA = sizeof(media_types) / sizeof(media_types[0])
};

const char *sm_media_type(sm_media media)
{
    return media_types[media].data;
}

/* Cuts the part before the first separator outside of quotes off the front of *rest; trimmed. */
static tml_str cut(tml_str *rest, char separator)
{
    size_t n = 0;
    bool is_quoted = false;
    while (n < rest->len && (is_quoted || rest->data[n] != separator)) {
        const char c = rest->data[n];
        if (c == '"') {
            is_quoted = !is_quoted;
        } else if (c == '\\' && is_quoted && n + 1 < rest->len) {
            n++;
        }
        n++;
    }
    const tml_str part = {rest->data, n};
    const size_t taken = n < rest->len ? n + 1 : n;
    rest->data += taken;
    rest->len -= taken;
    return tmli_str_trim(part);
}

/* The next "name=value" of *parameters with the value's quotes taken off; false at their end. */
static bool next_parameter(tml_str *parameters, tml_str *name, tml_str *value)
{
    if (parameters->len == 0) {
        return false;
    }
    *value = cut(parameters, ';');
    if (value->len == 0) {
        *name = *value;
        return true;
    }
    *name = cut(value, '=');
    *value = tmli_str_trim(*value);
    if (value->len >= 2 && value->data[0] == '"' && value->data[value->len - 1] == '"') {
        *value = (tml_str){value->data + 1, value->len - 2};
    }
    return true;
}

/* ---- requests ---- */

/* False when the charset is not read in bodies of this type: JSON is UTF-8. */
static bool read_charset(tml_str charset, sm_format *format)
{
    static const struct {
        const char *name;
        bool is_latin1;
    } charsets[] = {{"utf-8", false},     {"utf8", false},      {"us-ascii", false},
                    {"ascii", false},     {"iso-8859-1", true}, {"iso8859-1", true},
                    {"iso_8859-1", true}, {"latin-1", true},    {"latin1", true}};
    for (size_t i = 0; i < sizeof(charsets) / sizeof(charsets[0]); i++) {
        if (tmli_str_eq_nocase(charset, tmli_str(charsets[i].name))) {
            format->is_latin1 = charsets[i].is_latin1;
            return !charsets[i].is_latin1 || format->media != SM_JSON;
        }
    }
    return false;
}

/* By the first byte that is not white space. */
static sm_media sniff(tml_str body)
{
    if (tmli_str_starts(body, "\xef\xbb\xbf")) {
        body = (tml_str){body.data + 3, body.len - 3};
    }
    const tml_str text = tmli_str_trim(body);
    const char first = text.len > 0 ? text.data[0] : '\0';
    return first == '{' || first == '[' || first == '"' ? SM_JSON : SM_TEXT;
}

/* Types that clients send without having been told anything of the body. */
static bool is_uninformative(tml_str type)
{
    return type.len == 0 || tmli_str_eq_nocase(type, TML_STR("application/octet-stream")) ||
           tmli_str_eq_nocase(type, TML_STR("application/x-www-form-urlencoded"));
}

tml_status sm_format_of_request(tml_str content_type, tml_str body, sm_format *out, tml_error *err)
{
    if (content_type.len == 0) {
        *out = (sm_format){.media = sniff(body)};
        return TML_OK;
    }
    tml_str parameters = content_type;
    const tml_str type = cut(&parameters, ';');
    sm_format format = {.media = SM_JSON};
    while (format.media < SM_JSON_LINES && !tmli_str_eq_nocase(type, media_types[format.media])) {
        format.media++;
    }
    if (format.media == SM_JSON_LINES) {
        if (!is_uninformative(type)) {
            return tmli_fail(err, TML_EINVAL,
                             "Content-Type: \"%.*s\" is not read here; send application/json, "
                             "text/plain or text/csv",
                             TMLI_SHOWN(type));
        }
        format.media = sniff(body);
    }
    tml_str name;
    tml_str value;
    while (next_parameter(&parameters, &name, &value)) {
        if (tmli_str_eq_nocase(name, TML_STR("charset")) && !read_charset(value, &format)) {
            return tmli_fail(err, TML_EINVAL,
                             "Content-Type: charset \"%.*s\" is not read here; send UTF-8%s",
                             TMLI_SHOWN(value), format.media != SM_JSON ? " or ISO-8859-1" : "");
        }
    }
    *out = format;
    return TML_OK;
}

/* ---- answers ---- */

/* What Accept says of one of our types. */
typedef struct wish {
    double q; /* 0: not wanted, or not named */
    /* of the range it comes from: 3 for type/subtype, 2 for type/…, 1 for anything; 0 for none */
    size_t precision;
    size_t position; /* of that range in the list */
} wish;

/* How closely a range names a type; 0: not at all. */
static size_t precision_of(tml_str range, tml_str type)
{
    if (tmli_str_eq_nocase(range, type)) {
        return 3;
    }
    if (tmli_str_eq_text(range, "*/*") || tmli_str_eq_text(range, "*")) {
        return 1; /* a bare asterisk is what some old clients send */
    }
    const size_t n = range.len;
    const bool is_family =
        tmli_str_ends(range, "/*") && type.len > n &&
        tmli_str_eq_nocase((tml_str){range.data, n - 1}, (tml_str){type.data, n - 1});
    return is_family ? 2 : 0;
}

/* The range's weight; what is not a number in 0..1 counts as missing. */
static double q_of(tml_str parameters)
{
    tml_str name;
    tml_str value;
    double q = 1;
    while (next_parameter(&parameters, &name, &value)) {
        double number = 0;
        if (tmli_str_eq_nocase(name, TML_STR("q")) && tmli_parse_double(value, &number) &&
            number >= 0 && number <= 1) {
            q = number;
        }
    }
    return q;
}

static void collect_wishes(tml_str accept, wish wishes[N_MEDIA])
{
    for (size_t position = 0; accept.len > 0; position++) {
        tml_str parameters = cut(&accept, ',');
        if (parameters.len == 0) {
            continue;
        }
        const tml_str range = cut(&parameters, ';');
        const double q = q_of(parameters);
        for (size_t i = 0; i < N_MEDIA; i++) {
            const size_t precision = precision_of(range, media_types[i]);
            if (precision > wishes[i].precision) {
                wishes[i] = (wish){q, precision, position};
            }
        }
    }
}

static bool is_better(const wish *a, const wish *b)
{
    return a->q > b->q || (a->q == b->q && a->position < b->position);
}

tml_status sm_media_of_answer(tml_str accept, sm_media preferred, sm_media *out, tml_error *err)
{
    if (accept.len == 0 || tmli_str_eq_text(accept, "*/*")) {
        *out = preferred;
        return TML_OK;
    }
    wish wishes[N_MEDIA] = {{0}};
    collect_wishes(accept, wishes);
    size_t best = preferred;
    for (size_t i = 0; i < N_MEDIA; i++) {
        /* Without a wish q is 0, which must not win by its position. */
        if (wishes[i].q > 0 && is_better(&wishes[i], &wishes[best])) {
            best = i;
        }
    }
    if (!(wishes[best].q > 0)) {
        return tmli_fail(err, TML_EINVAL,
                         "Accept: \"%.*s\" is not written here; ask for application/json, "
                         "text/plain, text/csv or application/jsonlines",
                         TMLI_SHOWN(accept));
    }
    *out = (sm_media)best;
    return TML_OK;
}
