/* pipeline/charts.h: axes and the charts that stand on them. */
#ifndef PIPELINE_CHARTS_H
#define PIPELINE_CHARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* A range of values laid on a range of coordinates, with ticks at 1, 2 or 5 times a power of ten. */
typedef struct tmli_axis {
    double low, high, step;
    double from, to; /* where low and high lie; y axes run downwards, from > to */
    unsigned decimals;
    bool is_percent; /* values are shares, labels are percent */
    bool is_count;   /* labels are whole numbers with separators */
} tmli_axis;

/* The axis grows to whole ticks on both sides. Works for equal ends and for n_ticks of at least 1. */
tmli_axis tmli_axis_nice(double low, double high, size_t n_ticks, double from, double to);
double tmli_axis_at(const tmli_axis *axis, double value); /* coordinate, kept inside the axis */

/* Where a chart's data lie, and its two axes. */
typedef struct tmli_plot {
    double width, height; /* of the whole picture */
    tmli_axis x, y;
} tmli_plot;

/* Grid lines and tick labels, then the name of each axis (ours; NULL: none). */
void tmli_plot_grid(tmli_buf *out, const tmli_plot *plot, const char *x_name, const char *y_name);

/* A line through n points; values that are not finite interrupt it, and a point alone becomes a dot. */
void tmli_plot_line(tmli_buf *out, const tmli_plot *plot, const char *css_class, const double *x,
                    const double *y, size_t n);

/* Points of a curve that draw the same picture: those that a chord misses by more than `tolerance` stay. x, y: [n],
 * overwritten by the kept ones; keep: [n] scratch, stack: [2 n] scratch. Returns how many are kept. */
size_t tmli_thin(double *x, double *y, size_t n, double tolerance, unsigned char *keep,
                 size_t *stack);

#endif
