/* Hashes of terms as scikit-learn 1.2.1's sklearn.utils.murmurhash3_32, and columns as its FeatureHasher's. */
#include "features/hashing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void hashes_are_those_of_scikit_learn(void **state)
{
    (void)state;
    static const struct {
        tml_str text;
        uint32_t seed_0, seed_42;
    } cases[] = {
        {{"", 0}, 0x0, 0x087fcd5c},
        {{"a", 1}, 0x3c2569b2, 0xb2e5a263},
        {{"ab", 2}, 0x9bbfd75f, 0xd72d0e47},
        {{"abc", 3}, 0xb3dd93fa, 0x4e4f1e68},
        {{"abcd", 4}, 0x43ed676a, 0xe860e5cc},
        {{"abcde", 5}, 0xe89b9af6, 0xaeda2bf0},
        {{"hello world", 11}, 0x5e928f0f, 0xea0c9bf9},
        {{"\xc3\xa9t\xc3\xa9", 5}, 0x3393660f, 0x1a372c65},
        {{"internationalization", 20}, 0x6b6112b1, 0x7b08e9f9},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(tmli_murmur3(cases[i].text, 0), cases[i].seed_0);
        assert_int_equal(tmli_murmur3(cases[i].text, 42), cases[i].seed_42);
    }
}

static void the_hash_without_a_magnitude_has_the_column_of_scikit_learn(void **state)
{
    (void)state;
    const tml_str term = TML_STR("akqlrggi"); /* its hash is INT32_MIN */
    assert_int_equal(tmli_murmur3(term, 0), 0x80000000);
    static const uint32_t columns[][2] = {{1, 0},      {7, 2},       {16, 0},
                                          {1000, 648}, {1 << 20, 0}, {INT32_MAX, 1}};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        const tmli_hashed hashed = tmli_hash_term(term, columns[i][0]);
        assert_int_equal(hashed.column, columns[i][1]);
        assert_int_equal(hashed.sign, -1);
    }
    assert_int_equal(tmli_hash_term(TML_STR("a"), 1000).sign, 1);
    assert_int_equal(tmli_hash_term(TML_STR("a"), 1000).column, 0x3c2569b2 % 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_are_those_of_scikit_learn),
        cmocka_unit_test(the_hash_without_a_magnitude_has_the_column_of_scikit_learn),
    };
    return cmocka_run_group_tests_name("hashing", tests, NULL, NULL);
}
