/* The vocabulary: order of terms, lookups, and an index that is part of the artifact format. */
#include "features/vocab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/rng.h"
#include "support/alloc_fail.h"

typedef struct counted {
    tml_str term;
    uint64_t count;
    uint32_t first;
} counted;

enum {
    MOST_TERMS = 16
};

/* A map and its arrays, as the counting pass would leave them. */
typedef struct candidates {
    tmli_map *map;
    uint64_t counts[MOST_TERMS];
    uint32_t first[MOST_TERMS];
    uint32_t ids[MOST_TERMS];
} candidates;

static candidates collect(const counted *terms, size_t n)
{
    candidates c = {.map = tmli_map_create(7)};
    assert_non_null(c.map);
    for (size_t i = 0; i < n; i++) {
        const uint32_t number = tmli_map_add(c.map, terms[i].term, NULL);
        assert_int_equal(number, i);
        c.counts[i] = terms[i].count;
        c.first[i] = terms[i].first;
        c.ids[i] = 12345;
    }
    return c;
}

static void assert_term(const tmli_vocab *vocab, uint32_t id, const char *want)
{
    const tml_str term = tmli_vocab_term(vocab, id);
    if (!tmli_str_eq_text(term, want)) {
        fail_msg("id %u is \"%.*s\", want \"%s\"", id, (int)term.len, term.data, want);
    }
}

static void ids_fall_with_the_count_and_ties_go_to_the_first_seen(void **state)
{
    (void)state;
    const counted terms[] = {
        {TML_STR("late"), 2, 9},  {TML_STR("often"), 7, 8}, {TML_STR("gone"), 0, 1},
        {TML_STR("early"), 2, 0}, {TML_STR("once"), 1, 2},
    };
    candidates c = collect(terms, 5);
    tmli_vocab vocab;
    assert_int_equal(tmli_vocab_build(c.map, c.counts, c.first, 0, c.ids, &vocab, NULL), TML_OK);
    assert_int_equal(vocab.n, 4);
    assert_term(&vocab, 0, "often");
    assert_term(&vocab, 1, "early");
    assert_term(&vocab, 2, "late");
    assert_term(&vocab, 3, "once");
    const uint32_t ids[] = {2, 0, TMLI_NO_TERM, 1, 3};
    assert_memory_equal(c.ids, ids, sizeof ids);
    assert_int_equal(tmli_vocab_find(&vocab, TML_STR("gone")), TMLI_NO_TERM);
    tmli_vocab_deinit(&vocab);
    tmli_map_free(c.map);
}

static void equal_ranks_go_by_number(void **state)
{
    (void)state;
    const counted terms[] = {{TML_STR("a"), 1, 0}, {TML_STR("b"), 1, 0}, {TML_STR("c"), 1, 0}};
    candidates c = collect(terms, 3);
    tmli_vocab vocab;
    assert_int_equal(tmli_vocab_build(c.map, c.counts, c.first, 0, c.ids, &vocab, NULL), TML_OK);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(c.ids[i], i);
    }
    tmli_vocab_deinit(&vocab);
    tmli_map_free(c.map);
}

static void max_terms_keeps_the_most_frequent(void **state)
{
    (void)state;
    const counted terms[] = {
        {TML_STR("a"), 1, 0}, {TML_STR("b"), 3, 1}, {TML_STR("c"), 2, 2}, {TML_STR("d"), 3, 3}};
    for (size_t max_terms = 1; max_terms <= 6; max_terms++) {
        candidates c = collect(terms, 4);
        tmli_vocab vocab;
        assert_int_equal(tmli_vocab_build(c.map, c.counts, c.first, max_terms, c.ids, &vocab, NULL),
                         TML_OK);
        assert_int_equal(vocab.n, max_terms < 4 ? max_terms : 4);
        const uint32_t full[] = {3, 0, 2, 1};
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(c.ids[i], full[i] < max_terms ? full[i] : TMLI_NO_TERM);
            assert_int_equal(tmli_vocab_find(&vocab, terms[i].term), c.ids[i]);
        }
        tmli_vocab_deinit(&vocab);
        tmli_map_free(c.map);
    }
}

