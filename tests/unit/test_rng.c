/* Philox and what is drawn from it. The golden numbers are part of what a seed promises: they never change. */
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "support/near.h"

static void philox_gives_the_published_answers(void **state)
{
    (void)state;
    /* Random123's kat_vectors, philox4x32 with 10 rounds. */
    static const struct {
        uint32_t counter[4];
        uint32_t key[2];
        uint32_t want[4];
    } rows[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX},
         {UINT32_MAX, UINT32_MAX},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t got[4];
        tmli_philox(rows[i].counter, rows[i].key, got);
        assert_memory_equal(got, rows[i].want, sizeof got);
    }
}

static void a_stream_is_the_blocks_of_its_counter(void **state)
{
    (void)state;
    const uint32_t key[2] = {0x89abcdef, 0x01234567};
    tmli_rng rng = tmli_rng_at(UINT64_C(0x0123456789abcdef), TMLI_RNG_SHUFFLE, 7, 9);
    for (uint32_t block = 0; block < 3; block++) {
        const uint32_t counter[4] = {block, 9, 7, TMLI_RNG_SHUFFLE};
        uint32_t want[4];
        tmli_philox(counter, key, want);
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(tmli_rng_u32(&rng), want[i]);
        }
    }
}

static void streams_differ_by_seed_purpose_index_and_sub(void **state)
{
    (void)state;
    const tmli_rng streams[] = {
        tmli_rng_at(1, TMLI_RNG_INIT, 0, 0),
        tmli_rng_at(2, TMLI_RNG_INIT, 0, 0),
        tmli_rng_at(UINT64_C(1) << 32, TMLI_RNG_INIT, 0, 0),
        tmli_rng_at(1, TMLI_RNG_SPLIT, 0, 0),
        tmli_rng_at(1, TMLI_RNG_INIT, 1, 0),
        tmli_rng_at(1, TMLI_RNG_INIT, 0, 1),
    };
    enum {
        N = sizeof streams / sizeof *streams
    };
    uint32_t first[N];
    for (size_t i = 0; i < N; i++) {
        tmli_rng rng = streams[i];
        first[i] = tmli_rng_u32(&rng);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(first[i], first[j]);
        }
    }
}

static void below_is_in_range_and_even(void **state)
{
    (void)state;
    enum {
        N = 60000,
        SIDES = 6
    };
    size_t counts[SIDES] = {0};
    tmli_rng rng = tmli_rng_at(3, TMLI_RNG_SPLIT, 0, 0);
    for (size_t i = 0; i < N; i++) {
        const uint32_t x = tmli_rng_below(&rng, SIDES);
        assert_true(x < SIDES);
        counts[x]++;
    }
    for (size_t i = 0; i < SIDES; i++) {
        assert_near(counts[i], (double)N / SIDES, 0.05); /* 5 standard deviations are 4.6 % */
    }
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(tmli_rng_below(&rng, 1), 0);
        assert_true(tmli_rng_below(&rng, 0x80000001) <= 0x80000000); /* almost half is refused */
    }
}

static void uniform_is_in_range_with_mean_one_half(void **state)
{
    (void)state;
    enum {
        N = 100000
    };
    double sum = 0;
    tmli_rng rng = tmli_rng_at(4, TMLI_RNG_DROPOUT, 0, 0);
    for (size_t i = 0; i < N; i++) {
        const float x = tmli_rng_uniform(&rng);
        assert_true(x >= 0.0F && x < 1.0F);
        sum += (double)x;
    }
    assert_near(sum / N, 0.5, 0.005); /* 5 standard deviations */
}

static void shuffling_keeps_every_item(void **state)
{
    (void)state;
    uint32_t items[1000];
    bool seen[1000] = {false};
    for (uint32_t i = 0; i < 1000; i++) {
        items[i] = i;
    }
    tmli_rng rng = tmli_rng_at(5, TMLI_RNG_SHUFFLE, 0, 0);
    tmli_rng_shuffle(&rng, items, 1000);
    size_t n_in_place = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        assert_false(seen[items[i]]);
        seen[items[i]] = true;
        n_in_place += items[i] == i;
    }
    assert_true(n_in_place < 10);
    tmli_rng_shuffle(&rng, NULL, 0);
    tmli_rng_shuffle(&rng, items, 1);
}

static void a_seed_means_these_numbers_for_ever(void **state)
{
    (void)state;
    static const uint32_t want_below[] = {28, 825, 568, 269, 808, 330, 845, 871};
    static const uint32_t want_order[] = {3, 6, 2, 9, 4, 5, 8, 0, 7, 1};
    tmli_rng rng = tmli_rng_at(99, TMLI_RNG_SPLIT, 1, 2);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(tmli_rng_below(&rng, 1000), want_below[i]);
    }
    assert_near(tmli_rng_uniform(&rng), 0.3420912027359009, 0.0);
    uint32_t items[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    tmli_rng_shuffle(&rng, items, 10);
    assert_memory_equal(items, want_order, sizeof items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_the_published_answers),
        cmocka_unit_test(a_stream_is_the_blocks_of_its_counter),
        cmocka_unit_test(streams_differ_by_seed_purpose_index_and_sub),
        cmocka_unit_test(below_is_in_range_and_even),
        cmocka_unit_test(uniform_is_in_range_with_mean_one_half),
        cmocka_unit_test(shuffling_keeps_every_item),
        cmocka_unit_test(a_seed_means_these_numbers_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
