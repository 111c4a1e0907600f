#include "train/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

static const double redraw_seconds = 0.1;

void progress_init(progress_line *line, bool by_hand)
{
    *line = (progress_line){.shown = by_hand && isatty(STDERR_FILENO) == 1};
}

void progress_show(progress_line *line, const tml_progress *progress)
{
    const double time = tmli_seconds();
    if (line->started == 0) {
        line->started = time;
    }
    if (!line->shown || time - line->drawn < redraw_seconds) {
        return;
    }
    const double rows = (double)progress->rows;
    const double done = (double)(progress->epoch - 1) * rows + (double)progress->rows_done;
    const double all = (double)progress->epochs * rows;
    const double rate = done / (time - line->started + 1e-9);
    (void)fprintf(stderr, "\repoch %zu/%zu  %3.0f %%  %.0f rows/s  %.0f s left   ", progress->epoch,
                  progress->epochs, 100.0 * done / all, rate, (all - done) / (rate + 1e-9));
    (void)fflush(stderr);
    line->drawn = time;
    line->visible = true;
}

void progress_clear(progress_line *line)
{
    if (line->visible) {
        (void)fprintf(stderr, "\r%78s\r", "");
        (void)fflush(stderr);
        line->visible = false;
    }
}
