/* The report: its figures, its structure, and that no text of the data becomes a part of it. */
#include "pipeline/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "pipeline/svg.h"
#include "support/alloc_fail.h"
#include "support/golden.h"
#include "support/near.h"
#include "support/page.h"
#include "support/report_sample.h"
#include "support/tmpdir.h"

static const char *const section_ids[] = {"data",    "training", "confusion",
                                          "classes", "curves",   "calibration",
                                          "words",   "cloud",    "mistakes"};

enum {
    N_SECTIONS = sizeof section_ids / sizeof section_ids[0]
};

static const char *find_section(const tmli_buf *page, const char *id)
{
    char tag[64];
    (void)snprintf(tag, sizeof tag, "<section id='%s'>", id);
    return strstr(page->data, tag);
}

static size_t occurrences(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what)) {
        n++;
    }
    return n;
}

static void fill(tmli_buf *page, const tml_report_input *input)
{
    tml_error err = {0};
    if (tmli_report_fill(page, input, &err) != TML_OK) {
        fail_msg("%s", err.text);
    }
    assert_non_null(tmli_buf_cstr(page));
}

/* ---- figures --------------------------------------------------------------------------------- */

static void check_figures(const golden_case *c)
{
    char value[256];
    const size_t n = strtoull(golden_option(c, "rows", "0", value), NULL, 10);
    const size_t k = strtoull(golden_option(c, "classes", "0", value), NULL, 10);
    uint32_t *const truth = calloc(n, sizeof *truth);
    double *const p = calloc(n * k, sizeof *p);
    tml_str *const labels = calloc(k, sizeof *labels);
    assert_true(truth != NULL && p != NULL && labels != NULL);
    char *at = c->input.data;
    for (size_t i = 0; i < n; i++) {
        truth[i] = (uint32_t)strtoul(at, &at, 10);
        for (size_t j = 0; j < k; j++) {
            p[i * k + j] = strtod(at, &at);
        }
    }
    const tml_report_input input = {
        .labels = labels, .n_labels = k, .evaluation = {"test", n, truth, p, NULL}};
    tmli_report report = {0};
    assert_int_equal(tmli_report_prepare(&report, &input, NULL), TML_OK);
    const tmli_figure *const figures[] = {&report.accuracy, &report.macro_f1, &report.weighted_f1,
                                          &report.log_loss};
    char *want = c->want.data;
    for (size_t i = 0; i < 4; i++) {
        /* Ends of F1 intervals: the golden slope is a numeric one, h = 1e-4, whose error is of the order of h squared. */
        const double tolerance = i == 1 || i == 2 ? 1e-7 : 1e-12;
        assert_near(figures[i]->value, strtod(want, &want), 1e-14);
        assert_near(figures[i]->low, strtod(want, &want), tolerance);
        assert_near(figures[i]->high, strtod(want, &want), tolerance);
    }
    tmli_report_deinit(&report);
    free(truth);
    free(p);
    free(labels);
}

static void headline_figures_are_scikit_learns(void **state)
{
    (void)state;
    golden_each("report", check_figures);
}

/* Four rows that one can count by hand, and where on the page the counts stand. */
static void figures_stand_on_the_page(void **state)
{
    (void)state;
    const tml_str labels[] = {TML_STR("ham"), TML_STR("spam")};
    const uint32_t truth[] = {0, 0, 1, 1};
    const double p[] = {0.9, 0.1, 0.8, 0.2, 0.3, 0.7, 0.55, 0.45};
    const tml_str texts[] = {TML_STR("one"), TML_STR("two"), TML_STR("three"),
                             TML_STR("the fourth")};
    const tml_report_input input = {.title = "mail",
                                    .labels = labels,
                                    .n_labels = 2,
                                    .evaluation = {"test", 4, truth, p, texts}};
    tmli_buf page = {0};
    fill(&page, &input);
    assert_non_null(strstr(page.data, "<span class='big'>75.0<small>"));
    assert_non_null(strstr(page.data, "95&#160;% CI 30.1–95.4&#160;%")); /* Wilson, 3 of 4 */
    assert_non_null(
        strstr(page.data, "<span class='big'>0.371</span>")); /* mean of -ln .9 .8 .7 .45 */
    assert_non_null(strstr(page.data, "ham → ham: 2 (100.0\u00A0%)"));
    assert_non_null(strstr(page.data, "spam → ham: 1 (50.0\u00A0%)"));
    assert_null(strstr(page.data, "ham → spam"));
    const char *const mistakes = find_section(&page, "mistakes");
    assert_non_null(mistakes);
    assert_int_equal(occurrences(mistakes, "<li>"), 1);
    assert_non_null(strstr(mistakes, "55.0\u00A0%"));
    assert_non_null(strstr(mistakes, "the fourth"));
    assert_non_null(strstr(mistakes, "row 4"));
    assert_non_null(strstr(find_section(&page, "curves"), "AUC 1.000"));
    tmli_buf_deinit(&page);
}

