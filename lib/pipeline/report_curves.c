/* ROC and precision-recall curves of each class against the rest, and calibration. */
#include "pipeline/report.h"

#include <math.h>

#include "base/mem.h"
#include "base/status.h"
#include "models/curves.h"
#include "pipeline/charts.h"
#include "pipeline/svg.h"

/* ---- curves ---------------------------------------------------------------------------------- */

enum {
    ONE_PICTURE = 6, /* classes that have colours of their own; more get a picture each */
    PANEL = 120      /* side of a small picture's data */
};

typedef struct curve_kind {
    const char *id, *heading, *x_name, *y_name, *figure;
    const tmli_report_curve *curves; /* [n_shown] */
    bool is_roc;
} curve_kind;

/* Positions in shown by falling area, undefined ones last. */
static size_t sort_by_area(const tmli_report *report, const tmli_report_curve *curves,
                           size_t order[TMLI_REPORT_SHOWN])
{
    size_t n = 0;
    for (size_t i = 0; i < report->n_shown; i++) {
        if (curves[i].n == 0) {
            continue;
        }
        size_t at = n++;
        for (; at > 0 && curves[order[at - 1]].area < curves[i].area; at--) {
            order[at] = order[at - 1];
        }
        order[at] = i;
    }
    return n;
}

static void put_one_picture(tmli_buf *out, const tmli_report *report, const curve_kind *kind,
                            const size_t *order, size_t n)
{
    tmli_plot plot = {.width = 460, .height = 440};
    plot.x = tmli_axis_nice(0, 1, 5, 46, 442);
    plot.y = tmli_axis_nice(0, 1, 5, 394, 34);
    tmli_put(out, "<figure><h3>%s</h3>\n", kind->heading);
    tmli_svg_open(out, "chart", plot.width, plot.height, kind->heading);
    tmli_plot_grid(out, &plot, kind->x_name, kind->y_name);
    if (kind->is_roc) {
        tmli_put(out, "<line class='chance' x1='46' y1='394' x2='442' y2='34'/>\n");
    }
    /* Worst first, so that the best do not hide what matters. Colours belong to classes, not to ranks. */
    for (size_t i = n; i-- > 0;) {
        char css_class[] = "l0";
        css_class[1] = (char)('0' + order[i] % ONE_PICTURE);
        const tmli_report_curve *const curve = &kind->curves[order[i]];
        tmli_plot_line(out, &plot, css_class, curve->x, curve->y, curve->n);
    }
    tmli_put(out, "</svg>\n<ol class='series'>\n");
    for (size_t i = 0; i < n; i++) {
        tmli_put(out,
                 "<li><svg class='dash' aria-hidden='true'><rect class='s%zu' width='100%%' "
                 "height='100%%'/></svg><span class='term'>",
                 order[i] % ONE_PICTURE);
        tmli_put_bdi(out, report->in->labels[report->shown[order[i]]], 26);
        tmli_put(out, "</span><span class='num'>%s ", kind->figure);
        tmli_put_share(out, kind->curves[order[i]].area);
        tmli_put(out, "</span></li>\n");
    }
    tmli_put(out, "</ol></figure>\n");
}

/* All curves once, to be drawn from many places. */
static void put_definitions(tmli_buf *out, const curve_kind *kind, const size_t *order, size_t n)
{
    tmli_put(out, "<svg class='defs' aria-hidden='true'><defs><g id='%s'>\n", kind->id);
    for (size_t i = 0; i < n; i++) {
        const tmli_report_curve *const curve = &kind->curves[order[i]];
        tmli_put(out, "<path id='%s-%zu' d='", kind->id, order[i]);
        for (size_t k = 0; k < curve->n; k++) {
            tmli_put(out, "%s%f %f", k == 0 ? "M" : "L", PANEL * curve->x[k],
                     PANEL * (1 - curve->y[k]));
        }
        tmli_put(out, "'/>\n");
    }
    tmli_put(out, "</g></defs></svg>\n");
}

