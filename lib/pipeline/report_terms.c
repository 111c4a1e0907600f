/* Words: frequent ones, telling ones. The cloud has a file of its own. */
#include "pipeline/report.h"

#include <math.h>

#include "pipeline/svg.h"

/* Bars start at 0 unless there are weights below it, as logarithms are; then a short bar is the least weight. */
static double bar_share(double weight, double least, double most)
{
    if (!isfinite(weight)) {
        return 0;
    }
    if (least >= 0) {
        return most > 0 ? weight / most : 0;
    }
    return most > least ? 0.06 + 0.94 * (weight - least) / (most - least) : 1;
}

void tmli_term_bars(tmli_buf *out, const tml_report_term *terms, size_t n)
{
    double least = INFINITY;
    double most = -INFINITY;
    size_t n_terms = 0;
    while (n_terms < n && terms[n_terms].text.len > 0) {
        const double weight = terms[n_terms++].weight;
        least = isfinite(weight) ? fmin(least, weight) : least;
        most = isfinite(weight) ? fmax(most, weight) : most;
    }
    tmli_put(out, "<ol class='terms'>\n");
    for (size_t i = 0; i < n_terms; i++) {
        tmli_put(out, "<li><span class='term'>");
        tmli_put_bdi(out, terms[i].text, 16);
        tmli_put(out, "</span>");
        tmli_svg_bar(out, "s0", bar_share(terms[i].weight, least, most));
        tmli_put(out, "<span class='num'>");
        tmli_put_weight(out, terms[i].weight);
        tmli_put(out, "</span></li>\n");
    }
    tmli_put(out, "</ol>\n");
}

void tmli_report_telling(tmli_buf *out, const tmli_report *report)
{
    const tml_report_input *const in = report->in;
    if (in->n_telling == 0 || in->telling == NULL) {
        return;
    }
    tmli_section(
        out, "words", "Most telling words",
        "For each class the terms that speak most for it: frequent in its rows and rare in others. "
        "Numbers: thousandths of the divergence between the two.");
    tmli_put(out, "<div class='cards'>\n");
    for (size_t i = 0; i < report->n_shown; i++) {
        const uint32_t c = report->shown[i];
        tmli_put(out, "<div class='card'><h3>");
        tmli_put_bdi(out, in->labels[c], 24);
        tmli_put(out, "</h3>\n");
        tmli_term_bars(out, in->telling + (size_t)c * in->n_telling, in->n_telling);
        tmli_put(out, "</div>\n");
    }
    tmli_put(out, "</div>\n");
    tmli_shown_note(out, report);
    tmli_put(out, "</section>\n");
}