/* ---- structure ------------------------------------------------------------------------------- */

static void samples_are_sound_pages(void **state)
{
    (void)state;
    for (int kind = 0; kind < N_SAMPLES; kind++) {
        report_sample sample;
        tmli_buf first = {0};
        tmli_buf second = {0};
        report_sample_init(&sample, (report_sample_kind)kind);
        fill(&first, &sample.input);
        fill(&second, &sample.input);
        assert_true(page_is_sound(tmli_buf_str(&first)));
        assert_string_equal(first.data, second.data);
        assert_true(first.len < (size_t)800 * 1024);
        const char *before = first.data;
        for (size_t i = 0; i < N_SECTIONS; i++) { /* all there, in this order, each with its link */
            const char *const at = find_section(&first, section_ids[i]);
            if (strcmp(section_ids[i], "training") == 0 && sample.input.n_epochs == 0) {
                assert_null(at);
                continue;
            }
            assert_true(at > before);
            before = at;
        }
        assert_int_equal(occurrences(first.data, "<section "),
                         occurrences(first.data, "<a href='#"));
        assert_int_equal(occurrences(before, "<li>"), 20); /* the mistakes */
        tmli_buf_deinit(&first);
        tmli_buf_deinit(&second);
        report_sample_deinit(&sample);
    }
}

/* The strict reader itself: it would be of no use if it took everything. */
static void intruders_are_found(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "<script>alert(1)</script>",
        "<p onclick='x'></p>",
        "<p title='a'b'></p>",
        "<p title=a></p>",
        "<p>",
        "</p>",
        "<b><p></b></p>",
        "a > b",
        "&copy;",
        "<!-- -->",
        "\x01",
        "\xFF",
        "<img src='x'/>",
        "<p title='a",
    };
    char page[256];
    assert_true(
        page_is_sound(TML_STR("<!DOCTYPE html>\n<p title='a&amp;b'>c<path d='M0 0'/></p>")));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(page, sizeof page, "<!DOCTYPE html>\n<p>%s</p>", bad[i]);
        if (page_is_sound(tmli_str_of(page))) {
            fail_msg("taken: %s", bad[i]);
        }
    }
}

static void hostile_texts_stay_texts(void **state)
{
    (void)state;
    report_sample sample;
    tmli_buf page = {0};
    report_sample_init(&sample, SAMPLE_HOSTILE);
    fill(&page, &sample.input);
    assert_int_equal(occurrences(page.data, "<script"), 0);
    assert_int_equal(occurrences(page.data, "<img"), 0);
    assert_int_equal(occurrences(page.data, "</style>"), 1);
    /* NOLINTNEXTLINE(misc-misleading-bidirectional): that is what is looked for. */
    assert_int_equal(occurrences(page.data, "\u202E"), 0);
    assert_true(occurrences(page.data, "&lt;script&gt;alert(1)&lt;/script&gt;") >= 5);
    assert_non_null(strstr(page.data, "<title>&lt;/title&gt;&lt;script&gt;alert(0)"));
    tmli_buf_deinit(&page);
    report_sample_deinit(&sample);
}

static void sections_without_data_are_left_out(void **state)
{
    (void)state;
    report_sample sample;
    tmli_buf page = {0};
    report_sample_init(&sample, SAMPLE_NEWS);
    const tml_report_input bare = {.labels = sample.input.labels,
                                   .n_labels = sample.input.n_labels};
    fill(&page, &bare);
    assert_true(page_is_sound(tmli_buf_str(&page)));
    assert_int_equal(occurrences(page.data, "<section"), 0);
    tmli_buf_reset(&page);

    tml_report_input some = bare;
    some.epochs = sample.input.epochs;
    some.n_epochs = 1;
    some.cloud = sample.input.cloud;
    some.n_cloud = 1;
    fill(&page, &some);
    assert_true(page_is_sound(tmli_buf_str(&page)));
    assert_int_equal(occurrences(page.data, "<section"), 2);
    assert_non_null(find_section(&page, "training"));
    assert_non_null(find_section(&page, "cloud"));
    tmli_buf_deinit(&page);
    report_sample_deinit(&sample);
}

