/* Where tokens came from: places by hand for each step, and properties over every text of tests/golden/tokenizer with every
 * rule and pair of steps: the tokens are those of tml_tokenize, and their places are whole characters, in order. */
#include "text/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/bytes.h"
#include "base/status.h"
#include "support/alloc_fail.h"
#include "support/golden.h"
#include "text/utf8.h"

enum {
    N_KINDS = 6,
    N_STEPS = 14
};

typedef struct traced {
    tml_tokenizer *tokenizer;
    tml_tokens *tokens;
    tmli_trace trace;
} traced;

static void open_traced(traced *t, const tml_tokenizer_options *options)
{
    *t = (traced){0};
    assert_int_equal(tml_tokenizer_create(options, &t->tokenizer, NULL), TML_OK);
    assert_int_equal(tml_tokens_create(&t->tokens, NULL), TML_OK);
}

static void close_traced(traced *t)
{
    tml_tokenizer_free(t->tokenizer);
    tml_tokens_free(t->tokens);
    tmli_trace_deinit(&t->trace);
}

/* ---- places by hand ---- */

typedef struct place_case {
    tml_tokenizer_kind kind;
    tml_normalize_step steps[4]; /* n_steps of them */
    size_t n_steps;
    const char *text;
    const char *want; /* token=raw piece, a '|' behind each */
} place_case;

#define STEPS(...) \
    {__VA_ARGS__}, sizeof((tml_normalize_step[]){__VA_ARGS__}) / sizeof(tml_normalize_step)

