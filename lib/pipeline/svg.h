/* pipeline/svg.h: the pieces that HTML and SVG are written with: safe texts, numbers, widths.
 *
 * Attributes are quoted with ' in our templates; the escapes cover both quotes. */
#ifndef PIPELINE_SVG_H
#define PIPELINE_SVG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "textml/str.h"

/* Like tmli_buf_printf for trusted pieces, but with numbers that no locale changes. Knows "%s" (a string of ours, not
 * escaped), "%f" (a coordinate: at most two decimals, none that say nothing), "%.Nf" (N decimals, 0 to 6), "%zu", "%%".
 * A number that is not finite is written as 0: a wrong place is better than a broken page. */
void tmli_put(tmli_buf *out, const char *format, ...) TML_PRINTF(2, 3);

/* Text for an element or a quoted attribute of HTML or SVG. Ill-formed UTF-8, control characters and characters that
 * reorder their surroundings become U+FFFD; white space becomes a blank. */
void tmli_put_text(tmli_buf *out, tml_str text);
/* The same, at most max_em wide (tmli_text_width), an ellipsis where it was cut. True when it was cut. */
bool tmli_put_text_cut(tmli_buf *out, tml_str text, double max_em);
/* <bdi> with the text: its writing direction stays inside. Cut to max_em with the full text as tooltip. */
void tmli_put_bdi(tmli_buf *out, tml_str text, double max_em);
/* Width in units of the font's size as a usual sans serif sets it; an estimate to place things by. */
double tmli_text_width(tml_str text);
tml_str tmli_str_of(const char *text); /* a C string; NULL is empty */

void tmli_put_count(tmli_buf *out, uint64_t value); /* 11,314 */
void tmli_put_percent(tmli_buf *out, double share); /* 82.0 %: of 1, one decimal */
void tmli_put_weight(tmli_buf *out, double value);  /* a count, or three digits */
void tmli_put_share(tmli_buf *out, double value);   /* 0.820, or a dash for NaN */

/* <svg> of this size in its own units; `label` (ours) is read out for those who do not see it. */
void tmli_svg_open(tmli_buf *out, const char *css_class, double width, double height,
                   const char *label);
/* One <text>, cut to max_em with its full text as tooltip. anchor: "start", "middle", "end". */
void tmli_svg_text(tmli_buf *out, const char *css_class, double x, double y, const char *anchor,
                   tml_str text, double max_em);
/* A bar inside a line of text or a table cell: share of its width, 0..1. */
void tmli_svg_bar(tmli_buf *out, const char *css_class, double share);

#endif
