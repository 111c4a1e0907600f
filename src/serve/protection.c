#include "serve/protection.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/status.h"

enum {
    MAX_FILE_BYTES = 1 << 20, /* a chain of certificates has some KB */
    MAX_KEY_BYTES = 512,      /* well below what the headers of a request may have */
};

static bool is_word(tml_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] <= ' ' || text.data[i] > '~') {
            return false;
        }
    }
    return text.len > 0 && text.len <= MAX_KEY_BYTES;
}

static tml_status load_api_key(tmli_buf *out, const char *path, tml_error *err)
{
    const char *text = getenv("TEXTML_API_KEY");
    const char *source = path != NULL ? path : "TEXTML_API_KEY";
    tmli_buf file = {0};
    tml_status status = TML_OK;
    if (path == NULL && (text == NULL || *text == '\0')) {
        return TML_OK;
    }
    if (path != NULL) {
        TMLI_TRY(tmli_file_read(path, MAX_FILE_BYTES, &file, err));
    } else {
        tmli_buf_append_text(&file, text);
    }
    const tml_str key = tmli_str_trim(tmli_buf_str(&file));
    if (!is_word(key)) {
        TMLI_TRY(tmli_fail(err, TML_EINVAL,
                           "%s: an API key is one word of 1 to %d letters, digits and other "
                           "visible characters of ASCII",
                           source, MAX_KEY_BYTES));
    }
    tmli_buf_append_str(out, key);
    if (file.failed || out->failed) {
        TMLI_TRY(tmli_fail_memory(err, "the API key"));
    }
cleanup:
    tmli_buf_deinit(&file);
    return status;
}

/* Looks at the frame only; what is in it is the TLS library's matter. */
static tml_status load_pem(tmli_buf *out, const char *path, const char *what, tml_error *err)
{
    const tml_status status = tmli_file_read(path, MAX_FILE_BYTES, out, err);
    if (status != TML_OK) {
        return status;
    }
    const char *text = tmli_buf_cstr(out);
    if (text == NULL) {
        return tmli_fail_memory(err, "the certificate");
    }
    if (strstr(text, "-----BEGIN ") == NULL) {
        return tmli_fail(err, TML_EINVAL, "%s: no %s in PEM, which has a line -----BEGIN …-----",
                         path, what);
    }
    return TML_OK;
}

tml_status serve_protection_load(serve_protection *out, const serve_protection_files *files,
                                 tml_error *err)
{
    tml_status status = TML_OK;
    *out = (serve_protection){0};
    if ((files->tls_cert == NULL) != (files->tls_key == NULL)) {
        return tmli_fail(err, TML_EINVAL,
                         "--tls-cert and --tls-key belong together: TLS needs the certificate and "
                         "its private key");
    }
    TMLI_TRY(load_api_key(&out->api_key, files->api_key, err));
    if (files->tls_cert != NULL) {
        TMLI_TRY(load_pem(&out->tls_cert, files->tls_cert, "certificate", err));
        TMLI_TRY(load_pem(&out->tls_key, files->tls_key, "private key", err));
    }
cleanup:
    return status;
}

void serve_protection_deinit(serve_protection *protection)
{
    tmli_buf_deinit(&protection->api_key);
    tmli_buf_deinit(&protection->tls_cert);
    tmli_buf_deinit(&protection->tls_key);
}

bool serve_key_matches(tml_str key, tml_str authorization)
{
    static const char scheme[] = "Bearer ";
    const size_t n_scheme = sizeof(scheme) - 1;
    if (key.len == 0) {
        return true;
    }
    if (authorization.len < n_scheme ||
        !tmli_str_eq_nocase((tml_str){authorization.data, n_scheme}, TML_STR(scheme))) {
        return false;
    }
    const tml_str given =
        tmli_str_trim((tml_str){authorization.data + n_scheme, authorization.len - n_scheme});
    size_t difference = given.len ^ key.len;
    for (size_t i = 0; i < given.len; i++) {
        difference |= (unsigned char)(given.data[i] ^ key.data[i % key.len]);
    }
    return difference == 0;
}
