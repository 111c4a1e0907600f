/* Options, words, the three rules, and the token list's life. Scripts of the world: test_tokenizer_golden.c. */
#include "textml/tokenizer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "support/alloc_fail.h"
#include "text/tokenizer.h"
#include "text/unicode.h"
#include "text/utf8.h"

/* The tokens of text with a '|' behind each. */
static void tokenize(tml_tokenizer_kind kind, tml_str text, tmli_buf *out)
{
    const tml_tokenizer_options options = {.kind = kind};
    tml_tokenizer *tokenizer = NULL;
    tml_tokens *tokens = NULL;
    assert_int_equal(tml_tokenizer_create(&options, &tokenizer, NULL), TML_OK);
    assert_int_equal(tml_tokens_create(&tokens, NULL), TML_OK);
    assert_int_equal(tml_tokenize(tokenizer, text, tokens, NULL), TML_OK);
    for (size_t i = 0; i < tml_tokens_count(tokens); i++) {
        assert_true(tml_tokens_at(tokens, i).len > 0);
        tmli_buf_append_str(out, tml_tokens_at(tokens, i));
        tmli_buf_append_byte(out, '|');
    }
    tml_tokens_free(tokens);
    tml_tokenizer_free(tokenizer);
}

typedef struct rule_case {
    const char *text;
    const char *want;
} rule_case;

static void check_all(tml_tokenizer_kind kind, const rule_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        tmli_buf got = {0};
        tokenize(kind, tmli_str(cases[i].text), &got);
        if (!tmli_str_eq_text(tmli_buf_str(&got), cases[i].want)) {
            fail_msg("\"%s\": got \"%.*s\", want \"%s\"", cases[i].text, (int)got.len, got.data,
                     cases[i].want);
        }
        tmli_buf_deinit(&got);
    }
}

#define CHECK_ALL(kind, cases) check_all((kind), (cases), sizeof(cases) / sizeof((cases)[0]))

static void keras_lowers_filters_and_splits_at_blanks_alone(void **state)
{
    (void)state;
    static const rule_case cases[] = {
        {"", ""},
        {" ", ""},
        {"!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n", ""},
        {"A", "a|"},
        {"Don't STOP", "don't|stop|"},
        {"snake_case a-b", "snake|case|a|b|"},
        {"a\u00a0b c\rd e\vf", "a\u00a0b|c\rd|e\vf|"}, /* neither filter nor ' ' */
        {"x\x7fy \x01", "x\x7fy|\x01|"},
        {"“Quoted” — ÉTÉ", "“quoted”|—|été|"},
        {"ΟΔΟΣ!", "οδος|"},
        {"İ.I", "i̇|i|"},
        {"trailing ", "trailing|"},
    };
    CHECK_ALL(TML_TOKENIZER_KERAS, cases);
}

static void whitespace_splits_at_every_kind_of_it(void **state)
{
    (void)state;
    static const rule_case cases[] = {
        {"", ""},
        {" \t\n\v\f\r\x1c\x1d\x1e\x1f", ""},
        {"a,b  C!", "a,b|C!|"},
        {"a\tb\nc\rd\x1c"
         "e",
         "a|b|c|d|e|"},
        {"a\u00a0b\u3000\u2028c", "a|b|c|"},
        {"a\u200bb", "a\u200bb|"},
        {"é", "é|"},
    };
    CHECK_ALL(TML_TOKENIZER_WHITESPACE, cases);
}

