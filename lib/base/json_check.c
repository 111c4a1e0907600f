/* A validating scan over JSON. It builds nothing and keeps one bit a level. */
#include "base/json_check.h"

#include <stdint.h>
#include <string.h>

#include "base/number.h"

typedef struct scanner {
    const unsigned char *begin;
    const unsigned char *at;
    const unsigned char *end;
    tmli_json_fault *fault;
    unsigned depth;
    bool in_object[TMLI_JSON_MAX_LEVELS + 1]; /* [depth]: the innermost container is an object */
} scanner;

static bool expect(scanner *s, const char *what)
{
    *s->fault = (tmli_json_fault){.at = (size_t)(s->at - s->begin), .expected = what};
    return false;
}

static bool refuse(scanner *s, const unsigned char *at, const char *why)
{
    *s->fault = (tmli_json_fault){.at = (size_t)(at - s->begin), .refused = why};
    return false;
}

static bool next_is(const scanner *s, char c)
{
    return s->at < s->end && *s->at == (unsigned char)c;
}

static void skip_space(scanner *s)
{
    while (next_is(s, ' ') || next_is(s, '\n') || next_is(s, '\r') || next_is(s, '\t')) {
        s->at++;
    }
}

static int hex_value(unsigned char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20; /* letters in lower case */
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Behind "\u": four digits. cJSON takes "\uZZZZ" for \u0000. */
static bool scan_hex4(scanner *s, unsigned *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++, s->at++) {
        const int value = s->at < s->end ? hex_value(*s->at) : -1;
        if (value < 0) {
            return expect(s, "four hexadecimal digits behind \\u");
        }
        *out = *out << 4 | (unsigned)value;
    }
    return true;
}

/* A code unit outside the basic plane comes as a high and a low surrogate; cJSON knows no halves. */
static bool check_unicode_escape(scanner *s)
{
    const unsigned char *const escape = s->at - 2;
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

static bool check_escape(scanner *s)
{
    s->at++;
    if (s->at == s->end || *s->at == '\0' || strchr("\"\\/bfnrtu", *s->at) == NULL) {
        return expect(s, "one of \"\\/bfnrtu behind \\");
    }
    const bool is_unicode = *s->at == 'u';
    s->at++;
    return !is_unicode || check_unicode_escape(s);
}

/* Whether any of 8 bytes is a quote, a backslash or a control character: the usual exact test for a zero byte in a
 * word, of the word xor the character, and of "less than 0x20". */
static bool has_special(const unsigned char *at)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t highs = ones << 7;
    uint64_t word;
    memcpy(&word, at, sizeof word);
    const uint64_t quote = word ^ ones * '"';
    const uint64_t backslash = word ^ ones * '\\';
    const uint64_t found = ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) |
                           ((word - ones * 0x20) & ~word);
    return (found & highs) != 0;
}

static bool check_string(scanner *s)
{
    s->at++;
    for (;;) {
        while (s->end - s->at >= 8 && !has_special(s->at)) {
            s->at += 8;
        }
        while (s->at < s->end && *s->at >= 0x20 && *s->at != '"' && *s->at != '\\') {
            s->at++;
        }
        if (next_is(s, '"')) {
            s->at++;
            return true;
        }
        if (s->at == s->end) {
            return expect(s, "'\"' at the end of the string");
        }
        if (*s->at == '\0') {
            return refuse(s, s->at, "a NUL byte cannot be part of a text");
        }
        if (*s->at < 0x20) {
            return expect(s, "control characters in strings as escapes such as \\n");
        }
        if (!check_escape(s)) {
            return false;
        }
    }
}

static bool skip_digits(scanner *s)
{
    const unsigned char *const first = s->at;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9') {
        s->at++;
    }
    return s->at > first || expect(s, "a digit");
}

static bool check_number(scanner *s)
{
    const unsigned char *const first = s->at;
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
    const tml_str number = {(const char *)first, (size_t)(s->at - first)};
    double value;
    if (number.len > TMLI_JSON_MAX_NUMBER_BYTES) {
        return refuse(s, first, "a number of more than 63 characters");
    }
    /* 63 digits alone are far from a double's end. */
    if (has_exponent && !tmli_parse_double(number, &value)) {
        return refuse(s, first, "a number too large for a double");
    }
    return true;
}

static bool check_word(scanner *s, const char *word)
{
    const size_t n = strlen(word);
    if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0) {
        return expect(s, "a value");
    }
    s->at += n;
    return true;
}

static bool check_scalar(scanner *s)
{
    switch (s->at < s->end ? *s->at : '\0') {
    case '"': return check_string(s);
    case 't': return check_word(s, "true");
    case 'f': return check_word(s, "false");
    case 'n': return check_word(s, "null");
    default:
        if (next_is(s, '-') || (s->at < s->end && *s->at >= '0' && *s->at <= '9')) {
            return check_number(s);
        }
        return expect(s, "a value");
    }
}

/* A key and its colon. */
static bool check_key(scanner *s)
{
    skip_space(s);
    if (!next_is(s, '"')) {
        return expect(s, "a key in quotes");
    }
    if (!check_string(s)) {
        return false;
    }
    skip_space(s);
    if (!next_is(s, ':')) {
        return expect(s, "':'");
    }
    s->at++;
    return true;
}

/* Enters a container up to its first value; *is_empty: it had none and was left again. */
static bool open_container(scanner *s, bool *is_empty)
{
    if (s->depth == TMLI_JSON_MAX_LEVELS) {
        return refuse(s, s->at, "more than 200 levels");
    }
    const bool is_object = *s->at == '{';
    s->at++;
    skip_space(s);
    *is_empty = next_is(s, is_object ? '}' : ']');
    if (*is_empty) {
        s->at++;
        return true;
    }
    s->in_object[++s->depth] = is_object;
    return !is_object || check_key(s);
}

/* Behind a value: closes what ends here; stands before the next value, or outside of all containers. */
static bool check_behind_value(scanner *s)
{
    while (s->depth > 0) {
        const bool is_object = s->in_object[s->depth];
        skip_space(s);
        if (next_is(s, ',')) {
            s->at++;
            return !is_object || check_key(s);
        }
        if (!next_is(s, is_object ? '}' : ']')) {
            return expect(s, is_object ? "',' or '}'" : "',' or ']'");
        }
        s->at++;
        s->depth--;
    }
    return true;
}

bool tmli_json_check(tml_str text, tmli_json_fault *fault)
{
    const unsigned char *const begin = (const unsigned char *)(text.data != NULL ? text.data : "");
    scanner s = {.begin = begin, .at = begin, .end = begin + text.len, .fault = fault};
    do {
        skip_space(&s);
        bool is_whole = true;
        if (next_is(&s, '{') || next_is(&s, '[')) {
            if (!open_container(&s, &is_whole)) {
                return false;
            }
        } else if (!check_scalar(&s)) {
            return false;
        }
        if (is_whole && !check_behind_value(&s)) {
            return false;
        }
    } while (s.depth > 0);
    skip_space(&s);
    return s.at == s.end || expect(&s, "nothing behind the value");
}
