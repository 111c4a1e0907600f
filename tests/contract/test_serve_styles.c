/* Answers in the shapes of other containers: BlazingText's, Hugging Face's, and the columns that XGBoost's container and Autopilot
 * name. contract.md §9.7: X01–X05, F05, F06. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/json.h"
#include "contract/server.h"
#include "support/near.h"

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ENV(...) ((const char *const[]){__VA_ARGS__, NULL})

static const double of_floats = 1e-7; /* half a unit in the last place below 1, and room */

/* Parses JSON that lives until the arena ends. */
static const tmli_value *parse(tml_str text, tmli_arena *arena)
{
    const tmli_value *root = NULL;
    tml_error err = {0};
    if (tmli_json_parse(text, arena, &root, &err) != TML_OK) {
        fail_msg("%s in %.*s", err.text, (int)text.len, text.data);
    }
    return root;
}

static tml_str body_of(const server *s)
{
    assert_int_equal(s->answer.status, 200);
    return (tml_str){s->answer.body, s->answer.n_body};
}

/* {"label": ["__label__…", …], "prob": […]} with the n best labels of the text, falling. */
static void assert_blazingtext(const server *s, const tmli_value *object, const char *text,
                               size_t n)
{
    double scores[SERVER_LABELS];
    const tml_str texts[] = {tmli_str(text)};
    const tmli_value *const labels = tmli_value_get(object, "label");
    const tmli_value *const probs = tmli_value_get(object, "prob");
    assert_non_null(labels);
    assert_non_null(probs);
    assert_int_equal(object->n, 2);
    assert_int_equal(labels->kind, TMLI_LIST);
    assert_int_equal(labels->n, n);
    assert_int_equal(probs->n, n);
    server_offline(s, texts, 1, scores);
    const tmli_value *prob = probs->first;
    for (const tmli_value *label = labels->first; label != NULL; label = label->next) {
        const size_t best = tml_best(scores, SERVER_LABELS);
        char want[64];
        (void)snprintf(want, sizeof want, "__label__%s", server_label_names[best]);
        assert_true(tmli_str_eq_text(label->text, want));
        assert_near(prob->number, scores[best], of_floats);
        scores[best] = -1;
        prob = prob->next;
    }
}

