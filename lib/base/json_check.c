/* A validating scan over JSON. It builds nothing and keeps one bit a level. */
#include "base/json_check.h"

#include <string.h>

#include "base/bytes16.h"
#include "base/number.h"
#include "base/status.h"

bool tmli_json_expect(tmli_json_scanner *s, const char *what)
{
    s->fault = (tmli_json_fault){.at = (size_t)(s->at - s->begin), .expected = what};
    return false;
}

static bool refuse(tmli_json_scanner *s, const char *at, const char *why)
{
    s->fault = (tmli_json_fault){.at = (size_t)(at - s->begin), .refused = why};
    return false;
}

static bool next_is(const tmli_json_scanner *s, char c)
{
    return s->at < s->end && *s->at == c;
}

static bool next_is_digit(const tmli_json_scanner *s)
{
    return s->at < s->end && *s->at >= '0' && *s->at <= '9';
}

/* ---- strings ---- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const int letter = (unsigned char)c | 0x20; /* in lower case */
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* Behind "\u": four digits. cJSON takes "\uZZZZ" for \u0000. */
static bool scan_hex4(tmli_json_scanner *s, unsigned *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++, s->at++) {
        const int value = s->at < s->end ? hex_value(*s->at) : -1;
        if (value < 0) {
            return tmli_json_expect(s, "four hexadecimal digits behind \\u");
        }
        *out = *out << 4 | (unsigned)value;
    }
    return true;
}

/* A code unit outside the basic plane comes as a high and a low surrogate; cJSON knows no halves. */
static bool check_unicode_escape(tmli_json_scanner *s)
{
    const char *const escape = s->at - 2;
    unsigned unit;
    if (!scan_hex4(s, &unit)) {
        return false;
    }
    if (unit == 0) {
        return refuse(s, escape, "\\u0000 cannot be part of a text");
    }
    if (unit < 0xd800 || unit > 0xdfff) {
        return true;
    }
    unsigned low = 0;
    const bool is_pair = unit < 0xdc00 && s->end - s->at >= 6 && memcmp(s->at, "\\u", 2) == 0;
    if (is_pair) {
        s->at += 2;
        if (!scan_hex4(s, &low)) {
            return false;
        }
    }
    return (low >= 0xdc00 && low <= 0xdfff) || refuse(s, escape, "half of a surrogate pair");
}

static bool check_escape(tmli_json_scanner *s)
{
    s->at++;
    if (s->at == s->end || *s->at == '\0' || strchr("\"\\nu/tbfr", *s->at) == NULL) {
        return tmli_json_expect(s, "one of \"\\/bfnrtu behind \\");
    }
    const bool is_unicode = *s->at == 'u';
    s->at++;
    return !is_unicode || check_unicode_escape(s);
}

/* Bytes of the UTF-8 character that begins at `at`, which is not ASCII; 0 when it is none. By the table of Unicode's
 * section 3.9: no overlong forms, no surrogates, nothing above U+10FFFF. */
static size_t utf8_bytes(const unsigned char *at, size_t left)
{
    const unsigned char lead = at[0];
    if (lead < 0xc2 || lead > 0xf4) {
        return 0;
    }
    const size_t n = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (n > left) {
        return 0;
    }
    const unsigned char least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const unsigned char most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < least || at[1] > most) {
        return 0;
    }
    for (size_t i = 2; i < n; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return n;
}

static bool check_utf8(tmli_json_scanner *s, tml_str text)
{
    for (size_t i = 0; i < text.len;) {
        const unsigned char *const at = (const unsigned char *)text.data + i;
        const size_t n = *at < 0x80 ? 1 : utf8_bytes(at, text.len - i);
        if (n == 0) {
            return refuse(s, text.data + i, "this is not UTF-8, in which JSON is written");
        }
        i += n;
    }
    return true;
}

/* Moves to the next quote, backslash or control character, or to the end; true when bytes from 0x80 on were passed. The
 * last bytes are looked at together with some before them, so that a short body has no loop over single bytes. */
