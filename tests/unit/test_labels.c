/* Labels: numbers, order, counts, and the sentences about those that cannot be learned. */
#include "pipeline/labels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "support/alloc_fail.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const tmli_label_names no_names = {NULL, 0};

/* Takes labels separated by blanks, one a line of "rows.csv" from line 2 on, each in column 3. */
static tml_status take_all(tmli_labels *labels, const char *values, uint64_t column, tml_error *err)
{
    uint64_t line = 2;
    for (const char *at = values; *at != '\0';) {
        const size_t n = strcspn(at, " ");
        const tmli_row_place place = {"rows.csv", line++, column};
        uint32_t number = 0;
        const tml_status status = tmli_labels_take(labels, (tml_str){at, n}, &place, &number, err);
        if (status != TML_OK) {
            return status;
        }
        at += n + strspn(at + n, " ");
    }
    return TML_OK;
}

/* All names in order of their class numbers, each with a blank behind it. */
static void list_names(const tmli_labels *labels, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < labels->n; i++) {
        used += (size_t)snprintf(out + used, size - used, "%s ", labels->names[i]);
    }
}

static void labels_get_their_numbers_in_byte_order(void **state)
{
    (void)state;
    tmli_labels labels;
    char names[128];
    assert_int_equal(tmli_labels_init(&labels, &no_names, NULL), TML_OK);
    assert_int_equal(take_all(&labels, "b a \xc3\xa9 Z b a Z \xc3\xa9 aa aa", 1, NULL), TML_OK);
    assert_int_equal(tmli_labels_close(&labels, NULL), TML_OK);
    list_names(&labels, names, sizeof names);
    assert_string_equal(names, "Z a aa b \xc3\xa9 ");
    for (uint32_t i = 0; i < tmli_map_size(labels.values); i++) {
        const tml_str value = tmli_map_key(labels.values, i);
        assert_true(tmli_str_eq_text(value, labels.names[labels.seen[i].class_id]));
        assert_int_equal(labels.seen[i].count, 2);
    }
    tmli_labels_deinit(&labels);
}

static void named_labels_keep_the_recipes_order_and_names(void **state)
{
    (void)state;
    static tmli_label_name items[] = {{"t", "Tech"}, {"b", "Business"}, {"x", "Unused"}};
    static const tmli_label_names named = {items, COUNT_OF(items)};
    tmli_labels labels;
    char names[128];
    assert_int_equal(tmli_labels_init(&labels, &named, NULL), TML_OK);
    assert_int_equal(take_all(&labels, "b t b t", 1, NULL), TML_OK);
    assert_int_equal(tmli_labels_close(&labels, NULL), TML_OK);
    list_names(&labels, names, sizeof names);
    assert_string_equal(names, "Tech Business Unused ");
    tmli_labels_deinit(&labels);
}

static void labels_that_cannot_be_learned_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *values;
        const char *sentence;
    } cases[] = {
        {"", "the training files hold no rows"},
        {"a a a", "rows.csv:2: label \"a\" is the only one in the training rows, a classifier "
                  "needs at least two: add rows of another label"},
        {"a b a b c a", "rows.csv:6: label \"c\" appears once only, a class needs at least 2 rows: "
                        "add rows, or correct or remove this one"},
        {"a", "rows.csv:2: label \"a\" appears once only, a class needs at least 2 rows: add "
              "rows, or correct or remove this one"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tmli_labels labels;
        tml_error err = {0};
        assert_int_equal(tmli_labels_init(&labels, &no_names, NULL), TML_OK);
        assert_int_equal(take_all(&labels, cases[i].values, 1, NULL), TML_OK);
        assert_int_equal(tmli_labels_close(&labels, &err), TML_EFORMAT);
        assert_string_equal(err.text, cases[i].sentence);
        tmli_labels_deinit(&labels);
    }
}

