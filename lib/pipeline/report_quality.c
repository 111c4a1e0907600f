/* How good the predictions are: confusion matrix, figures of each class, mistakes. */
#include "pipeline/report.h"

#include <math.h>

#include "pipeline/svg.h"

/* ---- confusion matrix ------------------------------------------------------------------------ */

typedef struct heat_map {
    const tmli_report *report;
    double cell;       /* side of a cell */
    double left;       /* room for the labels of the rows */
    double label_size; /* font sizes */
    double number_size;
} heat_map;

enum {
    TOP = 24 /* room for the axis name */
};

static heat_map plan_heat_map(const tmli_report *report)
{
    heat_map map = {.report = report};
    const double n = (double)report->n_shown;
    map.cell = fmin(fmax(700 / n, 13), 84);
    map.label_size = fmin(fmax(map.cell * 0.44, 8.5), 13);
    map.number_size = fmin(fmax(map.cell * 0.38, 7), 15);
    double widest = 0;
    for (size_t i = 0; i < report->n_shown; i++) {
        widest = fmax(widest, tmli_text_width(report->in->labels[report->shown[i]]));
    }
    map.left = fmin(fmax(widest, 6), 17) * map.label_size + 14;
    return map;
}

static void put_cell(tmli_buf *out, const heat_map *map, size_t row, size_t column)
{
    const tmli_report *const r = map->report;
    const uint32_t truth = r->shown[row];
    const uint32_t predicted = r->shown[column];
    const uint64_t rows = r->metrics.confusion[(size_t)truth * r->metrics.n_classes + predicted];
    if (rows == 0) {
        return;
    }
    const double share = (double)rows / (double)r->metrics.classes[truth].support;
    const bool is_right = truth == predicted;
    /* Mistakes are rare: by the square root they show. */
    const double shade = 0.06 + 0.94 * (is_right ? share : sqrt(share));
    const double x = map->left + (double)column * map->cell;
    const double y = TOP + (double)row * map->cell;
    tmli_put(out, "<g><title>");
    (void)tmli_put_text_cut(out, r->in->labels[truth], 30);
    tmli_put(out, " → ");
    (void)tmli_put_text_cut(out, r->in->labels[predicted], 30);
    tmli_put(out, ": ");
    tmli_put_count(out, rows);
    tmli_put(out, " (");
    tmli_put_percent(out, share);
    tmli_put(out,
             ")</title><rect class='%s' fill-opacity='%f' x='%f' y='%f' width='%f' height='%f'/>",
             is_right ? "hit" : "miss", shade, x + 0.5, y + 0.5, map->cell - 1, map->cell - 1);
    const double digits = floor(log10((double)rows)) + 1;
    const double width = (digits + floor((digits - 1) / 3) * 0.5) * 0.57 * map->number_size;
    if (width <= map->cell - 2) {
        tmli_put(out, "<text class='%s' font-size='%f' x='%f' y='%f' text-anchor='middle'>",
                 shade > 0.55 ? "cell on" : "cell", map->number_size, x + map->cell / 2,
                 y + map->cell / 2 + map->number_size * 0.35);
        tmli_put_count(out, rows);
        tmli_put(out, "</text>");
    }
    tmli_put(out, "</g>\n");
}

static void put_map_labels(tmli_buf *out, const heat_map *map)
{
    const tmli_report *const r = map->report;
    const double bottom = TOP + (double)r->n_shown * map->cell;
    const double most_em = (map->left - 12) / map->label_size;
    for (size_t i = 0; i < r->n_shown; i++) {
        const tml_str label = r->in->labels[r->shown[i]];
        const double middle = ((double)i + 0.5) * map->cell;
        tmli_put(out, "<g font-size='%f'>", map->label_size);
        tmli_svg_text(out, "label", map->left - 8, TOP + middle + map->label_size * 0.35, "end",
                      label, most_em);
        tmli_put(out, "</g><g font-size='%f' transform='translate(%f %f) rotate(-45)'>",
                 map->label_size, map->left + middle + map->label_size * 0.3, bottom + 12);
        tmli_svg_text(out, "label", 0, 0, "end", label, most_em);
        tmli_put(out, "</g>\n");
    }
}

