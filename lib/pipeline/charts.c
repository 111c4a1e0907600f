/* Axes, grids, lines. What is drawn on them is the sections' business. */
#include "pipeline/charts.h"

#include <math.h>

#include "pipeline/svg.h"

enum {
    MAX_TICKS = 50 /* nobody reads more; ends every loop */
};

tmli_axis tmli_axis_nice(double low, double high, size_t n_ticks, double from, double to)
{
    if (!(high > low)) { /* equal, or not finite */
        low = isfinite(low) ? low : 0;
        high = low + 1;
    }
    const double rough = (high - low) / (double)n_ticks;
    const double power = pow(10, floor(log10(rough)));
    const double digit = rough / power;
    const double step = power * (digit <= 1.0001   ? 1
                                 : digit <= 2.0001 ? 2
                                 : digit <= 5.0001 ? 5
                                                   : 10);
    const double exponent = floor(log10(step) + 1e-9);
    tmli_axis axis = {.step = step, .from = from, .to = to};
    /* A hair of tolerance: 0.3 / 0.1 is below 3. */
    axis.low = step * floor(low / step + 1e-6);
    axis.high = step * ceil(high / step - 1e-6);
    axis.decimals = exponent < 0 ? (unsigned)fmin(-exponent, 6) : 0;
    return axis;
}

double tmli_axis_at(const tmli_axis *axis, double value)
{
    const double share = (value - axis->low) / (axis->high - axis->low);
    return axis->from + (axis->to - axis->from) * fmin(fmax(share, 0), 1);
}

static void put_tick(tmli_buf *out, const tmli_axis *axis, double value)
{
    char format[] = "%.0f";
    if (axis->is_percent) {
        format[2] = (char)('0' + (axis->decimals > 2 ? axis->decimals - 2 : 0));
        value *= 100;
    } else {
        format[2] = (char)('0' + axis->decimals);
    }
    if (axis->is_count && value >= 0) {
        tmli_put_count(out, (uint64_t)llround(value));
        return;
    }
    switch (format[2]) {
    case '0': tmli_put(out, "%.0f", value); break;
    case '1': tmli_put(out, "%.1f", value); break;
    case '2': tmli_put(out, "%.2f", value); break;
    default: tmli_put(out, "%.4f", value); break;
    }
    if (axis->is_percent) {
        tmli_buf_append_text(out, "%");
    }
}

/* The tick number i, counted from the lowest inside the axis; NaN behind the last. */
static double tick_value(const tmli_axis *axis, size_t i)
{
    const double first = ceil(axis->low / axis->step - 1e-6);
    const double value = (first + (double)i) * axis->step;
    return value <= axis->high + 1e-6 * axis->step && i < MAX_TICKS ? value : NAN;
}

static void draw_y_axis(tmli_buf *out, const tmli_plot *plot, const char *name)
{
    const tmli_axis *const axis = &plot->y;
    for (size_t i = 0; isfinite(tick_value(axis, i)); i++) {
        const double value = tick_value(axis, i);
        const double y = tmli_axis_at(axis, value);
        tmli_put(out, "<line class='%s' x1='%f' x2='%f' y1='%f' y2='%f'/>",
                 i == 0 ? "axis" : "grid", plot->x.from, plot->x.to, y, y);
        tmli_put(out, "<text class='tick' x='%f' y='%f' text-anchor='end'>", plot->x.from - 7,
                 y + 4);
        put_tick(out, axis, value);
        tmli_put(out, "</text>\n");
    }
    if (name != NULL) {
        tmli_put(out, "<text class='name' x='%f' y='%f'>%s</text>\n", plot->x.from, axis->to - 10,
                 name);
    }
}

