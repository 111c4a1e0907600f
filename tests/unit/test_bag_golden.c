/* What scikit-learn makes of documents in many scripts: tests/golden/bag, written by tests/golden/make_bag.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "features/bag_build.h"
#include "features/bag_spread.h"
#include "support/golden.h"

enum {
    MOST_DOCUMENTS = 64,
    MOST_TOKENS = 4096
};

static const double TOLERANCE = 1e-12; /* the promise; sums of 300 products keep 1e-14 */

typedef struct documents {
    tmli_token_list items[MOST_DOCUMENTS];
    tml_str tokens[MOST_TOKENS];
    unsigned char is_training[MOST_DOCUMENTS];
    size_t n, n_tokens;
} documents;

/* Case files are ours and end in a NUL-terminated buffer: reading them trusts their form, and asserts it. */
static const char *expect(const char *at, const char *word)
{
    const size_t n = strlen(word);
    assert_memory_equal(at, word, n);
    return at + n;
}

static size_t read_count(const char **at)
{
    char *end = NULL;
    const unsigned long n = strtoul(*at, &end, 10);
    assert_ptr_not_equal(end, *at);
    *at = end;
    return n;
}

static double read_number(const char **at)
{
    char *end = NULL;
    const double x = strtod(*at, &end);
    assert_ptr_not_equal(end, *at);
    *at = end;
    return x;
}

static tml_str read_string(const char **at)
{
    const size_t len = read_count(at);
    const tml_str s = {expect(*at, " "), len};
    *at = expect(s.data + len, "\n");
    return s;
}

static void read_documents(const golden_case *c, documents *d)
{
    char training[256];
    (void)golden_option(c, "training", "", training);
    d->n = strlen(training);
    d->n_tokens = 0;
    assert_true(d->n > 0 && d->n <= MOST_DOCUMENTS);
    const char *at = c->input.data;
    for (size_t i = 0; i < d->n; i++) {
        d->is_training[i] = training[i] == '1';
        d->items[i] = (tmli_token_list){d->tokens + d->n_tokens, read_count(&at)};
        at = expect(at, "\n");
        assert_true(d->n_tokens + d->items[i].n <= MOST_TOKENS);
        for (size_t k = 0; k < d->items[i].n; k++) {
            d->tokens[d->n_tokens++] = read_string(&at);
        }
    }
    assert_ptr_equal(at, c->input.data + c->input.len);
}

static double option(const golden_case *c, const char *key)
{
    char value[256];
    return strtod(golden_option(c, key, "nan", value), NULL);
}

static bool is_word(const golden_case *c, const char *key, const char *word)
{
    char value[256];
    return strcmp(golden_option(c, key, "", value), word) == 0;
}

static tmli_bag_options options_of(const golden_case *c)
{
    return (tmli_bag_options){
        .analyzer = is_word(c, "analyzer", "word")   ? TMLI_ANALYZER_WORD
                    : is_word(c, "analyzer", "char") ? TMLI_ANALYZER_CHAR
                                                     : TMLI_ANALYZER_CHAR_WB,
        .n_min = (size_t)option(c, "n_min"),
        .n_max = (size_t)option(c, "n_max"),
        .min_docs = option(c, "min_df"),
        .max_docs = option(c, "max_df"),
        .min_is_share = option(c, "min_is_share") == 1,
        .max_is_share = option(c, "max_is_share") == 1,
        .max_features = (size_t)option(c, "max_features"),
        .binary = option(c, "binary") == 1,
        .use_idf = option(c, "use_idf") == 1,
        .smooth_idf = option(c, "smooth_idf") == 1,
        .sublinear_tf = option(c, "sublinear_tf") == 1,
        .norm = is_word(c, "norm", "l2")   ? TMLI_NORM_L2
                : is_word(c, "norm", "l1") ? TMLI_NORM_L1
                                           : TMLI_NORM_NONE,
        .n_hashed = (size_t)option(c, "n_features"),
        .alternate_sign = option(c, "alternate_sign") == 1,
    };
}

