/* Queries and headers → what every row asks. */
#include "serve/query.h"

#include <stdint.h>

#include "base/bytes.h"
#include "base/number.h"
#include "base/status.h"
#include "serve/uri.h"

enum {
    ROOM_BYTES = 32,       /* longer names and values mean nothing here */
    MOST_LABELS = 1000000, /* there are never as many */
};

/* ---- values ---- */

static tml_status read_count(const char *name, tml_str text, size_t least, size_t most, size_t *out,
                             tml_error *err)
{
    int64_t number = 0;
    if (!tmli_parse_int64(text, &number) || number < (int64_t)least || number > (int64_t)most) {
        return tmli_fail(err, TML_EINVAL, "%s: \"%.*s\" is not a whole number in %zu..%zu", name,
                         TMLI_SHOWN(text), least, most);
    }
    *out = (size_t)number;
    return TML_OK;
}

static tml_status read_switch(const char *name, tml_str text, bool *out, tml_error *err)
{
    const bool is_on = tmli_str_eq_nocase(text, TML_STR("true")) || tmli_str_eq(text, TML_STR("1"));
    if (!is_on && !tmli_str_eq_nocase(text, TML_STR("false")) && !tmli_str_eq(text, TML_STR("0"))) {
        return tmli_fail(err, TML_EINVAL, "%s: \"%.*s\" is neither true nor false", name,
                         TMLI_SHOWN(text));
    }
    *out = is_on;
    return TML_OK;
}

/* Reads a wish by its name in queries, if there is such a one; shown: the name in a sentence. */
static tml_status read_wish(tml_str name, const char *shown, tml_str text, serve_wishes *wishes,
                            tml_error *err)
{
    if (tmli_str_eq_text(name, "k")) {
        return read_count(shown, text, 1, MOST_LABELS, &wishes->ask.k, err);
    }
    if (tmli_str_eq_text(name, "probabilities")) {
        return read_switch(shown, text, &wishes->ask.probabilities, err);
    }
    if (tmli_str_eq_text(name, "explain")) {
        return read_count(shown, text, 0, SM_EXPLAIN_MAX, &wishes->ask.explain, err);
    }
    if (tmli_str_eq_text(name, "style")) {
        wishes->has_style = true;
        return sm_style_named(text, &wishes->style)
                   ? TML_OK
                   : tmli_fail(err, TML_EINVAL,
                               "%s: \"%.*s\" is none of textml, blazingtext, huggingface", shown,
                               TMLI_SHOWN(text));
    }
    return TML_OK;
}

/* ---- both places ---- */

bool serve_query_put_header(serve_request *request, tml_str name, tml_str value)
{
    static const char prefix[] = "X-Textml-";
    const size_t n = sizeof(prefix) - 1;
    if (name.len <= n || !tmli_str_eq_nocase((tml_str){name.data, n}, (tml_str){prefix, n})) {
        return false;
    }
    const tml_str rest = {name.data + n, name.len - n};
    const struct {
        tml_str name;
        tml_str *place;
    } wishes[] = {
        {TML_STR("K"), &request->ask_k},
        {TML_STR("Probabilities"), &request->ask_probabilities},
        {TML_STR("Explain"), &request->ask_explain},
        {TML_STR("Style"), &request->ask_style},
    };
    for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
        if (value.data != NULL && tmli_str_eq_nocase(rest, wishes[i].name)) {
            *wishes[i].place = tmli_str_trim(value);
        }
    }
    return true;
}

static tml_status read_headers(const serve_request *request, serve_wishes *wishes, tml_error *err)
{
    const struct {
        tml_str name;
        const char *shown;
        tml_str value;
    } headers[] = {
        {TML_STR("k"), "X-Textml-K", request->ask_k},
        {TML_STR("probabilities"), "X-Textml-Probabilities", request->ask_probabilities},
        {TML_STR("explain"), "X-Textml-Explain", request->ask_explain},
        {TML_STR("style"), "X-Textml-Style", request->ask_style},
    };
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        const tml_status status =
            headers[i].value.len > 0
                ? read_wish(headers[i].name, headers[i].shown, headers[i].value, wishes, err)
                : TML_OK;
        if (status != TML_OK) {
            return status;
        }
    }
    return TML_OK;
}

/* One of the query, percent-encoded. */
static tml_status read_pair(tml_str left, tml_str right, serve_wishes *wishes, tml_error *err)
{
    char name[ROOM_BYTES + 1];
    char value[ROOM_BYTES];
    const size_t n_name = serve_uri_decode_part(left, name, ROOM_BYTES);
    if (n_name == SIZE_MAX) {
        return TML_OK; /* nobody's */
    }
    name[n_name] = '\0';
    const size_t n_value = serve_uri_decode_part(right, value, ROOM_BYTES);
    /* What cannot be decoded is shown as it was sent: no number and no switch either. */
    const tml_str text = n_value != SIZE_MAX ? (tml_str){value, n_value} : right;
    return read_wish((tml_str){name, n_name}, name, text, wishes, err);
}

tml_status serve_query_wishes(const serve_request *request, serve_wishes *out, tml_error *err)
{
    serve_wishes wishes = {0};
    tml_status status = read_headers(request, &wishes, err);
    tml_str rest = request->query;
    tml_str name;
    tml_str value;
    while (status == TML_OK && serve_uri_next_pair(&rest, &name, &value)) {
        status = read_pair(name, value, &wishes, err);
    }
    if (status == TML_OK) {
        *out = wishes;
    }
    return status;
}
