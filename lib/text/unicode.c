/* Properties, case and normal forms of code points: the only file that includes utf8proc. */
#include "text/unicode.h"

#include <assert.h>
#include <string.h>

#include <utf8proc.h>

#include "base/mem.h"
#include "text/ascii.h"
#include "text/utf8.h"

typedef struct range {
    uint32_t first;
    uint32_t last;
} range;

/* Binary search in ranges that rise and do not overlap. */
static bool is_in(const range *ranges, size_t n, uint32_t codepoint)
{
    size_t low = 0;
    size_t high = n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (codepoint > ranges[middle].last) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < n && codepoint >= ranges[low].first;
}

#define IS_IN(ranges, codepoint) is_in((ranges), sizeof(ranges) / sizeof((ranges)[0]), (codepoint))

/* Sets of general categories, one bit each. */
#define CATEGORY(name) (1u << UTF8PROC_CATEGORY_##name)
#define LETTERS (CATEGORY(LU) | CATEGORY(LL) | CATEGORY(LT) | CATEGORY(LM) | CATEGORY(LO))
#define MARKS (CATEGORY(MN) | CATEGORY(MC) | CATEGORY(ME))
#define DIGITS (CATEGORY(ND) | CATEGORY(NL) | CATEGORY(NO))

static bool is_of(uint32_t codepoint, unsigned categories)
{
    return (categories >> utf8proc_get_property((utf8proc_int32_t)codepoint)->category & 1) != 0;
}

bool tmli_is_space(uint32_t codepoint)
{
    if (codepoint < 0x80) {
        return codepoint == ' ' || (codepoint >= '\t' && codepoint <= '\r') ||
               (codepoint >= 0x1C && codepoint <= 0x1F);
    }
    /* Fixed by Unicode's stability in practice; a list needs no bidirectional classes. */
    if (codepoint < 0x1680) {
        return codepoint == 0x85 || codepoint == 0xA0;
    }
    return codepoint == 0x1680 || (codepoint >= 0x2000 && codepoint <= 0x200A) ||
           codepoint == 0x2028 || codepoint == 0x2029 || codepoint == 0x202F ||
           codepoint == 0x205F || codepoint == 0x3000;
}

bool tmli_is_letter(uint32_t codepoint)
{
    return is_of(codepoint, LETTERS);
}

bool tmli_is_mark(uint32_t codepoint)
{
    return is_of(codepoint, MARKS);
}

bool tmli_is_digit(uint32_t codepoint)
{
    return is_of(codepoint, DIGITS);
}

bool tmli_is_word_beyond(uint32_t codepoint)
{
    /* str.isalnum() is "L or N": every N has a numeric value (checked against Python 3.11 for all code points). */
    return is_of(codepoint, LETTERS | DIGITS);
}

bool tmli_is_ideograph(uint32_t codepoint)
{
    /* Blocks, not assigned characters: a text is cut alike whatever Unicode version utf8proc has. Hangul, Thai, Lao,
     * Khmer and Burmese are left out: the first has blanks, the others break inside a syllable when cut by character. */
    static const range ranges[] = {
        {0x3005, 0x3007},   /* iteration mark, closing mark, zero */
        {0x3021, 0x3029},   /* Hangzhou numerals */
        {0x3031, 0x3035},   /* kana repeat marks */
        {0x3038, 0x303C},   /* more numerals, masu mark */
        {0x3041, 0x3096},   /* Hiragana */
        {0x309D, 0x309F},   /* its iteration marks, yori */
        {0x30A1, 0x30FA},   /* Katakana */
        {0x30FC, 0x30FF},   /* prolonged sound and iteration marks, koto */
        {0x31F0, 0x31FF},   /* Katakana phonetic extensions */
        {0x3400, 0x4DBF},   /* Han, extension A */
        {0x4E00, 0x9FFF},   /* Han */
        {0xF900, 0xFAFF},   /* Han, compatibility */
        {0xFF66, 0xFF9D},   /* halfwidth Katakana */
        {0x1AFF0, 0x1B16F}, /* Kana extended B, supplement, extended A, small extension */
        {0x20000, 0x2FFFD}, /* Han, extensions B to F; the plane is reserved for it */
        {0x30000, 0x3FFFD}, /* Han, extensions G and H; likewise */
    };
    return codepoint >= ranges[0].first && IS_IN(ranges, codepoint);
}

/* ---- lower case ------------------------------------------------------------------------------- */