static bool skip_plain(tmli_json_scanner *s)
{
    const char *at = s->at;
    const char *const end = s->end;
    uint64_t highs = 0;
    while (at < end) {
        const size_t left = (size_t)(end - at);
        const size_t n_before = left < TMLI_STEP ? TMLI_STEP - left : 0;
        if ((size_t)(at - s->begin) < n_before) {
            break;
        }
        const tmli_bytes16 v = tmli_load16(at - n_before);
        const uint64_t special = tmli_bits16(tmli_is_byte16(v, '"') | tmli_is_byte16(v, '\\') |
                                             (tmli_bytes16)(v < 0x20)) >>
                                 n_before;
        const uint64_t high = tmli_bits16(v) >> n_before;
        if (special != 0) {
            const size_t n = tmli_lowest_bit(special);
            s->at = at + n;
            return (highs | (high & tmli_bits_below(n))) != 0;
        }
        highs |= high;
        at += TMLI_STEP - n_before;
    }
    for (; at < end; at++) { /* fewer than 16 bytes in all */
        const unsigned char c = (unsigned char)*at;
        if (c < 0x20 || c == '"' || c == '\\') {
            break;
        }
        highs |= c & 0x80;
    }
    s->at = at;
    return highs != 0;
}

static bool scan_string(tmli_json_scanner *s, tmli_json_token *out)
{
    s->at++;
    const char *const first = s->at;
    bool has_escapes = false;
    bool has_highs = false;
    for (;;) {
        has_highs = skip_plain(s) || has_highs;
        if (next_is(s, '"')) {
            break;
        }
        if (s->at == s->end) {
            return tmli_json_expect(s, "'\"' at the end of the string");
        }
        if (*s->at == '\0') {
            return refuse(s, s->at, "a NUL byte cannot be part of a text");
        }
        if (*s->at != '\\') {
            return tmli_json_expect(s, "control characters in strings as escapes such as \\n");
        }
        if (!check_escape(s)) {
            return false;
        }
        has_escapes = true;
    }
    *out = (tmli_json_token){
        .text = {first, (size_t)(s->at - first)}, .kind = TMLI_STRING, .has_escapes = has_escapes};
    s->at++;
    return !has_highs || !s->wants_utf8 || check_utf8(s, out->text);
}

/* ---- numbers and words ---- */

static bool skip_digits(tmli_json_scanner *s)
{
    const char *const first = s->at;
    while (next_is_digit(s)) {
        s->at++;
    }
    return s->at > first || tmli_json_expect(s, "a digit");
}

static bool scan_number(tmli_json_scanner *s, tmli_json_token *out)
{
    const char *const first = s->at;
    s->at += next_is(s, '-');
    if (next_is(s, '0')) {
        s->at++; /* and no digit may follow: the caller sees it as something unexpected */
    } else if (!skip_digits(s)) {
        return false;
    }
    if (next_is(s, '.')) {
        s->at++;
        if (!skip_digits(s)) {
            return false;
        }
    }
    const bool has_exponent = next_is(s, 'e') || next_is(s, 'E');
    if (has_exponent) {
        s->at++;
        s->at += next_is(s, '-') || next_is(s, '+');
        if (!skip_digits(s)) {
            return false;
        }
    }
    const tml_str number = {first, (size_t)(s->at - first)};
    double value;
    if (number.len > TMLI_JSON_MAX_NUMBER_BYTES) {
        return refuse(s, first, "a number of more than 63 characters");
    }
    /* 63 digits alone are far from a double's end. */
    if (has_exponent && !tmli_parse_double(number, &value)) {
        return refuse(s, first, "a number too large for a double");
    }
    *out = (tmli_json_token){.text = number, .kind = TMLI_NUMBER};
    return true;
}

static bool scan_word(tmli_json_scanner *s, const char *word, tmli_kind kind, tmli_json_token *out)
{
    const size_t n = strlen(word);
    if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0) {
        return tmli_json_expect(s, "a value");
    }
    *out = (tmli_json_token){.text = {s->at, n}, .kind = kind, .is_true = *word == 't'};
    s->at += n;
    return true;
}

static bool scan_scalar(tmli_json_scanner *s, tmli_json_token *out)
{
    switch (s->at < s->end ? *s->at : '\0') {
    case '"': return scan_string(s, out);
    case 't': return scan_word(s, "true", TMLI_BOOL, out);
    case 'f': return scan_word(s, "false", TMLI_BOOL, out);
    case 'n': return scan_word(s, "null", TMLI_NULL, out);
    default:
        return next_is(s, '-') || next_is_digit(s) ? scan_number(s, out)
                                                   : tmli_json_expect(s, "a value");
    }
}

/* ---- lists and objects ---- */

