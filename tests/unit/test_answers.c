/* Scores → bodies: the shapes of answers in each type and style, byte for byte. Records are those that Google's protobuf
 * writes (tests/golden/record_answers, by tests/golden/make_records.py). */
#include "sagemaker/answers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/rng.h"
#include "pipeline/model.h"
#include "serve/answer.h"
#include "support/alloc_fail.h"
#include "support/golden.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum {
    N_LABELS = 3,
    MOST_LABELS = 3000,
};

static const char *labels[N_LABELS] = {"a", "caf\xc3\xa9 \"x\"", "__label__c"};
static const tml_model model = {.labels = labels, .n_labels = N_LABELS};
static const double scores[N_LABELS] = {0.125, 0.625, 0.25};

/* What a case asks for; n rows, 1 when 0. */
typedef struct asked {
    sm_media media;
    tml_style style;
    sm_ask ask;
    const char *columns;
    sm_shape shape;
    bool is_one; /* JSON: {"inputs": "text"} rather than a list */
    bool is_document;
    const char *fault; /* of the second row */
    const tml_explanation *explanation;
    size_t n;
} asked;

static void answer(const asked *a, tmli_buf *out)
{
    sm_columns columns;
    sm_answers answers;
    sm_rows rows = {.media = SM_JSON,
                    .shape = a->shape == SM_SHAPE_OWN && !a->is_one ? SM_SHAPE_ROWS : a->shape,
                    .is_list = !a->is_one,
                    .ask = a->ask,
                    .is_document = a->is_document,
                    .dialect = {.response_key = "result", .style = a->style}};
    if (a->columns != NULL) {
        assert_int_equal(sm_columns_parse(tmli_str(a->columns), &columns, NULL), TML_OK);
        rows.dialect.columns = &columns;
    }
    sm_answers_begin(&answers, &rows, a->media, &model, out);
    for (size_t i = 0; i < (a->n > 0 ? a->n : 1); i++) {
        sm_row row = {.text = TML_STR("na\xc3\xafve \"w\xff\""), .ask = a->ask};
        row.fault = i == 1 ? a->fault : NULL;
        sm_answers_add(&answers, &row, row.fault == NULL ? scores : NULL, a->explanation);
    }
    sm_answers_end(&answers);
}

static void check(const asked *a, const char *want)
{
    tmli_buf out = {0};
    answer(a, &out);
    assert_string_equal(tmli_buf_cstr(&out), want);
    tmli_buf_deinit(&out);
}

#define BEST "{\"label\": \"caf\xc3\xa9 \\\"x\\\"\", \"score\": 0.625}"
#define NEXT "{\"label\": \"__label__c\", \"score\": 0.25}"
#define LAST "{\"label\": \"a\", \"score\": 0.125}"
#define OPEN "{\"label\": \"caf\xc3\xa9 \\\"x\\\"\", \"score\": 0.625"
#define ALL \
    "\"probabilities\": {\"a\": 0.125, \"caf\xc3\xa9 \\\"x\\\"\": 0.625, \"__label__c\": 0.25}"