enum {
    CAPITAL_I_DOT = 0x130,
    COMBINING_DOT = 0x307,
    CAPITAL_SIGMA = 0x3A3,
    SMALL_SIGMA = 0x3C3,
    FINAL_SIGMA = 0x3C2,
};

/* Unicode's derived property Cased, apart from characters that are case-ignorable as well: those are asked first. */
static bool is_cased(uint32_t codepoint)
{
    static const range others[] = {
        {0xAA, 0xAA},       /* feminine ordinal */
        {0xBA, 0xBA},       /* masculine ordinal */
        {0x2160, 0x217F},   /* Roman numerals */
        {0x24B6, 0x24E9},   /* circled letters */
        {0x1F130, 0x1F149}, /* squared letters */
        {0x1F150, 0x1F169}, /* negative circled letters */
        {0x1F170, 0x1F189}, /* negative squared letters */
    };
    return is_of(codepoint, CATEGORY(LU) | CATEGORY(LL) | CATEGORY(LT)) || IS_IN(others, codepoint);
}

/* Unicode's derived property Case_Ignorable: Mn, Me, Cf, Lm, Sk and what may stand inside a word. */
static bool is_case_ignorable(uint32_t codepoint)
{
    static const range inside_words[] = {
        {0x27, 0x27},     {0x2E, 0x2E},     {0x3A, 0x3A},     {0xB7, 0xB7},
        {0x387, 0x387},   {0x55F, 0x55F},   {0x5F4, 0x5F4},   {0x2018, 0x2019},
        {0x2024, 0x2024}, {0x2027, 0x2027}, {0xFE13, 0xFE13}, {0xFE52, 0xFE52},
        {0xFE55, 0xFE55}, {0xFF07, 0xFF07}, {0xFF0E, 0xFF0E}, {0xFF1A, 0xFF1A},
    };
    return is_of(codepoint,
                 CATEGORY(MN) | CATEGORY(ME) | CATEGORY(CF) | CATEGORY(LM) | CATEGORY(SK)) ||
           IS_IN(inside_words, codepoint);
}

/* The code point that ends before `at` (above begin) in valid UTF-8; *at moves to its start. */
static uint32_t previous(const char *begin, const char **at)
{
    const char *const end = *at;
    const char *start = end - 1;
    while (start > begin && ((unsigned char)*start & 0xC0) == 0x80) {
        start--;
    }
    uint32_t codepoint;
    (void)tmli_utf8_next_valid(start, &codepoint);
    *at = start;
    return codepoint;
}

/* CPython's handle_capital_sigma: final when a cased letter stands before and none after, both looked for across
 * case-ignorable characters. Sigma itself is not ignorable, so that all scans of a text together stay linear. */
static uint32_t lower_sigma(tml_str text, const char *sigma, const char *behind)
{
    const char *const end = text.data + text.len;
    bool cased_before = false;
    for (const char *at = sigma; at > text.data;) {
        const uint32_t codepoint = previous(text.data, &at);
        if (!is_case_ignorable(codepoint)) {
            cased_before = is_cased(codepoint);
            break;
        }
    }
    if (!cased_before) {
        return SMALL_SIGMA;
    }
    for (const char *at = behind; at < end;) {
        uint32_t codepoint;
        at += tmli_utf8_next_valid(at, &codepoint);
        if (!is_case_ignorable(codepoint)) {
            return is_cased(codepoint) ? SMALL_SIGMA : FINAL_SIGMA;
        }
    }
    return FINAL_SIGMA;
}

/* Writes the lower case of ASCII from *at, until what is not, to *out and moves both. Words are short where others than
 * ASCII stand between: bytes are taken one by one unless a whole step is ASCII. */
static void lower_ascii(const char **at, const char *end, char **out)
{
    const char *from = *at;
    char *to = *out;
    while (from < end && (unsigned char)*from < 0x80) {
        const bool is_step = end - from >= TMLI_STEP && tmli_bits16(tmli_load16(from)) == 0;
        if (is_step) {
            tmli_store16(to, tmli_lower16(tmli_load16(from)));
        } else {
            const unsigned byte = (unsigned char)*from;
            *to = (char)(byte - 'A' < 26u ? byte | 0x20 : byte);
        }
        from += is_step ? TMLI_STEP : 1;
        to += is_step ? TMLI_STEP : 1;
    }
    *at = from;
    *out = to;
}

