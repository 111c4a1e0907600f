/* Properties, case and normal forms, against digests and examples that Python 3.11 gave. */
#include "text/unicode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"
#include "support/alloc_fail.h"
#include "text/utf8.h"

/* What Unicode 15.0 (utf8proc 2.8) added to 14.0 (Python 3.11), as far as it shows in a property here. A later utf8proc
 * fails these tests by its additions: then a saved model sees other tokens, which the release notes must say. */
static const uint32_t since_15[][2] = {
    {0xCF3, 0xCF3},     {0xECE, 0xECE},     {0x10EFD, 0x10EFF}, {0x1123F, 0x11241},
    {0x11F00, 0x11F59}, {0x1342F, 0x1342F}, {0x13439, 0x13455}, {0x1B132, 0x1B132},
    {0x1B155, 0x1B155}, {0x1D2C0, 0x1D2D3}, {0x1DF25, 0x1DF2A}, {0x1E030, 0x1E08F},
    {0x1E4D0, 0x1E4F9}, {0x2B739, 0x2B739}, {0x31350, 0x323AF},
};

static bool is_compared(uint32_t codepoint)
{
    for (size_t i = 0; i < sizeof since_15 / sizeof since_15[0]; i++) {
        if (codepoint >= since_15[i][0] && codepoint <= since_15[i][1]) {
            return false;
        }
    }
    /* Planes 4 to 13, and 15 and 16, have no properties to compare; leaving them out keeps the test short. */
    return codepoint < 0x40000 ? codepoint < 0xD800 || codepoint > 0xDFFF : codepoint >> 16 == 0xE;
}

/* The digests are the output of tests/golden/make_tokenizer.py --digests. */
static const struct {
    const char *name;
    bool (*has)(uint32_t codepoint);
    size_t count;
    uint32_t digest;
} properties[] = {
    {"space", tmli_is_space, 29, 0xd38ab575},       {"word", tmli_is_word, 133548, 0xa32259b2},
    {"letter", tmli_is_letter, 131756, 0xe4b49ddf}, {"mark", tmli_is_mark, 2408, 0xf8e12c4a},
    {"digit", tmli_is_digit, 1791, 0x35d86b5f},
};

static void properties_of_all_characters_are_pythons(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof properties / sizeof properties[0]; i++) {
        tmli_buf found = {0};
        for (uint32_t codepoint = 0; codepoint <= 0x10FFFF; codepoint++) {
            if (is_compared(codepoint) && properties[i].has(codepoint)) {
                tmli_buf_append_u32le(&found, codepoint);
            }
        }
        assert_false(found.failed);
        const uint32_t digest = tmli_hash_v1(tmli_buf_str(&found));
        if (found.len / 4 != properties[i].count || digest != properties[i].digest) {
            fail_msg("%s: %zu characters, digest 0x%08x", properties[i].name, found.len / 4,
                     digest);
        }
        tmli_buf_deinit(&found);
    }
}

static void lower(tml_str text, tmli_buf *out)
{
    tmli_lower(text, out);
}

static void nfc(tml_str text, tmli_buf *out)
{
    assert_true(tmli_normal_form(text, TMLI_NFC, out));
}

static void nfkc(tml_str text, tmli_buf *out)
{
    assert_true(tmli_normal_form(text, TMLI_NFKC, out));
}

static void strip_accents(tml_str text, tmli_buf *out)
{
    assert_true(tmli_normal_form(text, TMLI_NFD_NO_MARKS, out));
}

static void accents_unicode(tml_str text, tmli_buf *out)
{
    tmli_fold(text, TMLI_FOLD_MARKS, out);
    assert_false(out->failed);
}

static void accents_ascii(tml_str text, tmli_buf *out)
{
    tmli_fold(text, TMLI_FOLD_ASCII, out);
    assert_false(out->failed);
}

/* Lower case of capital sigmas with the character before and after them: whether they are final tells whether the
 * character is cased or is passed over. */
static void sigma(tml_str text, tmli_buf *out)
{
    static const char *const contexts[] = {"%Σ\n", "A%Σ\n", "AΣ%\n", "AΣ%A\n"};
    tmli_buf written = {0};
    for (size_t i = 0; i < sizeof contexts / sizeof contexts[0]; i++) {
        for (const char *at = contexts[i]; *at != '\0'; at++) {
            tmli_buf_append(&written, *at == '%' ? text.data : at, *at == '%' ? text.len : 1);
        }
    }
    assert_false(written.failed);
    tmli_lower(tmli_buf_str(&written), out);
    tmli_buf_deinit(&written);
}

