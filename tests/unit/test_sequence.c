/* Positions of ids, against a dense row laid out by the definition of Keras' pad_sequences. */
#include "features/sequence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

enum {
    LENGTH_MAX = 8
};

#define NOTHING UINT32_MAX

/* x = [0] * length; trunc = s[-length:] or s[:length]; x[-len(trunc):] or x[:len(trunc)] = trunc. */
static void pad_densely(const tmli_sequence_options *options, const uint32_t *ids, size_t n,
                        uint32_t out[LENGTH_MAX])
{
    for (size_t p = 0; p < options->length; p++) {
        out[p] = NOTHING;
    }
    for (size_t i = 0; i < n; i++) {
        const size_t from_end = n - 1 - i;
        size_t kept_at = i; /* among the kept */
        size_t kept = n;
        if (n > options->length) {
            kept = options->length;
            if (options->truncating == TMLI_SIDE_PRE) {
                if (from_end >= kept) {
                    continue;
                }
                kept_at = kept - 1 - from_end;
            } else if (i >= kept) {
                continue;
            }
        }
        out[options->padding == TMLI_SIDE_PRE ? options->length - kept + kept_at : kept_at] =
            ids[i];
    }
}

static void entries_stand_where_keras_puts_the_ids(void **state)
{
    (void)state;
    const uint32_t ids[10] = {11, 12, 13, 14, 15, 16, 17, 18, 19, 20};
    const tmli_side sides[] = {TMLI_SIDE_PRE, TMLI_SIDE_POST};
    for (size_t n = 0; n <= 10; n++) {
        for (size_t length = 1; length <= LENGTH_MAX; length++) {
            for (size_t way = 0; way < 4; way++) {
                const tmli_sequence_options options = {length, sides[way / 2], sides[way % 2]};
                tmli_entry entries[LENGTH_MAX + 1];
                uint32_t want[LENGTH_MAX];
                memset(entries, 0xee, sizeof entries);
                pad_densely(&options, ids, n, want);
                const size_t n_entries = tmli_sequence_place(&options, ids, n, entries);
                assert_int_equal(n_entries, n < length ? n : length);
                size_t at = 0;
                for (size_t p = 0; p < length; p++) {
                    if (want[p] != NOTHING) {
                        assert_int_equal(entries[at].block, p);
                        assert_int_equal(entries[at].row, want[p]);
                        at++;
                    }
                }
                assert_int_equal(at, n_entries);
                assert_int_equal(entries[n_entries].row, 0xeeeeeeee); /* nothing behind them */
            }
        }
    }
}

/* The examples of Keras' documentation of pad_sequences, for [[1], [2, 3], [4, 5, 6]]. */
static void the_examples_of_the_documentation_hold(void **state)
{
    (void)state;
    const uint32_t ids[] = {4, 5, 6};
    tmli_entry out[3];
    const tmli_sequence_options both_pre = {3, TMLI_SIDE_PRE, TMLI_SIDE_PRE};
    assert_int_equal(tmli_sequence_place(&both_pre, ids, 1, out), 1); /* [0, 0, 1] */
    assert_int_equal(out[0].block, 2);
    const tmli_sequence_options short_row = {2, TMLI_SIDE_PRE, TMLI_SIDE_PRE};
    assert_int_equal(tmli_sequence_place(&short_row, ids, 3, out), 2); /* [5, 6] */
    assert_int_equal(out[0].row, 5);
    assert_int_equal(out[1].row, 6);
    const tmli_sequence_options post = {3, TMLI_SIDE_POST, TMLI_SIDE_PRE};
    assert_int_equal(tmli_sequence_place(&post, ids, 2, out), 2); /* [2, 3, 0] */
    assert_int_equal(out[0].block, 0);
    assert_int_equal(out[1].block, 1);
    assert_int_equal(tmli_sequence_place(&both_pre, NULL, 0, out), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_stand_where_keras_puts_the_ids),
        cmocka_unit_test(the_examples_of_the_documentation_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