static void a_vocabulary_without_terms_is_refused(void **state)
{
    (void)state;
    const counted terms[] = {{TML_STR("a"), 0, 0}, {TML_STR("b"), 0, 1}};
    for (size_t n = 0; n <= 2; n++) {
        candidates c = collect(terms, n);
        tmli_vocab vocab = {.n = 99};
        tml_error err = {0};
        assert_int_equal(tmli_vocab_build(c.map, c.counts, c.first, 0, c.ids, &vocab, &err),
                         TML_ELIMIT);
        assert_non_null(strstr(err.text, "no term is left"));
        assert_int_equal(vocab.n, 99);
        assert_int_equal(c.ids[0], n > 0 ? 12345 : 0);
        tmli_map_free(c.map);
    }
}

/* Hashes of other words hardly ever meet in all their bits; here each changed word comes with the hash of the term. */
static void a_term_of_the_same_hash_is_told_apart_by_every_byte(void **state)
{
    (void)state;
    static const char letters[] = "the quick brown fox jumps over it";
    for (size_t len = 1; len < sizeof(letters); len++) {
        const counted term = {{letters, len}, 1, 0};
        candidates c = collect(&term, 1);
        tmli_vocab vocab;
        char other[sizeof(letters)];
        const uint32_t hash = tmli_hash_v1(term.term);
        assert_int_equal(tmli_vocab_build(c.map, c.counts, c.first, 0, c.ids, &vocab, NULL),
                         TML_OK);
        memcpy(other, letters, len);
        assert_int_equal(tmli_vocab_find_hashed(&vocab, (tml_str){other, len}, hash), 0);
        for (size_t i = 0; i < len; i++) {
            other[i] ^= 1;
            assert_int_equal(tmli_vocab_find_hashed(&vocab, (tml_str){other, len}, hash),
                             TMLI_NO_TERM);
            other[i] ^= 1;
        }
        tmli_vocab_deinit(&vocab);
        tmli_map_free(c.map);
    }
}

static void any_bytes_can_be_a_term(void **state)
{
    (void)state;
    const counted terms[] = {
        {TML_STR(""), 5, 0},     {TML_STR("\0"), 4, 1}, {TML_STR("\xff\xfe"), 3, 2},
        {TML_STR("a\0b"), 2, 3}, {TML_STR("a"), 1, 4},
    };
    candidates c = collect(terms, 5);
    tmli_vocab vocab;
    assert_int_equal(tmli_vocab_build(c.map, c.counts, c.first, 0, c.ids, &vocab, NULL), TML_OK);
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(tmli_vocab_find(&vocab, terms[i].term), i);
        assert_true(tmli_str_eq(tmli_vocab_term(&vocab, i), terms[i].term));
    }
    assert_int_equal(tmli_vocab_find(&vocab, (tml_str){NULL, 0}), 0);
    assert_int_equal(tmli_vocab_find(&vocab, TML_STR("\0\0")), TMLI_NO_TERM);
    assert_int_equal(tmli_vocab_term(&vocab, 5).len, 0);
    assert_int_equal(tmli_vocab_term(&vocab, TMLI_NO_TERM).len, 0);
    tmli_vocab_deinit(&vocab);
    assert_null(vocab.owned);
    assert_int_equal(vocab.n, 0);
    tmli_vocab_deinit(&vocab);
    tmli_map_free(c.map);
}