static const struct {
    const char *name;
    void (*map)(tml_str text, tmli_buf *out);
    size_t count;
    uint32_t digest;
} mappings[] = {
    {"lower", lower, 1433, 0xa1290aba},
    {"nfc", nfc, 1120, 0x29016869},
    {"nfkc", nfkc, 4866, 0xfa27d199},
    {"strip_accents", strip_accents, 3965, 0x6dd936a9},
    {"strip_accents_unicode", accents_unicode, 17875, 0x6be26bc1},
    {"strip_accents_ascii", accents_ascii, 321017, 0x251e05e5},
    {"sigma", sigma, 321145, 0x0d80f134},
};

/* The planes that the digests leave out. */
static void nothing_unassigned_is_a_word_character(void **state)
{
    (void)state;
    for (uint32_t codepoint = 0x40000; codepoint <= 0x10FFFF; codepoint++) {
        assert_false(tmli_is_word(codepoint));
    }
}

static void mappings_of_all_characters_are_pythons(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mappings / sizeof mappings[0]; i++) {
        tmli_buf changed = {0};
        tmli_buf mapped = {0};
        size_t count = 0;
        for (uint32_t codepoint = 0; codepoint <= 0x10FFFF; codepoint++) {
            if (!is_compared(codepoint)) {
                continue;
            }
            char bytes[4];
            const tml_str text = {bytes, tmli_utf8_put(codepoint, bytes)};
            tmli_buf_reset(&mapped);
            mappings[i].map(text, &mapped);
            if (!tmli_str_eq(tmli_buf_str(&mapped), text)) {
                count++;
                tmli_buf_append_str(&changed, text);
                tmli_buf_append_str(&changed, tmli_buf_str(&mapped));
            }
        }
        assert_false(changed.failed);
        const uint32_t digest = tmli_hash_v1(tmli_buf_str(&changed));
        if (count != mappings[i].count || digest != mappings[i].digest) {
            fail_msg("%s: %zu characters change, digest 0x%08x", mappings[i].name, count, digest);
        }
        tmli_buf_deinit(&mapped);
        tmli_buf_deinit(&changed);
    }
}

static void ideographs_are_han_and_kana(void **state)
{
    (void)state;
    static const uint32_t yes[] = {0x4E00, 0x9FFF, 0x3042, 0x30AB,  0x30FC,  0x3005,  0x3007,
                                   0xFF76, 0xF900, 0x3400, 0x20BB7, 0x30000, 0x1B000, 0x31F0};
    static const uint32_t no[] = {'a',    0xE01,  0xAC00, 0x3000,  0x3001,  0x30FB, 0x3099,
                                  0x309B, 0xFF9E, 0xFF65, 0x1F600, 0x17000, 0x2E80, 0x1100};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        assert_true(tmli_is_ideograph(yes[i]));
    }
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        assert_false(tmli_is_ideograph(no[i]));
    }
}

typedef struct mapping_case {
    const char *text;
    const char *want;
} mapping_case;

static void check_all(void (*map)(tml_str text, tmli_buf *out), const mapping_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        tmli_buf got = {0};
        tmli_buf_append_text(&got, "=");
        map(tmli_str(cases[i].text), &got);
        const char *const result = tmli_buf_cstr(&got);
        assert_non_null(result);
        assert_string_equal(result + 1, cases[i].want);
        tmli_buf_deinit(&got);
    }
}

#define CHECK_ALL(map, cases) check_all((map), (cases), sizeof(cases) / sizeof((cases)[0]))

static void lower_case_is_pythons(void **state)
{
    (void)state;
    static const mapping_case cases[] = {
        {"", ""},
        {"ABC xyz [\\]^_`{@} 09", "abc xyz [\\]^_`{@} 09"},
        {"THE QUICK BROWN FOX JUMPS OVER", "the quick brown fox jumps over"},
        {"İ", "i̇"},
        {"İİİİİİİİ I ı", "i̇i̇i̇i̇i̇i̇i̇i̇ i ı"},
        {"GROẞ ÉÀ", "groß éà"},
        {"ȺȺȺȺȺȺȺȺ", "ⱥⱥⱥⱥⱥⱥⱥⱥ"}, /* two bytes become three */
        {"KÅΩ", "kåω"},           /* three bytes become one and two */
        {"ПРИВЕТ, Мир", "привет, мир"},
        {"Σ", "σ"},
        {"ΑΣ", "ας"},
        {"ΑΣΑ", "ασα"},
        {"ΑΣ ΑΣ", "ας ας"},
        {"ΑΣ'", "ας'"},
        {"ΑΣ'Α", "ασ'α"},
        {"ΑΣ.Α", "ασ.α"},
        {"ΑΣ-Α", "ας-α"},
        {"Α'Σ", "α'ς"},
        {"1Σ", "1σ"},
        {"'Σ", "'σ"},
        {"Α\u0301Σ\u0301", "α\u0301ς\u0301"},
        {"ΣΣ", "σς"},
        {"AΣB AΣ", "aσb aς"},
        {"ⅧΣ ªΣ", "ⅷς ªς"}, /* cased, though no letters with case */
    };
    CHECK_ALL(lower, cases);
}

