/* Media types: tables of what requests say of their bodies, and of what answers may be in. */
#include "sagemaker/content.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/bytes.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void a_request_is_read_as_its_type_says(void **state)
{
    (void)state;
    static const struct {
        const char *content_type;
        const char *body;
        sm_media want;
    } cases[] = {
        {"application/json", "x", SM_JSON},
        {"Application/JSON", "x", SM_JSON},
        {"application/json; charset=UTF-8", "x", SM_JSON},
        {"application/json;charset=\"utf-8\"", "x", SM_JSON},
        {"text/plain", "{", SM_TEXT},
        {"text/plain;charset=us-ascii", "", SM_TEXT},
        {"text/csv; header=absent", "", SM_CSV},
        {"text/csv;", "", SM_CSV},
        {" text/csv ; ; charset = utf8 ", "", SM_CSV},
        {"text/plain; note=\"a;charset=latin1\"", "", SM_TEXT},
        {"application/jsonlines", "x", SM_JSON_LINES},
        {"application/jsonlines;data=text", "", SM_JSON_LINES}, /* P02 */
        {"application/x-jsonlines", "", SM_JSON_LINES},
        {"application/jsonl", "", SM_JSON_LINES},
        {"Application/X-NDJSON; charset=utf-8", "", SM_JSON_LINES},
        {"application/json-lines", "", SM_JSON_LINES},
        {"application/jsons", "", SM_JSON_LINES},
        {"text/libsvm", "{", SM_LIBSVM},
        {"text/x-libsvm; charset=utf8", "", SM_LIBSVM},
        {"application/x-recordio-protobuf", "{", SM_RECORDIO},
        {"text/csv; label_size=1; charset=utf8", "", SM_CSV},
        {"", "", SM_CSV},
        {"", "{\"a\":1}", SM_JSON},
        {"", " \r\n\t[1]", SM_JSON},
        {"", "\xef\xbb\xbf{}", SM_JSON},
        {"", "\"a\"", SM_CSV},
        {"", "a {", SM_CSV},
        {"", "{\"a\":1}\n{\"a\":2}\n", SM_JSON_LINES},
        {"", "[\"a\"]\n[\"b\"]", SM_JSON_LINES},
        {"", "{\"a\":", SM_JSON_LINES},
        {"", "[1,\n2]\n", SM_JSON},
        {"application/octet-stream", "\n#\xd7\xce", SM_RECORDIO},
        {"", "\n#\xd7", SM_CSV},
        {"application/octet-stream", "[]", SM_JSON},
        {"application/octet-stream", "a", SM_CSV},
        {"application/x-www-form-urlencoded", "{}", SM_JSON},
        {"application/x-www-form-urlencoded; charset=utf-8", "a=b", SM_CSV},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        sm_format format = {.media = SM_TEXT, .is_latin1 = true};
        tml_error err = {0};
        if (sm_format_of_request(tmli_str(cases[i].content_type), tmli_str(cases[i].body), &format,
                                 &err) != TML_OK ||
            format.media != cases[i].want || format.is_latin1) {
            fail_msg("\"%s\", body \"%s\": %s %s", cases[i].content_type, cases[i].body,
                     sm_media_type(format.media), err.text);
        }
    }
}

static void text_may_be_latin_1(void **state)
{
    (void)state;
    static const struct {
        const char *content_type;
        sm_format want;
    } cases[] = {
        {"text/plain; charset=iso-8859-1", {.media = SM_TEXT, .is_latin1 = true}},
        {"text/csv; charset=\"ISO-8859-1\"", {.media = SM_CSV, .is_latin1 = true}},
        {"text/plain; Charset=Latin-1", {.media = SM_TEXT, .is_latin1 = true}},
        {"text/plain; charset=latin1", {.media = SM_TEXT, .is_latin1 = true}},
        {"text/plain; charset=iso8859-1", {.media = SM_TEXT, .is_latin1 = true}},
        {"text/csv; charset=iso_8859-1; header=absent", {.media = SM_CSV, .is_latin1 = true}},
        {"application/octet-stream; charset=latin1", {.media = SM_CSV, .is_latin1 = true}},
        {"text/plain; charset=latin1; charset=utf-8", {.media = SM_TEXT}}, /* the last one */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        sm_format format = {.media = SM_JSON};
        assert_int_equal(
            sm_format_of_request(tmli_str(cases[i].content_type), TML_STR("x"), &format, NULL),
            TML_OK);
        assert_int_equal(format.media, cases[i].want.media);
        assert_int_equal(format.is_latin1, cases[i].want.is_latin1);
    }
}

