/* The normalization steps and their order. Case and normal forms themselves live in unicode.c, the steps that take
 * something out in clean.c.
 *
 * squeeze_punctuation is the composition of three substitutions of Python 3's re module:
 *     re.sub(r'\s\W', ' ', t)    re.sub(r'\W\s', ' ', t)    re.sub(r'\s+', ' ', t)
 * All three match characters that are not \w and nothing else, so each run of such characters between two word
 * characters changes by itself, and one walk over the run does all three: each is a machine with one character of memory
 * that feeds the next. Most runs are one blank or one hyphen, which no pass changes. */
#include "text/normalize.h"

#include <string.h>

#include "text/ascii.h"
#include "text/clean.h"
#include "text/unicode.h"
#include "text/utf8.h"

/* What a pattern can tell apart. The product of two neighbours is above 1 where a pattern may match. */
typedef enum class {
    WORD = 0,  /* \w */
    OTHER = 1, /* \W but not \s */
    SPACE = 2, /* \s, which is part of \W */
} class;

/* clang-format off */
static const unsigned char ascii_class[128] = {
    1,1,1,1,1,1,1,1,1,2,2,2,2,2,1,1, 1,1,1,1,1,1,1,1,1,1,1,1,2,2,2,2,
    2,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1, 0,0,0,0,0,0,0,0,0,0,1,1,1,1,1,1,
    1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0, 0,0,0,0,0,0,0,0,0,0,0,1,1,1,1,0,
    1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0, 0,0,0,0,0,0,0,0,0,0,0,1,1,1,1,1,
};
/* clang-format on */

/* A character of the text: its place and its class. */
typedef struct unit {
    const char *at;
    size_t n;
    class class;
} unit;

static inline unit unit_at(const char *at)
{
    const unsigned char byte = (unsigned char)*at;
    if (byte < 0x80) {
        return (unit){at, 1, (class)ascii_class[byte]};
    }
    uint32_t codepoint;
    const size_t n = tmli_utf8_next_valid(at, &codepoint);
    return (unit){at, n, tmli_is_word(codepoint) ? WORD : tmli_is_space(codepoint) ? SPACE : OTHER};
}

/* The second and third pass over a run. */
typedef struct squeezer {
    char *to;
    unit held; /* second pass: \W that a following \s would take along; n is 0 when there is none */
    bool after_space; /* third pass: a blank was written last */
} squeezer;

static void put_space(squeezer *s)
{
    if (!s->after_space) {
        *s->to++ = ' ';
    }
    s->after_space = true;
}

static void put(squeezer *s, unit u)
{
    if (u.n == 0) {
        return;
    }
    if (u.class == SPACE) {
        put_space(s);
        return;
    }
    memcpy(s->to, u.at, u.n);
    s->to += u.n;
    s->after_space = false;
}

static void second_pass(squeezer *s, unit u)
{
    if (u.class == SPACE && s->held.n > 0) {
        put_space(s);
        s->held.n = 0;
        return;
    }
    put(s, s->held);
    s->held = u;
}

/* Squeezes the run of non-word characters at `at`; *to moves. Returns the end of the run. */
static const char *squeeze_run(const char *at, const char *end, char **to)
{
    squeezer s = {.to = *to};
    while (at < end) {
        unit u = unit_at(at);
        if (u.class == WORD) {
            break;
        }
        at += u.n;
        /* First pass: \s takes any \W behind it along. */
        if (u.class == SPACE && at < end) {
            const unit next = unit_at(at);
            at += next.class == WORD ? 0 : next.n;
        }
        second_pass(&s, u);
    }
    put(&s, s.held);
    *to = s.to;
    return at;
}

/* Squeezes one code point after the other. */
static char *squeeze_any(const char *at, const char *end, char *to)
{
    class last = WORD;
    const char *last_at = at;
    char *last_to = to;
    while (at < end) {
        const unit u = unit_at(at);
        if (u.class * last > 1) { /* the run begins to matter at the character before */
            to = last_to;
            at = squeeze_run(last_at, end, &to);
            last = WORD;
            continue;
        }
        last = u.class;
        last_at = at;
        last_to = to;
        if (u.class == SPACE) {
            *to++ = ' ';
        } else {
            memcpy(to, at, u.n);
            to += u.n;
        }
        at += u.n;
    }
    return to;
}

static char *collapse_any(const char *at, const char *end, char *to)
{
    char *const begin = to;
    bool is_space_due = false;
    while (at < end) {
        uint32_t codepoint;
        const size_t n = tmli_utf8_next_valid(at, &codepoint);
        if (tmli_is_space(codepoint)) {
            is_space_due = to != begin;
        } else {
            if (is_space_due) {
                *to++ = ' ';
            }
            is_space_due = false;
            memcpy(to, at, n);
            to += n;
        }
        at += n;
    }
    return to;
}

/* ---- the same for ASCII: only the places that a mask names are looked at one by one --------------- */

