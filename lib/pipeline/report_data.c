/* Headline figures, what the data are, and how training went. */
#include "pipeline/report.h"

#include <math.h>

#include "pipeline/charts.h"
#include "pipeline/svg.h"

static void put_figure(tmli_buf *out, const char *name, const char *note, const tmli_figure *figure,
                       bool is_share)
{
    tmli_put(out, "<div class='figure'><dt>%s</dt><dd><span class='big'>", name);
    if (is_share) {
        tmli_put(out, "%.1f<small>&#8201;%%</small>", figure->value * 100);
    } else {
        tmli_put(out, "%.3f", figure->value);
    }
    tmli_put(out, "</span>");
    if (is_share) {
        const double low = fmin(fmax(figure->low, 0), 1) * 100;
        const double high = fmin(fmax(figure->high, 0), 1) * 100;
        tmli_put(out,
                 "<svg class='range' aria-hidden='true'><rect class='rail' y='4' width='100%%' "
                 "height='2'/><rect class='fill' y='2' x='%f%%' width='%f%%' height='6' rx='1.5'/>"
                 "</svg>",
                 low, fmax(high - low, 1));
        tmli_put(out, "<span class='ci'>95&#160;%% CI %.1f–%.1f&#160;%%</span>", low, high);
    } else {
        tmli_put(out, "<span class='ci'>95&#160;%% CI %.3f–%.3f</span>", figure->low, figure->high);
    }
    tmli_put(out, "<span class='note'>%s</span></dd></div>\n", note);
}

void tmli_report_headline(tmli_buf *out, const tmli_report *report)
{
    const tml_report_evaluation *const e = &report->in->evaluation;
    if (e->n == 0) {
        return;
    }
    tmli_put(out, "<dl class='headline'>\n");
    put_figure(out, "Accuracy", "share of rows with the right class", &report->accuracy, true);
    put_figure(out, "Macro F1", "every class counts the same", &report->macro_f1, true);
    put_figure(out, "Weighted F1", "every row counts the same", &report->weighted_f1, true);
    put_figure(out, "Log loss",
               "0 is perfect; guessing evenly gives the logarithm of the number of classes",
               &report->log_loss, false);
    tmli_put(out, "<div class='figure'><dt>Rows</dt><dd><span class='big'>");
    tmli_put_count(out, e->n);
    tmli_put(out, "</span><span class='ci'>in ");
    tmli_put_count(out, report->in->n_labels);
    tmli_put(out, " classes</span><span class='note'>part: ");
    tmli_put_bdi(out, tmli_str_of(e->part != NULL ? e->part : "evaluation"), 24);
    tmli_put(out, "</span></dd></div>\n</dl>\n");
}

static void put_fact(tmli_buf *out, tml_str name, uint64_t value)
{
    tmli_put(out, "<div><dt>");
    tmli_put_bdi(out, name, 24);
    tmli_put(out, "</dt><dd>");
    tmli_put_count(out, value);
    tmli_put(out, "</dd></div>\n");
}

static void facts(tmli_buf *out, const tml_report_input *in)
{
    tmli_put(out, "<dl class='facts'>\n");
    for (size_t p = 0; p < in->n_parts; p++) {
        tmli_put(out, "<div><dt>Rows, ");
        tmli_put_bdi(out, tmli_str_of(in->parts[p].name), 24);
        tmli_put(out, "</dt><dd>");
        tmli_put_count(out, in->parts[p].n_rows);
        tmli_put(out, "</dd></div>\n");
    }
    put_fact(out, TML_STR("Classes"), in->n_labels);
    if (in->vocabulary > 0) {
        put_fact(out, TML_STR("Vocabulary (terms)"), in->vocabulary);
    }
    if (in->terms_seen > 0) {
        put_fact(out, TML_STR("Distinct terms seen"), in->terms_seen);
    }
    tmli_put(out, "</dl>\n");
}