/* One row, one class only, losses that are no numbers, a bin width of 0: nothing divides by what is not there. */
static void odd_inputs_make_sound_pages(void **state)
{
    (void)state;
    const tml_str labels[] = {TML_STR(""), {NULL, 0}};
    const uint32_t truth[] = {1, 1};
    const double p[] = {1, 0, 0, 1};
    const double nan = (double)NAN;
    const tml_epoch epochs[] = {{1, nan, nan, nan, nan, 0},
                                {2, (double)INFINITY, 0.5, nan, nan, 0}};
    const tml_report_term terms[] = {
        {TML_STR("a"), nan}, {TML_STR("b"), -3}, {TML_STR("c"), -4}, {{NULL, 0}, 0}};
    const uint64_t zeros[2] = {0, 0};
    const tml_report_part part = {"p", 0, zeros};
    tml_report_input input = {.labels = labels,
                              .n_labels = 2,
                              .parts = &part,
                              .n_parts = 1,
                              .length_counts = zeros,
                              .n_length_bins = 2,
                              .frequent = terms,
                              .n_frequent = 4,
                              .epochs = epochs,
                              .n_epochs = 2,
                              .telling = terms,
                              .n_telling = 2,
                              .cloud = terms,
                              .n_cloud = 4};
    for (size_t n = 1; n <= 2; n++) {
        tmli_buf page = {0};
        input.evaluation = (tml_report_evaluation){NULL, n, truth, p, NULL};
        fill(&page, &input);
        assert_true(page_is_sound(tmli_buf_str(&page)));
        assert_int_equal(occurrences(page.data, "nan"), 0);
        assert_int_equal(occurrences(page.data, "inf"), 0);
        tmli_buf_deinit(&page);
    }
}

/* ---- failures -------------------------------------------------------------------------------- */

static void wrong_inputs_are_refused(void **state)
{
    (void)state;
    const tml_str labels[] = {TML_STR("a"), TML_STR("b")};
    const uint32_t truth[] = {0, 2};
    static const double good[] = {0.5, 0.5, 0.5, 0.5};
    const double bad[][2] = {{0.5, (double)NAN}, {0.5, -0.1}, {0.5, 1.1}};
    tml_report_input input = {.labels = labels, .n_labels = 1};
    tmli_buf page = {0};
    tml_error err = {0};
    assert_int_equal(tmli_report_fill(&page, &input, &err), TML_EINVAL);
    assert_string_equal(err.text, "report: 1 labels, expected 2 or more");
    err = (tml_error){0};
    input.n_labels = 2;
    input.evaluation = (tml_report_evaluation){"test", 2, truth, good, NULL};
    assert_int_equal(tmli_report_fill(&page, &input, &err), TML_EINVAL);
    assert_string_equal(err.text, "report: row 1 has class 2, expected below 2");
    input.evaluation.n = 1;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        err = (tml_error){0};
        input.evaluation.probabilities = bad[i];
        assert_int_equal(tmli_report_fill(&page, &input, &err), TML_ENUMERIC);
        assert_non_null(strstr(err.text, "row 0, class 1 is not in 0..1"));
    }
    assert_int_equal(page.len, 0);
    tmli_buf_deinit(&page);
}

static void the_file_is_replaced_at_once_or_stays(void **state)
{
    (void)state;
    char *const dir = tmpdir_create();
    char *const path = tmpdir_write(dir, "report.html", "old", 3);
    report_sample sample;
    tmli_buf page = {0};
    tmli_buf file = {0};
    report_sample_init(&sample, SAMPLE_HOSTILE);
    fill(&page, &sample.input);
    for (size_t nth = 0;; nth++) {
        fail_allocation(nth);
        const tml_status status = tml_report_write(&sample.input, path, NULL);
        fail_allocation(NEVER);
        tmli_buf_reset(&file);
        assert_int_equal(tmli_file_read(path, 1 << 20, &file, NULL), TML_OK);
        /* The directory's flush comes behind the renaming: when that fails the new file stands, whole. */
        const bool is_new = file.len == page.len && memcmp(file.data, page.data, page.len) == 0;
        assert_true(is_new || strcmp(tmli_buf_cstr(&file), "old") == 0);
        if (status == TML_OK) {
            assert_true(is_new && nth > 40);
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
    }
    tml_error err = {0};
    assert_int_equal(tml_report_write(&sample.input, "/nowhere/report.html", &err), TML_EIO);
    assert_non_null(strstr(err.text, "/nowhere/"));
    tmli_buf_deinit(&file);
    tmli_buf_deinit(&page);
    report_sample_deinit(&sample);
    free(path);
    tmpdir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headline_figures_are_scikit_learns),
        cmocka_unit_test(figures_stand_on_the_page),
        cmocka_unit_test(samples_are_sound_pages),
        cmocka_unit_test(intruders_are_found),
        cmocka_unit_test(hostile_texts_stay_texts),
        cmocka_unit_test(sections_without_data_are_left_out),
        cmocka_unit_test(odd_inputs_make_sound_pages),
        cmocka_unit_test(wrong_inputs_are_refused),
        cmocka_unit_test(the_file_is_replaced_at_once_or_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
