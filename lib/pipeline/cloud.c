/* Each word, heaviest first, goes to the first free place on a spiral from the middle. */
#include "pipeline/cloud.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/status.h"
#include "pipeline/svg.h"

enum {
    MAX_WORDS = 150,
    MAX_STEPS = 2400, /* of the spiral, for one word */
    N_COLOURS = 5
};
static const double WIDTH = 760;
static const double HEIGHT = 400;
static const double SMALLEST = 12.5; /* font sizes */
static const double LARGEST = 54;
static const double MAX_EM = 14; /* longer words are cut */

typedef struct word {
    tml_str text;
    double weight;
    size_t at; /* in the caller's list: breaks ties */
    double size;
    double x, y, width, height; /* middle and extent */
} word;

static int heavier_first(const void *a, const void *b)
{
    const word *const x = a;
    const word *const y = b;
    if (x->weight < y->weight || x->weight > y->weight) {
        return x->weight < y->weight ? 1 : -1;
    }
    return x->at < y->at ? -1 : 1;
}

static bool overlaps(const word *a, const word *b)
{
    return fabs(a->x - b->x) * 2 < a->width + b->width &&
           fabs(a->y - b->y) * 2 < a->height + b->height;
}

static bool is_free(const word *w, const word *placed, size_t n)
{
    if (fabs(w->x - WIDTH / 2) + w->width / 2 > WIDTH / 2 ||
        fabs(w->y - HEIGHT / 2) + w->height / 2 > HEIGHT / 2) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (overlaps(w, &placed[i])) {
            return false;
        }
    }
    return true;
}

/* Turns by a fixed angle a step, so that no mathematics library decides where a word goes: 3-4-5 would repeat too soon,
 * (20, 21, 29) turns by 46.4 degrees and does not. */
static bool place(word *w, const word *placed, size_t n)
{
    const double COS = 20.0 / 29;
    const double SIN = 21.0 / 29;
    double dx = 1;
    double dy = 0;
    for (size_t step = 0; step < MAX_STEPS; step++) {
        const double radius = 0.9 * sqrt((double)step) / sqrt(MAX_STEPS);
        w->x = WIDTH / 2 + dx * radius * WIDTH / 2;
        w->y = HEIGHT / 2 + dy * radius * HEIGHT / 2;
        if (is_free(w, placed, n)) {
            return true;
        }
        const double turned = dx * COS - dy * SIN;
        dy = dx * SIN + dy * COS;
        dx = turned;
    }
    return false;
}

/* Copies the words that can be drawn, heaviest first. */
static size_t collect(word *words, const tml_report_term *terms, size_t n)
{
    size_t n_words = 0;
    for (size_t i = 0; i < n; i++) {
        if (terms[i].text.len > 0 && terms[i].weight > 0 && isfinite(terms[i].weight)) {
            words[n_words++] = (word){.text = terms[i].text, .weight = terms[i].weight, .at = i};
        }
    }
    if (n_words > 0) {
        qsort(words, n_words, sizeof *words, heavier_first);
    }
    return n_words < MAX_WORDS ? n_words : MAX_WORDS;
}

/* Sizes run from the largest to the smallest weight by the square root: areas follow weights. */
static void set_size(word *w, double lightest, double heaviest)
{
    const double span = sqrt(heaviest) - sqrt(lightest);
    const double share = span > 0 ? (sqrt(w->weight) - sqrt(lightest)) / span : 0.5;
    w->size = SMALLEST + (LARGEST - SMALLEST) * share;
    const double em = fmin(tmli_text_width(w->text), MAX_EM);
    w->size = fmin(w->size, 0.7 * WIDTH / fmax(em, 1));
    w->width = em * w->size + 8;
    w->height = w->size * 1.06 + 2;
}

static void draw(tmli_buf *out, const word *words, size_t n)
{
    double left = WIDTH;
    double right = 0;
    double top = HEIGHT;
    double bottom = 0;
    for (size_t i = 0; i < n; i++) {
        left = fmin(left, words[i].x - words[i].width / 2);
        right = fmax(right, words[i].x + words[i].width / 2);
        top = fmin(top, words[i].y - words[i].height / 2);
        bottom = fmax(bottom, words[i].y + words[i].height / 2);
    }
    tmli_put(out,
             "<div class='wide'><svg class='cloud' style='max-width:%fpx' viewBox='%f %f %f %f' "
             "role='img' aria-label='Word cloud'>\n",
             1.35 * (right - left), left, top, right - left, bottom - top);
    for (size_t i = 0; i < n; i++) {
        const word *const w = &words[i];
        /* textLength: the reader's font is not known, the room that was kept is. */
        tmli_put(out,
                 "<text class='k%zu' x='%f' y='%f' font-size='%f' text-anchor='middle' "
                 "textLength='%f' lengthAdjust='spacingAndGlyphs'>",
                 w->at % N_COLOURS, w->x, w->y + w->size * 0.34, w->size, w->width - 8);
        (void)tmli_put_text_cut(out, w->text, MAX_EM);
        tmli_put(out, "</text>\n");
    }
    tmli_put(out, "</svg></div>\n");
}

tml_status tmli_cloud_draw(tmli_buf *out, const tml_report_term *terms, size_t n, tml_error *err)
{
    word *const words = tmli_alloc(n, sizeof *words);
    if (words == NULL) {
        return tmli_fail_memory(err, "the word cloud");
    }
    const size_t n_words = collect(words, terms, n);
    const double heaviest = n_words > 0 ? words[0].weight : 0;
    const double lightest = n_words > 0 ? words[n_words - 1].weight : 0;
    size_t n_placed = 0;
    for (size_t i = 0; i < n_words; i++) {
        word w = words[i];
        set_size(&w, lightest, heaviest);
        if (place(&w, words, n_placed)) {
            words[n_placed++] = w; /* at most i: what was there is done */
        }
    }
    if (n_placed > 0) {
        draw(out, words, n_placed);
    }
    tmli_free(words);
    return TML_OK;
}
