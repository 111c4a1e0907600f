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

static bool may_be_latin1(sm_media media)
{
    return media == SM_TEXT || media == SM_CSV; /* JSON is UTF-8 by its definition */
}

/* False when the charset is not read in bodies of this type. */
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
            return !charsets[i].is_latin1 || may_be_latin1(format->media);
        }
    }
    return false;
}

static bool is_json(tml_str body)
{
    tmli_json_items items;
    tmli_json_token key;
    tmli_json_token value;
    bool has = true;
    tml_status status = tmli_json_open(body, 0, &items, &value, NULL);
    while (status == TML_OK && has) {
        status = tmli_json_next(&items, &key, &value, &has, NULL);
    }
    return status == TML_OK;
}

/* By the first byte that is not white space. */
static sm_media sniff(tml_str body)
{
    if (tmli_str_starts(body, "\x0a\x23\xd7\xce")) { /* RecordIO's magic number */
        return SM_RECORDIO;
    }
    if (tmli_str_starts(body, "\xef\xbb\xbf")) {
        body = (tml_str){body.data + 3, body.len - 3};
    }
    const tml_str text = tmli_str_trim(body);
    const char first = text.len > 0 ? text.data[0] : '\0';
    if (first != '{' && first != '[') {
        return SM_CSV;
    }
    return is_json(text) ? SM_JSON : SM_JSON_LINES;
}

/* Types that clients send without having been told anything of the body. */
static bool is_uninformative(tml_str type)
{
    return type.len == 0 || tmli_str_eq_nocase(type, TML_STR("application/octet-stream")) ||
           tmli_str_eq_nocase(type, TML_STR("application/x-www-form-urlencoded"));
}

/* False when no body of this type is read. */
static bool find_media(tml_str type, sm_media *out)
{
    static const struct {
        const char *name;
        sm_media media;
    } aliases[] = {
        {"application/jsonl", SM_JSON_LINES},    {"application/x-jsonlines", SM_JSON_LINES},
        {"application/x-jsonl", SM_JSON_LINES},  {"application/json-lines", SM_JSON_LINES},
        {"application/x-ndjson", SM_JSON_LINES}, {"application/ndjson", SM_JSON_LINES},
        {"application/jsons", SM_JSON_LINES},    {"text/x-libsvm", SM_LIBSVM},
        {"application/x-recordio", SM_RECORDIO},
    };
    for (size_t i = 0; i < N_MEDIA; i++) {
        if (tmli_str_eq_nocase(type, media_types[i])) {
            *out = (sm_media)i;
            return true;
        }
    }
    for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
        if (tmli_str_eq_nocase(type, tmli_str(aliases[i].name))) {
            *out = aliases[i].media;
            return true;
        }
    }
    return false;
}

tml_status sm_format_of_request(tml_str content_type, tml_str body, sm_format *out, tml_error *err)
{
    if (content_type.len == 0) {
        *out = (sm_format){.media = sniff(body), .is_guessed = true};
        return TML_OK;
    }
    tml_str parameters = content_type;
    const tml_str type = cut(&parameters, ';');
    sm_format format = {.media = SM_JSON};
    if (!find_media(type, &format.media)) {
        if (!is_uninformative(type)) {
            return tmli_fail(err, TML_EINVAL,
                             "Content-Type: \"%.*s\" is not read here; send application/json, "
                             "application/jsonlines, text/plain, text/csv, text/libsvm or "
                             "application/x-recordio-protobuf",
                             TMLI_SHOWN(type));
        }
        format.media = sniff(body);
        format.is_guessed = true;
    }
    tml_str name;
    tml_str value;
    while (next_parameter(&parameters, &name, &value)) {
        if (tmli_str_eq_nocase(name, TML_STR("charset")) && !read_charset(value, &format)) {
            return tmli_fail(
                err, TML_EINVAL, "Content-Type: charset \"%.*s\" is not read here; send UTF-8%s",
                TMLI_SHOWN(value), may_be_latin1(format.media) ? " or ISO-8859-1" : "");
        }
        if (tmli_str_eq_nocase(name, TML_STR("header"))) {
            format.has_header = tmli_str_eq_nocase(value, TML_STR("present"));
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

/* How closely a range that is not a type names one; 0: not at all. */
static size_t precision_of(tml_str range, tml_str type)
{
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

/* False when there is nothing between the commas, which says as little as no header. */
static bool collect_wishes(tml_str accept, wish wishes[N_MEDIA])
{
    bool has_any = false;
    for (size_t position = 0; accept.len > 0; position++) {
        tml_str parameters = cut(&accept, ',');
        if (parameters.len == 0) {
            continue;
        }
        has_any = true;
        const tml_str range = cut(&parameters, ';');
        const double q = q_of(parameters);
        sm_media named;
        const bool is_named = find_media(range, &named);
        for (size_t i = 0; i < N_MEDIA; i++) {
            const size_t precision =
                is_named && named == (sm_media)i ? 3 : precision_of(range, media_types[i]);
            if (precision > wishes[i].precision && i != SM_LIBSVM) {
                wishes[i] = (wish){q, precision, position};
            }
        }
    }
    return has_any;
}

static bool is_better(const wish *a, const wish *b)
{
    return a->q > b->q || (a->q == b->q && a->position < b->position);
}

tml_status sm_media_of_answer(tml_str accept, sm_media preferred, sm_media *out, tml_error *err)
{
    preferred = preferred == SM_LIBSVM ? SM_CSV : preferred;
    if (accept.len == 0 || tmli_str_eq_text(accept, "*/*")) {
        *out = preferred;
        return TML_OK;
    }
    wish wishes[N_MEDIA] = {{0}};
    if (!collect_wishes(accept, wishes)) {
        *out = preferred;
        return TML_OK;
    }
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
                         "application/jsonlines, text/plain, text/csv or "
                         "application/x-recordio-protobuf",
                         TMLI_SHOWN(accept));
    }
    *out = (sm_media)best;
    return TML_OK;
}

bool sm_style_named(tml_str word, tml_style *out)
{
#define STYLE(name, text)                          \
    if (tmli_str_eq_nocase(word, TML_STR(text))) { \
        *out = (name);                             \
        return true;                               \
    }
    TML_STYLE_LIST(STYLE)
#undef STYLE
    return false;
}

tml_status sm_media_of_styled_answer(tml_style style, tml_str accept, sm_media preferred,
                                     sm_media *out, tml_error *err)
{
    const tml_str anything = {0};
    return sm_media_of_answer(style == TML_STYLE_BLAZINGTEXT ? anything : accept, preferred, out,
                              err);
}