static const place_case place_cases[] = {
    {TML_TOKENIZER_UNICODE, {0}, 0, "Ab  c,d", "Ab=Ab|c=c|d=d|"},
    {TML_TOKENIZER_UNICODE, STEPS(TML_NORMALIZE_LOWER), "ÉTÉ  Fin", "été=ÉTÉ|fin=Fin|"},
    /* Lower case that has more bytes (İ, Ⱥ) or fewer (the Kelvin and Ångström signs, ẞ). */
    {TML_TOKENIZER_WHITESPACE, STEPS(TML_NORMALIZE_LOWER),
     "İa \xC8\xBA"
     "b \xE2\x84\xAA"
     "c ẞ d",
     "i\xCC\x87"
     "a=İa|\xE2\xB1\xA5"
     "b=\xC8\xBA"
     "b|kc=\xE2\x84\xAA"
     "c|ß=ẞ|d=d|"},
    {TML_TOKENIZER_KERAS,
     {0},
     0,
     "İa-\xE2\x84\xAA"
     "c x",
     "i\xCC\x87"
     "a=İa|kc=\xE2\x84\xAA"
     "c|x=x|"},
    /* One U+FFFD for each ill-formed piece. */
    {TML_TOKENIZER_WHITESPACE,
     {0},
     0,
     "a\xFF"
     "b \xE2\x82 z",
     "a\xEF\xBF\xBD"
     "b=a\xFF"
     "b|\xEF\xBF\xBD=\xE2\x82|z=z|"},
    {TML_TOKENIZER_WHITESPACE, STEPS(TML_NORMALIZE_SQUEEZE), "one, two --- \t three!",
     "one=one|two=two|-=-|three!=three!|"},
    {TML_TOKENIZER_WHITESPACE, STEPS(TML_NORMALIZE_SPACES), "  a \t b\xC2\xA0 ", "a=a|b=b|"},
    {TML_TOKENIZER_WHITESPACE, STEPS(TML_NORMALIZE_NFC), "cafe\xCC\x81 e x",
     "café=cafe\xCC\x81|e=e|x=x|"},
    {TML_TOKENIZER_UNICODE, STEPS(TML_NORMALIZE_NFKC), "\xEF\xAC\x81n a½ \xF0\x9D\x92\xB3y",
     "fin=\xEF\xAC\x81n|a1=a½|2=½|Xy=\xF0\x9D\x92\xB3y|"},
    /* A mark that is taken off belongs to its letter. */
    {TML_TOKENIZER_UNICODE, STEPS(TML_NORMALIZE_STRIP_ACCENTS), "éte\xCC\x81 \xC3\xA0 b",
     "ete=éte\xCC\x81|a=\xC3\xA0|b=b|"},
    {TML_TOKENIZER_UNICODE, STEPS(TML_NORMALIZE_ACCENTS_UNICODE), "éte\xCC\x81 ﬁ b",
     "ete=éte\xCC\x81|fi=ﬁ|b=b|"},
    {TML_TOKENIZER_UNICODE, STEPS(TML_NORMALIZE_ACCENTS_ASCII), "éte\xCC\x81 日a b",
     "ete=éte\xCC\x81|a=a|b=b|"},
    {TML_TOKENIZER_WHITESPACE, STEPS(TML_NORMALIZE_STRIP_HTML), "<p class=x>It<b>s</b> <> a < b",
     "It=It|s=s|<>=<>|a=a|<=<|b=b|"},
    {TML_TOKENIZER_CHAR, STEPS(TML_NORMALIZE_STRIP), " \n a b\t", "a b=a b|"},
    {TML_TOKENIZER_WHITESPACE, STEPS(TML_NORMALIZE_DROP_LINES), "From: x\na b\n", "a=a|b=b|"},
    {TML_TOKENIZER_WHITESPACE, STEPS(TML_NORMALIZE_DROP_LINES), "no lines", "no=no|lines=lines|"},
    {TML_TOKENIZER_CHAR, STEPS(TML_NORMALIZE_DROP_EMPTY_LINES), "\n\na\n\n\nb\n", "a\nb=a\n\n\nb|"},
    {TML_TOKENIZER_WHITESPACE, STEPS(TML_NORMALIZE_LETTERS_ONLY), "don't 4u, naïve",
     "don=don|t=t|u=u|na=na|ve=ve|"},
    {TML_TOKENIZER_CHAR, STEPS(TML_NORMALIZE_DROP_STOP_WORDS), "the cat of Rome",
     "cat Rome =cat of Rome|"},
    {TML_TOKENIZER_CHAR, {0}, 0, "a \t b c", "a b c=a \t b c|"},
    {TML_TOKENIZER_CHAR_WB, {0}, 0, "  ab \t c ", " ab =ab| c =c|"},
    {TML_TOKENIZER_WORD,
     {0},
     0,
     "a The of cats, İx",
     "The=The|cats=cats|İx=İx|"}, /* without "of" */
    /* One after the other: lines, tags, letters, case. */
    {TML_TOKENIZER_WORD,
     STEPS(TML_NORMALIZE_DROP_LINES, TML_NORMALIZE_STRIP_HTML, TML_NORMALIZE_NFKC,
           TML_NORMALIZE_LOWER),
     "X: é\n<i>\xEF\xAC\x81N</i>É of ok", "fin=\xEF\xAC\x81N|ok=ok|"},
};

static const tml_str stop_words[] = {{"of", 2}, {"the", 3}};

static void tokens_know_where_they_came_from(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof place_cases / sizeof place_cases[0]; i++) {
        const place_case *const c = &place_cases[i];
        tml_tokenizer_options options = {.kind = c->kind,
                                         .n_steps = c->n_steps,
                                         .step_counts = {1, 1, 1, 1},
                                         .stop_words = stop_words,
                                         .n_stop_words = 2};
        memcpy(options.steps, c->steps, sizeof c->steps);
        traced t;
        tmli_buf got = {0};
        open_traced(&t, &options);
        assert_int_equal(
            tmli_tokenize_traced(t.tokenizer, tmli_str(c->text), t.tokens, &t.trace, NULL), TML_OK);
        assert_int_equal(t.trace.tokens.n, t.tokens->n);
        for (size_t k = 0; k < t.tokens->n; k++) {
            const tmli_span span = t.trace.tokens.items[k];
            tmli_buf_append_str(&got, t.tokens->items[k]);
            tmli_buf_append_byte(&got, '=');
            tmli_buf_append(&got, c->text + span.begin, span.end - span.begin);
            tmli_buf_append_byte(&got, '|');
        }
        if (!tmli_str_eq_text(tmli_buf_str(&got), c->want)) {
            fail_msg("\"%s\": got \"%.*s\", want \"%s\"", c->text, (int)got.len, got.data, c->want);
        }
        tmli_buf_deinit(&got);
        close_traced(&t);
    }
}

