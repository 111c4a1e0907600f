/* train/progress.h: a line on a person's terminal that shows how far training is: share, rate, time left. */
#ifndef TRAIN_PROGRESS_H
#define TRAIN_PROGRESS_H

#include <stdbool.h>

#include "textml/fit.h"

typedef struct progress_line {
    bool shown;     /* stderr is a terminal and a person started us */
    double started; /* seconds, monotonic */
    double drawn;   /* when the line was last written */
    bool visible;   /* something stands on the line */
} progress_line;

void progress_init(progress_line *line, bool by_hand);
/* Redraws, at most ten times a second. */
void progress_show(progress_line *line, const tml_progress *progress);
void progress_clear(progress_line *line);

#endif
