/* Recipes of bags and naive Bayes, several blocks side by side among them: trained by the real train, asked through the
 * real serve, and equal to scikit-learn (tests/golden/make_bag_models.py) to 1e-12. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/json.h"
#include "contract/asked.h"
#include "support/golden.h"
#include "support/near.h"

static const double as_scikit_learn = 1e-12;

enum {
    TEXTS_MAX = 32,
    LABELS_MAX = 8
};

typedef struct wanted {
    tmli_arena arena;
    tml_str texts[TEXTS_MAX];
    double probabilities[TEXTS_MAX * LABELS_MAX];
    size_t n, n_labels;
} wanted;

/* Lines of JSON: the text, and the probability of each label. */
static void read_wanted(const golden_case *c, wanted *w)
{
    const char *at = c->want.data;
    const char *const end = at + c->want.len;
    tmli_arena_init(&w->arena, 4096, 0);
    for (w->n = 0; at < end; w->n++) {
        const char *const line_end = memchr(at, '\n', (size_t)(end - at));
        const tmli_value *list = NULL;
        assert_true(line_end != NULL && w->n < TEXTS_MAX);
        assert_int_equal(
            tmli_json_parse((tml_str){at, (size_t)(line_end - at)}, &w->arena, &list, NULL),
            TML_OK);
        w->n_labels = list->n - 1;
        assert_true(w->n_labels <= LABELS_MAX);
        w->texts[w->n] = list->first->text;
        const tmli_value *number = list->first->next;
        for (size_t i = 0; i < w->n_labels; i++, number = number->next) {
            w->probabilities[w->n * w->n_labels + i] = number->number;
        }
        at = line_end + 1;
    }
    assert_true(w->n > 0);
}

/* The file that "$ROOT/words.txt" in a recipe means, from its line "# words:". */
static void write_words(const job *j, const char *recipe)
{
    static const char mark[] = "# words: ";
    const char *const at = strstr(recipe, mark);
    if (at == NULL) {
        return;
    }
    char *const words = strdup(at + strlen(mark));
    assert_non_null(words);
    words[strcspn(words, "\n")] = '\0';
    for (char *c = words; *c != '\0'; c++) {
        *c = *c == ' ' ? '\n' : *c;
    }
    job_write(j, "words.txt", words);
    free(words);
}

static void train(job *j, const golden_case *c)
{
    tmli_buf text = {0};
    tmli_buf_append(&text, c->options.data, c->options.len);
    const char *const recipe = tmli_buf_cstr(&text);
    char *const expanded = job_expand(j, recipe);
    char *const path = job_path(j, "recipe.yaml");
    const char *const args[] = {"--recipe", path, NULL};
    write_words(j, recipe);
    job_write(j, "recipe.yaml", expanded);
    job_write_bytes(j, "input/data/train/rows.csv", c->input.data, c->input.len);
    (void)job_train(j, args);
    assert_trained(j);
    free(path);
    free(expanded);
    tmli_buf_deinit(&text);
}

static void check(const golden_case *c)
{
    void *state = NULL;
    asked a = {0};
    wanted w;
    double got[TEXTS_MAX * LABELS_MAX];
    (void)job_setup(&state);
    job *const j = state;
    read_wanted(c, &w);
    train(j, c);
    asked_start(&a, j);
    assert_int_equal(a.n_labels, w.n_labels);
    asked_offline(&a, w.texts, w.n, got);
    for (size_t i = 0; i < w.n * w.n_labels; i++) {
        if (!is_near(got[i], w.probabilities[i], as_scikit_learn)) {
            fail_msg("%s: text %zu, label %zu: got %.17g, scikit-learn has %.17g", c->name,
                     i / w.n_labels, i % w.n_labels, got[i], w.probabilities[i]);
        }
    }
    assert_served(&a, w.texts, w.n, got);
    asked_stop(&a);
    tmli_arena_deinit(&w.arena);
    (void)job_teardown(&state);
}

static void whole_recipes_give_scikit_learns_probabilities(void **state)
{
    (void)state;
    golden_each("bag_models", check);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_recipes_give_scikit_learns_probabilities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