static void compare_number(const golden_case *c, const char *what, size_t i, double got,
                           double want)
{
    if (!(fabs(got - want) <= TOLERANCE)) {
        fail_msg("%s: %s %zu is %.17g, want %.17g", c->name, what, i, got, want);
    }
}

/* Hashed terms that cancel leave an element of 0. scikit-learn stores it too, unless idf follows, for SciPy's product of
 * sparse matrices leaves out zeros; we keep it in any case. */
static void compare_row(const golden_case *c, size_t document, tmli_sparse_row got, const char **at)
{
    const bool is_dropped = option(c, "n_features") > 0 && option(c, "use_idf") == 1;
    const size_t n = read_count(at);
    size_t n_got = 0;
    for (size_t k = 0; k < got.n; k++) {
        if (is_dropped && got.values[k] == 0) {
            continue;
        }
        if (n_got++ == n) {
            break;
        }
        const size_t column = read_count(at);
        if (got.columns[k] != column) {
            fail_msg("%s: row %zu has column %u, want %zu", c->name, document, got.columns[k],
                     column);
        }
        compare_number(c, "row", document, got.values[k], read_number(at));
    }
    if (n_got != n) {
        fail_msg("%s: row %zu has %zu elements, want %zu", c->name, document, got.n, n);
    }
    *at = expect(*at, "\n");
}

/* Parts of a row's elements, spread over the tokens or characters, add up to what they were: by signs those of counts that
 * cancel are lost, as their elements are 0. */
static void check_spread(const golden_case *c, const tmli_bag *bag, const tmli_token_list *document,
                         tmli_sparse_row row, bool is_even)
{
    static double parts[MOST_TOKENS * 8];
    static double sums[MOST_TOKENS];
    static bool is_touched[MOST_TOKENS];
    static uint32_t units[MOST_TOKENS * 16];
    static char text[MOST_TOKENS * 16];
    tmli_bag_scratch scratch = {0};
    tmli_spread_scratch more = {0};
    tmli_token_list joined = *document;
    tml_str tokens[512];
    const bool is_of_words = bag->options.analyzer == TMLI_ANALYZER_WORD;
    tmli_spread spread = {
        .units = units, .parts = parts, .is_even = is_even, .sums = sums, .is_touched = is_touched};
    double want = 0;
    size_t n = 0;
    assert_true(row.n < sizeof parts / sizeof parts[0] && document->n < 512);
    for (size_t i = 0; i < row.n; i++) {
        parts[i] = (is_even || row.values[i] != 0) ? 1.0 + (double)(row.columns[i] % 7) : 0.0;
        want += parts[i];
    }
    for (size_t i = 0; i < document->n; i++) { /* characters lie in one text */
        tokens[i] = (tml_str){text + n, document->items[i].len};
        assert_true(n + tokens[i].len <= sizeof text);
        memcpy(text + n, document->items[i].data, tokens[i].len);
        for (size_t k = 0; k < tokens[i].len; k++) {
            units[n + k] = text[n + k] == ' ' ? TMLI_NO_UNIT : (uint32_t)i;
        }
        n += tokens[i].len;
    }
    for (uint32_t i = 0; is_of_words && i < document->n; i++) {
        units[i] = i;
    }
    memset(sums, 0, sizeof sums);
    memset(is_touched, 0, sizeof is_touched);
    joined.items = is_of_words ? document->items : tokens;
    spread.text = text;
    assert_int_equal(tmli_bag_spread(bag, joined.items, joined.n, &scratch, &more, &spread, NULL),
                     TML_OK);
    assert_int_equal(spread.n_parts, row.n);
    double got = spread.rest;
    for (size_t i = 0; i < document->n; i++) {
        got += sums[i];
        assert_true(is_touched[i] || sums[i] == 0);
    }
    assert_true(!is_of_words || spread.rest == 0);
    if (!(fabs(got - want) <= 1e-9 * fmax(1, want))) {
        fail_msg("%s: parts of %.17g were spread as %.17g", c->name, want, got);
    }
    tmli_bag_scratch_deinit(&scratch);
    tmli_spread_scratch_deinit(&more);
}