/* X01, X02, X03 */
static void blazingtext_answers_in_arrays(void **state)
{
    static const struct {
        const char *body;
        size_t k;
    } cases[] = {
        {"{\"instances\": [\"market bank\", \"film song\"]}", 1},
        {"{\"instances\": [\"market bank\", \"film song\"], \"configuration\": {\"k\": 2}}", 2},
        {"{\"instances\": [\"market bank\", \"film song\"], \"configuration\": {\"k\": 1000000}}",
         SERVER_LABELS},
    };
    server *const s = *state;
    tmli_arena arena;
    tmli_arena_init(&arena, 4096, 0);
    server_start(s, ARGS("--style", "blazingtext"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        server_ask(s, "application/json", NULL, cases[i].body);
        const tmli_value *const root = parse(body_of(s), &arena);
        assert_int_equal(root->kind, TMLI_LIST);
        assert_int_equal(root->n, 2);
        assert_blazingtext(s, root->first, "market bank", cases[i].k);
        assert_blazingtext(s, root->first->next, "film song", cases[i].k);
    }
    tmli_arena_deinit(&arena);
}

/* X04, X05: each line has a k of its own, and Accept changes nothing. */
static void blazingtext_answers_lines_with_lines(void **state)
{
    server *const s = *state;
    tmli_arena arena;
    tmli_arena_init(&arena, 4096, 0);
    s->env = ENV("TEXTML_STYLE=BlazingText");
    server_start(s, NULL);
    server_ask(s, "application/jsonlines", "text/csv",
               "{\"source\": \"market bank\", \"k\": 1}\n{\"source\": \"film song\", \"k\": 3}\n");
    char *const type = http_header(&s->answer, "Content-Type");
    assert_string_equal(type, "application/jsonlines");
    free(type);
    const tml_str body = body_of(s);
    const char *const end = strchr(body.data, '\n');
    assert_non_null(end);
    const tml_str first = {body.data, (size_t)(end - body.data)};
    const tml_str second = {end + 1, body.len - first.len - 2};
    assert_int_equal(body.data[body.len - 1], '\n');
    assert_blazingtext(s, parse(first, &arena), "market bank", 1);
    assert_blazingtext(s, parse(second, &arena), "film song", 3);
    tmli_arena_deinit(&arena);
}

/* The command line before the environment, a request's own wish before both; a word that is none is warned of. */
static void a_style_is_chosen_where_it_matters(void **state)
{
    static const char ask[] = "{\"inputs\": \"market bank\"}";
    static const char list[] = "[{\"label\": \"Business\", \"score\": ";
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    server *const s = *state;
    s->env = ENV("TEXTML_STYLE=textml");
    server_start(s, ARGS("--style=huggingface"));
    server_ask(s, "application/json", NULL, ask);
    assert_true(tmli_str_starts(body_of(s), list));
    const http_request own = {.path = "/invocations?style=textml",
                              .headers = headers,
                              .body = ask,
                              .n_body = strlen(ask)};
    http_send(s->client, &own, &s->answer);
    assert_true(tmli_str_starts(body_of(s), "{\"predictions\": [{\"label\": \"Business\""));
    const http_request wrong = {
        .path = "/invocations?style=x", .headers = headers, .body = ask, .n_body = strlen(ask)};
    http_send(s->client, &wrong, &s->answer);
    assert_error(s, 400, "style: \"x\" is none of textml, blazingtext, huggingface");
    server_stop(s);
    s->env = ENV("TEXTML_STYLE=fasttext");
    server_start(s, NULL);
    char *const err = process_stderr(&s->process);
    assert_non_null(strstr(err, "TEXTML_STYLE: \"fasttext\" is none of textml, blazingtext, "
                                "huggingface; the model's recipe decides instead"));
    free(err);
    assert_alive(s);
}

/* F05 */
static void all_classes_come_in_the_same_order(void **state)
{
    static const tml_str texts[] = {{"market bank", 11}, {"film song", 9}, {"virus doctor", 12}};
    static const char *const headers[] = {"Content-Type: text/csv", "Accept: text/csv", NULL};
    static const char body[] = "market bank\nfilm song\nvirus doctor\n";
    double scores[3 * SERVER_LABELS];
    server *const s = *state;
    server_start(s, NULL);
    server_offline(s, texts, 3, scores);
    const http_request request = {.path = "/invocations?probabilities=true",
                                  .headers = headers,
                                  .body = body,
                                  .n_body = strlen(body)};
    http_send(s->client, &request, &s->answer);
    assert_int_equal(s->answer.status, 200);
    char *at = s->answer.body;
    for (size_t i = 0; i < 3 * SERVER_LABELS; i++) {
        assert_near(strtod(at, &at), scores[i], of_floats);
        assert_int_equal(*at, i % SERVER_LABELS < SERVER_LABELS - 1 ? ',' : '\n');
        at++;
    }
    assert_string_equal(at, "");
}

/* F06 */
static void columns_are_those_that_were_named(void **state)
{
    static const char prefix[] = "Business,\"[0.";
    static const char suffix[] = "]\",\"['Business', 'Science & Technology', 'Entertainment', "
                                 "'Health & Medicine']\"\n";
    server *const s = *state;
    tmli_arena arena;
    tmli_arena_init(&arena, 4096, 0);
    s->env = ENV("SAGEMAKER_INFERENCE_OUTPUT=predicted_label, probabilities,labels");
    server_start(s, ARGS("--style", "blazingtext"));
    server_ask(s, "application/json", "application/json", "{\"instances\": [\"market bank\"]}");
    const tmli_value *const list = tmli_value_get(parse(body_of(s), &arena), "predictions");
    assert_non_null(list);
    assert_int_equal(list->n, 1);
    assert_int_equal(list->first->n, 3);
    assert_true(tmli_str_eq_text(tmli_value_get(list->first, "predicted_label")->text, "Business"));
    assert_int_equal(tmli_value_get(list->first, "probabilities")->n, SERVER_LABELS);
    assert_int_equal(tmli_value_get(list->first, "labels")->n, SERVER_LABELS);
    server_stop(s);
    server_start(s, NULL);
    server_ask(s, "text/csv", "text/csv", "market bank\n");
    assert_true(tmli_str_starts(body_of(s), prefix));
    assert_true(s->answer.n_body > sizeof suffix);
    assert_string_equal(s->answer.body + s->answer.n_body - strlen(suffix), suffix);
    server_stop(s);
    s->env = ENV("SAGEMAKER_INFERENCE_OUTPUT=predicted_label,,labels");
    server_start(s, NULL);
    char *const err = process_stderr(&s->process);
    assert_non_null(strstr(err, "SAGEMAKER_INFERENCE_OUTPUT: output columns: an empty name"));
    free(err);
    assert_alive(s);
    tmli_arena_deinit(&arena);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, server_setup, server_teardown)
    const struct CMUnitTest tests[] = {
        CASE(blazingtext_answers_in_arrays),      CASE(blazingtext_answers_lines_with_lines),
        CASE(a_style_is_chosen_where_it_matters), CASE(all_classes_come_in_the_same_order),
        CASE(columns_are_those_that_were_named),
    };
    return cmocka_run_group_tests(tests, server_train, server_forget);
}