/* Blocks without case: Indic scripts to Burmese; Tifinagh, Ethiopic, Han, kana, Yi; Hangul and compatibility Han. */
static bool has_no_case(uint32_t codepoint)
{
    return (codepoint >= 0x900 && codepoint < 0x10A0) ||
           (codepoint >= 0x2D30 && codepoint < 0xA640) ||
           (codepoint >= 0xAC00 && codepoint < 0xFB00);
}

/* Writes the lower case of the code point at `at`, which is not ASCII, to out and moves both. */
static void lower_one(tml_str text, const char **at, char **out)
{
    const char *const start = *at;
    uint32_t codepoint;
    const size_t n = tmli_utf8_next_valid(start, &codepoint);
    *at += n;
    if (n == 2 && tmli_lower_two[codepoint - 0x80] != 0) {
        const unsigned lower = tmli_lower_two[codepoint - 0x80];
        *(*out)++ = (char)(0xC0 | lower >> 6);
        *(*out)++ = (char)(0x80 | (lower & 0x3F));
        return;
    }
    if (n == 3 && has_no_case(codepoint)) {
        memcpy(*out, start, 3);
        *out += 3;
        return;
    }
    if (codepoint == CAPITAL_SIGMA) {
        *out += tmli_utf8_put(lower_sigma(text, start, *at), *out);
        return;
    }
    if (codepoint == CAPITAL_I_DOT) { /* the only lower case that is two characters */
        *out += tmli_utf8_put('i', *out);
        *out += tmli_utf8_put(COMBINING_DOT, *out);
        return;
    }
    const utf8proc_property_t *const property = utf8proc_get_property((utf8proc_int32_t)codepoint);
    if (property->lowercase_seqindex == UINT16_MAX) { /* most characters have no lower case */
        memcpy(*out, start, n);
        *out += n;
        return;
    }
    codepoint = (uint32_t)utf8proc_tolower((utf8proc_int32_t)codepoint);
    *out += tmli_utf8_put(codepoint, *out);
}

void tmli_lower(tml_str text, tmli_buf *out)
{
    const size_t n_ascii = tmli_ascii_prefix(text);
    /* Two bytes become three at most (U+023A, U+0130); nothing of three or four bytes grows. */
    const size_t rest = text.len - n_ascii;
    if (!tmli_buf_reserve(out, text.len + rest / 2) || text.len == 0) {
        return;
    }
    const char *const end = text.data + text.len;
    char *to = out->data + out->len;
    for (const char *at = text.data; at < end;) {
        lower_ascii(&at, end, &to);
        while (at < end && (unsigned char)*at >= 0x80) {
            lower_one(text, &at, &to);
        }
    }
    out->len = (size_t)(to - out->data);
    assert(out->len <= out->capacity);
}

/* ---- normal forms ----------------------------------------------------------------------------- */

enum {
    MAX_DECOMPOSED = 32, /* code points one decomposes to: 18 in Unicode (U+FDFA) */
    SHORT_RUN = 32,      /* marks that are sorted by insertion */
    BEFORE_TRAILING_JAMO = 0x11A7,
    N_CLASSES = 256, /* canonical combining classes are bytes */
};

static unsigned combining_class(int32_t codepoint)
{
    return (unsigned)utf8proc_get_property(codepoint)->combining_class & 0xFFu;
}

/* Stable and in place, for the runs of real text. */
static void sort_short_run(int32_t *marks, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const int32_t mark = marks[i];
        const unsigned class = combining_class(mark);
        size_t j = i;
        for (; j > 0 && combining_class(marks[j - 1]) > class; j--) {
            marks[j] = marks[j - 1];
        }
        marks[j] = mark;
    }
}

/* Counting sort: a hostile run of a million marks must not take a million squared steps. */
static bool sort_long_run(int32_t *marks, size_t n)
{
    int32_t *const sorted = tmli_alloc(n, sizeof *sorted);
    if (sorted == NULL) {
        return false;
    }
    size_t starts[N_CLASSES + 1] = {0};
    for (size_t i = 0; i < n; i++) {
        starts[combining_class(marks[i]) + 1]++;
    }
    for (size_t class = 1; class <= N_CLASSES; class ++) {
        starts[class] += starts[class - 1];
    }
    for (size_t i = 0; i < n; i++) {
        sorted[starts[combining_class(marks[i])]++] = marks[i];
    }
    memcpy(marks, sorted, n * sizeof *marks);
    tmli_free(sorted);
    return true;
}

