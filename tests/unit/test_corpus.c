/* The rows of a part as token numbers: order, places, fingerprint, split. */
#include "pipeline/corpus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "support/alloc_fail.h"
#include "support/tmpdir.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const tmli_label_names no_names = {NULL, 0};
static const tmli_reader_options csv = {
    .format = TMLI_FORMAT_CSV, .text = "text", .label = "label", .weight = NULL};

typedef struct fixture {
    char *dir;
    tml_tokenizer *tokenizer;
    tml_tokens *tokens;
    tmli_map *terms;
    tmli_labels labels;
    tmli_corpus corpus;
    tmli_corpus_context context;
} fixture;

static int set_up(void **state)
{
    fixture *const f = calloc(1, sizeof *f);
    assert_non_null(f);
    const tml_tokenizer_options options = tml_tokenizer_options_default();
    f->dir = tmpdir_create();
    assert_int_equal(tml_tokenizer_create(&options, &f->tokenizer, NULL), TML_OK);
    assert_int_equal(tml_tokens_create(&f->tokens, NULL), TML_OK);
    f->terms = tmli_map_create(0);
    assert_int_equal(tmli_labels_init(&f->labels, &no_names, NULL), TML_OK);
    tmli_corpus_init(&f->corpus);
    f->context = (tmli_corpus_context){.reader = &csv,
                                       .tokenizer = f->tokenizer,
                                       .scratch = f->tokens,
                                       .terms = f->terms,
                                       .labels = &f->labels};
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *const f = *state;
    tmli_corpus_deinit(&f->corpus);
    tmli_labels_deinit(&f->labels);
    tmli_map_free(f->terms);
    tml_tokens_free(f->tokens);
    tml_tokenizer_free(f->tokenizer);
    tmpdir_remove(f->dir);
    free(f);
    return 0;
}

static tml_status read_text(fixture *f, const char *name, const char *text, tml_error *err)
{
    char *const path = tmpdir_write(f->dir, name, text, strlen(text));
    const char *const paths[] = {path};
    const tml_status status = tmli_corpus_read(&f->corpus, paths, 1, &f->context, err);
    free(path);
    return status;
}

static uint64_t fingerprint_of(fixture *f, const char *text)
{
    tmli_corpus_deinit(&f->corpus);
    tmli_corpus_init(&f->corpus);
    assert_int_equal(read_text(f, "rows.csv", text, NULL), TML_OK);
    return tmli_hash64_end(&f->corpus.fingerprint);
}

static void rows_become_numbers_in_order_of_first_appearance(void **state)
{
    static const uint32_t tokens[] = {0, 1, 0, 2, 3, 1};
    static const size_t offsets[] = {0, 2, 2, 5, 6};
    static const uint32_t labels[] = {0, 1, 1, 0};
    fixture *const f = *state;
    assert_int_equal(read_text(f, "rows.csv",
                               "text,label\nred green,x\n...,y\nred blue white,y\ngreen,x\n", NULL),
                     TML_OK);
    assert_int_equal(f->corpus.n_rows, 4);
    assert_int_equal(f->corpus.n_tokens, COUNT_OF(tokens));
    assert_memory_equal(f->corpus.tokens, tokens, sizeof tokens);
    assert_memory_equal(f->corpus.offsets, offsets, sizeof offsets);
    assert_memory_equal(f->corpus.labels, labels, sizeof labels);
    for (size_t i = 0; i < 4; i++) {
        assert_true(f->corpus.weights[i] == 1.0);
    }
}

static void weights_come_from_their_column(void **state)
{
    static const tmli_reader_options weighted = {
        .format = TMLI_FORMAT_CSV, .text = "text", .label = "label", .weight = "w"};
    fixture *const f = *state;
    f->context.reader = &weighted;
    assert_int_equal(read_text(f, "rows.csv", "w,text,label\n0.1,a,x\n2,b,y\n0,c,y\n", NULL),
                     TML_OK);
    assert_true(f->corpus.weights[0] == 0.1);
    assert_true(f->corpus.weights[1] == 2.0);
    assert_true(f->corpus.weights[2] == 0.0);
}

static void a_second_file_is_appended(void **state)
{
    fixture *const f = *state;
    assert_int_equal(read_text(f, "a.csv", "text,label\nred,x\n", NULL), TML_OK);
    assert_int_equal(read_text(f, "b.csv", "label,text\ny,red blue\n", NULL), TML_OK);
    assert_int_equal(f->corpus.n_rows, 2);
    assert_int_equal(f->corpus.n_tokens, 3);
    assert_int_equal(f->corpus.tokens[1], 0);
}

static void ill_formed_bytes_are_counted(void **state)
{
    fixture *const f = *state;
    assert_int_equal(read_text(f, "a.csv",
                               "text,label\nr\xff"
                               "ed \xfe,x\n\x80,y\n",
                               NULL),
                     TML_OK);
    assert_int_equal(f->corpus.replaced, 3);
}