static uint64_t most_rows(const tmli_report *report, const tml_report_part *part)
{
    uint64_t most = 1;
    for (size_t i = 0; i < report->n_shown; i++) {
        const uint64_t rows = part->rows_per_class[report->shown[i]];
        most = rows > most ? rows : most;
    }
    return most;
}

static void rows_per_class(tmli_buf *out, const tmli_report *report)
{
    const tml_report_input *const in = report->in;
    size_t n_counted = 0;
    for (size_t p = 0; p < in->n_parts; p++) {
        n_counted += in->parts[p].rows_per_class != NULL ? 1 : 0;
    }
    if (n_counted == 0) {
        return;
    }
    tmli_put(out, "<h3>Rows per class</h3>\n<div class='scroll'><table class='counts'><thead><tr>"
                  "<th scope='col'>Class</th>");
    for (size_t p = 0; p < in->n_parts; p++) {
        if (in->parts[p].rows_per_class != NULL) {
            tmli_put(out, "<th scope='col' class='num'>");
            tmli_put_bdi(out, tmli_str_of(in->parts[p].name), 24);
            tmli_put(out, "</th>");
        }
    }
    tmli_put(out, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < report->n_shown; i++) {
        const uint32_t c = report->shown[i];
        tmli_put(out, "<tr><th scope='row'>");
        tmli_put_bdi(out, in->labels[c], 26);
        tmli_put(out, "</th>");
        for (size_t p = 0; p < in->n_parts; p++) {
            const tml_report_part *const part = &in->parts[p];
            if (part->rows_per_class != NULL) {
                tmli_put(out, "<td class='bars'>");
                tmli_svg_bar(out,
                             p == 0   ? "s0"
                             : p == 1 ? "s1"
                                      : "s2",
                             (double)part->rows_per_class[c] / (double)most_rows(report, part));
                tmli_put(out, "<span>");
                tmli_put_count(out, part->rows_per_class[c]);
                tmli_put(out, "</span></td>");
            }
        }
        tmli_put(out, "</tr>\n");
    }
    tmli_put(out, "</tbody></table></div>\n");
    tmli_shown_note(out, report);
}

static void put_bin_title(tmli_buf *out, const tml_report_input *in, size_t bin)
{
    const size_t width = in->length_bin_width > 0 ? in->length_bin_width : 1;
    tmli_put(out, "<title>");
    tmli_put_count(out, (uint64_t)bin * width);
    if (bin + 1 == in->n_length_bins) {
        tmli_put(out, " and more");
    } else if (width > 1) {
        tmli_put(out, "–");
        tmli_put_count(out, (uint64_t)(bin + 1) * width - 1);
    }
    tmli_put(out, " terms: ");
    tmli_put_count(out, in->length_counts[bin]);
    tmli_put(out, " rows</title>");
}

static void length_histogram(tmli_buf *out, const tml_report_input *in)
{
    const size_t n = in->n_length_bins;
    const double bin_width = in->length_bin_width > 0 ? (double)in->length_bin_width : 1;
    uint64_t most = 1;
    for (size_t i = 0; i < n; i++) {
        most = in->length_counts[i] > most ? in->length_counts[i] : most;
    }
    tmli_plot plot = {.width = 460, .height = 300};
    plot.x = tmli_axis_nice(0, (double)n * bin_width, 6, 54, 442);
    plot.x.high = (double)n * bin_width; /* bars fill the width: the last tick may lie inside */
    plot.y = tmli_axis_nice(0, (double)most, 5, 254, 34);
    plot.x.is_count = plot.y.is_count = true;
    tmli_put(out, "<figure><h3>Lengths of the texts</h3>\n");
    tmli_svg_open(out, "chart", plot.width, plot.height, "Histogram of text lengths in terms");
    tmli_plot_grid(out, &plot, "terms of the vocabulary (the last bar: that many and more)",
                   "rows");
    for (size_t i = 0; i < n; i++) {
        const double left = tmli_axis_at(&plot.x, (double)i * bin_width);
        const double right = tmli_axis_at(&plot.x, (double)(i + 1) * bin_width);
        const double top = tmli_axis_at(&plot.y, (double)in->length_counts[i]);
        const double gap = right - left > 5 ? 1 : 0;
        tmli_put(out, "<rect class='%s' x='%f' y='%f' width='%f' height='%f'>",
                 i + 1 == n ? "s0 faded" : "s0", left + gap / 2, top, right - left - gap,
                 plot.y.from - top);
        put_bin_title(out, in, i);
        tmli_put(out, "</rect>\n");
    }
    tmli_put(out, "</svg></figure>\n");
}