static void unicode_takes_runs_joins_apostrophes_and_cuts_ideographs(void **state)
{
    (void)state;
    static const rule_case cases[] = {
        {"", ""},
        {"Hello, World!", "Hello|World|"},
        {"don't rock'n'roll", "don't|rock'n'roll|"},
        {"it’s l’été", "it’s|l’été|"},
        {"'tis dogs' ''x'' a''b", "tis|dogs|x|a|b|"},
        {"1'2 a'1 1'a _'_ a'_", "1|2|a|1|1|a|_|_|a|_|"},
        {"snake_case x1 1x", "snake_case|x1|1x|"},
        {"e\u0301'a a'\u0301 a\u0301’e", "e\u0301'a|a|\u0301|a\u0301’e|"},
        {"\u0301a", "\u0301a|"},
        {"1\u0301'a", "1\u0301|a|"},
        {"漢字かなカナ", "漢|字|か|な|カ|ナ|"},
        {"か\u3099x漢’字 a’漢", "か\u3099|x|漢|字|a|漢|"},
        {"ｶﾞa", "ｶﾞ|a|"},
        {"한국어 ไทย", "한국어|ไทย|"},
        {"3.14 ½ Ⅷ ²", "3|14|½|Ⅷ|²|"},
        {"a\u200db soft\u00adhyphen", "a|b|soft|hyphen|"},
        {"\U0001F600 ok", "ok|"},
    };
    CHECK_ALL(TML_TOKENIZER_UNICODE, cases);
}

static void word_takes_runs_of_two_word_characters(void **state)
{
    (void)state;
    static const rule_case cases[] = {
        {"", ""},
        {"a", ""},
        {"é", ""},
        {"ab", "ab|"},
        {"Hello, World! I a_ _b", "Hello|World|a_|_b|"},
        {"don't x1 1x 2 3.14", "don|x1|1x|14|"},
        {"e\u0301te\u0301", "te|"}, /* a combining mark is no word character */
        {"漢字 字 かな １２", "漢字|かな|１２|"},
        {"𐐔𐐯 𐐁 x𐐁", "𐐔𐐯|x𐐁|"},
        {"½ ²³ Ⅷ४", "²³|Ⅷ४|"},
        {"a\u200db\uFFFDcd", "cd|"},
        {"\U0001F600ok\U0001F600", "ok|"},
    };
    CHECK_ALL(TML_TOKENIZER_WORD, cases);
}

static void char_kinds_give_what_n_grams_are_cut_from(void **state)
{
    (void)state;
    static const rule_case text[] = {
        {"", ""},
        {" ", " |"},
        {"a", "a|"},
        {" \n ", " |"},
        {"a b\tc\n\nd  ", "a b\tc d |"},
        {"é\u00a0\u3000x \u2003é\u00a0", "é x é\u00a0|"},
        {"0123456789012345678901234567890123456789012345678901234567890123  x  é",
         "0123456789012345678901234567890123456789012345678901234567890123 x é|"},
    };
    CHECK_ALL(TML_TOKENIZER_CHAR, text);
    static const rule_case words[] = {
        {"", ""},
        {" \n ", ""},
        {"a", " a |"},
        {"\tab  c\u3000é\n", " ab | c | é |"},
    };
    CHECK_ALL(TML_TOKENIZER_CHAR_WB, words);
}

enum {
    MIXED_PARTS = 12
};

/* The rules once more, one character after the other, over the whole text at once. */
static void define_tokens(tml_tokenizer_kind kind, tml_str text, tmli_buf *out)
{
    const char *const end = text.data + text.len;
    size_t n_run = 0;
    size_t run_bytes = 0;
    for (const char *at = text.data; at <= end;) {
        uint32_t codepoint = ' ';
        const size_t n = at < end ? tmli_utf8_next(at, end, &codepoint) : 1;
        const bool is_in = at < end && (kind == TML_TOKENIZER_WORD ? tmli_is_word(codepoint)
                                                                   : tmli_is_space(codepoint));
        if (!is_in) {
            const tml_str run = {at - run_bytes, run_bytes};
            if (kind == TML_TOKENIZER_WORD && n_run > 1) {
                tmli_buf_append_str(out, run);
                tmli_buf_append_byte(out, '|');
            } else if (kind == TML_TOKENIZER_CHAR) {
                tmli_buf_append_str(out, n_run > 1 ? TML_STR(" ") : run);
                tmli_buf_append(out, at, at < end ? n : 0);
            }
        }
        n_run = is_in ? n_run + 1 : 0;
        run_bytes = is_in ? run_bytes + n : 0;
        at += n;
    }
    if (kind == TML_TOKENIZER_CHAR && text.len > 0) {
        tmli_buf_append_byte(out, '|');
    }
}

