/* The steps, one by one and one after the other. The wants are what Python 3.11 answers. */
#include "text/normalize.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/bytes.h"
#include "support/alloc_fail.h"
#include "text/ascii.h"
#include "text/unicode.h"
#include "text/utf8.h"

#define LOWER TML_NORMALIZE_LOWER
#define SQUEEZE TML_NORMALIZE_SQUEEZE
#define SPACES TML_NORMALIZE_SPACES

static void assert_normalized(const tml_normalize_step *steps, size_t n, tml_str text, tml_str want)
{
    tmli_normalize_scratch scratch = {0};
    tml_str got;
    const tmli_normalize_plan plan = {.steps = steps, .n = n};
    assert_true(tmli_normalize(&plan, text, &scratch, &got));
    if (!tmli_str_eq(got, want)) {
        fail_msg("\"%.*s\": got \"%.*s\", want \"%.*s\"", (int)text.len, text.data, (int)got.len,
                 got.data, (int)want.len, want.data);
    }
    tmli_normalize_scratch_deinit(&scratch);
}

typedef struct step_case {
    const char *text;
    const char *want;
} step_case;

static void check_all(tml_normalize_step step, const step_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert_normalized(&step, 1, tmli_str(cases[i].text), tmli_str(cases[i].want));
    }
}

#define CHECK_ALL(step, cases) check_all((step), (cases), sizeof(cases) / sizeof((cases)[0]))

static void squeezing_is_the_three_substitutions_in_order(void **state)
{
    (void)state;
    static const step_case cases[] = {
        {"", ""},
        {"a", "a"},
        {"a b", "a b"},
        {"a-b", "a-b"},
        {"a, b", "a b"},
        {"a ,b", "a b"},
        {"a , b", "a b"},
        {"a - b", "a b"},
        {"a -- b", "a b"}, /* \s\W takes " -", \W\s takes "- " */
        {"a --- b", "a - b"},
        {"a ---- b", "a -- b"},
        {"a -b", "a b"},
        {"a ,.;b", "a .;b"},
        {"a,.; b", "a,. b"},
        {" a ", " a "},
        {"  a  ", " a "},
        {"-", "-"},
        {" -", " "},
        {"- ", " "},
        {" - ", " "},
        {" ", " "},
        {"     ", " "},
        {"\t", " "},
        {"a\tb\nc\rd\x1c"
         "e",
         "a b c d e"},
        {"a\t\tb", "a b"},
        {"! ! !", " "},
        {"!! !! !!", "! !"},
        {"\"quoted\", he said: 'no'.", "\"quoted\" he said no'."},
        {"_ _", "_ _"},
        {"a\x01 b", "a b"},
        {"é , é", "é é"},
        {"« été »", " été "},
        {"« été »!", " été !"},
        {"a\u00a0b", "a b"},
        {"a\u2003\u3000b", "a b"},
        {"a —b", "a b"},
        {"a — b", "a b"},
        {"東京 、大阪", "東京 大阪"},
        {"a \U0001F600\U0001F600 b", "a b"},
        {"a\u0301 b", "a b"}, /* a combining mark is \W: its blank takes it along */
        {"a\u200b b", "a b"},
    };
    CHECK_ALL(SQUEEZE, cases);
}

/* The definition, pass by pass: no cleverness shared with normalize.c. */
static size_t pass(const char *from, size_t n, char *to, bool space_first)
{
    size_t n_to = 0;
    for (size_t i = 0; i < n;) {
        const unsigned a = (unsigned char)from[i];
        const unsigned b = i + 1 < n ? (unsigned char)from[i + 1] : 'x';
        const bool is_match = space_first ? tmli_is_space(a) && !tmli_is_word(b)
                                          : !tmli_is_word(a) && tmli_is_space(b);
        to[n_to++] = is_match ? ' ' : from[i];
        i += is_match ? 2 : 1;
    }
    return n_to;
}

static size_t last_pass(const char *from, size_t n, char *to)
{
    size_t n_to = 0;
    for (size_t i = 0; i < n; i++) {
        if (!tmli_is_space((unsigned char)from[i])) {
            to[n_to++] = from[i];
        } else if (i == 0 || !tmli_is_space((unsigned char)from[i - 1])) {
            to[n_to++] = ' ';
        }
    }
    return n_to;
}

static void squeezing_any_ascii_text_is_the_definition(void **state)
{
    (void)state;
    static const char alphabet[] = "ab_9  \t,.-";
    uint32_t random = 12345;
    for (size_t round = 0; round < 20000; round++) {
        char text[200];
        const size_t n = round % sizeof text;
        for (size_t i = 0; i < n; i++) {
            random = random * 1664525u + 1013904223u;
            text[i] = alphabet[(random >> 16) % (sizeof alphabet - 1)];
        }
        char first[sizeof text];
        char second[sizeof text];
        size_t n_want = pass(text, n, first, true);
        n_want = pass(first, n_want, second, false);
        n_want = last_pass(second, n_want, first);
        const tml_normalize_step step = SQUEEZE;
        assert_normalized(&step, 1, (tml_str){text, n}, (tml_str){first, n_want});
        /* The same behind a letter that is not ASCII, which takes the other way through the code. */
        char text_e[sizeof text + 2] = {(char)0xC3, (char)0xA9};
        char want_e[sizeof text + 2] = {(char)0xC3, (char)0xA9};
        memcpy(text_e + 2, text, n);
        memcpy(want_e + 2, first, n_want);
        assert_normalized(&step, 1, (tml_str){text_e, n + 2}, (tml_str){want_e, n_want + 2});
    }
}