static void put_map_grid(tmli_buf *out, const heat_map *map)
{
    const size_t n = map->report->n_shown;
    const double side = (double)n * map->cell;
    tmli_put(out, "<path class='mesh' d='");
    for (size_t i = 0; i <= n; i++) {
        const double at = (double)i * map->cell;
        tmli_put(out, "M%f %fh%fM%f %fv%f", map->left, TOP + at, side, map->left + at, (double)TOP,
                 side);
    }
    tmli_put(out, "'/>\n");
}

/* Five shades of each colour, the same function of the share as the cells'. */
static void put_map_legend(tmli_buf *out)
{
    static const double shares[] = {0.01, 0.05, 0.2, 0.5, 1};
    enum {
        N_SHARES = sizeof shares / sizeof shares[0]
    };
    tmli_put(out, "<p class='legend'>");
    for (size_t kind = 0; kind < 2; kind++) {
        tmli_put(out, "<span class='scale'><span class='key'>%s</span>",
                 kind == 0 ? "right" : "wrong");
        for (size_t i = 0; i < N_SHARES; i++) {
            const double shade = 0.06 + 0.94 * (kind == 0 ? shares[i] : sqrt(shares[i]));
            tmli_put(out,
                     "<svg class='swatch' aria-hidden='true'><rect class='%s' fill-opacity='%f' "
                     "width='100%%' height='100%%'/></svg><span>%.0f&#160;%%</span>",
                     kind == 0 ? "hit" : "miss", shade, shares[i] * 100);
        }
        tmli_put(out, "</span>");
    }
    tmli_put(out, "<span>of the true class’s rows</span></p>\n");
}

void tmli_report_confusion(tmli_buf *out, const tmli_report *report)
{
    if (report->in->evaluation.n == 0) {
        return;
    }
    const heat_map map = plan_heat_map(report);
    const double side = (double)report->n_shown * map.cell;
    const double width = map.left + side + 8;
    const double height = TOP + side + map.left * 0.72 + 30;
    tmli_section(out, "confusion", "Confusion matrix",
                 "Each row is a true class, each column what was predicted for it. Blue is right, "
                 "orange is wrong; the shade is the share of the row.");
    put_map_legend(out);
    tmli_put(out, "<div class='wide' style='max-width:%fpx'>\n", fmax(width * 1.05, 320));
    tmli_put(out,
             "<svg class='heat' style='min-width:%fpx' viewBox='0 0 %f %f' role='img' "
             "aria-label='Confusion matrix'>\n",
             fmin(width * 0.8, 660), width, height);
    put_map_grid(out, &map);
    tmli_put(out, "<text class='name' x='%f' y='14' text-anchor='end'>true ↓</text>", map.left - 8);
    tmli_put(out, "<text class='name' x='%f' y='14'>predicted →</text>\n", map.left);
    for (size_t row = 0; row < report->n_shown; row++) {
        for (size_t column = 0; column < report->n_shown; column++) {
            put_cell(out, &map, row, column);
        }
    }
    put_map_labels(out, &map);
    tmli_put(out, "</svg></div>\n");
    tmli_shown_note(out, report);
    tmli_put(out, "</section>\n");
}

/* ---- table of the classes -------------------------------------------------------------------- */

static void put_share_cell(tmli_buf *out, double value, const char *css_class)
{
    tmli_put(out, "<td class='bars'>");
    if (css_class != NULL) {
        tmli_svg_bar(out, css_class, isfinite(value) ? value : 0);
    }
    tmli_put(out, "<span>");
    tmli_put_share(out, value);
    tmli_put(out, "</span></td>");
}

static void put_class_row(tmli_buf *out, const tml_class_metrics *m, double roc_area,
                          double average_precision, bool has_bars)
{
    put_share_cell(out, m->precision, has_bars ? "s0" : NULL);
    put_share_cell(out, m->recall, has_bars ? "s0" : NULL);
    put_share_cell(out, m->f1, has_bars ? "s1" : NULL);
    put_share_cell(out, roc_area, has_bars ? "s2" : NULL);
    put_share_cell(out, average_precision, has_bars ? "s2" : NULL);
    tmli_put(out, "<td class='num'>");
    tmli_put_count(out, m->support);
    tmli_put(out, "</td></tr>\n");
}

/* Mean over the classes that have the figure; weights NULL: all the same. */
static double mean_area(const double *areas, const tml_metrics *metrics, bool is_weighted)
{
    double sum = 0;
    double weights = 0;
    for (size_t c = 0; c < metrics->n_classes; c++) {
        if (isfinite(areas[c])) {
            const double weight = is_weighted ? (double)metrics->classes[c].support : 1;
            sum += weight * areas[c];
            weights += weight;
        }
    }
    return weights > 0 ? sum / weights : NAN;
}

