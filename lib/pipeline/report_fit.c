/* A run of tml_fit → the report's input. */
#include "base/mem.h"
#include "base/status.h"
#include "pipeline/summary.h"
#include "textml/report.h"

/* Arrays that the input borrows. */
typedef struct gathered {
    tml_str *labels;
    tml_report_part parts[TMLI_N_PARTS];
    size_t n_parts;
    tml_report_term frequent[TMLI_FREQUENT_TERMS];
    tml_report_term cloud[TMLI_CLOUD_TERMS];
    size_t n_cloud;
    tml_report_term *telling;
} gathered;

static void gather_parts(const tml_fit_report *report, gathered *g)
{
    static const char *const names[TMLI_N_PARTS] = {"training", "validation", "test"};
    const uint64_t rows[TMLI_N_PARTS] = {report->rows_train, report->rows_validation,
                                         report->rows_test};
    const struct tml_fit_summary *summary = report->summary;
    for (size_t p = 0; p < TMLI_N_PARTS; p++) {
        if (rows[p] > 0) {
            g->parts[g->n_parts++] = (tml_report_part){
                names[p], rows[p], summary->rows_per_class + p * summary->n_labels};
        }
    }
}

/* Returns how many of the ranked terms there are. */
static size_t gather_terms(const tml_model *model, const tmli_ranked *ranked, size_t n,
                           tml_report_term *out)
{
    size_t i = 0;
    for (; i < n && ranked[i].weight > 0; i++) {
        out[i] = (tml_report_term){tmli_model_term(model, ranked[i].term), ranked[i].weight};
    }
    return i;
}

static tml_status gather(const tml_model *model, const tml_fit_report *report, gathered *g,
                         tml_error *err)
{
    const struct tml_fit_summary *summary = report->summary;
    const size_t n_labels = model->n_labels;
    g->labels = tmli_alloc(n_labels, sizeof(*g->labels));
    g->telling = tmli_calloc(n_labels * TMLI_TELLING_TERMS, sizeof(*g->telling));
    if (g->labels == NULL || g->telling == NULL) {
        return tmli_fail_memory(err, "the report");
    }
    for (size_t c = 0; c < n_labels; c++) {
        g->labels[c] = tml_model_label(model, c);
        (void)gather_terms(model, summary->telling + c * TMLI_TELLING_TERMS, TMLI_TELLING_TERMS,
                           g->telling + c * TMLI_TELLING_TERMS);
    }
    gather_parts(report, g);
    (void)gather_terms(model, summary->frequent, TMLI_FREQUENT_TERMS, g->frequent);
    g->n_cloud = gather_terms(model, summary->cloud, TMLI_CLOUD_TERMS, g->cloud);
    return TML_OK;
}

tml_status tml_fit_report_write(const tml_model *model, const tml_fit_report *report,
                                const char *path, tml_error *err)
{
    const struct tml_fit_summary *summary = report->summary;
    const tml_evaluation *evaluation = &report->evaluation;
    gathered g = {0};
    if (summary == NULL) {
        return tmli_fail(err, TML_EINVAL,
                         "the report needs what tml_fit keeps with keep_evaluation");
    }
    tml_status status = gather(model, report, &g, err);
    if (status == TML_OK) {
        const tml_report_input input = {
            .title = tml_model_recipe_name(model),
            .labels = g.labels,
            .n_labels = model->n_labels,
            .parts = g.parts,
            .n_parts = g.n_parts,
            .length_counts = summary->length_counts,
            .n_length_bins = TMLI_LENGTH_BINS,
            .length_bin_width = summary->length_bin_width,
            .vocabulary = report->terms_kept,
            .terms_seen = report->terms_seen,
            .frequent = g.frequent,
            .n_frequent = g.frequent[0].text.len > 0 ? TMLI_FREQUENT_TERMS : 0,
            .epochs = report->epochs,
            .n_epochs = report->n_epochs,
            .evaluation = {evaluation->part, evaluation->n, evaluation->truth,
                           evaluation->probabilities, evaluation->texts},
            .telling = g.telling,
            .n_telling = g.n_cloud > 0 ? TMLI_TELLING_TERMS : 0,
            .cloud = g.cloud,
            .n_cloud = g.n_cloud,
        };
        status = tml_report_write(&input, path, err);
    }
    tmli_free(g.labels);
    tmli_free(g.telling);
    return status;
}