/* Canonical ordering: each run of marks (class above 0) by class, stably. */
static bool order_marks(int32_t *codepoints, size_t n)
{
    for (size_t i = 0; i < n;) {
        if (codepoints[i] < 0x300 || combining_class(codepoints[i]) == 0) {
            i++; /* no mark stands below U+0300 */
            continue;
        }
        size_t end = i + 1;
        while (end < n && combining_class(codepoints[end]) != 0) {
            end++;
        }
        if (end - i <= SHORT_RUN) {
            sort_short_run(codepoints + i, end - i);
        } else if (!sort_long_run(codepoints + i, end - i)) {
            return false;
        }
        i = end;
    }
    return true;
}

static size_t drop_nonspacing(int32_t *codepoints, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (codepoints[i] < 0x300 || !is_of((uint32_t)codepoints[i], CATEGORY(MN))) {
            codepoints[kept++] = codepoints[i];
        }
    }
    return kept;
}

/* Appends the decomposition of text as int32_t code points in the machine's byte order. */
static void append_decomposed(tml_str text, bool compat, tmli_buf *out)
{
    const char *const end = text.data + text.len;
    const unsigned options = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | (compat ? UTF8PROC_COMPAT : 0u);
    int32_t batch[256];
    size_t n = 0;
    for (const char *at = text.data; at < end;) {
        uint32_t codepoint;
        at += tmli_utf8_next_valid(at, &codepoint);
        if (codepoint < 0x80) {
            batch[n++] = (int32_t)codepoint;
        } else {
            int boundary = 0; /* utf8proc wants it; it is for grapheme clusters */
            const utf8proc_ssize_t got =
                utf8proc_decompose_char((utf8proc_int32_t)codepoint, batch + n, MAX_DECOMPOSED,
                                        (utf8proc_option_t)options, &boundary);
            assert(got > 0 && got <= MAX_DECOMPOSED);
            n += (size_t)got;
        }
        if (n > sizeof batch / sizeof batch[0] - MAX_DECOMPOSED) {
            tmli_buf_append(out, batch, n * sizeof batch[0]);
            n = 0;
        }
    }
    tmli_buf_append(out, batch, n * sizeof batch[0]);
}

/* Composes n ordered code points where they stand and returns how many are left. utf8proc 2.8 takes U+11A7, which is
 * the place before the first trailing Hangul jamo, for one and swallows it behind a syllable. It is a starter that
 * composes with nothing before it, so that the text may be composed in parts that begin with it. */
static size_t compose(int32_t *codepoints, size_t n)
{
    size_t kept = 0;
    for (size_t begin = 0; begin < n;) {
        size_t end = begin + 1;
        while (end < n && codepoints[end] != BEFORE_TRAILING_JAMO) {
            end++;
        }
        const utf8proc_ssize_t composed =
            utf8proc_normalize_utf32(codepoints + begin, (utf8proc_ssize_t)(end - begin),
                                     UTF8PROC_STABLE | UTF8PROC_COMPOSE);
        assert(composed >= 0);
        memmove(codepoints + kept, codepoints + begin, (size_t)composed * sizeof *codepoints);
        kept += (size_t)composed;
        begin = end;
    }
    return kept;
}

/* Writes n code points as UTF-8 to out, which may be where they stand, as none takes more than its own 4 bytes. Returns
 * the end. */
static char *encode(const int32_t *codepoints, size_t n, char *out)
{
    for (size_t i = 0; i < n; i++) {
        char bytes[4];
        const size_t n_bytes = tmli_utf8_put((uint32_t)codepoints[i], bytes);
        memcpy(out, bytes, n_bytes);
        out += n_bytes;
    }
    return out;
}

/* Appends the normal form of a part of a text that is not changed by what stands around it. */
static bool append_normal(tml_str part, tmli_form form, tmli_buf *out)
{
    /* The code points grow behind what out holds and shrink to UTF-8 in place: no second buffer. */
    const size_t old_len = out->len;
    while (out->len % sizeof(int32_t) != 0 && !out->failed) {
        tmli_buf_append_byte(out, 0);
    }
    const size_t start = out->len;
    append_decomposed(part, form == TMLI_NFKC, out);
    if (out->failed) {
        return false;
    }
    int32_t *const codepoints = (int32_t *)(void *)(out->data + start);
    size_t n = (out->len - start) / sizeof *codepoints;
    if (!order_marks(codepoints, n)) {
        return false;
    }
    if (form == TMLI_NFD_NO_MARKS) {
        n = drop_nonspacing(codepoints, n);
    }
    n = compose(codepoints, n);
    out->len = (size_t)(encode(codepoints, n, out->data + old_len) - out->data);
    return true;
}