static void a_stem_has_the_place_of_its_word(void **state)
{
    (void)state;
    static const char text[] = "The RUNNING of cats";
    const tml_tokenizer_options options = {.kind = TML_TOKENIZER_WORD,
                                           .steps = {TML_NORMALIZE_LOWER},
                                           .n_steps = 1,
                                           .stop_words = stop_words,
                                           .n_stop_words = 2,
                                           .stem = "english"};
    traced t;
    open_traced(&t, &options);
    assert_int_equal(tmli_tokenize_traced(t.tokenizer, tmli_str(text), t.tokens, &t.trace, NULL),
                     TML_OK);
    assert_int_equal(t.tokens->n, 2);
    assert_int_equal(t.trace.tokens.n, 2);
    assert_true(tmli_str_eq_text(t.tokens->items[0], "run"));
    assert_int_equal(t.trace.tokens.items[0].begin, 4);
    assert_int_equal(t.trace.tokens.items[0].end, 11);
    assert_true(tmli_str_eq_text(t.tokens->items[1], "cat"));
    assert_int_equal(t.trace.tokens.items[1].begin, 15);
    close_traced(&t);
}

/* ---- properties ---- */

/* True where a character of text, or an ill-formed piece, begins or the text ends. */
static bool is_boundary(tml_str text, size_t at)
{
    size_t i = 0;
    while (i < at) {
        uint32_t codepoint;
        i += tmli_utf8_next(text.data + i, text.data + text.len, &codepoint);
    }
    return i == at;
}

static void check_spans(const char *name, const traced *t, tml_str text, bool is_char)
{
    const tmli_spans *const spans = &t->trace.tokens;
    for (size_t i = 0; i < spans->n; i++) {
        const tmli_span span = spans->items[i];
        const tmli_span last = i > 0 ? spans->items[i - 1] : (tmli_span){0};
        if (span.begin < last.begin || span.end < last.end || span.end > text.len ||
            (span.begin >= span.end && !is_char) || span.begin > span.end ||
            !is_boundary(text, span.begin) || !is_boundary(text, span.end)) {
            fail_msg("%s: token %zu (\"%.*s\") is bytes %u to %u of %zu, the one before %u to %u",
                     name, i, TMLI_SHOWN(t->tokens->items[i]), span.begin, span.end, text.len,
                     last.begin, last.end);
        }
    }
    assert_int_equal(t->trace.bytes.n, t->trace.text.len);
    for (size_t i = 1; i < t->trace.bytes.n; i++) {
        assert_true(t->trace.bytes.items[i].begin >= t->trace.bytes.items[i - 1].begin);
    }
}

static void check_options(const golden_case *c, const tml_tokenizer_options *options)
{
    const tml_str text = {c->input.data, c->input.len < 600 ? c->input.len : 600};
    traced t;
    tml_tokens *plain = NULL;
    open_traced(&t, options);
    assert_int_equal(tml_tokens_create(&plain, NULL), TML_OK);
    assert_int_equal(tml_tokenize(t.tokenizer, text, plain, NULL), TML_OK);
    assert_int_equal(tmli_tokenize_traced(t.tokenizer, text, t.tokens, &t.trace, NULL), TML_OK);
    assert_int_equal(t.tokens->n, plain->n);
    assert_int_equal(t.trace.tokens.n, plain->n);
    for (size_t i = 0; i < plain->n; i++) {
        assert_true(tmli_str_eq(t.tokens->items[i], plain->items[i]));
    }
    check_spans(c->name, &t, text, tmli_tokenizer_is_char(options->kind));
    tml_tokens_free(plain);
    close_traced(&t);
}

