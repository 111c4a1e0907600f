/* Packed bodies: headers, bounds on what they grow to, answers that are packed. */
#include "serve/coding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/bytes.h"
#include "support/alloc_fail.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void accept_encoding_decides_about_the_answer(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool takes_gzip;
    } cases[] = {
        {"", false},
        {"identity", false},
        {"gzip", true},
        {"x-GZIP", true},
        {"deflate, br, gzip", true},
        {"gzip;q=0", false},
        {"gzip; q=0.000", false},
        {"gzip;q=0.5", true},
        {"gzip;q=0.5, identity;q=1", false},
        {"gzip;q=0.5, identity;q=0.5", true},
        {"gzip;q=1.0, identity; q=0.5, *;q=0", true},
        {"*", true},
        {"*;q=0", false},
        {"gzip;q=0, *", false},
        {"gzip;q=nonsense", true},
        {"gzipped", false},
        {",,;q=1,gzip", true},
        {"gzip;q", true},
        {";", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (serve_coding_takes_gzip(tmli_str(cases[i].header)) != cases[i].takes_gzip) {
            fail_msg("%s", cases[i].header);
        }
    }
}

static void content_encoding_is_gzip_or_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        tml_status status;
        bool is_gzip;
    } cases[] = {
        {"", TML_OK, false},
        {"identity", TML_OK, false},
        {" GZip ", TML_OK, true},
        {"x-gzip", TML_OK, true},
        {"deflate", TML_EINVAL, false},
        {"gzip, gzip", TML_EINVAL, false},
        {"gzip;q=1", TML_EINVAL, false},
        {"\xff", TML_EINVAL, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        bool is_gzip = false;
        tml_error err = {0};
        assert_int_equal(serve_coding_of_body(tmli_str(cases[i].header), &is_gzip, &err),
                         cases[i].status);
        assert_int_equal(is_gzip, cases[i].is_gzip);
    }
}

static tmli_buf make_text(size_t n, bool is_random)
{
    tmli_buf text = {0};
    uint32_t x = 1;
    while (text.len < n) {
        x = x * 1664525u + 1013904223u;
        tmli_buf_append_byte(&text, is_random ? (char)('a' + (x >> 24) % 26) : 'a');
    }
    assert_false(text.failed);
    return text;
}

static bool pack(tmli_buf *body)
{
    serve_packing packing = {0};
    bool is_gzip = false;
    while (!serve_packing_step(&packing, body, &is_gzip)) {
    }
    serve_packing_end(&packing);
    return is_gzip;
}

static tml_status unpack(tml_str packed, size_t max_bytes, tmli_buf *out, tml_error *err)
{
    serve_unpacking unpacking = {0};
    bool is_done = false;
    tml_status status = serve_unpacking_begin(&unpacking, packed, max_bytes, err);
    while (status == TML_OK && !is_done) {
        status = serve_unpacking_step(&unpacking, out, &is_done, err);
    }
    serve_unpacking_end(&unpacking);
    return status;
}

static void bodies_come_out_as_they_went_in(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 1000, 256 << 10, 700001};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        tmli_buf text = make_text(sizes[i], true);
        tmli_buf body = make_text(sizes[i], true);
        tmli_buf back = {0};
        tml_error err = {0};
        assert_true(pack(&body));
        assert_true(tmli_str_starts(tmli_buf_str(&body), "\x1f\x8b"));
        if (unpack(tmli_buf_str(&body), sizes[i], &back, &err) != TML_OK) {
            fail_msg("%s", err.text);
        }
        assert_true(tmli_str_eq(tmli_buf_str(&back), tmli_buf_str(&text)));
        tmli_buf_deinit(&text);
        tmli_buf_deinit(&body);
        tmli_buf_deinit(&back);
    }
}

static void a_body_may_not_grow_without_end(void **state)
{
    (void)state;
    tmli_buf text = make_text(100000, true);
    tmli_buf back = {0};
    tml_error err = {0};
    assert_true(pack(&text));
    assert_int_equal(unpack(tmli_buf_str(&text), 99999, &back, &err), TML_ELIMIT);
    assert_non_null(strstr(err.text, "unpacks to more than 99999 bytes"));
    tmli_buf_deinit(&text);

    err = (tml_error){0};
    text = make_text(1 << 20, false); /* nothing but one letter */
    assert_true(pack(&text));
    assert_true(text.len < (1 << 20) / 200);
    tmli_buf_reset(&back);
    assert_int_equal(unpack(tmli_buf_str(&text), 100 << 20, &back, &err), TML_OK);
    assert_int_equal(back.len, 1 << 20);
    tmli_buf_deinit(&text);

    text = make_text(4 << 20, false);
    assert_true(pack(&text));
    tmli_buf_reset(&back);
    assert_int_equal(unpack(tmli_buf_str(&text), 100 << 20, &back, &err), TML_ELIMIT);
    assert_non_null(strstr(err.text, "more than 200 times its size"));
    assert_in_range(back.len, 1 << 20, 200 * text.len + (200 << 10));
    tmli_buf_deinit(&text);
    tmli_buf_deinit(&back);
}

static void what_is_not_gzip_is_refused(void **state)
{
    (void)state;
    tmli_buf back = {0};
    tml_error err = {0};
    assert_int_equal(unpack((tml_str){0}, 10, &back, &err), TML_OK);
    assert_int_equal(back.len, 0);
    assert_int_equal(unpack(TML_STR("{}"), 10, &back, &err), TML_EFORMAT);
    assert_non_null(strstr(err.text, "not gzip data"));
    err = (tml_error){0};
    assert_int_equal(unpack(TML_STR("\x1f\x8b\x08"), 10, &back, &err), TML_EFORMAT);
    assert_string_equal(err.text, "body: the gzip data are cut short");
    tmli_buf_deinit(&back);
}

static void without_memory_an_answer_stays_as_it_is(void **state)
{
    (void)state;
    bool is_packed = false;
    for (size_t nth = 0; !is_packed; nth++) {
        tmli_buf text = make_text(400000, true);
        tmli_buf body = make_text(400000, true);
        fail_allocation(nth);
        is_packed = pack(&body);
        fail_allocation(NEVER);
        assert_true(is_packed || tmli_str_eq(tmli_buf_str(&body), tmli_buf_str(&text)));
        tmli_buf_deinit(&text);
        tmli_buf_deinit(&body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accept_encoding_decides_about_the_answer),
        cmocka_unit_test(content_encoding_is_gzip_or_nothing),
        cmocka_unit_test(bodies_come_out_as_they_went_in),
        cmocka_unit_test(a_body_may_not_grow_without_end),
        cmocka_unit_test(what_is_not_gzip_is_refused),
        cmocka_unit_test(without_memory_an_answer_stays_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