static void collapsing_leaves_single_blanks_between(void **state)
{
    (void)state;
    static const step_case cases[] = {
        {"", ""},
        {"   ", ""},
        {"a", "a"},
        {" a", "a"},
        {"a ", "a"},
        {"\t a \n\r b\x1f \t", "a b"},
        {"a b c", "a b c"},
        {"a\tb", "a b"},
        {"0123456789012345678901234567890123456789012345678901234567890   x",
         "0123456789012345678901234567890123456789012345678901234567890 x"},
        {"012345678901234567890123456789012345678901234567890123456789012    x  ",
         "012345678901234567890123456789012345678901234567890123456789012 x"},
        {"\u3000é\u00a0\u2003é ", "é é"},
        {"\u00a0\u3000", ""},
    };
    CHECK_ALL(SPACES, cases);
}

static void steps_run_in_their_order(void **state)
{
    (void)state;
    static const tml_normalize_step news[] = {LOWER, SQUEEZE};
    assert_normalized(news, 2, TML_STR("Stocks FALL, Again - Oil's Up!"),
                      TML_STR("stocks fall again oil's up!"));
    static const tml_normalize_step capital_last[] = {LOWER, TML_NORMALIZE_NFKC};
    assert_normalized(capital_last, 2, TML_STR("ℋ"), TML_STR("H"));
    static const tml_normalize_step capital_first[] = {TML_NORMALIZE_NFKC, LOWER};
    assert_normalized(capital_first, 2, TML_STR("ℋ"), TML_STR("h"));
    static const tml_normalize_step all[] = {
        SPACES, TML_NORMALIZE_NFC, TML_NORMALIZE_NFKC, LOWER, TML_NORMALIZE_STRIP_ACCENTS, SQUEEZE};
    assert_normalized(all, 6, TML_STR("  ÉTÉ , \u00a0 ﬁn "), TML_STR("ete fin"));
    assert_normalized(all, 6, TML_STR("  Plain , ASCII  "), TML_STR("plain ascii"));
}

static void ill_formed_text_is_repaired_even_without_steps(void **state)
{
    (void)state;
    assert_normalized(NULL, 0, TML_STR("a\xFF\xC3"), TML_STR("a\uFFFD\uFFFD"));
    static const tml_normalize_step lower = LOWER;
    assert_normalized(&lower, 1, TML_STR("A\xFFÉ"), TML_STR("a\uFFFDé"));
    static const tml_normalize_step squeeze = SQUEEZE;
    assert_normalized(&squeeze, 1, TML_STR("a \xFF b"), TML_STR("a b"));
}

static void the_result_is_padded_and_lies_in_the_scratch(void **state)
{
    (void)state;
    tmli_normalize_scratch scratch = {0};
    static const tml_str texts[] = {{NULL, 0}, {"plain", 5}, {"\xC3\xA9", 2}, {"\xFF", 1}};
    static const tml_normalize_step steps[] = {SQUEEZE, TML_NORMALIZE_NFC};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        for (size_t n = 0; n <= 2; n++) {
            tml_str got;
            const tmli_normalize_plan plan = {.steps = steps, .n = n};
            assert_true(tmli_normalize(&plan, texts[i], &scratch, &got));
            const tmli_buf *const buf = got.data == scratch.a.data ? &scratch.a : &scratch.b;
            assert_ptr_equal(got.data, buf->data);
            assert_true(buf->capacity - got.len >= TMLI_PAD);
        }
    }
    tmli_normalize_scratch_deinit(&scratch);
}

static void every_failed_allocation_is_reported(void **state)
{
    (void)state;
    static const tml_normalize_step steps[] = {LOWER, SQUEEZE, TML_NORMALIZE_NFC, SPACES};
    static const tml_str texts[] = {
        {"plain text , and so on", 22}, {"\xC3\x89T\xC3\x89 , x", 9}, {"cut \xC3", 5}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        for (size_t nth = 0;; nth++) {
            tmli_normalize_scratch scratch = {0};
            tml_str got;
            fail_allocation(nth);
            const tmli_normalize_plan plan = {.steps = steps, .n = 4};
            const bool is_done = tmli_normalize(&plan, texts[i], &scratch, &got);
            fail_allocation(NEVER);
            tmli_normalize_scratch_deinit(&scratch);
            if (is_done) {
                assert_true(nth >= 2); /* both buffers were refused */
                break;
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(squeezing_is_the_three_substitutions_in_order),
        cmocka_unit_test(squeezing_any_ascii_text_is_the_definition),
        cmocka_unit_test(collapsing_leaves_single_blanks_between),
        cmocka_unit_test(steps_run_in_their_order),
        cmocka_unit_test(ill_formed_text_is_repaired_even_without_steps),
        cmocka_unit_test(the_result_is_padded_and_lies_in_the_scratch),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests_name("normalize", tests, NULL, NULL);
}