static void json_has_the_shape_of_the_request(void **state)
{
    (void)state;
    static const struct {
        asked a;
        const char *want;
    } cases[] = {
        {{.shape = SM_SHAPE_OWN, .is_one = true}, "{\"result\": \"caf\xc3\xa9 \\\"x\\\"\"}"},
        {{.shape = SM_SHAPE_OWN_LIST, .n = 2},
         "{\"result\": [\"caf\xc3\xa9 \\\"x\\\"\", \"caf\xc3\xa9 \\\"x\\\"\"]}"},
        {{.shape = SM_SHAPE_OWN_LIST, .n = 2, .fault = "bad \"row\""},
         "{\"result\": [\"caf\xc3\xa9 \\\"x\\\"\", {\"error\": \"bad \\\"row\\\"\"}]}"},
        {{.shape = SM_SHAPE_OWN_LIST, .ask = {.k = 1}},
         "{\"predictions\": [" OPEN ", \"top\": [" BEST "]}]}"},
        {{.shape = SM_SHAPE_ROWS, .n = 2}, "{\"predictions\": [" BEST ", " BEST "]}"},
        {{.shape = SM_SHAPE_ROWS, .n = 3, .fault = "no"},
         "{\"predictions\": [" BEST ", {\"error\": \"no\"}, " BEST "]}"},
        {{.shape = SM_SHAPE_ROWS, .ask = {.k = 2}},
         "{\"predictions\": [" OPEN ", \"top\": [" BEST ", " NEXT "]}]}"},
        {{.shape = SM_SHAPE_ROWS, .ask = {.k = SIZE_MAX, .probabilities = true}},
         "{\"predictions\": [" OPEN ", \"top\": [" BEST ", " NEXT ", " LAST "], " ALL "}]}"},
        {{.shape = SM_SHAPE_OWN, .is_one = true, .ask = {.probabilities = true}},
         "{\"predictions\": [" OPEN ", " ALL "}]}"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        check(&cases[i].a, cases[i].want);
    }
}

/* X01-X03: arrays also for one label, the prefix unless a label has it, all labels for a large k. */
static void blazingtext_answers_in_arrays(void **state)
{
    (void)state;
    static const char one[] =
        "{\"label\": [\"__label__caf\xc3\xa9 \\\"x\\\"\"], \"prob\": [0.625]}";
    static const char two[] = "{\"label\": [\"__label__caf\xc3\xa9 \\\"x\\\"\", \"__label__c\"], "
                              "\"prob\": [0.625, 0.25]}";
    static const char all[] = "{\"label\": [\"__label__caf\xc3\xa9 \\\"x\\\"\", \"__label__c\", "
                              "\"__label__a\"], \"prob\": [0.625, 0.25, 0.125]}";
    char want[512];
    (void)snprintf(want, sizeof want, "[%s, %s]", one, one);
    check(&(asked){.style = TML_STYLE_BLAZINGTEXT, .shape = SM_SHAPE_OWN_LIST, .n = 2}, want);
    (void)snprintf(want, sizeof want, "[%s]", two);
    check(&(asked){.style = TML_STYLE_BLAZINGTEXT, .ask = {.k = 2}}, want);
    (void)snprintf(want, sizeof want, "[%s]", all);
    check(&(asked){.style = TML_STYLE_BLAZINGTEXT, .ask = {.k = 1000000}}, want);
    (void)snprintf(want, sizeof want, "%s\n{\"error\": \"no\"}\n", two);
    check(&(asked){.media = SM_JSON_LINES,
                   .style = TML_STYLE_BLAZINGTEXT,
                   .ask = {.k = 2},
                   .n = 2,
                   .fault = "no"},
          want);
    check(&(asked){.media = SM_TEXT, .style = TML_STYLE_BLAZINGTEXT, .ask = {.k = 2}},
          "__label__caf\xc3\xa9 \"x\" 0.625 __label__c 0.25\n");
    check(&(asked){.media = SM_CSV, .style = TML_STYLE_BLAZINGTEXT},
          "\"__label__caf\xc3\xa9 \"\"x\"\"\"\n");
}

/* X04: a k of each line. */
static void each_row_has_its_own_k(void **state)
{
    (void)state;
    tmli_buf out = {0};
    sm_answers answers;
    const sm_rows rows = {.dialect = {.style = TML_STYLE_BLAZINGTEXT}};
    sm_answers_begin(&answers, &rows, SM_JSON_LINES, &model, &out);
    sm_answers_add(&answers, &(sm_row){.ask = {.k = 1}}, scores, NULL);
    sm_answers_add(&answers, &(sm_row){.ask = {.k = 3}}, scores, NULL);
    sm_answers_end(&answers);
    assert_string_equal(tmli_buf_cstr(&out),
                        "{\"label\": [\"__label__caf\xc3\xa9 \\\"x\\\"\"], \"prob\": [0.625]}\n"
                        "{\"label\": [\"__label__caf\xc3\xa9 \\\"x\\\"\", \"__label__c\", "
                        "\"__label__a\"], \"prob\": [0.625, 0.25, 0.125]}\n");
    tmli_buf_deinit(&out);
}

static void huggingface_answers_in_bare_lists(void **state)
{
    (void)state;
    static const struct {
        asked a;
        const char *want;
    } cases[] = {
        {{.is_one = true}, "[" BEST "]"},
        {{.n = 2}, "[" BEST ", " BEST "]"},
        {{.is_one = true, .ask = {.k = 2}}, "[" BEST ", " NEXT "]"},
        {{.n = 2, .ask = {.k = 2}}, "[[" BEST ", " NEXT "], [" BEST ", " NEXT "]]"},
        {{.n = 2, .ask = {.k = 1}, .fault = "no"}, "[[" BEST "], {\"error\": \"no\"}]"},
        {{.ask = {.probabilities = true}}, "[[" LAST ", " BEST ", " NEXT "]]"},
        {{.media = SM_JSON_LINES, .n = 2}, BEST "\n" BEST "\n"},
        {{.media = SM_JSON_LINES, .is_one = true, .ask = {.k = 2}}, "[" BEST ", " NEXT "]\n"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        asked a = cases[i].a;
        a.style = TML_STYLE_HUGGINGFACE;
        a.shape = SM_SHAPE_ROWS;
        check(&a, cases[i].want);
    }
}

/* B01, B03, F05: a line for each row, ended by one line end; ERROR in the place of a damaged one. */
static void lines_and_csv(void **state)
{
    (void)state;
    static const struct {
        asked a;
        const char *want;
    } cases[] = {
        {{.media = SM_CSV, .n = 3, .fault = "no"},
         "\"caf\xc3\xa9 \"\"x\"\"\"\nERROR\n\"caf\xc3\xa9 \"\"x\"\"\"\n"},
        {{.media = SM_CSV, .ask = {.k = 2}}, "\"caf\xc3\xa9 \"\"x\"\"\",0.625,__label__c,0.25\n"},
        {{.media = SM_CSV, .n = 2, .ask = {.probabilities = true}},
         "0.125,0.625,0.25\n0.125,0.625,0.25\n"},
        {{.media = SM_CSV, .ask = {.k = 2, .probabilities = true}}, "0.125,0.625,0.25\n"},
        {{.media = SM_CSV, .is_document = true}, "\"caf\xc3\xa9 \"\"x\"\"\""},
        {{.media = SM_TEXT, .n = 2, .fault = "no"}, "caf\xc3\xa9 \"x\"\nERROR\n"},
        {{.media = SM_TEXT, .ask = {.probabilities = true}}, "0.125 0.625 0.25\n"},
        {{.media = SM_JSON_LINES, .n = 2, .fault = "no\n"}, BEST "\n{\"error\": \"no\\n\"}\n"},
        {{.media = SM_JSON_LINES, .ask = {.k = 1}}, OPEN ", \"top\": [" BEST "]}\n"},
        {{.media = SM_JSON_LINES, .is_document = true}, BEST "\n"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        check(&cases[i].a, cases[i].want);
    }
}

/* F06 */
static void columns_are_those_that_were_named(void **state)
{
    (void)state;
    static const char named[] = "predicted_label, probabilities,labels";
    static const char list[] = "{\"predicted_label\": \"caf\xc3\xa9 \\\"x\\\"\", "
                               "\"probabilities\": [0.125, 0.625, 0.25], "
                               "\"labels\": [\"a\", \"caf\xc3\xa9 \\\"x\\\"\", \"__label__c\"]}";
    char want[512];
    (void)snprintf(want, sizeof want, "{\"predictions\": [%s]}", list);
    check(&(asked){.columns = named, .shape = SM_SHAPE_OWN, .is_one = true}, want);
    (void)snprintf(want, sizeof want, "%s\n", list);
    check(&(asked){.columns = named, .media = SM_JSON_LINES, .ask = {.k = 2}}, want);
    check(&(asked){.columns = named, .media = SM_CSV, .n = 2, .fault = "no"},
          "\"caf\xc3\xa9 \"\"x\"\"\",\"[0.125, 0.625, 0.25]\",\"['a', 'caf\xc3\xa9 \"\"x\"\"', "
          "'__label__c']\"\nERROR\n");
    check(&(asked){.columns = "Raw_Score,raw _scores,probability,other", .media = SM_CSV},
          "0.625,\"[0.125, 0.625, 0.25]\",0.625,NaN\n");
    check(&(asked){.columns = "raw_score,raw_scores,probability,other"},
          "{\"predictions\": [{\"raw_score\": 0.625, \"raw_scores\": [0.125, 0.625, 0.25], "
          "\"probability\": 0.625, \"other\": null}]}");
    check(&(asked){.columns = "labels,probability", .media = SM_TEXT},
          "['a', 'caf\xc3\xa9 \"x\"', '__label__c'] 0.625\n");
}

static void lists_of_labels_are_python_s(void **state)
{
    (void)state;
    static const char *odd[] = {"it's", "it's \"b\"", "\\\n\t\x01"};
    static const tml_model odd_model = {.labels = odd, .n_labels = 3};
    static const char *const want[] = {
        [SM_CSV] = "\"[\"\"it's\"\", 'it\\'s \"\"b\"\"', '\\\\\\n\\t\\x01']\"\n",
        [SM_TEXT] = "[\"it's\", 'it\\'s \"b\"', '\\\\\\n\\t\\x01']\n",
    };
    static const sm_media media[] = {SM_CSV, SM_TEXT};
    sm_columns columns;
    assert_int_equal(sm_columns_parse(TML_STR("labels"), &columns, NULL), TML_OK);
    const sm_rows rows = {.dialect = {.columns = &columns}};
    for (size_t i = 0; i < COUNT_OF(media); i++) {
        tmli_buf out = {0};
        sm_answers answers;
        sm_answers_begin(&answers, &rows, media[i], &odd_model, &out);
        sm_answers_add(&answers, &(sm_row){0}, scores, NULL);
        sm_answers_end(&answers);
        assert_string_equal(tmli_buf_cstr(&out), want[media[i]]);
        tmli_buf_deinit(&out);
    }
}

static void names_of_columns_are_checked(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", "output columns: an empty name; expected a list such as "
             "predicted_label,probabilities,labels"},
        {"labels,", "output columns: an empty name; expected a list such as "
                    "predicted_label,probabilities,labels"},
        {"labels, LABELS", "output columns: \"labels\" is there twice"},
        {"caf\xc3\xa9", "output columns: a name that is longer than 39 characters or not plain "
                        "ASCII"},
        {"1234567890123456789012345678901234567890",
         "output columns: a name that is longer than 39 characters or not plain ASCII"},
        {"a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", "output columns: more than 16"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        sm_columns columns = {.n = 99};
        tml_error err = {0};
        assert_int_equal(sm_columns_parse(tmli_str(cases[i][0]), &columns, &err), TML_EINVAL);
        assert_string_equal(err.text, cases[i][1]);
        assert_int_equal(columns.n, 99);
    }
}

static void explanations_show_the_text_s_own_bytes(void **state)
{
    (void)state;
    static const tml_contribution tokens[] = {{0, 6, 0.41}, {7, 100, -1e-5}};
    static const tml_explanation exact = {.label = 2,
                                          .is_exact = true,
                                          .score = -1.25,
                                          .constant = -1.65999,
                                          .n_tokens = 5,
                                          .n = 2,
                                          .tokens = tokens};
    static const tml_explanation none = {.label = 0, .score = 0.5, .constant = 0.5};
#define NOT_EXPLAINED                                                                              \
    "\"explanation\": {\"label\": \"a\", \"method\": \"ablation\", \"score\": 0.5, \"constant\": " \
    "0.5, "                                                                                        \
    "\"tokens\": []}"
#define EXPLAINED                                                                                 \
    "\"explanation\": {\"label\": \"__label__c\", \"method\": \"exact\", \"score\": -1.25, "      \
    "\"constant\": -1.65999, \"tokens\": [{\"token\": \"na\xc3\xafve\", \"begin\": 0, \"end\": "  \
    "6, "                                                                                         \
    "\"contribution\": 0.41}, {\"token\": \"\\\"w\xef\xbf\xbd\\\"\", \"begin\": 7, \"end\": 11, " \
    "\"contribution\": -1e-05}]}"
    check(&(asked){.explanation = &exact, .ask = {.explain = 2}},
          "{\"predictions\": [" OPEN ", " EXPLAINED "}]}");
    check(&(asked){.explanation = &exact, .style = TML_STYLE_HUGGINGFACE, .ask = {.explain = 2}},
          "[" OPEN ", " EXPLAINED "}]");
    check(&(asked){.explanation = &none, .media = SM_JSON_LINES, .ask = {.explain = 2}},
          OPEN ", \"explanation\": {\"label\": \"a\", \"method\": \"ablation\", \"score\": 0.5, "
               "\"constant\": 0.5, \"tokens\": []}}\n");
    check(&(asked){.explanation = &none, .ask = {.explain = 2, .k = 1}},
          "{\"predictions\": [" OPEN ", \"top\": [" BEST "], " NOT_EXPLAINED "}]}");
    check(&(asked){.explanation = &none,
                   .media = SM_JSON_LINES,
                   .style = TML_STYLE_BLAZINGTEXT,
                   .ask = {.explain = 2}},
          "{\"label\": [\"__label__caf\xc3\xa9 \\\"x\\\"\"], \"prob\": [0.625], \"explanation\": "
          "{\"label\": "
          "\"__label__a\", "
          "\"method\": \"ablation\", \"score\": 0.5, \"constant\": 0.5, \"tokens\": []}}\n");
    /* Where there is nothing but a list of pairs, the best one says why. */
    check(&(asked){.explanation = &none,
                   .style = TML_STYLE_HUGGINGFACE,
                   .ask = {.explain = 2, .k = 2}},
          "[[" OPEN ", " NOT_EXPLAINED "}, " NEXT "]]");
    check(&(asked){.explanation = &none,
                   .style = TML_STYLE_HUGGINGFACE,
                   .ask = {.explain = 2, .probabilities = true}},
          "[[" LAST ", " OPEN ", " NOT_EXPLAINED "}, " NEXT "]]");
}

/* As one more field, behind what there is without it. */
static void explanations_are_a_field_of_lines(void **state)
{
    (void)state;
    static const tml_contribution tokens[] = {{7, 10, 0.5}};
    static const tml_explanation e = {
        .label = 1, .is_exact = true, .score = 0.5, .n_tokens = 1, .n = 1, .tokens = tokens};
#define IN_CSV                                                                             \
    "\"{\"\"label\"\": \"\"caf\xc3\xa9 \\\"\"x\\\"\"\"\", \"\"method\"\": \"\"exact\"\", " \
    "\"\"score\"\": 0.5, "                                                                 \
    "\"\"constant\"\": 0, \"\"tokens\"\": [{\"\"token\"\": \"\"\\\"\"w\xef\xbf\xbd\"\", "  \
    "\"\"begin\"\": 7, "                                                                   \
    "\"\"end\"\": 10, \"\"contribution\"\": 0.5}]}\"\n"
#define IN_TEXT                                                                                    \
    "{\"label\": \"caf\xc3\xa9 \\\"x\\\"\", \"method\": \"exact\", \"score\": 0.5, \"constant\": " \
    "0, "                                                                                          \
    "\"tokens\": [{\"token\": \"\\\"w\xef\xbf\xbd\", \"begin\": 7, \"end\": 10, "                  \
    "\"contribution\": 0.5}]}"
    check(&(asked){.explanation = &e, .media = SM_CSV, .ask = {.explain = 2}},
          "\"caf\xc3\xa9 \"\"x\"\"\"," IN_CSV);
    check(
        &(asked){.explanation = &e, .media = SM_CSV, .ask = {.explain = 2, .probabilities = true}},
        "0.125,0.625,0.25," IN_CSV);
    check(
        &(asked){
            .explanation = &e, .media = SM_CSV, .columns = "probability", .ask = {.explain = 2}},
        "0.625," IN_CSV);
    check(&(asked){.explanation = &e, .media = SM_TEXT, .ask = {.explain = 2, .k = 1}},
          "caf\xc3\xa9 \"x\" 0.625 " IN_TEXT "\n");
    check(&(asked){.explanation = &e, .media = SM_CSV, .n = 2, .fault = "x", .ask = {.explain = 2}},
          "\"caf\xc3\xa9 \"\"x\"\"\"," IN_CSV "ERROR\n");
}

/* With as many columns as there may be, it still has a place. */
static void explanations_are_texts_of_records(void **state)
{
    (void)state;
    static const tml_explanation e = {.label = 0, .score = 0.5, .constant = 0.5};
    static const char *const columns[] = {NULL, "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p"};
    static const char want[] = "\x0b"
                               "explanation\x12\x55J\x53\n\x51"
                               "{\"label\": \"a\", \"method\": \"ablation\", \"score\": 0.5, "
                               "\"constant\": 0.5, \"tokens\": []}";
    for (size_t i = 0; i < 2; i++) {
        tmli_buf out = {0};
        answer(&(asked){.explanation = &e,
                        .media = SM_RECORDIO,
                        .columns = columns[i],
                        .ask = {.explain = 2}},
               &out);
        assert_int_not_equal(tmli_str_find(tmli_buf_str(&out), want), SIZE_MAX);
        tmli_buf_deinit(&out);
    }
}

/* ---- records ---- */

static void check_record(const golden_case *c)
{
    char k[256];
    char style[256];
    char columns[256];
    char fault[256];
    const char *const named = golden_option(c, "columns", "", columns);
    const char *const sentence = golden_option(c, "fault", "", fault);
    const asked a = {.media = SM_RECORDIO,
                     .style = *golden_option(c, "style", "", style) != '\0' ? TML_STYLE_BLAZINGTEXT
                                                                            : TML_STYLE_TEXTML,
                     .ask = {.k = strtoul(golden_option(c, "k", "0", k), NULL, 10)},
                     .columns = *named != '\0' ? named : NULL};
    tmli_buf out = {0};
    tmli_buf hex = {0};
    sm_columns parsed;
    sm_answers answers;
    sm_rows rows = {.dialect = {.style = a.style}};
    if (a.columns != NULL) {
        assert_int_equal(sm_columns_parse(tmli_str(a.columns), &parsed, NULL), TML_OK);
        rows.dialect.columns = &parsed;
    }
    sm_answers_begin(&answers, &rows, SM_RECORDIO, &model, &out);
    for (size_t i = 0; i < 2; i++) { /* F08: the second holds nothing of the first */
        const sm_row row = {.ask = a.ask, .fault = *sentence != '\0' ? sentence : NULL};
        sm_answers_add(&answers, &row, row.fault == NULL ? scores : NULL, NULL);
    }
    sm_answers_end(&answers);
    for (size_t i = 0; i < out.len; i++) {
        tmli_buf_printf(&hex, "%02x", (unsigned char)out.data[i]);
    }
    tmli_buf_append_byte(&hex, '\n');
    golden_compare(c, tmli_buf_str(&hex), "records");
    tmli_buf_deinit(&out);
    tmli_buf_deinit(&hex);
}

static void records_are_those_of_protobuf(void **state)
{
    (void)state;
    golden_each("record_answers", check_record);
}

static void memory_trouble_stays_in_the_buffer(void **state)
{
    (void)state;
    static const sm_media media[] = {SM_JSON, SM_CSV, SM_JSON_LINES, SM_RECORDIO};
    for (size_t i = 0; i < COUNT_OF(media); i++) {
        for (size_t nth = 0;; nth++) {
            tmli_buf out = {0};
            const asked a = {.media = media[i],
                             .style = TML_STYLE_BLAZINGTEXT,
                             .ask = {.k = 3, .probabilities = true}};
            fail_allocation(nth);
            answer(&a, &out);
            fail_allocation(NEVER);
            const bool failed = out.failed;
            tmli_buf_deinit(&out);
            if (!failed) {
                assert_true(nth > 0);
                break;
            }
        }
    }
}

/* ---- the k best ---- */

static const double *compared; /* by compare_labels */

static int compare_labels(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a;
    const uint32_t y = *(const uint32_t *)b;
    if (compared[x] != compared[y]) {
        return compared[x] > compared[y] ? -1 : 1;
    }
    return x < y ? -1 : 1;
}

static void the_best_come_first_for_any_number_of_labels(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 3, SM_RANKING_BATCH, SM_RANKING_BATCH + 1, MOST_LABELS};
    tmli_rng rng = tmli_rng_at(5, TMLI_RNG_SHUFFLE, 0, 0);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        const size_t n = sizes[i];
        static double values[MOST_LABELS];
        static uint32_t want[MOST_LABELS];
        for (size_t j = 0; j < n; j++) {
            values[j] = (double)tmli_rng_below(&rng, (uint32_t)n) / 2; /* many are equal */
            want[j] = (uint32_t)j;
        }
        compared = values;
        qsort(want, n, sizeof want[0], compare_labels);
        const size_t ks[] = {1, n / 2 + 1, n, n + 1, SIZE_MAX};
        for (size_t k = 0; k < COUNT_OF(ks); k++) {
            sm_ranking ranking;
            size_t label = 0;
            size_t n_given = 0;
            sm_ranking_begin(&ranking, values, n, ks[k]);
            for (; sm_ranking_next(&ranking, &label); n_given++) {
                assert_int_equal(label, want[n_given]);
            }
            assert_int_equal(n_given, ks[k] < n ? ks[k] : n);
        }
    }
}

