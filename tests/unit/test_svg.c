/* Escapes, numbers, axes, thinning, the cloud: what pages and pictures are made of. */
#include "pipeline/svg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/charts.h"
#include "pipeline/cloud.h"
#include "support/alloc_fail.h"
#include "support/near.h"
#include "text/utf8.h"

static void assert_buf(tmli_buf *buf, const char *want)
{
    assert_string_equal(tmli_buf_cstr(buf), want);
    tmli_buf_reset(buf);
}

static void texts_become_harmless(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *want;
    } cases[] = {
        {"markup", "<b a='1' c=\"2\">&amp;", "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;amp;"},
        {"ends", "]]></style>-->", "]]&gt;&lt;/style&gt;--&gt;"},
        {"blanks", "a\tb\nc\rd\fe\xE2\x80\xA8", "a b c d e "},
        {"controls", "\x01\x1F\x7F\xC2\x85", "\uFFFD\uFFFD\uFFFD\uFFFD"},
        {"ill-formed", "a\xFF\xC3", "a\uFFFD\uFFFD"},
        {"surrogate", "\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD"},
        /* NOLINTNEXTLINE(misc-misleading-bidirectional): that is what is tested. */
        {"reordering", "\u202Ea\u2067b\u2069", "\uFFFDa\uFFFDb\uFFFD"},
        {"no characters", "\uFFFE\uFDD0", "\uFFFD\uFFFD"},
        {"scripts", "שלום 日本 é 😀", "שלום 日本 é 😀"},
        {"empty", "", ""},
    };
    tmli_buf buf = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tmli_put_text(&buf, tmli_str_of(cases[i].text));
        if (strcmp(tmli_buf_cstr(&buf), cases[i].want) != 0) {
            fail_msg("%s: \"%s\"", cases[i].name, buf.data);
        }
        tmli_buf_reset(&buf);
    }
    tmli_put_text(&buf, (tml_str){"a\0b", 3});
    assert_buf(&buf, "a\uFFFDb");
    tmli_put_text(&buf, (tml_str){NULL, 0});
    assert_buf(&buf, "");
    tmli_buf_deinit(&buf);
}

static void long_texts_end_in_an_ellipsis(void **state)
{
    (void)state;
    tmli_buf buf = {0};
    assert_false(tmli_put_text_cut(&buf, TML_STR("short"), 10));
    assert_buf(&buf, "short");
    assert_true(tmli_put_text_cut(&buf, TML_STR("<<<<<<<<<<"), 4));
    assert_buf(&buf, "&lt;&lt;&lt;…");
    assert_true(tmli_put_text_cut(&buf, TML_STR("漢字漢字漢字"), 4));
    assert_buf(&buf, "漢字…");
    /* What is cut away costs nothing: the text may be huge. */
    const size_t n = (size_t)1 << 20;
    char *const huge = malloc(n);
    assert_non_null(huge);
    memset(huge, '&', n);
    tmli_svg_text(&buf, "label", 1, 2, "end", (tml_str){huge, n}, 10);
    assert_true(buf.len < 2000);
    assert_non_null(strstr(tmli_buf_cstr(&buf), "…<title>&amp;"));
    tmli_buf_reset(&buf);
    free(huge);
    tmli_put_bdi(&buf, TML_STR("it's a label"), 2);
    assert_buf(&buf, "<bdi title='it&#39;s a label'>it&#39;…</bdi>");
    tmli_put_bdi(&buf, TML_STR("a"), 2);
    assert_buf(&buf, "<bdi>a</bdi>");
    tmli_buf_deinit(&buf);
}

static void numbers_are_written_alike_everywhere(void **state)
{
    (void)state;
    tmli_buf buf = {0};
    tmli_put(&buf, "%f %f %f %f %f", 1.0, 2.5, -0.125, 1e-9, 1234.567);
    assert_buf(&buf, "1 2.5 -0.13 0 1234.57");
    tmli_put(&buf, "%.0f %.1f %.3f %.6f%%", 2.5, -0.05, 0.9996, 1e-6);
    assert_buf(&buf, "3 -0.1 1.000 0.000001%");
    tmli_put(&buf, "%f %.2f %zu %s", (double)NAN, (double)INFINITY, (size_t)7, "<ours>");
    assert_buf(&buf, "0 0 7 <ours>");
    tmli_put_count(&buf, 0);
    assert_buf(&buf, "0");
    tmli_put_count(&buf, 999);
    assert_buf(&buf, "999");
    tmli_put_count(&buf, UINT64_MAX);
    assert_buf(&buf, "18,446,744,073,709,551,615");
    tmli_put_percent(&buf, 0.8202336696760488);
    assert_buf(&buf, "82.0\u00A0%");
    tmli_put_share(&buf, 0.8133378761315774);
    assert_buf(&buf, "0.813");
    tmli_put_share(&buf, (double)NAN);
    assert_buf(&buf, "–");
    static const struct {
        double value;
        const char *want;
    } weights[] = {{11314, "11,314"},        {-7.5, "-7.50"},    {123.4, "123"},
                   {12.34, "12.3"},          {0.01234, "0.012"}, {(double)NAN, "–"},
                   {-(double)INFINITY, "–"}, {1e300, "0"}};
    for (size_t i = 0; i < sizeof weights / sizeof weights[0]; i++) {
        tmli_put_weight(&buf, weights[i].value);
        assert_buf(&buf, weights[i].want);
    }
    tmli_svg_bar(&buf, "s0", 7);
    assert_non_null(strstr(tmli_buf_cstr(&buf), "class='s0' width='100%'"));
    tmli_buf_deinit(&buf);
}

