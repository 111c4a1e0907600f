/* gzip in both directions. Other codings are named in a refusal: nobody sends them to endpoints. */
#include "serve/coding.h"

#include "base/bytes.h"
#include "base/number.h"
#include "base/status.h"
#include "serve/answer.h"

enum {
    UNPACK_STEP_BYTES = 128 << 10,
    PACK_STEP_BYTES = 256 << 10,
    /* Text packs to a third or a tenth. What grows further than this is made to fill a memory; gzip can reach 1,000. */
    MAX_RATIO = 200,
    FREE_BYTES = 1 << 20, /* which no ratio forbids: short bodies of one word are somebody's test */
};

/* ---- headers ---- */

static bool is_gzip_name(tml_str coding)
{
    return tmli_str_eq_nocase(coding, TML_STR("gzip")) ||
           tmli_str_eq_nocase(coding, TML_STR("x-gzip"));
}

tml_status serve_coding_of_body(tml_str content_encoding, bool *is_gzip, tml_error *err)
{
    const tml_str coding = tmli_str_trim(content_encoding);
    if (coding.len > 0 && !tmli_str_eq_nocase(coding, TML_STR("identity")) &&
        !is_gzip_name(coding)) {
        return tmli_fail(err, TML_EINVAL,
                         "Content-Encoding: \"%.*s\" is not read here; send the body packed once "
                         "with gzip, or as it is",
                         TMLI_SHOWN(coding));
    }
    *is_gzip = is_gzip_name(coding);
    return TML_OK;
}

/* Cuts the part before the first separator off the front of *rest; trimmed. */
static tml_str cut(tml_str *rest, char separator)
{
    const char *end = rest->len > 0 ? memchr(rest->data, separator, rest->len) : NULL;
    const size_t n = end != NULL ? (size_t)(end - rest->data) : rest->len;
    const tml_str part = {rest->data, n};
    const size_t taken = end != NULL ? n + 1 : n;
    *rest = (tml_str){rest->data + taken, rest->len - taken};
    return tmli_str_trim(part);
}

/* The q of parameters; 1 without one, and for what is none. */
static double weight_of(tml_str parameters)
{
    double q = 1;
    while (parameters.len > 0) {
        tml_str value = cut(&parameters, ';');
        const tml_str name = cut(&value, '=');
        double number = 0;
        if (tmli_str_eq_nocase(name, TML_STR("q")) &&
            tmli_parse_double(tmli_str_trim(value), &number) && number >= 0 && number <= 1) {
            q = number;
        }
    }
    return q;
}

bool serve_coding_takes_gzip(tml_str accept_encoding)
{
    double gzip = -1; /* not named */
    double plain = -1;
    double other = -1;
    while (accept_encoding.len > 0) {
        tml_str parameters = cut(&accept_encoding, ',');
        const tml_str coding = cut(&parameters, ';');
        const double q = weight_of(parameters);
        if (is_gzip_name(coding)) {
            gzip = q;
        } else if (tmli_str_eq_nocase(coding, TML_STR("identity"))) {
            plain = q;
        } else if (tmli_str_eq_text(coding, "*")) {
            other = q;
        }
    }
    gzip = gzip >= 0 ? gzip : other;
    return gzip > 0 && gzip >= plain;
}

/* ---- unpacking ---- */

tml_status serve_unpacking_begin(serve_unpacking *unpacking, tml_str packed, size_t max_bytes,
                                 tml_error *err)
{
    *unpacking = (serve_unpacking){.n_packed = packed.len, .max_bytes = max_bytes};
    if (packed.len == 0) {
        return TML_OK;
    }
    if (!tmli_str_starts(packed, "\x1f\x8b")) {
        return tmli_fail(err, TML_EFORMAT,
                         "body: not gzip data, which Content-Encoding says it is: pack it, or "
                         "leave the header out");
    }
    return tmli_source_memory("body", packed.data, packed.len, &unpacking->source, err);
}

static bool is_bomb(const serve_unpacking *unpacking, size_t n)
{
    return n > FREE_BYTES && n / MAX_RATIO > unpacking->n_packed;
}

tml_status serve_unpacking_step(serve_unpacking *unpacking, tmli_buf *out, bool *is_done,
                                tml_error *err)
{
    size_t got = 0;
    if (unpacking->source == NULL) {
        *is_done = true;
        return TML_OK;
    }
    if (!tmli_buf_reserve(out, UNPACK_STEP_BYTES)) {
        return tmli_fail_memory(err, "the unpacked body");
    }
    const tml_status status =
        tmli_source_read(unpacking->source, out->data + out->len, UNPACK_STEP_BYTES, &got, err);
    if (status != TML_OK) {
        return status;
    }
    out->len += got;
    *is_done = got == 0;
    if (out->len > unpacking->max_bytes) {
        return tmli_fail(err, TML_ELIMIT,
                         "the body unpacks to more than %zu bytes; send fewer rows in a request, "
                         "or start serve with a larger --max-body",
                         unpacking->max_bytes);
    }
    if (is_bomb(unpacking, out->len)) {
        return tmli_fail(err, TML_ELIMIT,
                         "the body unpacks to more than %d times its size, which no text does; "
                         "send it as it is",
                         MAX_RATIO);
    }
    return TML_OK;
}

void serve_unpacking_end(serve_unpacking *unpacking)
{
    tmli_source_free(unpacking->source);
    *unpacking = (serve_unpacking){0};
}

unsigned serve_unpack_body(tml_str content_encoding, size_t max_bytes, tmli_buf *unpacked,
                           tml_str *body, tml_error *err)
{
    serve_unpacking unpacking = {0};
    bool is_gzip = false;
    bool is_done = false;
    if (serve_coding_of_body(content_encoding, &is_gzip, err) != TML_OK) {
        return 415;
    }
    if (!is_gzip) {
        return 200;
    }
    tml_status status = serve_unpacking_begin(&unpacking, *body, max_bytes, err);
    while (status == TML_OK && !is_done) {
        status = serve_unpacking_step(&unpacking, unpacked, &is_done, err);
    }
    serve_unpacking_end(&unpacking);
    *body = tmli_buf_str(unpacked);
    return serve_http_status(status);
}

/* ---- packing ---- */

bool serve_packing_step(serve_packing *packing, tmli_buf *body, bool *is_gzip)
{
    *is_gzip = false;
    if (packing->deflater == NULL) {
        packing->deflater = tmli_deflater_create();
        if (packing->deflater == NULL) {
            return true; /* as it is, it is an answer too */
        }
    }
    const size_t left = body->len - packing->n_taken;
    const size_t n = left < PACK_STEP_BYTES ? left : PACK_STEP_BYTES;
    tmli_deflate(packing->deflater, (tml_str){body->data + packing->n_taken, n}, n == left,
                 &packing->packed);
    packing->n_taken += n;
    if (packing->packed.failed || packing->n_taken < body->len) {
        return packing->packed.failed;
    }
    const tmli_buf plain = *body;
    *body = packing->packed;
    packing->packed = plain;
    *is_gzip = true;
    return true;
}

void serve_packing_end(serve_packing *packing)
{
    tmli_deflater_free(packing->deflater);
    tmli_buf_deinit(&packing->packed);
    *packing = (serve_packing){0};
}

bool serve_pack_body(tmli_buf *body)
{
    serve_packing packing = {0};
    bool is_gzip = false;
    while (!serve_packing_step(&packing, body, &is_gzip)) {
    }
    serve_packing_end(&packing);
    return is_gzip;
}