static void every_term_is_found_and_no_other(void **state)
{
    (void)state;
    enum {
        N = 20000
    };
    tmli_map *map = tmli_map_create(1);
    uint64_t *counts = calloc(N, sizeof *counts);
    uint32_t *first = calloc(N, sizeof *first);
    uint32_t *ids = calloc(N, sizeof *ids);
    char text[32];
    for (uint32_t i = 0; i < N; i++) {
        const int len = snprintf(text, sizeof text, "w%x", i * 2654435761U);
        assert_int_equal(tmli_map_add(map, (tml_str){text, (size_t)len}, NULL), i);
        counts[i] = 1 + i % 97;
        first[i] = i;
    }
    tmli_vocab vocab;
    assert_int_equal(tmli_vocab_build(map, counts, first, 0, ids, &vocab, NULL), TML_OK);
    uint64_t last_count = UINT64_MAX;
    for (uint32_t id = 0; id < N; id++) {
        const tml_str term = tmli_vocab_term(&vocab, id);
        const uint32_t number = tmli_map_find(map, term);
        assert_int_equal(ids[number], id);
        assert_int_equal(tmli_vocab_find(&vocab, term), id);
        assert_true(counts[number] <= last_count);
        last_count = counts[number];
        const int len = snprintf(text, sizeof text, "x%x", id);
        assert_int_equal(tmli_vocab_find(&vocab, (tml_str){text, (size_t)len}), TMLI_NO_TERM);
    }
    tmli_vocab_deinit(&vocab);
    free(counts);
    free(first);
    free(ids);
    tmli_map_free(map);
}

/* Made by an independent program (FNV-1a and the rule at the top of vocab.c in a few lines of Python). A change here is
 * a change of the artifact format. "new york" finds its home taken; "apple" wraps from the last slot to the first. */
static void the_index_of_format_1_is_pinned(void **state)
{
    (void)state;
    const counted terms[] = {
        {TML_STR("the"), 9, 0},      {TML_STR("of"), 7, 1}, {TML_STR("caf\xc3\xa9"), 3, 2},
        {TML_STR("new york"), 3, 3}, {TML_STR(""), 2, 4},   {TML_STR("zebra"), 1, 5},
        {TML_STR("apple"), 1, 6},
    };
    static const tmli_vocab_slot want[16] = {
        [0] = {0x10bc2abf, 7},  [5] = {0x811c9dc5, 5},  [8] = {0x69343c68, 2},
        [9] = {0xa82b5049, 3},  [10] = {0x02c061c8, 4}, [12] = {0xb40eb21c, 1},
        [15] = {0x7499948f, 6},
    };
    candidates c = collect(terms, 7);
    tmli_vocab vocab;
    assert_int_equal(tmli_vocab_build(c.map, c.counts, c.first, 0, c.ids, &vocab, NULL), TML_OK);
    assert_int_equal(vocab.n_slots, 16);
    for (size_t i = 0; i < 16; i++) {
        assert_int_equal(vocab.slots[i].hash, want[i].hash);
        assert_int_equal(vocab.slots[i].id_plus_one, want[i].id_plus_one);
    }
    const uint32_t offsets[] = {0, 3, 5, 10, 18, 18, 23, 28};
    assert_memory_equal(vocab.offsets, offsets, sizeof offsets);
    assert_int_equal(vocab.n_bytes, 28);
    assert_memory_equal(vocab.bytes, "theofcaf\xc3\xa9new yorkzebraapple", 28);
    tmli_vocab_deinit(&vocab);
    tmli_map_free(c.map);
}

static void a_view_finds_what_the_builder_stored(void **state)
{
    (void)state;
    const counted terms[] = {
        {TML_STR("one"), 3, 0}, {TML_STR("two"), 2, 1}, {TML_STR("three"), 1, 2}};
    candidates c = collect(terms, 3);
    tmli_vocab built;
    tmli_vocab view;
    assert_int_equal(tmli_vocab_build(c.map, c.counts, c.first, 0, c.ids, &built, NULL), TML_OK);
    assert_int_equal(tmli_vocab_view(built.bytes, built.n_bytes, built.offsets, built.n,
                                     built.slots, built.n_slots, &view, NULL),
                     TML_OK);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(tmli_vocab_find(&view, terms[i].term), i);
        assert_true(tmli_str_eq(tmli_vocab_term(&view, i), terms[i].term));
    }
    assert_int_equal(tmli_vocab_find(&view, TML_STR("four")), TMLI_NO_TERM);
    tmli_vocab_deinit(&view); /* borrowed: nothing is freed */
    assert_int_equal(tmli_vocab_find(&built, TML_STR("two")), 1);
    tmli_vocab_deinit(&built);
    tmli_map_free(c.map);
}