static void axes_end_at_whole_ticks(void **state)
{
    (void)state;
    static const struct {
        double low, high;
        size_t n;
        double want_low, want_high, want_step;
        unsigned decimals;
    } cases[] = {
        {0, 1, 5, 0, 1, 0.2, 1},
        {0, 597, 5, 0, 600, 200, 0},
        {0.53, 0.954, 5, 0.5, 1, 0.1, 1},
        {0, 0.3, 3, 0, 0.3, 0.1, 1},
        {1, 30, 6, 0, 30, 5, 0},
        {5, 5, 4, 5, 6, 0.5, 1},
        {-3, 4, 5, -4, 4, 2, 0},
        {0, 2e9, 5, 0, 2e9, 5e8, 0},
        {0.90001, 0.90002, 5, 0.90001, 0.90002, 2e-6, 6},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const tmli_axis axis = tmli_axis_nice(cases[i].low, cases[i].high, cases[i].n, 0, 100);
        assert_near(axis.low, cases[i].want_low, 1e-12);
        assert_near(axis.high, cases[i].want_high, 1e-12);
        assert_near(axis.step, cases[i].want_step, 1e-12);
        assert_int_equal(axis.decimals, cases[i].decimals);
        assert_near(tmli_axis_at(&axis, axis.low), 0, 0);
        assert_near(tmli_axis_at(&axis, axis.high), 100, 0);
        assert_near(tmli_axis_at(&axis, axis.high + 1), 100, 0); /* kept inside */
    }
    const tmli_axis axis = tmli_axis_nice((double)NAN, (double)INFINITY, 5, 0, 100);
    assert_true(isfinite(axis.low) && isfinite(axis.high) && axis.step > 0);
}

static void lines_are_interrupted_where_there_is_no_number(void **state)
{
    (void)state;
    const tmli_plot plot = {.x = tmli_axis_nice(0, 10, 5, 0, 10),
                            .y = tmli_axis_nice(0, 10, 5, 10, 0)};
    const double x[] = {0, 2, 3, 4, 6};
    const double y[] = {0, 10, NAN, 5, INFINITY};
    tmli_buf buf = {0};
    tmli_plot_line(&buf, &plot, "l0", x, y, 5);
    assert_buf(&buf, "<path class='line l0' d='M0 10L2 0M4 5h0'/>\n");
    tmli_buf_deinit(&buf);
}

/* A staircase with steps of many sizes, as ROC curves are. */
static void thinned_curves_look_the_same(void **state)
{
    (void)state;
    enum {
        N = 4001
    };
    const double TOLERANCE = 0.002;
    static double x[N], y[N], kept_x[N], kept_y[N];
    static unsigned char keep[N];
    static size_t stack[2 * N];
    for (size_t i = 1; i < N; i++) {
        const bool up = (i * i / 7) % 97 > 8 + i / 60;
        x[i] = x[i - 1] + (up ? 0 : 1.0 / N);
        y[i] = y[i - 1] + (up ? 1.0 / N : 0);
    }
    memcpy(kept_x, x, sizeof x);
    memcpy(kept_y, y, sizeof y);
    const size_t n = tmli_thin(kept_x, kept_y, N, TOLERANCE, keep, stack);
    assert_true(n > 2 && n < 400);
    assert_true(kept_x[0] == x[0] && kept_y[0] == y[0]);
    assert_true(kept_x[n - 1] == x[N - 1] && kept_y[n - 1] == y[N - 1]);
    for (size_t i = 0; i < N; i++) {
        double nearest = INFINITY;
        for (size_t k = 1; k < n; k++) {
            const double dx = kept_x[k] - kept_x[k - 1];
            const double dy = kept_y[k] - kept_y[k - 1];
            const double along =
                ((x[i] - kept_x[k - 1]) * dx + (y[i] - kept_y[k - 1]) * dy) / (dx * dx + dy * dy);
            const double t = fmin(fmax(along, 0), 1);
            nearest =
                fmin(nearest, hypot(x[i] - kept_x[k - 1] - t * dx, y[i] - kept_y[k - 1] - t * dy));
        }
        assert_true(nearest <=
                    1.6 * TOLERANCE); /* its own tolerance, and a quarter for what lay too near */
    }
    double one = 3;
    assert_int_equal(tmli_thin(&one, &one, 1, TOLERANCE, keep, stack), 1);
    assert_int_equal(tmli_thin(&one, &one, 0, TOLERANCE, keep, stack), 0);
}