static void what_is_no_number_comes_last(void **state)
{
    (void)state;
    const double values[] = {NAN, 1, NAN, -INFINITY, 2};
    static const size_t want[] = {4, 1, 3, 0, 2};
    sm_ranking ranking;
    size_t label = 0;
    size_t n = 0;
    sm_ranking_begin(&ranking, values, COUNT_OF(values), SIZE_MAX);
    for (; sm_ranking_next(&ranking, &label); n++) {
        assert_int_equal(label, want[n]);
    }
    assert_int_equal(n, COUNT_OF(values));
}

/* ---- errors ---- */

/* S30: what the platform shows of an error is shorter than 2048 bytes, whatever the sentence holds. */
static void error_bodies_are_short(void **state)
{
    (void)state;
    static const char *const fills[] = {"a", "\x01", "\xff", "\xc3\xa9", "\"", "\xe2\x82"};
    for (size_t i = 0; i < COUNT_OF(fills); i++) {
        char sentence[TML_ERROR_TEXT_BYTES];
        const size_t n = strlen(fills[i]);
        for (size_t at = 0; at < sizeof sentence - 1; at++) {
            sentence[at] = fills[i][at % n];
        }
        sentence[sizeof sentence - 1] = '\0';
        serve_answer body = {0};
        serve_answer_error(&body, 400, sentence);
        assert_in_range(body.body.len, 1000, 2047);
        assert_memory_equal(body.body.data, "{\"error\":{\"code\":400,\"message\":\"", 32);
        assert_memory_equal(body.body.data + body.body.len - 3, "\"}}", 3);
        tmli_buf_deinit(&body.body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_has_the_shape_of_the_request),
        cmocka_unit_test(blazingtext_answers_in_arrays),
        cmocka_unit_test(each_row_has_its_own_k),
        cmocka_unit_test(huggingface_answers_in_bare_lists),
        cmocka_unit_test(lines_and_csv),
        cmocka_unit_test(columns_are_those_that_were_named),
        cmocka_unit_test(lists_of_labels_are_python_s),
        cmocka_unit_test(names_of_columns_are_checked),
        cmocka_unit_test(explanations_show_the_text_s_own_bytes),
        cmocka_unit_test(explanations_are_a_field_of_lines),
        cmocka_unit_test(explanations_are_texts_of_records),
        cmocka_unit_test(records_are_those_of_protobuf),
        cmocka_unit_test(memory_trouble_stays_in_the_buffer),
        cmocka_unit_test(the_best_come_first_for_any_number_of_labels),
        cmocka_unit_test(what_is_no_number_comes_last),
        cmocka_unit_test(error_bodies_are_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