static void the_fingerprint_tells_different_rows_apart(void **state)
{
    static const char *const others[] = {
        "text,label\nab,c\nd,e\n",  /* another label */
        "text,label\na,bc\nd,e\n",  /* the same bytes, cut elsewhere */
        "text,label\nd,e\nab,cc\n", /* another order */
        "text,label\nab,cc\n",      /* a row less */
        "text,label\nab ,cc\nd,e\n",
    };
    fixture *const f = *state;
    const uint64_t first = fingerprint_of(f, "text,label\nab,cc\nd,e\n");
    assert_true(first == fingerprint_of(f, "label,text\r\ncc,ab\r\ne,\"d\"\r\n"));
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        assert_false(first == fingerprint_of(f, others[i]));
    }
}

static void splitting_keeps_the_order_of_both_parts(void **state)
{
    static const unsigned char goes[] = {0, 1, 1, 0, 1};
    static const uint32_t kept[] = {0, 1, 5};
    static const uint32_t moved[] = {2, 3, 4, 6};
    fixture *const f = *state;
    tmli_corpus other;
    tmli_corpus_init(&other);
    assert_int_equal(read_text(f, "rows.csv", "text,label\na b,x\nc,y\nd e,x\nf,y\ng,x\n", NULL),
                     TML_OK);
    const uint64_t fingerprint = tmli_hash64_end(&f->corpus.fingerprint);
    assert_int_equal(tmli_corpus_split(&f->corpus, goes, &other, NULL), TML_OK);
    assert_int_equal(f->corpus.n_rows, 2);
    assert_int_equal(other.n_rows, 3);
    assert_int_equal(f->corpus.n_tokens, COUNT_OF(kept));
    assert_memory_equal(f->corpus.tokens, kept, sizeof kept);
    assert_int_equal(other.n_tokens, COUNT_OF(moved));
    assert_memory_equal(other.tokens, moved, sizeof moved);
    assert_int_equal(other.labels[0], 1);
    assert_int_equal(other.labels[1], 0);
    assert_true(tmli_hash64_end(&f->corpus.fingerprint) == fingerprint);
    tmli_corpus_deinit(&other);
}

static void mistakes_of_rows_and_labels_are_passed_on_with_their_place(void **state)
{
    static const struct {
        const char *text;
        const char *end;
    } cases[] = {
        {"text,label\na,x\nb,x,y\n",
         "rows.csv:3:1: 3 fields, expected 2 as in line 1 (a field that holds a comma must be "
         "quoted)"},
        {"text,kind\na,x\n",
         "rows.csv:1:1: no column \"label\"; the columns are text, kind (set label=NAME)"},
        {"", "rows.csv: empty, expected rows with a text and a label"},
    };
    fixture *const f = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tml_error err = {0};
        assert_int_equal(read_text(f, "rows.csv", cases[i].text, &err), TML_EFORMAT);
        const char *const name = strstr(err.text, "rows.csv");
        assert_non_null(name);
        assert_string_equal(name, cases[i].end);
    }
}

static void reading_ends_when_a_stop_is_asked_for(void **state)
{
    static const atomic_bool stop = true;
    fixture *const f = *state;
    f->context.stop = &stop;
    assert_int_equal(read_text(f, "rows.csv", "text,label\na,x\nb,y\n", NULL), TML_ESTOPPED);
}

static void every_allocation_of_reading_and_splitting_may_fail(void **state)
{
    static const char text[] = "text,label\na b,x\nc\xff,y\nd e,x\nf,y\ng,x\n";
    static const unsigned char goes[] = {0, 1, 1, 0, 1};
    fixture *const f = *state;
    char *const path = tmpdir_write(f->dir, "rows.csv", text, sizeof text - 1);
    const char *const paths[] = {path};
    for (size_t nth = 0;; nth++) {
        tmli_corpus corpus;
        tmli_corpus other;
        tmli_corpus_init(&corpus);
        tmli_corpus_init(&other);
        fail_allocation(nth);
        tml_status status = tmli_corpus_read(&corpus, paths, 1, &f->context, NULL);
        if (status == TML_OK) {
            status = tmli_corpus_split(&corpus, goes, &other, NULL);
        }
        fail_allocation(NEVER);
        tmli_corpus_deinit(&corpus);
        tmli_corpus_deinit(&other);
        if (status == TML_OK) {
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
    }
    free(path);
}

#define WITH_PARTS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PARTS(rows_become_numbers_in_order_of_first_appearance),
        WITH_PARTS(weights_come_from_their_column),
        WITH_PARTS(a_second_file_is_appended),
        WITH_PARTS(ill_formed_bytes_are_counted),
        WITH_PARTS(the_fingerprint_tells_different_rows_apart),
        WITH_PARTS(splitting_keeps_the_order_of_both_parts),
        WITH_PARTS(mistakes_of_rows_and_labels_are_passed_on_with_their_place),
        WITH_PARTS(reading_ends_when_a_stop_is_asked_for),
        WITH_PARTS(every_allocation_of_reading_and_splitting_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