static inline tmli_bytes16 is_word16(tmli_bytes16 v)
{
    return tmli_is_alpha16(v) | tmli_is_digit16(v) | tmli_is_byte16(v, '_');
}

static inline tmli_bytes16 is_blank16(tmli_bytes16 v)
{
    return tmli_is_byte16(v, ' ');
}

/* The first n of the 64 bytes at `at`: which of them a pattern of squeeze_punctuation takes together with the byte behind
 * it, and which are white space other than ' '. */
static uint64_t squeeze_marks(const char *at, size_t n)
{
    const uint64_t spaces = TMLI_BITS64(at, tmli_is_space16) & tmli_bits_below(n);
    const uint64_t blanks = TMLI_BITS64(at, is_blank16);
    const uint64_t others = ~TMLI_BITS64(at, is_word16) & tmli_bits_below(n);
    return (spaces & others >> 1) | (others & spaces >> 1) | (spaces & ~blanks);
}

/* Likewise for collapse_spaces. */
static uint64_t collapse_marks(const char *at, size_t n)
{
    const uint64_t spaces = TMLI_BITS64(at, tmli_is_space16) & tmli_bits_below(n);
    return (spaces & spaces >> 1) | (spaces & ~TMLI_BITS64(at, is_blank16));
}

static const char *collapse_run(const char *at, const char *end, char **to)
{
    while (at < end && ascii_class[(unsigned char)*at] == SPACE) {
        at++;
    }
    *(*to)++ = ' ';
    return at;
}

/* Copies [at, end) to `to`, both padded, but where marks names a place it lets `run` rewrite what stands there. */
static inline char *rewrite(const char *at, const char *end, char *to,
                            uint64_t (*marks_of)(const char *at, size_t n),
                            const char *(*run)(const char *at, const char *end, char **to))
{
    while (at < end) {
        const char *const block = at;
        const bool is_last = end - at <= TMLI_BLOCK;
        /* What the last byte of a block does depends on the next one, which therefore begins at it. */
        const size_t n = is_last ? (size_t)(end - at) : TMLI_BLOCK - 1;
        uint64_t marks = marks_of(block, is_last ? n : TMLI_BLOCK) & tmli_bits_below(n);
        while (marks != 0) {
            const char *const marked = block + tmli_lowest_bit(marks);
            tmli_copy64(to, at);
            to += marked - at;
            at = run(marked, end, &to);
            marks &= ~tmli_bits_below((size_t)(at - block));
        }
        if (at < block + n) {
            tmli_copy64(to, at);
            to += block + n - at;
            at = block + n;
        }
    }
    return to;
}

static char *squeeze_ascii(const char *at, const char *end, char *to)
{
    return rewrite(at, end, to, squeeze_marks, squeeze_run);
}

static char *collapse_ascii(const char *at, const char *end, char *to)
{
    while (at < end && ascii_class[(unsigned char)*at] == SPACE) {
        at++;
    }
    char *const last = rewrite(at, end, to, collapse_marks, collapse_run);
    return last > to && last[-1] == ' ' ? last - 1 : last;
}

/* ---- steps -------------------------------------------------------------------------------------- */

static void swap(tmli_buf *a, tmli_buf *b)
{
    const tmli_buf kept = *a;
    *a = *b;
    *b = kept;
}

/* Any text, from `from` to the empty `to`, both padded. */
static bool map_any(tml_normalize_step step, tml_str from, tmli_buf *to)
{
    const char *const end = from.data + from.len;
    switch (step) {
    case TML_NORMALIZE_LOWER: tmli_lower(from, to); return !to->failed;
    case TML_NORMALIZE_NFC: return tmli_normal_form(from, TMLI_NFC, to);
    case TML_NORMALIZE_NFKC: return tmli_normal_form(from, TMLI_NFKC, to);
    case TML_NORMALIZE_STRIP_ACCENTS: return tmli_normal_form(from, TMLI_NFD_NO_MARKS, to);
    case TML_NORMALIZE_ACCENTS_UNICODE: tmli_fold(from, TMLI_FOLD_MARKS, to); return !to->failed;
    case TML_NORMALIZE_ACCENTS_ASCII: tmli_fold(from, TMLI_FOLD_ASCII, to); return !to->failed;
    case TML_NORMALIZE_SQUEEZE:
        to->len = (size_t)(squeeze_any(from.data, end, to->data) - to->data);
        return true;
    case TML_NORMALIZE_SPACES:
        to->len = (size_t)(collapse_any(from.data, end, to->data) - to->data);
        return true;
    case TML_NORMALIZE_STRIP_HTML:
    case TML_NORMALIZE_STRIP:
    case TML_NORMALIZE_DROP_LINES:
    case TML_NORMALIZE_DROP_EMPTY_LINES:
    case TML_NORMALIZE_LETTERS_ONLY:
    case TML_NORMALIZE_DROP_STOP_WORDS: break; /* clean has done them */
    }
    return false; /* the list was checked when the tokenizer was made */
}

