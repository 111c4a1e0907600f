/* Answers that are kept: equal ones alone are given again. */
#include "serve/kept.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/bytes.h"

static const char json[] = "application/json";
static const char csv[] = "text/csv";

static serve_answer answer_of(const char *body, const char *content_type)
{
    serve_answer answer = {.status = 200, .content_type = content_type};
    tmli_buf_append_str(&answer.body, tmli_str(body));
    return answer;
}

static void an_equal_answer_is_given_again_and_no_other(void **state)
{
    (void)state;
    serve_kept_table table = {0};
    int response = 0;
    serve_answer answer = answer_of("{\"label\": \"Warm\"}", json);
    serve_answer equal = answer_of("{\"label\": \"Warm\"}", json);
    serve_answer in_csv = answer_of("{\"label\": \"Warm\"}", csv);
    serve_kept *place = serve_kept_place(&table, &answer);
    assert_non_null(place);
    assert_null(serve_kept_get(place, &answer)); /* not kept yet */
    assert_null(serve_kept_put(place, &answer, &response));
    assert_ptr_equal(serve_kept_place(&table, &equal), place);
    assert_ptr_equal(serve_kept_get(place, &equal), &response);
    assert_ptr_equal(serve_kept_place(&table, &in_csv), place);
    assert_null(serve_kept_get(place, &in_csv));
    tmli_buf_deinit(&in_csv.body);
    tmli_buf_deinit(&equal.body);
    tmli_buf_deinit(&answer.body);
}

/* Whatever their hashes are: the place is given, not sought. */
static void answers_of_one_place_are_told_apart_and_replace_each_other(void **state)
{
    (void)state;
    static const char *const bodies[] = {"Warm", "Cold", "Warmer", "War"};
    serve_kept place = {0};
    int responses[sizeof(bodies) / sizeof(bodies[0])];
    void *before = NULL;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        serve_answer answer = answer_of(bodies[i], csv);
        assert_null(serve_kept_get(&place, &answer));
        assert_ptr_equal(serve_kept_put(&place, &answer, &responses[i]), before);
        assert_ptr_equal(serve_kept_get(&place, &answer), &responses[i]);
        before = &responses[i];
        tmli_buf_deinit(&answer.body);
    }
}

/* What a kept response would not say: its status, or a header of this request's own. */
static void an_answer_that_says_more_than_its_body_is_not_kept(void **state)
{
    (void)state;
    serve_kept_table table = {0};
    serve_answer answer = answer_of("Warm", csv);
    assert_non_null(serve_kept_place(&table, &answer));
    serve_answer failed = answer;
    failed.status = 400;
    assert_null(serve_kept_place(&table, &failed));
    serve_answer gzip = answer;
    gzip.is_gzip = true;
    assert_null(serve_kept_place(&table, &gzip));
    serve_answer attributed = answer;
    attributed.custom_attributes = TML_STR("t");
    assert_null(serve_kept_place(&table, &attributed));
    serve_answer headed = answer;
    serve_answer_put_header(&headed, "X-More", "1");
    assert_null(serve_kept_place(&table, &headed));
    tmli_buf_deinit(&answer.body);
}

static void an_answer_that_is_empty_or_long_is_not_kept(void **state)
{
    (void)state;
    serve_kept_table table = {0};
    assert_null(serve_kept_place(&table, &(serve_answer){.status = 200, .content_type = csv}));
    char body[SERVE_KEPT_ANSWER_BYTES + 2] = {0};
    int response = 0;
    memset(body, 'a', SERVE_KEPT_ANSWER_BYTES);
    serve_answer answer = answer_of(body, csv);
    serve_kept *place = serve_kept_place(&table, &answer);
    assert_non_null(place);
    assert_null(serve_kept_put(place, &answer, &response));
    assert_ptr_equal(serve_kept_get(place, &answer), &response);
    tmli_buf_append_byte(&answer.body, 'a');
    assert_null(serve_kept_place(&table, &answer));
    tmli_buf_deinit(&answer.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_equal_answer_is_given_again_and_no_other),
        cmocka_unit_test(answers_of_one_place_are_told_apart_and_replace_each_other),
        cmocka_unit_test(an_answer_that_says_more_than_its_body_is_not_kept),
        cmocka_unit_test(an_answer_that_is_empty_or_long_is_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
