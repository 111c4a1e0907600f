/* Property: any query and header values are wishes within their ranges or a sentence, and what was there stays in the
 * second case; decoding writes no more than there is room for and never lengthens.
 * Input: a line each for Accept-Encoding, Content-Encoding, X-Textml-K, then the query. */
#include "fuzz/fuzz.h"

#include "serve/coding.h"
#include "serve/query.h"
#include "serve/uri.h"

static void check_decoding(tml_str part)
{
    char out[16];
    memset(out, 0x7e, sizeof out);
    const size_t n = serve_uri_decode_part(part, out, sizeof out - 1);
    FUZZ_CHECK(out[sizeof out - 1] == 0x7e);
    FUZZ_CHECK(n == SIZE_MAX || (n < sizeof out && n <= part.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tml_str rest = fuzz_text(data, size);
    const tml_str accept_encoding = fuzz_line(&rest);
    const tml_str content_encoding = fuzz_line(&rest);
    serve_request request = {0};
    bool is_gzip = false;
    tml_error err = {0};
    (void)serve_coding_takes_gzip(accept_encoding);
    const tml_status coding = serve_coding_of_body(content_encoding, &is_gzip, &err);
    fuzz_check_error(coding, &err, coding == TML_OK ? "" : "Content-Encoding: ");
    FUZZ_CHECK(serve_query_put_header(&request, (tml_str){"x-textml-k", 10}, fuzz_line(&rest)));
    request.query = rest;
    check_decoding(rest);
    serve_wishes wishes = {.ask = {.k = 1234567, .explain = 1234567}};
    err = (tml_error){0};
    const tml_status status = serve_query_wishes(&request, &wishes, &err);
    fuzz_check_error(status, &err, "");
    if (status == TML_OK) {
        FUZZ_CHECK(wishes.ask.k <= 1000000 && wishes.ask.explain <= 1000000);
    } else {
        FUZZ_CHECK(status == TML_EINVAL && wishes.ask.k == 1234567 &&
                   wishes.ask.explain == 1234567);
    }
    return 0;
}
