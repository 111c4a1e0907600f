/* What queries and headers ask, and bytes that ask for nothing. */
#include "serve/query.h"
#include "serve/uri.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/bytes.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void queries_ask(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        size_t k, explain;
        bool probabilities;
    } cases[] = {
        {"", 0, 0, false},
        {"k=3", 3, 0, false},
        {"explain=5&probabilities=true&k=1000000", 1000000, 5, true},
        {"probabilities=1", 0, 0, true},
        {"probabilities=FALSE&probabilities=True", 0, 0, true}, /* the last one counts */
        {"k=2&k=4", 4, 0, false},
        {"%6b=%33", 3, 0, false},
        {"expl%61in=0", 0, 0, false},
        {"&&k=7&", 7, 0, false},
        {"other=x&K=5&kk=6&=1&k%00=9&%zz=1&%=2", 0, 0, false},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=1", 0, 0, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const serve_request request = {.query = tmli_str(cases[i].query)};
        serve_wishes wishes = {.ask.k = 99};
        tml_error err = {0};
        if (serve_query_wishes(&request, &wishes, &err) != TML_OK) {
            fail_msg("%s: %s", cases[i].query, err.text);
        }
        assert_int_equal(wishes.ask.k, cases[i].k);
        assert_int_equal(wishes.ask.explain, cases[i].explain);
        assert_int_equal(wishes.ask.probabilities, cases[i].probabilities);
    }
}

static void what_is_no_wish_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *query, *sentence;
    } cases[] = {
        {"k=0", "k: \"0\" is not a whole number in 1..1000000"},
        {"k=", "k: \"\" is not a whole number in 1..1000000"},
        {"k", "k: \"\" is not a whole number in 1..1000000"},
        {"k=-1", "k: \"-1\" is not a whole number in 1..1000000"},
        {"k=1000001", "k: \"1000001\" is not a whole number in 1..1000000"},
        {"k=%zz", "k: \"%zz\" is not a whole number in 1..1000000"},
        {"k=1%", "k: \"1%\" is not a whole number in 1..1000000"},
        {"k=99999999999999999999",
         "k: \"99999999999999999999\" is not a whole number in 1..1000000"},
        {"explain=1001", "explain: \"1001\" is not a whole number in 0..1000"},
        {"explain=yes", "explain: \"yes\" is not a whole number in 0..1000"},
        {"explain=5+", "explain: \"5 \" is not a whole number in 0..1000"},
        {"probabilities=yes", "probabilities: \"yes\" is neither true nor false"},
        {"probabilities", "probabilities: \"\" is neither true nor false"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const serve_request request = {.query = tmli_str(cases[i].query)};
        serve_wishes wishes = {.ask.k = 99};
        tml_error err = {0};
        assert_int_equal(serve_query_wishes(&request, &wishes, &err), TML_EINVAL);
        assert_string_equal(err.text, cases[i].sentence);
        assert_int_equal(wishes.ask.k, 99);
    }
}

static void headers_ask_and_queries_overrule_them(void **state)
{
    (void)state;
    serve_request request = {.query = TML_STR("k=2")};
    serve_wishes wishes = {0};
    tml_error err = {0};
    assert_true(serve_query_put_header(&request, TML_STR("x-textml-K"), TML_STR(" 7 ")));
    assert_true(serve_query_put_header(&request, TML_STR("X-Textml-Explain"), TML_STR("3")));
    assert_true(serve_query_put_header(&request, TML_STR("X-Textml-Other"), TML_STR("3")));
    assert_true(
        serve_query_put_header(&request, TML_STR("X-TEXTML-PROBABILITIES"), TML_STR("true")));
    assert_false(serve_query_put_header(&request, TML_STR("X-Textml-"), TML_STR("3")));
    assert_false(serve_query_put_header(&request, TML_STR("Accept"), TML_STR("3")));
    assert_int_equal(serve_query_wishes(&request, &wishes, &err), TML_OK);
    assert_int_equal(wishes.ask.k, 2);
    assert_int_equal(wishes.ask.explain, 3);
    assert_true(wishes.ask.probabilities);
    request.ask_k = TML_STR("\xff");
    assert_int_equal(serve_query_wishes(&request, &wishes, &err), TML_EINVAL);
    assert_true(tmli_str_starts(tmli_str(err.text), "X-Textml-K: "));
}

static void parts_are_decoded(void **state)
{
    (void)state;
    char out[8];
    assert_int_equal(serve_uri_decode_part(TML_STR("a+b%20c%2B"), out, sizeof(out)), 6);
    assert_memory_equal(out, "a b c+", 6);
    assert_int_equal(serve_uri_decode_part(TML_STR("%C3%a9"), out, sizeof(out)), 2);
    assert_memory_equal(out, "\xc3\xa9", 2);
    assert_int_equal(serve_uri_decode_part(TML_STR(""), out, 0), 0);
    assert_int_equal(serve_uri_decode_part(TML_STR("12345678"), out, sizeof(out)), 8);
    assert_int_equal(serve_uri_decode_part(TML_STR("123456789"), out, sizeof(out)), SIZE_MAX);
    assert_int_equal(serve_uri_decode_part(TML_STR("%"), out, sizeof(out)), SIZE_MAX);
    assert_int_equal(serve_uri_decode_part(TML_STR("%4"), out, sizeof(out)), SIZE_MAX);
    assert_int_equal(serve_uri_decode_part(TML_STR("%4g"), out, sizeof(out)), SIZE_MAX);
    assert_int_equal(serve_uri_decode_part(TML_STR("%g4"), out, sizeof(out)), SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries_ask),
        cmocka_unit_test(what_is_no_wish_is_refused),
        cmocka_unit_test(headers_ask_and_queries_overrule_them),
        cmocka_unit_test(parts_are_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
