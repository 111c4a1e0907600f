/* Safe texts and numbers for HTML and SVG. Knows nothing of charts. */
#include "pipeline/svg.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text/unicode.h"
#include "text/utf8.h"

/* Fixed decimals through whole numbers: printf's %f would write the locale's decimal sign. */
static void put_fixed(tmli_buf *out, double value, unsigned decimals, bool trim)
{
    static const double scales[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
    assert(decimals < sizeof scales / sizeof scales[0]);
    const double scale = scales[decimals];
    const double scaled = round(value * scale);
    if (!(fabs(scaled) < 1e18)) {
        tmli_buf_append_byte(out, '0');
        return;
    }
    const uint64_t digits = (uint64_t)fabs(scaled);
    uint64_t rest = digits % (uint64_t)scale;
    if (scaled < 0) {
        tmli_buf_append_byte(out, '-');
    }
    tmli_buf_printf(out, "%" PRIu64, digits / (uint64_t)scale);
    while (trim && decimals > 0 && rest % 10 == 0) {
        rest /= 10;
        decimals--;
    }
    if (decimals > 0) {
        tmli_buf_printf(out, ".%0*" PRIu64, (int)decimals, rest);
    }
}

void tmli_put(tmli_buf *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *at = format;
    while (*at != '\0') {
        const size_t plain = strcspn(at, "%");
        tmli_buf_append(out, at, plain);
        at += plain;
        if (at[0] == '\0') {
            break;
        }
        if (at[1] == 's') {
            tmli_buf_append_text(out, va_arg(args, const char *));
            at += 2;
        } else if (at[1] == 'f') {
            put_fixed(out, va_arg(args, double), 2, true);
            at += 2;
        } else if (at[1] == '.') {
            assert(at[2] >= '0' && at[2] <= '6' && at[3] == 'f');
            put_fixed(out, va_arg(args, double), (unsigned)(at[2] - '0'), false);
            at += 4;
        } else if (at[1] == 'z') {
            tmli_buf_printf(out, "%zu", va_arg(args, size_t));
            at += 3;
        } else {
            assert(at[1] == '%');
            tmli_buf_append_byte(out, '%');
            at += 2;
        }
    }
    va_end(args);
}

/* What is shown in place of a character: itself, a blank, or U+FFFD. */
static uint32_t harmless(uint32_t c)
{
    if (c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == 0x2028 || c == 0x2029) {
        return ' ';
    }
    const bool is_control = c < 0x20 || (c >= 0x7F && c < 0xA0);
    const bool reorders = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
    const bool is_no_character = (c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF);
    return is_control || reorders || is_no_character ? TMLI_REPLACEMENT : c;
}

static void put_character(tmli_buf *out, uint32_t c)
{
    char bytes[4];
    switch (c) {
    case '&': tmli_buf_append_text(out, "&amp;"); break;
    case '<': tmli_buf_append_text(out, "&lt;"); break;
    case '>': tmli_buf_append_text(out, "&gt;"); break;
    case '"': tmli_buf_append_text(out, "&quot;"); break;
    case '\'': tmli_buf_append_text(out, "&#39;"); break;
    default: tmli_buf_append(out, bytes, tmli_utf8_put(c, bytes)); break;
    }
}

/* Measured on Helvetica, Segoe UI and DejaVu Sans, between them. */
static double character_width(uint32_t c)
{
    if (c < 0x80) {
        if (strchr("iljI.,:;'|!", (int)c) != NULL) {
            return 0.29;
        }
        if (strchr("ftr()[]{}-/\\\" ", (int)c) != NULL) {
            return 0.37;
        }
        if (strchr("mwMW@%<>=+~#&", (int)c) != NULL) {
            return 0.88;
        }
        return c >= 'A' && c <= 'Z' ? 0.68 : 0.57;
    }
    if (tmli_is_mark(c) || c == 0x200B || c == 0x200C || c == 0x200D) {
        return 0;
    }
    const bool is_wide = (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) ||
                         (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
                         (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
                         c >= 0x1F000;
    return is_wide ? 1.05 : 0.62;
}

double tmli_text_width(tml_str text)
{
    const char *at = text.data;
    const char *const end = text.len > 0 ? text.data + text.len : at;
    double width = 0;
    while (at < end) {
        uint32_t c = 0;
        at += tmli_utf8_next(at, end, &c);
        width += character_width(harmless(c));
    }
    return width;
}

tml_str tmli_str_of(const char *text)
{
    return (tml_str){text, text != NULL ? strlen(text) : 0};
}

bool tmli_put_text_cut(tmli_buf *out, tml_str text, double max_em)
{
    const double ELLIPSIS = 0.9;
    const char *at = text.data;
    const char *const end = text.len > 0 ? text.data + text.len : at;
    double width = 0;
    size_t fits = out->len; /* where the ellipsis goes should the rest not fit */
    while (at < end && !out->failed) {
        uint32_t c = 0;
        at += tmli_utf8_next(at, end, &c);
        c = harmless(c);
        width += character_width(c);
        if (width > max_em) {
            out->len = fits;
            tmli_buf_append_text(out, "…");
            return true;
        }
        put_character(out, c);
        fits = width + ELLIPSIS <= max_em ? out->len : fits;
    }
    return false;
}

void tmli_put_text(tmli_buf *out, tml_str text)
{
    (void)tmli_put_text_cut(out, text, INFINITY);
}

enum {
    TOOLTIP_EM = 120, /* a tooltip is a few lines, whatever the text */
    NARROW_EM = 7     /* the page itself may cut what is wider, on a narrow screen */
};

void tmli_put_bdi(tmli_buf *out, tml_str text, double max_em)
{
    if (tmli_text_width(text) > fmin(max_em, NARROW_EM)) {
        tmli_buf_append_text(out, "<bdi title='");
        (void)tmli_put_text_cut(out, text, TOOLTIP_EM);
        tmli_buf_append_text(out, "'>");
    } else {
        tmli_buf_append_text(out, "<bdi>");
    }
    (void)tmli_put_text_cut(out, text, max_em);
    tmli_buf_append_text(out, "</bdi>");
}

void tmli_put_count(tmli_buf *out, uint64_t value)
{
    char digits[32];
    const int n = snprintf(digits, sizeof digits, "%" PRIu64, value);
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0) {
            tmli_buf_append_byte(out, ',');
        }
        tmli_buf_append_byte(out, digits[i]);
    }
}

void tmli_put_percent(tmli_buf *out, double share)
{
    tmli_put(out, "%.1f\u00A0%%", share * 100);
}

void tmli_put_weight(tmli_buf *out, double value)
{
    const double size = fabs(value);
    if (!isfinite(value)) {
        tmli_buf_append_text(out, "–");
    } else if (value >= 0 && value < 1e15 && floor(value) >= value) {
        tmli_put_count(out, (uint64_t)value);
    } else if (size >= 100) {
        tmli_put(out, "%.0f", value);
    } else if (size >= 10) {
        tmli_put(out, "%.1f", value);
    } else if (size >= 1) {
        tmli_put(out, "%.2f", value);
    } else {
        tmli_put(out, "%.3f", value);
    }
}

void tmli_put_share(tmli_buf *out, double value)
{
    if (isfinite(value)) {
        tmli_put(out, "%.3f", value);
    } else {
        tmli_buf_append_text(out, "–");
    }
}

void tmli_svg_open(tmli_buf *out, const char *css_class, double width, double height,
                   const char *label)
{
    tmli_put(out, "<svg class='%s' viewBox='0 0 %f %f' role='img' aria-label='%s'>\n", css_class,
             width, height, label);
}

void tmli_svg_text(tmli_buf *out, const char *css_class, double x, double y, const char *anchor,
                   tml_str text, double max_em)
{
    tmli_put(out, "<text class='%s' x='%f' y='%f' text-anchor='%s'>", css_class, x, y, anchor);
    if (tmli_put_text_cut(out, text, max_em)) {
        tmli_buf_append_text(out, "<title>");
        (void)tmli_put_text_cut(out, text, TOOLTIP_EM);
        tmli_buf_append_text(out, "</title>");
    }
    tmli_buf_append_text(out, "</text>\n");
}

void tmli_svg_bar(tmli_buf *out, const char *css_class, double share)
{
    const double percent = 100 * fmin(fmax(share, 0), 1);
    tmli_put(out,
             "<svg class='bar' aria-hidden='true'><rect class='rail' width='100%%' height='100%%'/>"
             "<rect class='%s' width='%f%%' height='100%%'/></svg>",
             css_class, percent);
}