/* The steps that change a text where it stands. *done: step i is one of them. */
static inline bool clean(const tmli_normalize_plan *plan, size_t i, tmli_buf *text, bool *done)
{
    *done = true;
    switch (plan->steps[i]) {
    case TML_NORMALIZE_STRIP_HTML: tmli_strip_html(text); return true;
    case TML_NORMALIZE_STRIP: tmli_strip(text); return true;
    case TML_NORMALIZE_DROP_LINES: tmli_drop_lines(text, plan->counts[i]); return true;
    case TML_NORMALIZE_DROP_EMPTY_LINES: tmli_drop_empty_lines(text); return true;
    case TML_NORMALIZE_LETTERS_ONLY: tmli_letters_only(text); return true;
    case TML_NORMALIZE_DROP_STOP_WORDS: return tmli_drop_stop_words(text, plan->stop_words);
    case TML_NORMALIZE_LOWER:
    case TML_NORMALIZE_SQUEEZE:
    case TML_NORMALIZE_NFC:
    case TML_NORMALIZE_NFKC:
    case TML_NORMALIZE_STRIP_ACCENTS:
    case TML_NORMALIZE_ACCENTS_UNICODE:
    case TML_NORMALIZE_ACCENTS_ASCII:
    case TML_NORMALIZE_SPACES: break;
    }
    *done = false;
    return true;
}

/* A step that clean leaves, for a text that is ASCII: it is in every normal form and holds no accents. */
static inline bool map_ascii(tml_normalize_step step, tmli_normalize_scratch *scratch)
{
    tmli_buf *const a = &scratch->a;
    tmli_buf *const b = &scratch->b;
    const bool is_squeeze = step == TML_NORMALIZE_SQUEEZE;
    if (step == TML_NORMALIZE_LOWER) {
        tmli_lower_padded(a->data, a->data, a->len);
    } else if (is_squeeze || step == TML_NORMALIZE_SPACES) {
        tmli_buf_reset(b);
        if (!tmli_buf_reserve(b, a->len + TMLI_PAD)) {
            return false;
        }
        const char *const end = a->data + a->len;
        b->len = (size_t)((is_squeeze ? squeeze_ascii(a->data, end, b->data)
                                      : collapse_ascii(a->data, end, b->data)) -
                          b->data);
        swap(a, b);
    }
    return true;
}

static inline bool map(tml_normalize_step step, tmli_normalize_scratch *scratch)
{
    tmli_buf_reset(&scratch->b);
    if (!tmli_buf_reserve(&scratch->b, scratch->a.len + TMLI_PAD) ||
        !map_any(step, tmli_buf_str(&scratch->a), &scratch->b)) {
        return false;
    }
    swap(&scratch->a, &scratch->b);
    return tmli_buf_reserve(&scratch->a, TMLI_PAD);
}

/* Two functions that tmli_normalize has inlined: of a headline's quarter of a microsecond a call more is felt
 * (bench_predict). */
static inline __attribute__((always_inline)) bool
take(tml_str text, tmli_normalize_scratch *scratch, bool *is_ascii)
{
    tmli_buf *const a = &scratch->a;
    tmli_buf_reset(a);
    if (!tmli_buf_reserve(a, text.len + TMLI_PAD)) {
        return false;
    }
    tmli_buf_append_str(a, text);
    *is_ascii = tmli_is_ascii_padded(a->data, a->len);
    if (!*is_ascii && tmli_utf8_faults(text) > 0) {
        tmli_buf_reset(a);
        tmli_utf8_repair(text, a);
    }
    return !a->failed && tmli_buf_reserve(a, TMLI_PAD);
}

bool tmli_normalize_begin(tml_str text, tmli_normalize_scratch *scratch, bool *is_ascii)
{
    return take(text, scratch, is_ascii);
}

static inline __attribute__((always_inline)) bool steps(const tmli_normalize_plan *plan,
                                                        size_t first, size_t end, bool is_ascii,
                                                        tmli_normalize_scratch *scratch)
{
    for (size_t i = first; i < end; i++) {
        bool done;
        if (!clean(plan, i, &scratch->a, &done) ||
            !(done ||
              (is_ascii ? map_ascii(plan->steps[i], scratch) : map(plan->steps[i], scratch)))) {
            return false;
        }
    }
    return true;
}

bool tmli_normalize_steps(const tmli_normalize_plan *plan, size_t first, size_t end, bool is_ascii,
                          tmli_normalize_scratch *scratch)
{
    return steps(plan, first, end, is_ascii, scratch);
}

bool tmli_normalize(const tmli_normalize_plan *plan, tml_str text, tmli_normalize_scratch *scratch,
                    tml_str *out)
{
    bool is_ascii;
    if (!take(text, scratch, &is_ascii) || !steps(plan, 0, plan->n, is_ascii, scratch)) {
        return false;
    }
    *out = tmli_buf_str(&scratch->a);
    return true;
}

void tmli_normalize_scratch_deinit(tmli_normalize_scratch *scratch)
{
    tmli_buf_deinit(&scratch->a);
    tmli_buf_deinit(&scratch->b);
}