static void any_mixture_is_cut_by_the_definition(void **state)
{
    (void)state;
    static const char *const parts[MIXED_PARTS] = {
        "a", "Z9", "_", " ", "  ", "-", "é", "\u3000", "\u0301", "漢", "𐐔", "\U0001F600"};
    static const tml_tokenizer_kind kinds[] = {TML_TOKENIZER_WORD, TML_TOKENIZER_CHAR};
    uint32_t random = 2463534242u;
    for (size_t round = 0; round < 20000; round++) {
        tmli_buf text = {0};
        const size_t n_kinds = round % MIXED_PARTS + 1; /* few kinds make long runs */
        for (size_t i = 0; i < round % 150; i++) {
            random = random * 1664525u + 1013904223u;
            tmli_buf_append_text(&text,
                                 parts[((random >> 16) % n_kinds + round / 12) % MIXED_PARTS]);
        }
        for (size_t k = 0; k < 2; k++) {
            tmli_buf want = {0};
            tmli_buf got = {0};
            tmli_buf_append_text(&want, "=");
            tmli_buf_append_text(&got, "=");
            define_tokens(kinds[k], tmli_buf_str(&text), &want);
            tokenize(kinds[k], tmli_buf_str(&text), &got);
            if (!tmli_str_eq(tmli_buf_str(&got), tmli_buf_str(&want))) {
                fail_msg("\"%s\": got \"%s\", want \"%s\"", tmli_buf_cstr(&text),
                         tmli_buf_cstr(&got), tmli_buf_cstr(&want));
            }
            tmli_buf_deinit(&got);
            tmli_buf_deinit(&want);
        }
        tmli_buf_deinit(&text);
    }
}

/* Blocks of 64 bytes meet at every place of every small pattern; "éé" in front takes the way for other text. */
static void a_token_may_lie_anywhere_in_a_long_text(void **state)
{
    (void)state;
    static const char *const patterns[] = {"don't", "a'b'c", "x", "ab cd",
                                           "''",    "a' b",  "-", "a_b 7"};
    static const tml_tokenizer_kind kinds[] = {TML_TOKENIZER_KERAS, TML_TOKENIZER_WHITESPACE,
                                               TML_TOKENIZER_UNICODE, TML_TOKENIZER_WORD};
    for (size_t before = 0; before < 140; before++) {
        for (size_t p = 0; p < sizeof patterns / sizeof patterns[0]; p++) {
            for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
                char filler[200];
                memset(filler, before % 2 == 0 ? 'q' : ' ', sizeof filler);
                tmli_buf text = {0};
                tmli_buf_append_text(&text, "éé ");
                tmli_buf_append(&text, filler, before);
                tmli_buf_append_text(&text, patterns[p]);
                tmli_buf_append(&text, filler, (before * 7) % 130);
                const tml_str other = tmli_buf_str(&text);
                const tml_str ascii = {other.data + 5, other.len - 5};
                tmli_buf want = {0};
                tmli_buf got = {0};
                tokenize(kinds[k], other, &want);
                tmli_buf_append_text(&got, "éé|");
                tokenize(kinds[k], ascii, &got);
                assert_true(tmli_str_eq(tmli_buf_str(&got), tmli_buf_str(&want)));
                tmli_buf_deinit(&got);
                tmli_buf_deinit(&want);
                tmli_buf_deinit(&text);
            }
        }
    }
}

static void tokens_outlive_the_text_and_end_with_the_next(void **state)
{
    (void)state;
    const tml_tokenizer_options options = {.kind = TML_TOKENIZER_WHITESPACE};
    tml_tokenizer *tokenizer = NULL;
    tml_tokens *tokens = NULL;
    assert_int_equal(tml_tokenizer_create(&options, &tokenizer, NULL), TML_OK);
    assert_int_equal(tml_tokens_create(&tokens, NULL), TML_OK);
    assert_int_equal(tml_tokens_count(tokens), 0);
    char text[] = "one two";
    assert_int_equal(tml_tokenize(tokenizer, (tml_str){text, 7}, tokens, NULL), TML_OK);
    memset(text, 'x', sizeof text);
    assert_int_equal(tml_tokens_count(tokens), 2);
    assert_true(tmli_str_eq_text(tml_tokens_at(tokens, 1), "two"));
    assert_int_equal(tml_tokenize(tokenizer, (tml_str){NULL, 0}, tokens, NULL), TML_OK);
    assert_int_equal(tml_tokens_count(tokens), 0);
    tml_tokens_free(tokens);
    tml_tokenizer_free(tokenizer);
}