static void a_view_refuses_shapes_that_do_not_fit(void **state)
{
    (void)state;
    static const uint32_t offsets[3] = {0, 1, 2};
    static const uint32_t begin_late[3] = {1, 1, 2};
    static const tmli_vocab_slot slots[4] = {{0, 0}};
    const struct {
        const char *name;
        const char *bytes;
        size_t n_bytes;
        const uint32_t *offsets;
        size_t n;
        const tmli_vocab_slot *slots;
        size_t n_slots;
    } cases[] = {
        {"no slots", "ab", 2, offsets, 2, slots, 0},
        {"as many slots as terms", "ab", 2, offsets, 2, slots, 2},
        {"not a power of two", "ab", 2, offsets, 2, slots, 3},
        {"bytes missing", NULL, 2, offsets, 2, slots, 4},
        {"offsets missing", "ab", 2, NULL, 2, slots, 4},
        {"slots missing", "ab", 2, offsets, 2, NULL, 4},
        {"offsets end early", "abc", 3, offsets, 2, slots, 4},
        {"offsets end late", "a", 1, offsets, 2, slots, 4},
        {"offsets begin late", "ab", 2, begin_late, 2, slots, 4},
        {"too many terms", "ab", 2, offsets, UINT32_MAX, slots, 4},
        {"offsets not aligned", "ab", 2,
         (const uint32_t *)(const void *)((const char *)(const void *)offsets + 1), 1, slots, 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tmli_vocab vocab = {.n = 77};
        tml_error err = {0};
        const tml_status status =
            tmli_vocab_view(cases[i].bytes, cases[i].n_bytes, cases[i].offsets, cases[i].n,
                            cases[i].slots, cases[i].n_slots, &vocab, &err);
        if (status != TML_EFORMAT || vocab.n != 77 || err.text[0] == '\0') {
            fail_msg("%s: status %d", cases[i].name, (int)status);
        }
    }
}

/* Every array has exactly the bytes it claims, so that the address sanitizer sees one byte too many. */
static void a_damaged_index_is_never_read_out_of_bounds(void **state)
{
    (void)state;
    enum {
        ROUNDS = 3000
    };
    for (uint64_t round = 0; round < ROUNDS; round++) {
        tmli_rng rng = tmli_rng_at(round, TMLI_RNG_SHUFFLE, 0, 0);
        const size_t n = tmli_rng_below(&rng, 9);
        const size_t n_bytes = tmli_rng_below(&rng, 20);
        size_t n_slots = 1;
        while (n_slots <= n) {
            n_slots *= 2;
        }
        char *bytes = malloc(n_bytes > 0 ? n_bytes : 1);
        uint32_t *offsets = malloc((n + 1) * sizeof *offsets);
        tmli_vocab_slot *slots = malloc(n_slots * sizeof *slots);
        memset(bytes, 'a', n_bytes);
        for (size_t i = 0; i <= n; i++) {
            offsets[i] = tmli_rng_below(&rng, 4) == 0 ? UINT32_MAX - (uint32_t)i
                                                      : (uint32_t)tmli_rng_below(&rng, 24);
        }
        offsets[0] = 0;
        offsets[n] = (uint32_t)n_bytes;
        for (size_t i = 0; i < n_slots; i++) {
            /* The hash of "a" and that of the empty term, so that lookups go on to compare bytes. */
            slots[i].hash = tmli_rng_below(&rng, 2) == 0 ? 0xe40c292c : 0x811c9dc5;
            slots[i].id_plus_one = tmli_rng_below(&rng, 3) == 0
                                       ? UINT32_MAX - (uint32_t)tmli_rng_below(&rng, 2)
                                       : 1 + (uint32_t)tmli_rng_below(&rng, 12);
        }
        tmli_vocab vocab;
        if (tmli_vocab_view(bytes, n_bytes, offsets, n, slots, n_slots, &vocab, NULL) == TML_OK) {
            const tml_str words[] = {TML_STR("a"), TML_STR(""), TML_STR("zz")};
            for (size_t w = 0; w < 3; w++) {
                const uint32_t id = tmli_vocab_find(&vocab, words[w]);
                assert_true(id == TMLI_NO_TERM ||
                            tmli_str_eq(tmli_vocab_term(&vocab, id), words[w]));
            }
            for (uint32_t id = 0; id < 14; id++) {
                const tml_str term = tmli_vocab_term(&vocab, id);
                assert_true(term.len == 0 || (term.data >= bytes && term.len <= n_bytes &&
                                              (size_t)(term.data - bytes) <= n_bytes - term.len));
            }
        }
        free(bytes);
        free(offsets);
        free(slots);
    }
}

static void an_allocation_that_fails_leaves_everything_as_it_was(void **state)
{
    (void)state;
    const counted terms[] = {{TML_STR("a"), 1, 0}, {TML_STR("b"), 2, 1}};
    candidates c = collect(terms, 2);
    for (size_t nth = 0;; nth++) {
        tmli_vocab vocab = {.n = 99};
        tml_error err = {0};
        fail_allocation(nth);
        const tml_status status =
            tmli_vocab_build(c.map, c.counts, c.first, 0, c.ids, &vocab, &err);
        fail_allocation(NEVER);
        if (status == TML_OK) {
            assert_true(nth >= 2);
            tmli_vocab_deinit(&vocab);
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
        assert_int_equal(vocab.n, 99);
        assert_int_equal(c.ids[0], 12345);
        assert_int_equal(c.ids[1], 12345);
    }
    tmli_map_free(c.map);
}

static void terms_in_a_given_order_keep_it(void **state)
{
    (void)state;
    const tml_str terms[] = {TML_STR("b"), TML_STR("a"), TML_STR("longer")};
    tmli_vocab vocab = {.n = 77};
    for (uint32_t n = 1; n <= 3; n++) {
        assert_int_equal(tmli_vocab_build_ordered(terms, n, &vocab, NULL), TML_OK);
        assert_int_equal(vocab.n, n);
        for (uint32_t id = 0; id < 3; id++) {
            assert_int_equal(tmli_vocab_find(&vocab, terms[id]), id < n ? id : TMLI_NO_TERM);
        }
        assert_term(&vocab, n - 1, terms[n - 1].data);
        tmli_vocab_deinit(&vocab);
    }
    vocab.n = 77;
    assert_int_equal(tmli_vocab_build_ordered(terms, 0, &vocab, NULL), TML_ELIMIT);
    fail_allocation(0);
    assert_int_equal(tmli_vocab_build_ordered(terms, 3, &vocab, NULL), TML_ENOMEM);
    fail_allocation(NEVER);
    assert_int_equal(vocab.n, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(terms_in_a_given_order_keep_it),
        cmocka_unit_test(ids_fall_with_the_count_and_ties_go_to_the_first_seen),
        cmocka_unit_test(equal_ranks_go_by_number),
        cmocka_unit_test(max_terms_keeps_the_most_frequent),
        cmocka_unit_test(a_vocabulary_without_terms_is_refused),
        cmocka_unit_test(a_term_of_the_same_hash_is_told_apart_by_every_byte),
        cmocka_unit_test(any_bytes_can_be_a_term),
        cmocka_unit_test(every_term_is_found_and_no_other),
        cmocka_unit_test(the_index_of_format_1_is_pinned),
        cmocka_unit_test(a_view_finds_what_the_builder_stored),
        cmocka_unit_test(a_view_refuses_shapes_that_do_not_fit),
        cmocka_unit_test(a_damaged_index_is_never_read_out_of_bounds),
        cmocka_unit_test(an_allocation_that_fails_leaves_everything_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