static void check_golden(const golden_case *c)
{
    for (unsigned kind = 0; kind < N_KINDS; kind++) {
        for (unsigned step = 0; step < N_STEPS; step++) {
            const tml_tokenizer_options options = {
                .kind = (tml_tokenizer_kind)kind,
                .steps = {(tml_normalize_step)step,
                          (tml_normalize_step)((step * 5 + kind) % N_STEPS)},
                .n_steps = 2,
                .step_counts = {1, 2},
                .stop_words = stop_words,
                .n_stop_words = 2};
            check_options(c, &options);
        }
    }
}

static void places_are_whole_characters_in_order(void **state)
{
    (void)state;
    golden_each("tokenizer", check_golden);
}

/* Where a token depends on nothing around it, its piece of the raw text gives it again. */
static void check_again(const golden_case *c)
{
    static const tml_normalize_step steps[] = {TML_NORMALIZE_NFC, TML_NORMALIZE_NFKC,
                                               TML_NORMALIZE_STRIP_ACCENTS,
                                               TML_NORMALIZE_ACCENTS_UNICODE};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        const tml_str text = tmli_buf_str(&c->input);
        const tml_tokenizer_options options = {
            .kind = TML_TOKENIZER_WHITESPACE, .steps = {steps[i]}, .n_steps = 1};
        traced t;
        tml_tokens *again = NULL;
        open_traced(&t, &options);
        assert_int_equal(tml_tokens_create(&again, NULL), TML_OK);
        assert_int_equal(tmli_tokenize_traced(t.tokenizer, text, t.tokens, &t.trace, NULL), TML_OK);
        for (size_t k = 0; k < t.tokens->n; k++) {
            const tmli_span span = t.trace.tokens.items[k];
            const tml_str piece = {text.data + span.begin, span.end - span.begin};
            assert_int_equal(tml_tokenize(t.tokenizer, piece, again, NULL), TML_OK);
            bool is_there = false; /* one character may be made into several words */
            for (size_t a = 0; a < again->n; a++) {
                is_there = is_there || tmli_str_eq(again->items[a], t.tokens->items[k]);
            }
            if (!is_there) {
                fail_msg("%s: \"%.*s\" does not come from \"%.*s\"", c->name,
                         TMLI_SHOWN(t.tokens->items[k]), TMLI_SHOWN(piece));
            }
        }
        tml_tokens_free(again);
        close_traced(&t);
    }
}

static void the_raw_piece_gives_the_token_again(void **state)
{
    (void)state;
    golden_each("tokenizer", check_again);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static const char text[] = "<b>É</b> e\xCC\x81t\xFF the of \xEF\xAC\x81 ok";
    const tml_tokenizer_options options = {.kind = TML_TOKENIZER_KERAS,
                                           .steps = {TML_NORMALIZE_STRIP_HTML, TML_NORMALIZE_NFKC,
                                                     TML_NORMALIZE_ACCENTS_UNICODE,
                                                     TML_NORMALIZE_DROP_STOP_WORDS},
                                           .n_steps = 4,
                                           .stop_words = stop_words,
                                           .n_stop_words = 2,
                                           .stem = "english"};
    for (size_t nth = 0;; nth++) {
        traced t;
        tml_error err = {0};
        open_traced(&t, &options);
        fail_allocation(nth);
        const tml_status status =
            tmli_tokenize_traced(t.tokenizer, tmli_str(text), t.tokens, &t.trace, &err);
        fail_allocation(NEVER);
        if (status != TML_OK) { /* memory is back: the scratch works on */
            assert_int_equal(status, TML_ENOMEM);
            assert_int_equal(t.tokens->n, 0);
            assert_int_equal(
                tmli_tokenize_traced(t.tokenizer, tmli_str(text), t.tokens, &t.trace, NULL),
                TML_OK);
        }
        assert_int_equal(t.trace.tokens.n, 4);
        close_traced(&t);
        if (status == TML_OK) {
            assert_true(nth > 5);
            break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_know_where_they_came_from),
        cmocka_unit_test(a_stem_has_the_place_of_its_word),
        cmocka_unit_test(places_are_whole_characters_in_order),
        cmocka_unit_test(the_raw_piece_gives_the_token_again),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
