/* The page: its frame, its order, and the file it becomes. */
#include "pipeline/report.h"

#include "base/file.h"
#include "base/status.h"
#include "pipeline/cloud.h"
#include "pipeline/svg.h"

void tmli_section(tmli_buf *out, const char *id, const char *heading, const char *lead)
{
    tmli_put(out, "<section id='%s'>\n<h2>%s</h2>\n<p class='lead'>%s</p>\n", id, heading, lead);
}

void tmli_shown_note(tmli_buf *out, const tmli_report *report)
{
    if (report->n_shown < report->in->n_labels) {
        tmli_put(out, "<p class='small'>Shown are the %zu classes with most rows, of ",
                 report->n_shown);
        tmli_put_count(out, report->in->n_labels);
        tmli_put(out, ".</p>\n");
    }
}

/* The policy is the second lock behind the escapes: even markup that slipped through could not run or load anything. */
static void open_page(tmli_buf *out, const tml_report_input *in)
{
    const tml_str title = tmli_str_of(in->title != NULL ? in->title : "model");
    tmli_put(out, "<!DOCTYPE html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n"
                  "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; "
                  "style-src 'unsafe-inline'; img-src data:\">\n"
                  "<meta name='viewport' content='width=device-width, initial-scale=1'>\n"
                  "<meta name='color-scheme' content='light dark'>\n"
                  "<link rel='icon' href='data:,'>\n<title>");
    (void)tmli_put_text_cut(out, title, 80);
    tmli_put(out, " · textml report</title>\n<style>\n");
    tmli_buf_append_str(out, tmli_report_style());
    tmli_put(out, "</style>\n</head>\n<body>\n<main>\n<header>\n<p class='kicker'>textml report</p>"
                  "\n<h1>");
    tmli_put_bdi(out, title, 60);
    tmli_put(out, "</h1>\n</header>\n");
}

static void put_link(tmli_buf *out, bool is_there, const char *id, const char *name)
{
    if (is_there) {
        tmli_put(out, "<a href='#%s'>%s</a>\n", id, name);
    }
}

static void put_contents(tmli_buf *out, const tml_report_input *in)
{
    const bool is_evaluated = in->evaluation.n > 0;
    tmli_put(out, "<nav aria-label='Contents'>\n");
    put_link(out,
             in->n_parts > 0 || in->n_length_bins > 0 || in->n_frequent > 0 || in->vocabulary > 0,
             "data", "Data");
    put_link(out, in->n_epochs > 0, "training", "Training");
    put_link(out, is_evaluated, "confusion", "Confusion");
    put_link(out, is_evaluated, "classes", "Classes");
    put_link(out, is_evaluated, "curves", "Curves");
    put_link(out, is_evaluated, "calibration", "Calibration");
    put_link(out, in->n_telling > 0 && in->telling != NULL, "words", "Words");
    put_link(out, in->n_cloud > 0, "cloud", "Cloud");
    put_link(out, is_evaluated, "mistakes", "Mistakes");
    tmli_put(out, "</nav>\n");
}

static tml_status put_cloud(tmli_buf *out, const tml_report_input *in, tml_error *err)
{
    if (in->n_cloud == 0) {
        return TML_OK;
    }
    tmli_section(out, "cloud", "Word cloud", "The larger a term, the more it weighs.");
    const tml_status status = tmli_cloud_draw(out, in->cloud, in->n_cloud, err);
    tmli_put(out, "</section>\n");
    return status;
}

tml_status tmli_report_fill(tmli_buf *out, const tml_report_input *input, tml_error *err)
{
    tml_status status = TML_OK;
    tmli_report report = {0};
    TMLI_TRY(tmli_report_prepare(&report, input, err));
    open_page(out, input);
    tmli_report_headline(out, &report);
    put_contents(out, input);
    tmli_report_data(out, &report);
    tmli_report_epochs(out, &report);
    tmli_report_confusion(out, &report);
    tmli_report_classes(out, &report);
    tmli_report_curves(out, &report);
    TMLI_TRY(tmli_report_calibration(out, &report, err));
    tmli_report_telling(out, &report);
    TMLI_TRY(put_cloud(out, input, err));
    tmli_report_mistakes(out, &report);
    tmli_put(out, "<footer>Made by textml %s.</footer>\n</main>\n</body>\n</html>\n", TML_VERSION);
    if (out->failed) {
        TMLI_TRY(tmli_fail_memory(err, "the report"));
    }
cleanup:
    tmli_report_deinit(&report);
    return status;
}

tml_status tml_report_write(const tml_report_input *input, const char *path, tml_error *err)
{
    tmli_buf page = {0};
    tml_status status = tmli_report_fill(&page, input, err);
    if (status == TML_OK) {
        status = tmli_file_replace(path, page.data, page.len, err);
    }
    tmli_buf_deinit(&page);
    return status;
}