static void csv_may_have_a_header(void **state)
{
    (void)state;
    static const struct {
        const char *content_type;
        bool want;
    } cases[] = {
        {"text/csv", false},
        {"text/csv; header=present", true},
        {"Text/CSV; charset=utf-8; Header=\"Present\"", true},
        {"text/csv; header=absent", false},
        {"text/csv; header=present; header=absent", false}, /* the last one */
        {"text/csv; header", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        sm_format format = {.media = SM_JSON};
        assert_int_equal(
            sm_format_of_request(tmli_str(cases[i].content_type), TML_STR("x"), &format, NULL),
            TML_OK);
        assert_int_equal(format.media, SM_CSV);
        assert_int_equal(format.has_header, cases[i].want);
    }
}

#define READ                                                          \
    "application/json, application/jsonlines, text/plain, text/csv, " \
    "text/libsvm or application/x-recordio-protobuf"

static void a_request_of_another_type_or_charset_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *content_type;
        const char *want;
    } cases[] = {
        {"image/png", "Content-Type: \"image/png\" is not read here; send " READ},
        {"application/x-npy", "Content-Type: \"application/x-npy\" is not read here; send " READ},
        {"json", "Content-Type: \"json\" is not read here; send " READ},
        {"application/jsonlines; charset=latin1",
         "Content-Type: charset \"latin1\" is not read here; send UTF-8"},
        {"application/json; charset=iso-8859-1",
         "Content-Type: charset \"iso-8859-1\" is not read here; send UTF-8"},
        {"text/plain; charset=iso-8859-15",
         "Content-Type: charset \"iso-8859-15\" is not read here; send UTF-8 or ISO-8859-1"},
        {"application/octet-stream; charset=utf-16",
         "Content-Type: charset \"utf-16\" is not read here; send UTF-8"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        sm_format format = {.media = SM_CSV, .is_latin1 = true};
        tml_error err = {0};
        assert_int_equal(
            sm_format_of_request(tmli_str(cases[i].content_type), TML_STR("{}"), &format, &err),
            TML_EINVAL);
        assert_string_equal(err.text, cases[i].want);
        assert_int_equal(format.media, SM_CSV);
        assert_true(format.is_latin1);
    }
}