/* A picture for each class, worst first; the others stand pale behind it. */
static void put_panels(tmli_buf *out, const tmli_report *report, const curve_kind *kind,
                       const size_t *order, size_t n)
{
    tmli_put(out,
             "<h3>%s</h3>\n<p class='small'>Left to right %s, upwards %s, each from 0 to 1. The "
             "smallest area comes first; pale lines are the other classes.</p>\n",
             kind->heading, kind->x_name, kind->y_name);
    put_definitions(out, kind, order, n);
    tmli_put(out, "<div class='panels'>\n");
    for (size_t i = n; i-- > 0;) {
        tmli_put(out, "<figure class='panel'><figcaption><span class='term'>");
        tmli_put_bdi(out, report->in->labels[report->shown[order[i]]], 26);
        tmli_put(out,
                 "</span></figcaption>\n<svg class='small-chart' viewBox='-2 -2 124 124' "
                 "role='img' aria-label='%s'><path class='mesh' "
                 "d='M0 0H120V120H0ZM0 60H120M60 0V120'/>",
                 kind->heading);
        tmli_put(out, "%s<use class='pale' href='#%s'/><use class='hot' href='#%s-%zu'/>",
                 kind->is_roc ? "<path class='chance' d='M0 120L120 0'/>" : "", kind->id, kind->id,
                 order[i]);
        /* In the corner that good curves leave free. */
        tmli_put(out, "<text class='area' x='%f' y='112' text-anchor='%s'>",
                 kind->is_roc ? 113.0 : 7.0, kind->is_roc ? "end" : "start");
        tmli_put_share(out, kind->curves[order[i]].area);
        tmli_put(out, "</text></svg></figure>\n");
    }
    tmli_put(out, "</div>\n");
}

void tmli_report_curves(tmli_buf *out, const tmli_report *report)
{
    if (report->in->evaluation.n == 0) {
        return;
    }
    const curve_kind kinds[] = {
        {"roc", "ROC curves", "false positive rate", "true positive rate", "AUC", report->roc,
         true},
        {"pr", "Precision and recall", "recall", "precision", "AP", report->precision_recall,
         false},
    };
    size_t order[TMLI_REPORT_SHOWN];
    tmli_section(out, "curves", "Curves at every threshold",
                 "Each class against all others, as the threshold on its probability moves. The "
                 "nearer to the upper corner, the better; dashes are guessing.");
    const bool is_small = report->n_shown > ONE_PICTURE;
    tmli_put(out, is_small ? "" : "<div class='pair'>\n");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const size_t n = sort_by_area(report, kinds[i].curves, order);
        (is_small ? put_panels : put_one_picture)(out, report, &kinds[i], order, n);
    }
    tmli_put(out, is_small ? "" : "</div>\n");
    tmli_shown_note(out, report);
    tmli_put(out, "</section>\n");
}

/* ---- calibration ----------------------------------------------------------------------------- */

typedef struct calibration {
    tmli_calibration_bin bins[TMLI_CALIBRATION_BINS];
    double error; /* expected calibration error */
} calibration;

static tml_status calibrate(const tmli_report *report, calibration *out, tml_error *err)
{
    const tml_report_evaluation *const e = &report->in->evaluation;
    unsigned char *const is_right = tmli_malloc(e->n);
    if (is_right == NULL) {
        return tmli_fail_memory(err, "the calibration curve");
    }
    for (size_t i = 0; i < e->n; i++) {
        is_right[i] = report->predicted[i] == e->truth[i] ? 1 : 0;
    }
    const tml_status status =
        tmli_calibration(is_right, report->confidence, e->n, TMLI_CALIBRATION_BINS, out->bins, err);
    tmli_free(is_right);
    out->error = 0;
    for (size_t b = 0; status == TML_OK && b < TMLI_CALIBRATION_BINS; b++) {
        const tmli_calibration_bin *const bin = &out->bins[b];
        if (bin->count > 0) {
            out->error += fabs(bin->predicted - bin->positive) * (double)bin->count / (double)e->n;
        }
    }
    return status;
}