static void a_label_that_is_not_named_is_refused_with_its_place(void **state)
{
    (void)state;
    static tmli_label_name items[] = {{"b", "Business"}, {"t", "Tech"}};
    static const tmli_label_names named = {items, COUNT_OF(items)};
    static const struct {
        uint64_t column;
        const char *sentence;
    } cases[] = {
        {3, "rows.csv:4:3: label \"z\" is not one of b, t (data.labels): correct it, add it to "
            "data.labels, or say labels=none for labels as the data have them"},
        {0, "rows.csv:4: label \"z\" is not one of b, t (data.labels): correct it, add it to "
            "data.labels, or say labels=none for labels as the data have them"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tmli_labels labels;
        tml_error err = {0};
        assert_int_equal(tmli_labels_init(&labels, &named, NULL), TML_OK);
        assert_int_equal(take_all(&labels, "b t z", cases[i].column, &err), TML_EFORMAT);
        assert_string_equal(err.text, cases[i].sentence);
        tmli_labels_deinit(&labels);
    }
}

static void after_the_training_rows_no_label_is_new_and_none_is_counted(void **state)
{
    (void)state;
    tmli_labels labels;
    tml_error err = {0};
    assert_int_equal(tmli_labels_init(&labels, &no_names, NULL), TML_OK);
    assert_int_equal(take_all(&labels, "b a b a", 1, NULL), TML_OK);
    assert_int_equal(tmli_labels_close(&labels, NULL), TML_OK);
    assert_int_equal(take_all(&labels, "a a b", 1, NULL), TML_OK);
    assert_int_equal(labels.seen[0].count, 2);
    assert_int_equal(take_all(&labels, "a c", 1, &err), TML_EFORMAT);
    assert_string_equal(err.text, "rows.csv:3:1: label \"c\" is not one of b, a (those of the "
                                  "training rows): correct it, or add training rows with it");
    tmli_labels_deinit(&labels);
}

static void a_label_with_a_nul_is_refused(void **state)
{
    (void)state;
    const tmli_row_place place = {"rows.csv", 2, 3};
    tmli_labels labels;
    tml_error err = {0};
    uint32_t number = 77;
    assert_int_equal(tmli_labels_init(&labels, &no_names, NULL), TML_OK);
    assert_int_equal(tmli_labels_take(&labels, TML_STR("a"), &place, &number, NULL), TML_OK);
    number = 77;
    assert_int_equal(tmli_labels_take(&labels, TML_STR("a\0b"), &place, &number, &err),
                     TML_EFORMAT);
    assert_string_equal(err.text, "rows.csv:2:3: the label holds a NUL byte, expected text");
    assert_int_equal(number, 77);
    assert_int_equal(tmli_map_size(labels.values), 1);
    tmli_labels_deinit(&labels);
}

static void a_long_list_of_labels_is_cut_in_the_sentence(void **state)
{
    (void)state;
    tmli_labels labels;
    tml_error err = {0};
    assert_int_equal(tmli_labels_init(&labels, &no_names, NULL), TML_OK);
    for (int i = 0; i < 1000; i++) {
        char pair[64];
        (void)snprintf(pair, sizeof pair, "label-%d label-%d", i, i);
        assert_int_equal(take_all(&labels, pair, 1, NULL), TML_OK);
    }
    assert_int_equal(tmli_labels_close(&labels, NULL), TML_OK);
    assert_int_equal(labels.n, 1000);
    assert_int_equal(take_all(&labels, "other", 1, &err), TML_EFORMAT);
    assert_in_range(strlen(err.text), 100, 700);
    tmli_labels_deinit(&labels);
}

static void every_allocation_of_labels_may_fail(void **state)
{
    (void)state;
    for (size_t nth = 0;; nth++) {
        tmli_labels labels;
        tml_error err = {0};
        fail_allocation(nth);
        tml_status status = tmli_labels_init(&labels, &no_names, &err);
        if (status == TML_OK) {
            status = take_all(&labels, "b a c d e f g h b a c d e f g h", 1, &err);
        }
        if (status == TML_OK) {
            status = tmli_labels_close(&labels, &err);
        }
        fail_allocation(NEVER);
        tmli_labels_deinit(&labels);
        if (status == TML_OK) {
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_get_their_numbers_in_byte_order),
        cmocka_unit_test(named_labels_keep_the_recipes_order_and_names),
        cmocka_unit_test(labels_that_cannot_be_learned_are_refused),
        cmocka_unit_test(a_label_that_is_not_named_is_refused_with_its_place),
        cmocka_unit_test(after_the_training_rows_no_label_is_new_and_none_is_counted),
        cmocka_unit_test(a_label_with_a_nul_is_refused),
        cmocka_unit_test(a_long_list_of_labels_is_cut_in_the_sentence),
        cmocka_unit_test(every_allocation_of_labels_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