static void normal_forms_compose_order_and_strip(void **state)
{
    (void)state;
    static const mapping_case composed[] = {
        {"plain", "plain"},
        {"e\u0301", "é"},
        {"o\u0323\u0302 o\u0302\u0323", "ộ ộ"},
        {"a\u0315\u0300\u05AE\u0300b", "à\u05AE\u0300\u0315b"},
        {"\u1112\u1161\u11AB\uAC00\u11A8", "한각"},
        {"\uAC00\u11A7", "\uAC00\u11A7"}, /* utf8proc 2.8 alone would lose the second */
        {"\u0958 Å", "\u0915\u093C Å"},
        {"ﬁ ²", "ﬁ ²"},
    };
    static const mapping_case compatible[] = {
        {"ﬁ ² Ⅷ ㎏ ｆ", "fi 2 VIII kg f"},
        {"\uFDFA", "صلى الله عليه وسلم"},
        {"ｶﾞ", "ガ"},
    };
    static const mapping_case stripped[] = {
        {"NAÏVETÉ Łódź", "NAIVETE Łodz"},
        {"e\u0301\u0301 \u0301", "e "},
        {"한글", "한글"},
        {"が", "か"},
        {"বৃষ্টি", "বষটি"}, /* spacing marks (Mc) stay */
    };
    CHECK_ALL(nfc, composed);
    CHECK_ALL(nfkc, compatible);
    CHECK_ALL(strip_accents, stripped);
}

/* A gnome sort, which utf8proc has, would take hours for this. */
static void a_million_marks_are_ordered_at_once(void **state)
{
    (void)state;
    enum {
        PAIRS = 500000
    };
    tmli_buf text = {0};
    tmli_buf want = {0};
    tmli_buf_append_text(&text, "e");
    tmli_buf_append_text(&want, "ệ"); /* takes the first of both */
    for (size_t i = 0; i < PAIRS; i++) {
        tmli_buf_append_text(&text, "\u0302\u0323"); /* above, class 230; below, class 220 */
    }
    for (size_t i = 1; i < PAIRS; i++) {
        tmli_buf_append_text(&want, "\u0323");
    }
    for (size_t i = 1; i < PAIRS; i++) {
        tmli_buf_append_text(&want, "\u0302");
    }
    tmli_buf got = {0};
    assert_true(tmli_normal_form(tmli_buf_str(&text), TMLI_NFC, &got));
    assert_true(tmli_str_eq(tmli_buf_str(&got), tmli_buf_str(&want)));
    tmli_buf_deinit(&got);
    tmli_buf_deinit(&want);
    tmli_buf_deinit(&text);
}

static void a_failed_allocation_leaves_the_output_as_it_was(void **state)
{
    (void)state;
    tmli_buf text = {0};
    for (size_t i = 0; i < 300; i++) {
        tmli_buf_append_text(&text, "\u0302\u0323");
    }
    for (size_t nth = 0;; nth++) {
        tmli_buf out = {0};
        tmli_buf_append_text(&out, "kept");
        fail_allocation(nth);
        const bool is_done = tmli_normal_form(tmli_buf_str(&text), TMLI_NFC, &out);
        fail_allocation(NEVER);
        assert_int_equal(out.len, is_done ? 4 + text.len : 4);
        tmli_buf_deinit(&out);
        if (is_done) {
            assert_true(nth >= 2); /* the buffer and the sort were refused */
            break;
        }
    }
    tmli_buf out = {0};
    fail_allocation(0);
    tmli_lower(tmli_buf_str(&text), &out);
    fail_allocation(NEVER);
    assert_true(out.failed);
    tmli_buf_deinit(&out);
    tmli_buf_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(properties_of_all_characters_are_pythons),
        cmocka_unit_test(nothing_unassigned_is_a_word_character),
        cmocka_unit_test(mappings_of_all_characters_are_pythons),
        cmocka_unit_test(ideographs_are_han_and_kana),
        cmocka_unit_test(lower_case_is_pythons),
        cmocka_unit_test(normal_forms_compose_order_and_strip),
        cmocka_unit_test(a_million_marks_are_ordered_at_once),
        cmocka_unit_test(a_failed_allocation_leaves_the_output_as_it_was),
    };
    return cmocka_run_group_tests_name("unicode", tests, NULL, NULL);
}