void tmli_report_data(tmli_buf *out, const tmli_report *report)
{
    const tml_report_input *const in = report->in;
    if (in->n_parts == 0 && in->n_length_bins == 0 && in->n_frequent == 0 && in->vocabulary == 0) {
        return;
    }
    tmli_section(out, "data", "Data", "What the model learned from and was measured on.");
    facts(out, in);
    rows_per_class(out, report);
    if (in->n_length_bins > 0 || in->n_frequent > 0) {
        tmli_put(out, "<div class='pair'>\n");
        if (in->n_length_bins > 0) {
            length_histogram(out, in);
        }
        if (in->n_frequent > 0) {
            tmli_put(out, "<div><h3>Most frequent terms</h3>\n");
            tmli_term_bars(out, in->frequent, in->n_frequent < 20 ? in->n_frequent : 20);
            tmli_put(out, "</div>\n");
        }
        tmli_put(out, "</div>\n");
    }
    tmli_put(out, "</section>\n");
}

/* ---- epochs ---------------------------------------------------------------------------------- */

enum {
    MARKED_EPOCHS = 12 /* few points are shown as points */
};

typedef enum series {
    TRAIN_LOSS,
    VALIDATION_LOSS,
    TRAIN_ACCURACY,
    VALIDATION_ACCURACY
} series;

typedef struct epoch_chart {
    const char *heading, *unit;
    series train, validation;
    bool is_percent;
} epoch_chart;

static double epoch_value(const tml_epoch *epoch, series which)
{
    switch (which) {
    case TRAIN_LOSS: return epoch->train_loss;
    case VALIDATION_LOSS: return epoch->validation_loss;
    case TRAIN_ACCURACY: return epoch->train_accuracy;
    case VALIDATION_ACCURACY: return epoch->validation_accuracy;
    }
    return NAN;
}

/* Series name and last value beside the end of its line. */
static void put_end_label(tmli_buf *out, const char *css_class, const char *name, double x,
                          double y, double value, bool is_percent)
{
    tmli_put(out, "<text class='end %s' x='%f' y='%f'>%s", css_class, x, y - 2, name);
    tmli_put(out, "<tspan class='value' x='%f' dy='14'>", x);
    if (is_percent) {
        tmli_put(out, "%.1f%%", value * 100);
    } else {
        tmli_put(out, "%.3f", value);
    }
    tmli_put(out, "</tspan></text>\n");
}

static void draw_series(tmli_buf *out, const tmli_plot *plot, const tml_report_input *in,
                        series which, const char *css_class, const char *fill_class)
{
    size_t run = 0;
    tmli_put(out, "<path class='line %s' d='", css_class);
    for (size_t i = 0; i < in->n_epochs; i++) {
        const double value = epoch_value(&in->epochs[i], which);
        if (!isfinite(value)) {
            run = 0;
            continue;
        }
        tmli_put(out, "%s%f %f", run == 0 ? "M" : "L",
                 tmli_axis_at(&plot->x, (double)in->epochs[i].epoch),
                 tmli_axis_at(&plot->y, value));
        run++;
    }
    tmli_put(out, "'/>\n");
    for (size_t i = 0; i < in->n_epochs && in->n_epochs <= MARKED_EPOCHS; i++) {
        const double value = epoch_value(&in->epochs[i], which);
        if (isfinite(value)) {
            tmli_put(out, "<circle class='dot %s' r='3.5' cx='%f' cy='%f'/>\n", fill_class,
                     tmli_axis_at(&plot->x, (double)in->epochs[i].epoch),
                     tmli_axis_at(&plot->y, value));
        }
    }
}

