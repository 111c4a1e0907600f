/* What Python says about texts in many scripts: tests/golden/tokenizer, see its README. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/bytes.h"
#include "support/golden.h"
#include "text/tokenizer.h"
#include "textml/tokenizer.h"

static tml_tokenizer_options options_of(const golden_case *c)
{
    tml_tokenizer_options options = {0};
    char value[256];
    const char *const kind = golden_option(c, "kind", "", value);
    if (!tmli_tokenizer_from_word(tmli_str(kind), &options.kind)) {
        fail_msg("%s: no tokenizer is called \"%s\"", c->name, kind);
    }
    const char *at = golden_option(c, "steps", "", value);
    while (*at != '\0') {
        const size_t n = strcspn(at, " ");
        if (!tmli_normalize_from_word((tml_str){at, n}, &options.steps[options.n_steps++])) {
            fail_msg("%s: no step is called \"%.*s\"", c->name, (int)n, at);
        }
        at += n + (at[n] == ' ' ? 1 : 0);
    }
    return options;
}

static void check(const golden_case *c)
{
    const tml_tokenizer_options options = options_of(c);
    tml_tokenizer *tokenizer = NULL;
    tml_tokens *tokens = NULL;
    assert_int_equal(tml_tokenizer_create(&options, &tokenizer, NULL), TML_OK);
    assert_int_equal(tml_tokens_create(&tokens, NULL), TML_OK);
    assert_int_equal(tml_tokenize(tokenizer, tmli_buf_str(&c->input), tokens, NULL), TML_OK);

    tmli_buf got = {0};
    for (size_t i = 0; i < tml_tokens_count(tokens); i++) {
        tmli_buf_append_str(&got, tml_tokens_at(tokens, i));
        tmli_buf_append_byte(&got, '\n');
    }
    tmli_buf_append_text(&got, "--- text:\n");
    tmli_normalize_scratch scratch = {0};
    tml_str text;
    assert_true(
        tmli_normalize(options.steps, options.n_steps, tmli_buf_str(&c->input), &scratch, &text));
    tmli_buf_append_str(&got, text);
    golden_compare(c, tmli_buf_str(&got), "tokens and text");

    tmli_normalize_scratch_deinit(&scratch);
    tmli_buf_deinit(&got);
    tml_tokens_free(tokens);
    tml_tokenizer_free(tokenizer);
}

static void every_case_is_as_python_has_it(void **state)
{
    (void)state;
    golden_each("tokenizer", check);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_case_is_as_python_has_it)};
    return cmocka_run_group_tests_name("tokenizer_golden", tests, NULL, NULL);
}
