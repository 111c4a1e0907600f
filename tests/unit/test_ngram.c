/* N-grams, their packed form, and the sort of rows and terms. */
#include "features/ngram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "features/radix.h"
#include "support/alloc_fail.h"

/* All n-grams, in the order in which they come, each behind a '|'. */
static void walk(tmli_analyzer analyzer, size_t n_min, size_t n_max, const tml_str *tokens,
                 size_t n, tmli_buf *out)
{
    tmli_ngrams grams;
    tmli_ngram_scratch scratch = {0};
    tmli_gram batch[TMLI_GRAM_BATCH];
    size_t n_batch = 0;
    assert_true(tmli_ngrams_begin(&grams, analyzer, n_min, n_max, tokens, n, &scratch));
    tmli_buf_reset(out);
    while ((n_batch = tmli_ngrams_next(&grams, batch)) > 0) {
        for (size_t i = 0; i < n_batch; i++) {
            tmli_buf_append_byte(out, '|');
            tmli_buf_append(out, batch[i].at, batch[i].len);
            if (batch[i].len <= TMLI_PACKED_MAX) {
                assert_int_equal(batch[i].packed, tmli_pack(batch[i].at, batch[i].len));
            }
        }
    }
    tmli_ngram_scratch_deinit(&scratch);
}

static void each_analyzer_forms_its_ngrams(void **state)
{
    (void)state;
    const tml_str words[] = {TML_STR("a"), TML_STR("bc"), TML_STR("d")};
    const tml_str padded[] = {TML_STR(" a "), TML_STR(" bcd ")};
    const tml_str text[] = {TML_STR(""), TML_STR("\xc3\xa9\xf0\x90\x90\x94x")};
    static const struct {
        tmli_analyzer analyzer;
        size_t n_min, n_max;
        const char *want;
    } cases[] = {
        {TMLI_ANALYZER_WORD, 1, 1, "|a|bc|d"},
        {TMLI_ANALYZER_WORD, 1, 2, "|a|a bc|bc|bc d|d"},
        {TMLI_ANALYZER_WORD, 2, 9, "|a bc|a bc d|bc d"},
        {TMLI_ANALYZER_WORD, 4, 4, ""},
        {TMLI_ANALYZER_CHAR_WB, 4, 5, "| a | bcd| bcd |bcd "},
        {TMLI_ANALYZER_CHAR_WB, 6, 7, "| a | bcd "},
        {TMLI_ANALYZER_CHAR, 1, 2,
         "|\xc3\xa9|\xc3\xa9\xf0\x90\x90\x94|\xf0\x90\x90\x94|\xf0\x90\x90\x94x|x"},
        {TMLI_ANALYZER_CHAR, 4, 5, ""},
    };
    tmli_buf got = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const tml_str *tokens = cases[i].analyzer == TMLI_ANALYZER_WORD      ? words
                                : cases[i].analyzer == TMLI_ANALYZER_CHAR_WB ? padded
                                                                             : text;
        const size_t n = cases[i].analyzer == TMLI_ANALYZER_WORD ? 3 : 2;
        walk(cases[i].analyzer, cases[i].n_min, cases[i].n_max, tokens, n, &got);
        const char *text_got = tmli_buf_cstr(&got);
        assert_non_null(text_got);
        assert_string_equal(text_got, cases[i].want);
    }
    tmli_buf_deinit(&got);
}

static void more_orders_than_a_batch_holds_are_all_there(void **state)
{
    (void)state;
    char text[300];
    memset(text, 'x', sizeof text);
    const tml_str token = {text, sizeof text};
    tmli_buf got = {0};
    walk(TMLI_ANALYZER_CHAR, 1, 1000, &token, 1, &got);
    size_t n = 0;
    for (size_t i = 0; i < got.len; i++) {
        n += got.data[i] == '|' ? 1 : 0;
    }
    assert_int_equal(n, 300 * 301 / 2);
    assert_int_equal(got.len - n, 300 * 301 * 302 / 6);
    tmli_buf_deinit(&got);
}

static void packing_keeps_every_byte(void **state)
{
    (void)state;
    const char bytes[TMLI_PACKED_MAX + 1] = {'\0', '\xff', 'a', '\0', '\x80', 'z', '\x01', 'q'};
    for (size_t len = 0; len <= TMLI_PACKED_MAX; len++) {
        char back[TMLI_PACKED_MAX];
        const uint64_t packed = tmli_pack(bytes, len);
        assert_int_equal(packed, tmli_pack_padded(bytes, len));
        assert_int_equal(tmli_unpack(packed, back), len);
        assert_memory_equal(back, bytes, len);
    }
}

static void joining_needs_memory(void **state)
{
    (void)state;
    const tml_str words[] = {TML_STR("a"), TML_STR("bc")};
    for (size_t nth = 0; nth < 2; nth++) {
        tmli_ngrams grams;
        tmli_ngram_scratch scratch = {0};
        fail_allocation(nth);
        assert_false(tmli_ngrams_begin(&grams, TMLI_ANALYZER_WORD, 1, 2, words, 2, &scratch));
        fail_allocation(NEVER);
        tmli_ngram_scratch_deinit(&scratch);
    }
}

static void sorting_is_stable_for_few_and_many(void **state)
{
    (void)state;
    static tmli_item items[5000];
    static tmli_item scratch[5000];
    static const size_t counts[] = {0, 1, 2, 23, 24, 300, 5000};
    static const unsigned bits[] = {1, 8, 17, 64};
    uint64_t x = 88172645463325252u;
    for (size_t c = 0; c < 7 * 4; c++) {
        const size_t n = counts[c / 4];
        const unsigned n_bits = bits[c % 4];
        for (size_t i = 0; i < n; i++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            items[i] = (tmli_item){.key = x >> (64 - n_bits), .value = (int64_t)i};
        }
        const tmli_item *const sorted = tmli_radix_sort(items, scratch, n, n_bits);
        uint64_t sum = 0;
        for (size_t i = 0; i < n; i++) {
            sum += (uint64_t)sorted[i].value;
            assert_true(
                i == 0 || sorted[i - 1].key < sorted[i].key ||
                (sorted[i - 1].key == sorted[i].key && sorted[i - 1].value < sorted[i].value));
        }
        assert_int_equal(sum, n * (n > 0 ? n - 1 : 0) / 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_analyzer_forms_its_ngrams),
        cmocka_unit_test(more_orders_than_a_batch_holds_are_all_there),
        cmocka_unit_test(packing_keeps_every_byte),
        cmocka_unit_test(joining_needs_memory),
        cmocka_unit_test(sorting_is_stable_for_few_and_many),
    };
    return cmocka_run_group_tests_name("ngram", tests, NULL, NULL);
}