static void draw_x_axis(tmli_buf *out, const tmli_plot *plot, const char *name)
{
    const tmli_axis *const axis = &plot->x;
    for (size_t i = 0; isfinite(tick_value(axis, i)); i++) {
        const double value = tick_value(axis, i);
        const double x = tmli_axis_at(axis, value);
        tmli_put(out, "<line class='notch' x1='%f' x2='%f' y1='%f' y2='%f'/>", x, x, plot->y.from,
                 plot->y.from + 4);
        tmli_put(out, "<text class='tick' x='%f' y='%f' text-anchor='middle'>", x,
                 plot->y.from + 17);
        put_tick(out, axis, value);
        tmli_put(out, "</text>\n");
    }
    if (name != NULL) {
        tmli_put(out, "<text class='name' x='%f' y='%f' text-anchor='end'>%s</text>\n", axis->to,
                 plot->y.from + 35, name);
    }
}

void tmli_plot_grid(tmli_buf *out, const tmli_plot *plot, const char *x_name, const char *y_name)
{
    draw_y_axis(out, plot, y_name);
    draw_x_axis(out, plot, x_name);
}

void tmli_plot_line(tmli_buf *out, const tmli_plot *plot, const char *css_class, const double *x,
                    const double *y, size_t n)
{
    tmli_put(out, "<path class='line %s' d='", css_class);
    size_t run = 0; /* points since the last interruption */
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i]) || !isfinite(y[i])) {
            run = 0;
            continue;
        }
        const bool is_alone =
            run == 0 && (i + 1 == n || !isfinite(x[i + 1]) || !isfinite(y[i + 1]));
        tmli_put(out, "%s%f %f", run == 0 ? "M" : "L", tmli_axis_at(&plot->x, x[i]),
                 tmli_axis_at(&plot->y, y[i]));
        /* Without length, but round ends make it a dot. */
        tmli_buf_append_text(out, is_alone ? "h0" : "");
        run++;
    }
    tmli_put(out, "'/>\n");
}

/* Index of the point between first and last that lies farthest from their chord; its distance in *distance. */
static size_t farthest(const double *x, const double *y, size_t first, size_t last,
                       double *distance)
{
    const double dx = x[last] - x[first];
    const double dy = y[last] - y[first];
    const double length = sqrt(dx * dx + dy * dy);
    size_t best = first;
    *distance = -1;
    for (size_t i = first + 1; i < last; i++) {
        const double px = x[i] - x[first];
        const double py = y[i] - y[first];
        const double d = length > 0 ? fabs(px * dy - py * dx) / length : sqrt(px * px + py * py);
        if (d > *distance) {
            *distance = d;
            best = i;
        }
    }
    return best;
}

/* Drops points nearer than `tolerance` to the kept one before: bounds what the quadratic search below meets. */
static size_t drop_near(double *x, double *y, size_t n, double tolerance)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || i + 1 == n || fabs(x[i] - x[kept - 1]) > tolerance ||
            fabs(y[i] - y[kept - 1]) > tolerance) {
            x[kept] = x[i];
            y[kept++] = y[i];
        }
    }
    return kept;
}

/* Douglas and Peucker, with a stack of our own instead of recursion. */
size_t tmli_thin(double *x, double *y, size_t n, double tolerance, unsigned char *keep,
                 size_t *stack)
{
    n = drop_near(x, y, n, tolerance / 4);
    if (n < 3) {
        return n;
    }
    for (size_t i = 0; i < n; i++) {
        keep[i] = i == 0 || i + 1 == n;
    }
    size_t depth = 0;
    stack[depth++] = 0;
    stack[depth++] = n - 1;
    while (depth > 0) {
        const size_t last = stack[--depth];
        const size_t first = stack[--depth];
        double distance = 0;
        const size_t middle = farthest(x, y, first, last, &distance);
        if (distance > tolerance) {
            keep[middle] = 1;
            stack[depth++] = first;
            stack[depth++] = middle;
            stack[depth++] = middle;
            stack[depth++] = last;
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (keep[i] != 0) {
            x[kept] = x[i];
            y[kept++] = y[i];
        }
    }
    return kept;
}