/* The rows as built with the bag, and each document encoded alone, as serving does. */
static void compare(const golden_case *c, const documents *d, const tmli_bag *bag,
                    const tmli_csr *rows)
{
    const char *at = expect(c->want.data, "vocabulary ");
    assert_int_equal(read_count(&at), bag->vocab.n);
    at = expect(at, "\n");
    for (size_t i = 0; i < bag->vocab.n; i++) {
        const tml_str want = read_string(&at);
        if (!tmli_str_eq(tmli_vocab_term(&bag->vocab, (uint32_t)i), want)) {
            fail_msg("%s: term %zu is not %.*s", c->name, i, (int)want.len, want.data);
        }
        assert_int_equal(tmli_vocab_find(&bag->vocab, want), i);
    }
    at = expect(at, "idf ");
    const size_t n_idf = read_count(&at);
    assert_int_equal(n_idf, bag->idf != NULL ? bag->n_cols : 0);
    at = expect(at, "\n");
    for (size_t i = 0; i < n_idf; i++) {
        compare_number(c, "idf", i, bag->idf[i], read_number(&at));
        at = expect(at, "\n");
    }
    at = expect(at, "rows ");
    assert_int_equal(read_count(&at), rows->n_rows);
    assert_int_equal(d->n, rows->n_rows);
    at = expect(at, "\n");
    tmli_bag_scratch scratch = {0};
    for (size_t i = 0; i < d->n; i++) {
        const char *again = at;
        compare_row(c, i, tmli_csr_row(rows, i), &at);
        tmli_sparse_row alone;
        assert_int_equal(
            tmli_bag_encode(bag, d->items[i].items, d->items[i].n, &scratch, &alone, NULL), TML_OK);
        compare_row(c, i, alone, &again);
        check_spread(c, bag, &d->items[i], alone, true);
        if (!bag->options.binary) {
            check_spread(c, bag, &d->items[i], alone, false);
        }
    }
    assert_ptr_equal(at, c->want.data + c->want.len);
    tmli_bag_scratch_deinit(&scratch);
}

static void check_with(const golden_case *c, const documents *d, size_t n_threads, size_t n_calls)
{
    tml_error err = {0};
    tmli_pool *pool = NULL;
    tmli_bag_builder *builder = NULL;
    const tmli_bag_options options = options_of(c);
    assert_int_equal(tmli_pool_create(n_threads, &pool, NULL), TML_OK);
    assert_int_equal(tmli_bag_builder_create(&options, NULL, pool, &builder, NULL), TML_OK);
    for (size_t i = 0; i < n_calls;
         i++) { /* chunks are cut by calls too: lanes then share the documents */
        const size_t begin = d->n * i / n_calls;
        const size_t end = d->n * (i + 1) / n_calls;
        assert_int_equal(tmli_bag_builder_add_tokens(builder, d->items + begin, end - begin, NULL),
                         TML_OK);
    }
    assert_int_equal(tmli_bag_builder_documents(builder), d->n);
    tmli_bag bag;
    tmli_csr rows;
    if (tmli_bag_builder_finish(builder, d->is_training, &bag, &rows, &err) != TML_OK) {
        fail_msg("%s: %s", c->name, err.text);
    }
    tmli_bag_builder_free(builder);
    compare(c, d, &bag, &rows);
    tmli_csr_deinit(&rows);
    tmli_bag_deinit(&bag);
    tmli_pool_free(pool);
}

static void check(const golden_case *c)
{
    static documents d;
    read_documents(c, &d);
    check_with(c, &d, 1, 1);
    check_with(c, &d, 3, d.n);
}

static void every_case_is_as_scikit_learn_has_it(void **state)
{
    (void)state;
    golden_each("bag", check);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_case_is_as_scikit_learn_has_it)};
    return cmocka_run_group_tests_name("bag_golden", tests, NULL, NULL);
}