/* ---- the cloud ------------------------------------------------------------------------------- */

typedef struct box {
    double x, y, size, width;
} box;

static double attribute(const char *tag, const char *name)
{
    const char *const at = strstr(tag, name);
    assert_non_null(at);
    return strtod(at + strlen(name), NULL);
}

static void words_of_the_cloud_do_not_overlap(void **state)
{
    (void)state;
    enum {
        N = 200
    };
    static char names[N][24];
    tml_report_term terms[N];
    for (size_t i = 0; i < N; i++) {
        (void)snprintf(names[i], sizeof names[i], "word%.*s%zu", (int)(i % 9), "abcdefghi", i);
        terms[i] = (tml_report_term){tmli_str_of(names[i]), 1000.0 / (double)(i + 1)};
    }
    tmli_buf first = {0};
    tmli_buf second = {0};
    assert_int_equal(tmli_cloud_draw(&first, terms, N, NULL), TML_OK);
    assert_int_equal(tmli_cloud_draw(&second, terms, N, NULL), TML_OK);
    assert_string_equal(tmli_buf_cstr(&first), tmli_buf_cstr(&second));
    box boxes[N];
    size_t n = 0;
    for (const char *at = strstr(first.data, "<text"); at != NULL; at = strstr(at + 1, "<text")) {
        assert_true(n < N);
        boxes[n++] = (box){attribute(at, " x='"), attribute(at, " y='"),
                           attribute(at, "font-size='"), attribute(at, "textLength='")};
    }
    assert_true(n >= 60);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++) { /* letters reach from 0.25 below the line to 0.75 above */
            assert_true(fabs(boxes[i].x - boxes[k].x) >= (boxes[i].width + boxes[k].width) / 2 ||
                        boxes[i].y + 0.25 * boxes[i].size <= boxes[k].y - 0.75 * boxes[k].size ||
                        boxes[k].y + 0.25 * boxes[k].size <= boxes[i].y - 0.75 * boxes[i].size);
        }
    }
    tmli_buf_deinit(&first);
    tmli_buf_deinit(&second);
}

static void clouds_of_odd_terms_are_drawn_or_left_out(void **state)
{
    (void)state;
    char *const huge = calloc(1, 100000);
    assert_non_null(huge);
    memset(huge, 'w', 100000);
    const tml_report_term terms[] = {
        {{huge, 100000}, 9},
        {TML_STR("nan"), (double)NAN},
        {TML_STR("inf"), (double)INFINITY},
        {TML_STR("none"), 0},
        {{NULL, 0}, 3},
        {TML_STR("less"), -1},
        {TML_STR("fine"), 1e300},
        {TML_STR("tiny"), 1e-300},
    };
    tmli_buf buf = {0};
    assert_int_equal(tmli_cloud_draw(&buf, terms, sizeof terms / sizeof terms[0], NULL), TML_OK);
    assert_non_null(strstr(tmli_buf_cstr(&buf), ">fine<"));
    assert_non_null(strstr(buf.data, ">tiny<"));
    assert_non_null(strstr(buf.data, "www…<"));
    assert_null(strstr(buf.data, "nan"));
    assert_null(strstr(buf.data, "inf"));
    assert_null(strstr(buf.data, "less"));
    tmli_buf_reset(&buf);
    assert_int_equal(tmli_cloud_draw(&buf, terms + 1, 5, NULL), TML_OK);
    assert_int_equal(buf.len, 0);
    fail_allocation(0);
    assert_int_equal(tmli_cloud_draw(&buf, terms, 1, NULL), TML_ENOMEM);
    fail_allocation(NEVER);
    tmli_buf_deinit(&buf);
    free(huge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_become_harmless),
        cmocka_unit_test(long_texts_end_in_an_ellipsis),
        cmocka_unit_test(numbers_are_written_alike_everywhere),
        cmocka_unit_test(axes_end_at_whole_ticks),
        cmocka_unit_test(lines_are_interrupted_where_there_is_no_number),
        cmocka_unit_test(thinned_curves_look_the_same),
        cmocka_unit_test(words_of_the_cloud_do_not_overlap),
        cmocka_unit_test(clouds_of_odd_terms_are_drawn_or_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