static void draw_epoch_chart(tmli_buf *out, const tml_report_input *in, const epoch_chart *chart)
{
    double low = INFINITY;
    double high = -INFINITY;
    for (size_t i = 0; i < in->n_epochs; i++) {
        const double a = epoch_value(&in->epochs[i], chart->train);
        const double b = epoch_value(&in->epochs[i], chart->validation);
        low = isfinite(a) ? fmin(low, a) : low;
        low = isfinite(b) ? fmin(low, b) : low;
        high = isfinite(a) ? fmax(high, a) : high;
        high = isfinite(b) ? fmax(high, b) : high;
    }
    const double first = (double)in->epochs[0].epoch;
    const double last = (double)in->epochs[in->n_epochs - 1].epoch;
    tmli_plot plot = {.width = 460, .height = 300};
    plot.x =
        tmli_axis_nice(first, last, last - first < 6 ? (size_t)(last - first) + 1 : 6, 50, 372);
    plot.x.low = last > first ? first : first - 1; /* one epoch stands in the middle */
    plot.x.high = last > first ? last : first + 1;
    if (plot.x.step < 1) {
        plot.x.step = 1;
    }
    plot.x.decimals = 0;
    plot.y = tmli_axis_nice(chart->is_percent ? low : fmin(low, 0), high, 5, 254, 34);
    plot.y.is_percent = chart->is_percent;
    const double a = epoch_value(&in->epochs[in->n_epochs - 1], chart->train);
    const double b = epoch_value(&in->epochs[in->n_epochs - 1], chart->validation);
    double y_a = tmli_axis_at(&plot.y, a);
    double y_b = isfinite(b) ? tmli_axis_at(&plot.y, b) : y_a;
    if (isfinite(b) && fabs(y_a - y_b) < 32) { /* labels move apart around their middle */
        const double middle = fmin(fmax((y_a + y_b) / 2, 48), 236);
        y_a = middle + (a > b ? -16 : 16);
        y_b = middle + (a > b ? 16 : -16);
    }
    tmli_put(out, "<figure><h3>%s</h3>\n", chart->heading);
    tmli_svg_open(out, "chart", plot.width, plot.height, chart->heading);
    tmli_plot_grid(out, &plot, "epoch", chart->unit);
    draw_series(out, &plot, in, chart->train, "l0", "s0");
    put_end_label(out, "t0", "training", 382, y_a, a, chart->is_percent);
    if (isfinite(b)) {
        draw_series(out, &plot, in, chart->validation, "l1", "s1");
        put_end_label(out, "t1", "validation", 382, y_b, b, chart->is_percent);
    }
    tmli_put(out, "</svg></figure>\n");
}

void tmli_report_epochs(tmli_buf *out, const tmli_report *report)
{
    static const epoch_chart charts[] = {
        {"Loss per epoch", "loss", TRAIN_LOSS, VALIDATION_LOSS, false},
        {"Accuracy per epoch", "share of rows", TRAIN_ACCURACY, VALIDATION_ACCURACY, true},
    };
    if (report->in->n_epochs == 0) {
        return;
    }
    tmli_section(out, "training", "Training",
                 "Lines that drift apart mean that the model learns its training rows by heart.");
    tmli_put(out, "<div class='pair'>\n");
    for (size_t i = 0; i < sizeof charts / sizeof charts[0]; i++) {
        draw_epoch_chart(out, report->in, &charts[i]);
    }
    tmli_put(out, "</div>\n</section>\n");
}