void tmli_report_classes(tmli_buf *out, const tmli_report *report)
{
    const tml_metrics *const m = &report->metrics;
    if (report->in->evaluation.n == 0) {
        return;
    }
    tmli_section(
        out, "classes", "Classes",
        "Precision: how often a prediction of the class is right. Recall: how many of its "
        "rows are found. F1: both in one figure. The areas are those of the curves below.");
    tmli_put(out, "<div class='scroll'><table class='metrics'><thead><tr><th scope='col'>Class</th>"
                  "<th scope='col'>Precision</th><th scope='col'>Recall</th><th scope='col'>F1</th>"
                  "<th scope='col'>ROC AUC</th><th scope='col'>Avg. precision</th>"
                  "<th scope='col' class='num'>Support</th></tr></thead><tbody>\n");
    for (size_t c = 0; c < m->n_classes; c++) {
        tmli_put(out, "<tr><th scope='row'>");
        tmli_put_bdi(out, report->in->labels[c], 26);
        tmli_put(out, "</th>");
        put_class_row(out, &m->classes[c], report->roc_area[c], report->average_precision[c], true);
    }
    tmli_put(out, "</tbody><tfoot>\n<tr><th scope='row'>Macro average</th>");
    put_class_row(out, &m->macro, mean_area(report->roc_area, m, false),
                  mean_area(report->average_precision, m, false), false);
    tmli_put(out, "<tr><th scope='row'>Weighted average</th>");
    put_class_row(out, &m->weighted, mean_area(report->roc_area, m, true),
                  mean_area(report->average_precision, m, true), false);
    tmli_put(out, "</tfoot></table></div>\n</section>\n");
}

/* ---- mistakes -------------------------------------------------------------------------------- */

/* The rows of the most confident mistakes, falling, the earlier row first among equals. */
static size_t find_mistakes(const tmli_report *report, size_t rows[TMLI_REPORT_MISTAKES])
{
    const tml_report_evaluation *const e = &report->in->evaluation;
    size_t n = 0;
    for (size_t i = 0; i < e->n; i++) {
        if (report->predicted[i] == e->truth[i]) {
            continue;
        }
        size_t at = n;
        while (at > 0 && report->confidence[rows[at - 1]] < report->confidence[i]) {
            at--;
        }
        if (at == TMLI_REPORT_MISTAKES) {
            continue;
        }
        n += n < TMLI_REPORT_MISTAKES ? 1 : 0;
        for (size_t k = n - 1; k > at; k--) {
            rows[k] = rows[k - 1];
        }
        rows[at] = i;
    }
    return n;
}

void tmli_report_mistakes(tmli_buf *out, const tmli_report *report)
{
    const tml_report_evaluation *const e = &report->in->evaluation;
    if (e->n == 0) {
        return;
    }
    size_t rows[TMLI_REPORT_MISTAKES];
    const size_t n = find_mistakes(report, rows);
    tmli_section(out, "mistakes", "Most confident mistakes",
                 n > 0 ? "The wrong predictions that the model was surest of: look here first for "
                         "wrong labels and for classes that overlap."
                       : "None: every row got its class.");
    if (n > 0) {
        tmli_put(out, "<ol class='mistakes'>\n");
    }
    for (size_t i = 0; i < n; i++) {
        tmli_put(out, "<li><div class='verdict'><span class='prob num'>");
        tmli_put_percent(out, report->confidence[rows[i]]);
        tmli_put(out, "</span><span><span class='soft'>predicted</span> <b class='wrong'>");
        tmli_put_bdi(out, report->in->labels[report->predicted[rows[i]]], 30);
        tmli_put(out, "</b></span><span><span class='soft'>truly</span> <b class='right'>");
        tmli_put_bdi(out, report->in->labels[e->truth[rows[i]]], 30);
        tmli_put(out, "</b></span><span class='row'>row ");
        tmli_put_count(out, rows[i] + 1);
        tmli_put(out, "</span></div>");
        if (e->texts != NULL) {
            tmli_put(out, "<p dir='auto'>");
            (void)tmli_put_text_cut(out, e->texts[rows[i]], 150);
            tmli_put(out, "</p>");
        }
        tmli_put(out, "</li>\n");
    }
    tmli_put(out, "%s</section>\n", n > 0 ? "</ol>\n" : "");
}