static void draw_reliability(tmli_buf *out, const calibration *c)
{
    tmli_plot plot = {.width = 460, .height = 400};
    plot.x = tmli_axis_nice(0, 1, 5, 50, 442);
    plot.y = tmli_axis_nice(0, 1, 5, 354, 34);
    plot.x.is_percent = plot.y.is_percent = true;
    tmli_put(out, "<figure><h3>Confidence against accuracy</h3>\n");
    tmli_svg_open(out, "chart", plot.width, plot.height, "Calibration curve");
    tmli_plot_grid(out, &plot, "mean probability of the prediction", "share that was right");
    tmli_put(out, "<line class='chance' x1='50' y1='354' x2='442' y2='34'/>\n");
    double x[TMLI_CALIBRATION_BINS];
    double y[TMLI_CALIBRATION_BINS];
    size_t n = 0;
    for (size_t b = 0; b < TMLI_CALIBRATION_BINS; b++) {
        const tmli_calibration_bin *const bin = &c->bins[b];
        if (bin->count == 0) {
            continue;
        }
        x[n] = bin->predicted;
        y[n] = bin->positive;
        const tmli_interval interval = tmli_wilson(
            (uint64_t)llround(bin->positive * (double)bin->count), bin->count, 1.959963984540054);
        tmli_put(out, "<line class='whisker' x1='%f' x2='%f' y1='%f' y2='%f'/>",
                 tmli_axis_at(&plot.x, x[n]), tmli_axis_at(&plot.x, x[n]),
                 tmli_axis_at(&plot.y, interval.low), tmli_axis_at(&plot.y, interval.high));
        n++;
    }
    tmli_plot_line(out, &plot, "l0", x, y, n);
    for (size_t i = 0; i < n; i++) {
        tmli_put(out, "<circle class='dot s0' r='4' cx='%f' cy='%f'/>\n",
                 tmli_axis_at(&plot.x, x[i]), tmli_axis_at(&plot.y, y[i]));
    }
    tmli_put(out, "</svg></figure>\n");
}

static void draw_confidence_histogram(tmli_buf *out, const calibration *c)
{
    uint64_t most = 1;
    for (size_t b = 0; b < TMLI_CALIBRATION_BINS; b++) {
        most = c->bins[b].count > most ? c->bins[b].count : most;
    }
    tmli_plot plot = {.width = 460, .height = 400};
    plot.x = tmli_axis_nice(0, 1, 5, 54, 442);
    plot.y = tmli_axis_nice(0, (double)most, 5, 354, 34);
    plot.x.is_percent = true;
    plot.y.is_count = true;
    tmli_put(out, "<figure><h3>How sure the model is</h3>\n");
    tmli_svg_open(out, "chart", plot.width, plot.height, "Histogram of the probabilities");
    tmli_plot_grid(out, &plot, "probability of the prediction", "rows");
    const double width = (plot.x.to - plot.x.from) / TMLI_CALIBRATION_BINS;
    for (size_t b = 0; b < TMLI_CALIBRATION_BINS; b++) {
        const tmli_calibration_bin *const bin = &c->bins[b];
        if (bin->count == 0) {
            continue;
        }
        const double top = tmli_axis_at(&plot.y, (double)bin->count);
        const double right = bin->positive * (plot.y.from - top);
        const double x = plot.x.from + (double)b * width + 1;
        tmli_put(out, "<rect class='s0' x='%f' y='%f' width='%f' height='%f'/>", x,
                 plot.y.from - right, width - 2, right);
        tmli_put(out, "<rect class='s1' x='%f' y='%f' width='%f' height='%f'><title>", x, top,
                 width - 2, plot.y.from - right - top);
        tmli_put_count(out, bin->count);
        tmli_put(out, " rows, ");
        tmli_put_percent(out, bin->positive);
        tmli_put(out, " right</title></rect>\n");
    }
    tmli_put(out,
             "</svg>\n<p class='legend'><svg class='swatch' aria-hidden='true'><rect class='s0' "
             "width='100%%' height='100%%'/></svg><span>right</span><svg class='swatch' "
             "aria-hidden='true'><rect class='s1' width='100%%' height='100%%'/></svg>"
             "<span>wrong</span></p></figure>\n");
}

tml_status tmli_report_calibration(tmli_buf *out, const tmli_report *report, tml_error *err)
{
    if (report->in->evaluation.n == 0) {
        return TML_OK;
    }
    calibration c;
    const tml_status status = calibrate(report, &c, err);
    if (status != TML_OK) {
        return status;
    }
    tmli_section(out, "calibration", "Calibration",
                 "Can the probabilities be taken at their word? Points below the dashes: the model "
                 "is surer than it is right. Whiskers are 95&#160;% intervals.");
    tmli_put(out, "<div class='pair'>\n");
    draw_reliability(out, &c);
    draw_confidence_histogram(out, &c);
    tmli_put(out, "</div>\n<p class='small'>Expected calibration error: ");
    tmli_put_share(out, c.error);
    tmli_put(out, " (mean distance from the dashes, weighted by rows).</p>\n</section>\n");
    return TML_OK;
}