static void a_steady_load_allocates_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {"Stocks FALL, again - and again", "ÉTÉ , à Noël",
                                        "cut \xC3"};
    const tml_str again = TML_STR("again");
    for (size_t kind = 0; kind < tmli_n_tokenizer_words; kind++) {
        const tml_tokenizer_options options = {
            .kind = (tml_tokenizer_kind)kind,
            .steps = {TML_NORMALIZE_LOWER, TML_NORMALIZE_SQUEEZE, TML_NORMALIZE_NFC},
            .n_steps = 3,
            .stop_words = &again,
            .n_stop_words = 1,
            .stem = tmli_tokenizer_is_char((tml_tokenizer_kind)kind) ? NULL : "english"};
        tml_tokenizer *tokenizer = NULL;
        tml_tokens *tokens = NULL;
        assert_int_equal(tml_tokenizer_create(&options, &tokenizer, NULL), TML_OK);
        assert_int_equal(tml_tokens_create(&tokens, NULL), TML_OK);
        for (size_t round = 0; round < 4; round++) {
            fail_allocation(round < 2 ? NEVER : 0); /* two rounds: the buffers change places */
            for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
                assert_int_equal(tml_tokenize(tokenizer, tmli_str(texts[i]), tokens, NULL), TML_OK);
            }
            fail_allocation(NEVER);
        }
        tml_tokens_free(tokens);
        tml_tokenizer_free(tokenizer);
    }
}

static void assert_all_different(const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t other = 0; other < i; other++) {
            assert_string_not_equal(words[i], words[other]);
        }
    }
}

static void words_and_values_are_one_to_one(void **state)
{
    (void)state;
    assert_int_equal(tmli_n_tokenizer_words, 6);
    assert_all_different(tmli_tokenizer_words, 6);
    assert_string_equal(tmli_tokenizer_words[TML_TOKENIZER_KERAS], "keras");
    assert_string_equal(tmli_tokenizer_word(TML_TOKENIZER_CHAR_WB), "char_wb");
    assert_int_equal(tmli_n_normalize_words, 14);
    assert_all_different(tmli_normalize_words, 14);
    assert_string_equal(tmli_normalize_words[TML_NORMALIZE_LOWER], "lower");
    assert_string_equal(tmli_normalize_words[TML_NORMALIZE_DROP_STOP_WORDS], "drop_stop_words");
}

static void the_default_is_lower_case_words(void **state)
{
    (void)state;
    const tml_tokenizer_options options = tml_tokenizer_options_default();
    assert_int_equal(options.kind, TML_TOKENIZER_UNICODE);
    assert_int_equal(options.n_steps, 1);
    assert_int_equal(options.steps[0], TML_NORMALIZE_LOWER);
}