bool tmli_json_scan_key(tmli_json_scanner *s, tmli_json_token *out)
{
    tmli_json_skip_space(s);
    if (!next_is(s, '"')) {
        return tmli_json_expect(s, "a key in quotes");
    }
    if (!scan_string(s, out)) {
        return false;
    }
    tmli_json_skip_space(s);
    if (!next_is(s, ':')) {
        return tmli_json_expect(s, "':'");
    }
    s->at++;
    return true;
}

/* Enters a container up to its first value; *is_empty: it had none and was left again. */
static bool open_container(tmli_json_scanner *s, bool *is_empty)
{
    if (s->depth == TMLI_JSON_MAX_LEVELS) {
        return refuse(s, s->at, "more than 200 levels");
    }
    const bool is_object = *s->at == '{';
    s->at++;
    tmli_json_skip_space(s);
    *is_empty = next_is(s, is_object ? '}' : ']');
    if (*is_empty) {
        s->at++;
        return true;
    }
    s->depth++;
    const uint64_t bit = (uint64_t)1 << s->depth % 64;
    uint64_t *const word = &s->in_object[s->depth / 64];
    *word = is_object ? *word | bit : *word & ~bit;
    tmli_json_token key;
    return !is_object || tmli_json_scan_key(s, &key);
}

/* Behind a value: closes what ends here; stands before the next value, or at the depth where it all began. */
static bool check_behind_value(tmli_json_scanner *s, unsigned outer)
{
    while (s->depth > outer) {
        const bool is_object = (s->in_object[s->depth / 64] >> s->depth % 64 & 1) != 0;
        tmli_json_skip_space(s);
        if (next_is(s, ',')) {
            tmli_json_token key;
            s->at++;
            return !is_object || tmli_json_scan_key(s, &key);
        }
        if (!next_is(s, is_object ? '}' : ']')) {
            return tmli_json_expect(s, is_object ? "',' or '}'" : "',' or ']'");
        }
        s->at++;
        s->depth--;
    }
    return true;
}

static bool scan_container(tmli_json_scanner *s, tmli_json_token *out)
{
    const char *const first = s->at;
    const unsigned outer = s->depth;
    do {
        tmli_json_skip_space(s);
        bool is_whole = true;
        tmli_json_token inner;
        if (next_is(s, '{') || next_is(s, '[')) {
            if (!open_container(s, &is_whole)) {
                return false;
            }
        } else if (!scan_scalar(s, &inner)) {
            return false;
        }
        if (is_whole && !check_behind_value(s, outer)) {
            return false;
        }
    } while (s->depth > outer);
    *out = (tmli_json_token){.text = {first, (size_t)(s->at - first)},
                             .kind = *first == '{' ? TMLI_OBJECT : TMLI_LIST};
    return true;
}

bool tmli_json_scan_value(tmli_json_scanner *s, tmli_json_token *out)
{
    tmli_json_skip_space(s);
    return next_is(s, '{') || next_is(s, '[') ? scan_container(s, out) : scan_scalar(s, out);
}

/* ---- all of it ---- */

bool tmli_json_check(tml_str text, tmli_json_fault *fault)
{
    const char *const begin = text.data != NULL ? text.data : "";
    tmli_json_scanner s = {.begin = begin, .at = begin, .end = begin + text.len};
    tmli_json_token value;
    bool is_json = tmli_json_scan_value(&s, &value);
    if (is_json) {
        tmli_json_skip_space(&s);
        is_json = s.at == s.end || tmli_json_expect(&s, "nothing behind the value");
    }
    *fault = s.fault;
    return is_json;
}

tml_status tmli_json_fail(tml_str text, const tmli_json_fault *fault, size_t lines_before,
                          tml_error *err)
{
    const tmli_place place = tmli_place_of(text, fault->at);
    const size_t line = lines_before + place.line;
    if (fault->expected == NULL) {
        return tmli_fail(err, TML_EFORMAT, "line %zu, column %u: %s", line, place.column,
                         fault->refused);
    }
    if (fault->at == text.len) {
        return tmli_fail(err, TML_EFORMAT,
                         "line %zu, column %u: this is not JSON: expected %s, found the end", line,
                         place.column, fault->expected);
    }
    const unsigned char c = (unsigned char)text.data[fault->at];
    const bool is_printable = c > 0x20 && c < 0x7f;
    return tmli_fail(err, TML_EFORMAT,
                     is_printable
                         ? "line %zu, column %u: this is not JSON: expected %s, found '%c'"
                         : "line %zu, column %u: this is not JSON: expected %s, found byte 0x%02x",
                     line, place.column, fault->expected, c);
}