/* True for what no form changes and what never joins the character before it; one that follows may join it. Most text
 * is of such characters. All second halves of compositions in the first plane are marks or jamo. */
static bool is_inert(uint32_t codepoint)
{
    if (codepoint < 0x80) {
        return true;
    }
    if (codepoint >= 0x10000 || (codepoint >= 0x1100 && codepoint <= 0x11FF)) {
        return false;
    }
    const utf8proc_property_t *const property = utf8proc_get_property((utf8proc_int32_t)codepoint);
    return property->decomp_seqindex == UINT16_MAX && property->combining_class == 0 &&
           (MARKS >> property->category & 1) == 0;
}

/* The next place in [at, end) where something may happen: the character before the first that is not inert. */
static const char *next_part(const char *at, const char *end)
{
    for (const char *last = at; at < end;) {
        uint32_t codepoint;
        const size_t n = tmli_utf8_next_valid(at, &codepoint);
        if (!is_inert(codepoint)) {
            return last;
        }
        last = at;
        at += n;
    }
    return end;
}

const char *tmli_normal_part_end(const char *at, const char *end)
{
    uint32_t codepoint;
    at += tmli_utf8_next_valid(at, &codepoint);
    while (at < end) {
        const size_t n = tmli_utf8_next_valid(at, &codepoint);
        if (is_inert(codepoint)) {
            break;
        }
        at += n;
    }
    return at;
}

bool tmli_normal_form(tml_str text, tmli_form form, tmli_buf *out)
{
    const size_t old_len = out->len;
    const char *at = text.data;
    const char *const end = text.len > 0 ? at + text.len : at;
    while (at != end) {
        const char *const part = next_part(at, end);
        tmli_buf_append(out, at, (size_t)(part - at));
        at = part == end ? end : tmli_normal_part_end(part, end);
        if (at != part && !append_normal((tml_str){part, (size_t)(at - part)}, form, out)) {
            out->len = old_len;
            return false;
        }
    }
    if (out->failed) {
        out->len = old_len;
    }
    return !out->failed;
}

/* ---- accents, as scikit-learn strips them ----------------------------------------------------------- */

static bool is_kept(int32_t codepoint, tmli_fold_kind kind)
{
    return codepoint < 0x80 || (kind == TMLI_FOLD_MARKS && combining_class(codepoint) == 0);
}

/* Appends what is left of the character at `at`, which is not ASCII; returns its bytes. The order of the marks does not
 * matter, as none of them stays. */
static size_t fold_one(const char *at, tmli_fold_kind kind, tmli_buf *out)
{
    uint32_t codepoint;
    const size_t n_bytes = tmli_utf8_next_valid(at, &codepoint);
    const utf8proc_property_t *const property = utf8proc_get_property((utf8proc_int32_t)codepoint);
    const bool is_hangul = codepoint >= 0xAC00 && codepoint <= 0xD7A3;
    if (property->decomp_seqindex == UINT16_MAX && !is_hangul) {
        const bool is_mark = property->combining_class != 0;
        tmli_buf_append(out, at, kind == TMLI_FOLD_MARKS && !is_mark ? n_bytes : 0);
        return n_bytes;
    }
    int32_t decomposed[MAX_DECOMPOSED];
    int boundary = 0; /* utf8proc wants it; it is for grapheme clusters */
    const utf8proc_ssize_t n = utf8proc_decompose_char(
        (utf8proc_int32_t)codepoint, decomposed, MAX_DECOMPOSED,
        (utf8proc_option_t)(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT), &boundary);
    assert(n > 0 && n <= MAX_DECOMPOSED);
    if (!tmli_buf_reserve(out, 4 * (size_t)n)) {
        return n_bytes;
    }
    char *to = out->data + out->len;
    for (utf8proc_ssize_t i = 0; i < n; i++) {
        if (is_kept(decomposed[i], kind)) {
            to += tmli_utf8_put((uint32_t)decomposed[i], to);
        }
    }
    out->len = (size_t)(to - out->data);
    return n_bytes;
}

void tmli_fold(tml_str text, tmli_fold_kind kind, tmli_buf *out)
{
    const char *at = text.data;
    const char *const end = text.len > 0 ? at + text.len : at;
    while (at != end) {
        const size_t n_ascii = tmli_ascii_prefix((tml_str){at, (size_t)(end - at)});
        tmli_buf_append(out, at, n_ascii);
        at += n_ascii;
        while (at != end && (unsigned char)*at >= 0x80) {
            at += fold_one(at, kind, out);
        }
    }
}