static void options_outside_the_lists_are_refused_with_a_sentence(void **state)
{
    (void)state;
    static const struct {
        tml_tokenizer_options options;
        const char *want;
    } cases[] = {
        {{.kind = (tml_tokenizer_kind)6}, "tokenizer: kind 6 is not in 0..5"},
        {{.n_steps = 17}, "normalize: 17 steps, at most 16 are possible"},
        {{.steps = {TML_NORMALIZE_NFC, (tml_normalize_step)14}, .n_steps = 2},
         "normalize: step 2 is 14, which is not in 0..13"},
        {{.steps = {TML_NORMALIZE_LOWER, TML_NORMALIZE_DROP_LINES}, .n_steps = 2},
         "normalize: step 2 is drop_lines without a count; say how many lines, at least 1"},
        {{.steps = {TML_NORMALIZE_DROP_STOP_WORDS}, .n_steps = 1},
         "normalize: step 1 is drop_stop_words, but there are no stop words; give a list or leave "
         "the step out"},
        {{.stem = "englsh"}, "stem: there is no stemmer \"englsh\"; did you mean \"english\"?"},
        {{.stem = "klingon"},
         "stem: there is no stemmer \"klingon\"; expected the English name of a language, as "
         "\"arabic\" or \"english\""},
        {{.kind = TML_TOKENIZER_CHAR_WB, .stem = "english"},
         "stem: tokenizer char_wb gives no words to stem; take another or leave stem out"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tml_error err = {0};
        tml_tokenizer *tokenizer = NULL;
        assert_int_equal(tml_tokenizer_create(&cases[i].options, &tokenizer, &err), TML_EINVAL);
        assert_string_equal(err.text, cases[i].want);
        assert_null(tokenizer);
    }
}

static tml_status make_and_use(tml_tokenizer_kind kind, tml_tokenizer **tokenizer,
                               tml_tokens **tokens, tml_str text)
{
    const tml_str stop_word = TML_STR("the");
    const tml_tokenizer_options options = {
        .kind = kind,
        .steps = {TML_NORMALIZE_LOWER, TML_NORMALIZE_SQUEEZE, TML_NORMALIZE_NFC,
                  TML_NORMALIZE_ACCENTS_UNICODE, TML_NORMALIZE_STRIP,
                  TML_NORMALIZE_DROP_STOP_WORDS},
        .n_steps = 6,
        .stop_words = &stop_word,
        .n_stop_words = 1,
        .stem = tmli_tokenizer_is_char(kind) ? NULL : "english"};
    tml_status status = tml_tokenizer_create(&options, tokenizer, NULL);
    if (status == TML_OK) {
        status = tml_tokens_create(tokens, NULL);
    }
    if (status == TML_OK) {
        status = tml_tokenize(*tokenizer, text, *tokens, NULL);
    }
    return status;
}

static void every_failed_allocation_is_a_status(void **state)
{
    (void)state;
    static const tml_str texts[] = {{"stocks fall , again", 19}, {"\xC3\x89T\xC3\x89 , xy", 10}};
    for (size_t i = 0; i < 2 * tmli_n_tokenizer_words; i++) {
        const tml_tokenizer_kind kind = (tml_tokenizer_kind)(i / 2);
        const size_t n_want = kind == TML_TOKENIZER_CHAR ? 1 : i % 2 == 0 ? 3 : 2;
        tml_status status = TML_ENOMEM;
        for (size_t nth = 0; status != TML_OK; nth++) {
            tml_tokenizer *tokenizer = NULL;
            tml_tokens *tokens = NULL;
            fail_allocation(nth);
            status = make_and_use(kind, &tokenizer, &tokens, texts[i % 2]);
            fail_allocation(NEVER);
            assert_true(status == TML_OK || status == TML_ENOMEM);
            if (tokens != NULL) {
                assert_int_equal(tml_tokens_count(tokens), status == TML_OK ? n_want : 0);
            }
            tml_tokens_free(tokens);
            tml_tokenizer_free(tokenizer);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keras_lowers_filters_and_splits_at_blanks_alone),
        cmocka_unit_test(whitespace_splits_at_every_kind_of_it),
        cmocka_unit_test(unicode_takes_runs_joins_apostrophes_and_cuts_ideographs),
        cmocka_unit_test(word_takes_runs_of_two_word_characters),
        cmocka_unit_test(char_kinds_give_what_n_grams_are_cut_from),
        cmocka_unit_test(any_mixture_is_cut_by_the_definition),
        cmocka_unit_test(a_token_may_lie_anywhere_in_a_long_text),
        cmocka_unit_test(tokens_outlive_the_text_and_end_with_the_next),
        cmocka_unit_test(a_steady_load_allocates_nothing),
        cmocka_unit_test(words_and_values_are_one_to_one),
        cmocka_unit_test(the_default_is_lower_case_words),
        cmocka_unit_test(options_outside_the_lists_are_refused_with_a_sentence),
        cmocka_unit_test(every_failed_allocation_is_a_status),
    };
    return cmocka_run_group_tests_name("tokenizer", tests, NULL, NULL);
}