static void an_answer_is_in_the_type_that_is_wanted_most(void **state)
{
    (void)state;
    static const struct {
        const char *accept;
        sm_media preferred;
        sm_media want;
    } cases[] = {
        {"", SM_CSV, SM_CSV},
        {"*/*", SM_TEXT, SM_TEXT},
        {"*", SM_TEXT, SM_TEXT},
        {"application/json", SM_CSV, SM_JSON},
        {"Text/CSV", SM_JSON, SM_CSV},
        {"text/csv; header=absent", SM_JSON, SM_CSV},
        {"application/jsonlines", SM_JSON, SM_JSON_LINES},
        {"application/x-ndjson", SM_JSON, SM_JSON_LINES},
        {"application/x-recordio-protobuf", SM_JSON, SM_RECORDIO},
        {"", SM_LIBSVM, SM_CSV},
        {"text/*", SM_LIBSVM, SM_CSV},
        {"", SM_RECORDIO, SM_RECORDIO},
        {"text/libsvm, text/plain;q=0.1", SM_JSON, SM_TEXT},
        {"application/json;q=0.1, application/x-ndjson;q=0.2", SM_JSON, SM_JSON_LINES},
        {"text/csv, application/json", SM_JSON, SM_CSV},
        {"image/png, text/plain", SM_JSON, SM_TEXT},
        {"text/csv;q=0.5, application/json;q=0.8", SM_TEXT, SM_JSON},
        {"text/csv;q=0.5, application/json;q=0.50", SM_TEXT, SM_CSV},
        {"text/csv;q=0.5, */*;q=0.1", SM_JSON, SM_CSV},
        {"text/csv;q=0.1, */*", SM_CSV, SM_JSON},
        {"text/csv;q=0.1, */*", SM_TEXT, SM_TEXT},
        {"application/json;q=0, */*", SM_JSON, SM_TEXT},
        {"text/*", SM_CSV, SM_CSV},
        {"text/*", SM_JSON, SM_TEXT},
        {"application/*, text/csv", SM_CSV, SM_JSON},
        {"text/html, application/xhtml+xml, */*;q=0.8", SM_TEXT, SM_TEXT},
        {"text/csv;q=high", SM_JSON, SM_CSV},
        {"text/csv;q=7", SM_JSON, SM_CSV},
        {",, text/csv ,", SM_JSON, SM_CSV},
        {" , ,", SM_JSON, SM_JSON}, /* says nothing */
        {"text/csv;note=\"a,b\\\";q=0\"", SM_JSON, SM_CSV},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        sm_media media = SM_JSON;
        tml_error err = {0};
        if (sm_media_of_answer(tmli_str(cases[i].accept), cases[i].preferred, &media, &err) !=
                TML_OK ||
            media != cases[i].want) {
            fail_msg("\"%s\": %s %s", cases[i].accept, sm_media_type(media), err.text);
        }
    }
}

static void an_answer_that_nobody_wants_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {"image/png", "image/*",      "text/html, image/png",
                                        "*/*;q=0",   "text/csv;q=0", ";",
                                        "tex/*",     "text/libsvm"};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        sm_media media = SM_CSV;
        tml_error err = {0};
        char want[256];
        (void)snprintf(want, sizeof(want),
                       "Accept: \"%s\" is not written here; ask for application/json, "
                       "application/jsonlines, text/plain, text/csv or "
                       "application/x-recordio-protobuf",
                       cases[i]);
        assert_int_equal(sm_media_of_answer(tmli_str(cases[i]), SM_JSON, &media, &err), TML_EINVAL);
        assert_string_equal(err.text, want);
    }
}

/* X05: BlazingText does not look at it. */
static void a_style_may_answer_in_its_own_family(void **state)
{
    (void)state;
    static const struct {
        tml_style style;
        const char *accept;
        sm_media preferred;
        tml_status status;
        sm_media want;
    } cases[] = {
        {TML_STYLE_BLAZINGTEXT, "text/csv", SM_JSON_LINES, TML_OK, SM_JSON_LINES},
        {TML_STYLE_BLAZINGTEXT, "image/png", SM_JSON, TML_OK, SM_JSON},
        {TML_STYLE_BLAZINGTEXT, "", SM_LIBSVM, TML_OK, SM_CSV},
        {TML_STYLE_TEXTML, "text/csv", SM_JSON_LINES, TML_OK, SM_CSV},
        {TML_STYLE_TEXTML, "image/png", SM_JSON, TML_EINVAL, SM_TEXT},
        {TML_STYLE_HUGGINGFACE, "image/png", SM_JSON, TML_EINVAL, SM_TEXT},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        sm_media media = SM_TEXT;
        assert_int_equal(sm_media_of_styled_answer(cases[i].style, tmli_str(cases[i].accept),
                                                   cases[i].preferred, &media, NULL),
                         cases[i].status);
        assert_int_equal(media, cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_read_as_its_type_says),
        cmocka_unit_test(text_may_be_latin_1),
        cmocka_unit_test(csv_may_have_a_header),
        cmocka_unit_test(a_request_of_another_type_or_charset_is_refused),
        cmocka_unit_test(an_answer_is_in_the_type_that_is_wanted_most),
        cmocka_unit_test(an_answer_that_nobody_wants_is_refused),
        cmocka_unit_test(a_style_may_answer_in_its_own_family),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
