/* Contributions of words as scikit-learn's weights and rows give them: tests/golden/explain, written by
 * tests/golden/make_explain.py, which knows nothing of this library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/json.h"
#include "support/golden.h"
#include "support/near.h"
#include "support/tiny_model.h"
#include "support/tmpdir.h"
#include "textml/explain.h"

static const double as_scikit_learn = 1e-12;

/* The contribution of the token that begins at `begin`, or NULL. */
static const tml_contribution *find(const tml_explanation *e, size_t begin)
{
    for (size_t i = 0; i < e->n; i++) {
        if (e->tokens[i].begin == begin) {
            return &e->tokens[i];
        }
    }
    return NULL;
}

static void check_number(const golden_case *c, const char *what, size_t line, double got,
                         double want)
{
    if (!is_near(got, want, as_scikit_learn)) {
        fail_msg("%s: line %zu: %s: got %.17g, scikit-learn has %.17g", c->name, line, what, got,
                 want);
    }
}

/* One line of want: text, label, score, constant, words. */
static void check_line(const golden_case *c, size_t line, tml_session *session,
                       const tmli_value *list)
{
    assert_int_equal(list->n, 5);
    const tml_str text = list->first->text;
    const tmli_value *at = list->first->next;
    const size_t label = (size_t)at->number;
    tml_explanation e;
    assert_int_equal(tml_session_explain(session, text, label, SIZE_MAX, &e, NULL), TML_OK);
    assert_true(e.is_exact);
    at = at->next;
    check_number(c, "score", line, e.score, at->number);
    at = at->next;
    check_number(c, "constant", line, e.constant, at->number);
    at = at->next;
    if (e.n != at->n || e.n_tokens != e.n) {
        fail_msg("%s: line %zu: %zu tokens, scikit-learn has %zu words", c->name, line, e.n, at->n);
    }
    for (const tmli_value *word = at->first; word != NULL; word = word->next) {
        const size_t begin = (size_t)word->first->number;
        const tml_contribution *const got = find(&e, begin);
        if (got == NULL) {
            fail_msg("%s: line %zu: no token at byte %zu", c->name, line, begin);
            return;
        }
        assert_int_equal(got->end, (size_t)word->first->next->number);
        check_number(c, "contribution", line, got->contribution, word->first->next->next->number);
    }
}

static void check(const golden_case *c)
{
    char *const dir = tmpdir_create();
    tmli_buf recipe = {0};
    tmli_buf rows = {0};
    tmli_buf_append(&recipe, c->options.data, c->options.len);
    tmli_buf_append(&rows, c->input.data, c->input.len);
    tml_model *const model = tiny_fit_rows(dir, tmli_buf_cstr(&recipe), tmli_buf_cstr(&rows));
    tml_session *session = NULL;
    tmli_arena arena;
    assert_int_equal(tml_session_create(model, &session, NULL), TML_OK);
    tmli_arena_init(&arena, 4096, 0);
    size_t n_lines = 0;
    const char *const end = c->want.data + c->want.len;
    for (const char *at = c->want.data; at < end; n_lines++) {
        const char *const line_end = memchr(at, '\n', (size_t)(end - at));
        const tmli_value *list = NULL;
        assert_non_null(line_end);
        const tml_str line = {at, (size_t)(line_end - at)};
        assert_int_equal(tmli_json_parse(line, &arena, &list, NULL), TML_OK);
        check_line(c, n_lines + 1, session, list);
        at = line_end + 1;
    }
    assert_true(n_lines > 0);
    tmli_arena_deinit(&arena);
    tml_session_free(session);
    tml_model_free(model);
    tmli_buf_deinit(&recipe);
    tmli_buf_deinit(&rows);
    tmpdir_remove(dir);
}

static void contributions_are_scikit_learns(void **state)
{
    (void)state;
    golden_each("explain", check);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(contributions_are_scikit_learns)};
    return cmocka_run_group_tests_name("explain_golden", tests, NULL, NULL);
}
