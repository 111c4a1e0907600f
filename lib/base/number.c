/* Decimal text to binary, without the process's locale. The way back is number_format.c. */
#include "base/number.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

enum {
    EXACT_DIGITS = 19,      /* as many digits always fit in 64 bits */
    MAX_EXACT_POWER = 22,   /* the largest power of ten that a double holds exactly */
    MAX_WIDE_POWER = 27,    /* the largest power of five in 64 bits */
    KEPT_DIGITS = 800,      /* more than the 767 that can decide how a double is rounded */
    MAX_EXPONENT = 1000000, /* far beyond every double; larger ones are taken for this */
};

#define EXACT_INTEGERS (UINT64_C(1) << 53) /* a double holds all up to here */

__extension__ typedef unsigned __int128 wide;

static const double powers_of_ten[MAX_EXACT_POWER + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

/* A number as written: digits [first, last) with at most one point between them, and the exponent behind e. */
typedef struct decimal {
    bool negative;
    const char *first;
    const char *last;
    /* the digits as an integer, when there are at most EXACT_DIGITS from the first not 0 */
    uint64_t mantissa;
    size_t n_digits;    /* from the first that is not 0 */
    int64_t n_fraction; /* digits behind the point */
    int64_t exponent;
} decimal;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *scan_digits(const char *at, const char *end, decimal *d)
{
    for (; at < end && is_digit(*at); at++) {
        d->mantissa =
            10 * d->mantissa + (uint64_t)(*at - '0'); /* wraps beyond EXACT_DIGITS: unused then */
        d->n_digits += d->n_digits > 0 || *at != '0';
    }
    return at;
}

/* "e" and its digits, or `at` unchanged: "1e" is the number 1 and something behind it. */
static const char *scan_exponent(const char *at, const char *end, decimal *d)
{
    const char *p = at;
    if (p == end || (*p != 'e' && *p != 'E')) {
        return at;
    }
    p++;
    const bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) {
        p++;
    }
    if (p == end || !is_digit(*p)) {
        return at;
    }
    int64_t exponent = 0;
    for (; p < end && is_digit(*p); p++) {
        exponent = exponent < MAX_EXPONENT ? 10 * exponent + (*p - '0') : exponent;
    }
    d->exponent = negative ? -exponent : exponent;
    return p;
}

/* The longest number at the start of [at, end); NULL when there is none. */
static const char *scan_decimal(const char *at, const char *end, decimal *d)
{
    *d = (decimal){0};
    if (at < end && (*at == '-' || *at == '+')) {
        d->negative = *at == '-';
        at++;
    }
    d->first = at;
    const char *p = scan_digits(at, end, d);
    int64_t n_seen = p - at;
    if (p < end && *p == '.') {
        const char *const fraction = p + 1;
        p = scan_digits(fraction, end, d);
        d->n_fraction = p - fraction;
        n_seen += d->n_fraction;
    }
    if (n_seen == 0) {
        return NULL;
    }
    d->last = p;
    return scan_exponent(p, end, d);
}

/* strtod in the C locale, whatever the process has set. NAN when the locale cannot be had. */
static double strtod_c(const char *text)
{
    const locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c_locale == (locale_t)0) {
        return (double)NAN;
    }
    const locale_t before = uselocale(c_locale);
    const double value = strtod(text, NULL);
    (void)uselocale(before);
    freelocale(c_locale);
    return value;
}

/* Any decimal through strtod, over a copy that is bounded: digits beyond KEPT_DIGITS can only break a tie, and one
 * that is not 0 does so as well as all. */
static double convert_slowly(const decimal *d)
{
    char text[KEPT_DIGITS + 32];
    size_t n = 0;
    size_t n_dropped = 0;
    for (const char *p = d->first; p < d->last; p++) {
        if (!is_digit(*p) || (n == 0 && *p == '0')) {
            continue;
        }
        if (n < KEPT_DIGITS) {
            text[n++] = *p;
        } else {
            n_dropped++;
            text[n - 1] = *p != '0' ? '1' : text[n - 1];
        }
    }
    if (n == 0) {
        return 0.0;
    }
    int64_t exponent = d->exponent - d->n_fraction + (int64_t)n_dropped;
    exponent = exponent > MAX_EXPONENT ? MAX_EXPONENT : exponent;
    exponent = exponent < -MAX_EXPONENT ? -MAX_EXPONENT : exponent;
    (void)snprintf(text + n, sizeof text - n, "e%d", (int)exponent);
    return strtod_c(text);
}

/* Rounds bits * 2^e2, or a little more when is_sticky, to the nearest double, ties to even. bits: not 0, at least 54 bits
 * long when sticky; the result is normal. */
static double round_wide(wide bits, int e2, bool is_sticky)
{
    const uint64_t high = (uint64_t)(bits >> 64);
    const int length =
        high != 0 ? 128 - __builtin_clzll(high) : 64 - __builtin_clzll((uint64_t)bits);
    if (length <= DBL_MANT_DIG) {
        return ldexp((double)(uint64_t)bits, e2);
    }
    const int n_dropped = length - DBL_MANT_DIG;
    const wide dropped = bits & (((wide)1 << n_dropped) - 1);
    const wide half = (wide)1 << (n_dropped - 1);
    uint64_t kept = (uint64_t)(bits >> n_dropped);
    kept += dropped > half || (dropped == half && (is_sticky || (kept & 1) != 0));
    return ldexp((double)kept, e2 + n_dropped);
}

/* digits * 10^power for powers whose fives fit in 64 bits, exactly and then rounded once: what 17 digits need, in a
 * quarter of strtod's time. */
static double convert_widely(uint64_t digits, int power)
{
    uint64_t fives = 1;
    for (int i = 0; i < abs(power); i++) {
        fives *= 5;
    }
    if (digits == 0) {
        return 0.0;
    }
    if (power >= 0) {
        return round_wide((wide)digits * fives, power, false);
    }
    /* digits in the highest place, so that the quotient has 128 - 63 bits or more. */
    const int shift = 64 + __builtin_clzll(digits);
    const wide dividend = (wide)digits << shift;
    return round_wide(dividend / fives, power - shift, dividend % fives != 0);
}

/* Clinger, "How to read floating point numbers accurately" (1990): an integer up to 2^53 times or over a power of ten up
 * to 10^22 is one correctly rounded operation on exact operands. */
static double convert(const decimal *d)
{
    const int64_t power = d->exponent - d->n_fraction;
    double value;
    if (d->n_digits > EXACT_DIGITS || power < -MAX_WIDE_POWER || power > MAX_WIDE_POWER) {
        value = convert_slowly(d);
    } else if (d->mantissa > EXACT_INTEGERS || power < -MAX_EXACT_POWER ||
               power > MAX_EXACT_POWER) {
        value = convert_widely(d->mantissa, (int)power);
    } else if (power < 0) {
        value = (double)d->mantissa / powers_of_ten[-power];
    } else {
        value = (double)d->mantissa * powers_of_ten[power];
    }
    return d->negative ? -value : value;
}

/* What nearly all numbers of vector files are, with everything in registers: digits, a point, digits, no exponent, few
 * enough for Clinger's way. NULL for anything else, which is not yet to say that it is no number. */
static const char *scan_simple_float(const char *at, const char *end, float *out)
{
    const bool negative = at < end && *at == '-';
    const char *p = negative ? at + 1 : at;
    const char *const first = p;
    uint64_t mantissa = 0;
    while (p < end && is_digit(*p)) {
        mantissa = 10 * mantissa + (uint64_t)(*p++ - '0');
    }
    ptrdiff_t n_digits = p - first;
    ptrdiff_t n_fraction = 0;
    if (p < end && *p == '.') {
        const char *const fraction = ++p;
        while (p < end && is_digit(*p)) {
            mantissa = 10 * mantissa + (uint64_t)(*p++ - '0');
        }
        n_fraction = p - fraction;
        n_digits += n_fraction;
    }
    if (n_digits == 0 || n_digits > EXACT_DIGITS || mantissa > EXACT_INTEGERS ||
        (p < end && (*p == 'e' || *p == 'E'))) {
        return NULL;
    }
    const double value = (double)mantissa / powers_of_ten[n_fraction];
    *out = (float)(negative ? -value : value);
    return p;
}

const char *tmli_scan_float(const char *at, const char *end, float *out)
{
    const char *const behind_simple = scan_simple_float(at, end, out);
    if (behind_simple != NULL) {
        return behind_simple;
    }
    decimal d;
    const char *const behind = scan_decimal(at, end, &d);
    if (behind == NULL) {
        return NULL;
    }
    const float value = (float)convert(&d);
    if (!isfinite(value)) {
        return NULL;
    }
    *out = value;
    return behind;
}

bool tmli_parse_double(tml_str text, double *out)
{
    if (text.len == 0) {
        return false;
    }
    decimal d;
    const char *const end = text.data + text.len;
    if (scan_decimal(text.data, end, &d) != end) {
        return false;
    }
    const double value = convert(&d);
    if (!isfinite(value)) {
        return false;
    }
    *out = value;
    return true;
}

bool tmli_parse_int64(tml_str text, int64_t *out)
{
    const bool negative = tmli_str_starts(text, "-");
    const size_t first = negative || tmli_str_starts(text, "+") ? 1 : 0;
    const uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    uint64_t magnitude = 0;
    size_t i = first;
    for (; i < text.len && is_digit(text.data[i]); i++) {
        const uint64_t digit = (uint64_t)(text.data[i] - '0');
        if (magnitude > (limit - digit) / 10) {
            return false;
        }
        magnitude = 10 * magnitude + digit;
    }
    if (i > first && i == text.len) {
        /* -(m - 1) - 1 reaches INT64_MIN without passing INT64_MAX. */
        *out = negative && magnitude > 0 ? -(int64_t)(magnitude - 1) - 1 : (int64_t)magnitude;
        return true;
    }
    double value;
    if (!tmli_parse_double(text, &value) || !(fabs(value) <= 0x1p53) || value != floor(value)) {
        return false;
    }
    *out = (int64_t)value;
    return true;
}

bool tmli_parse_bool(tml_str text, bool *out)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {
        {"true", true},   {"yes", true}, {"on", true},   {"1", true},
        {"false", false}, {"no", false}, {"off", false}, {"0", false},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (tmli_str_eq_nocase(text, tmli_str(words[i].word))) {
            *out = words[i].value;
            return true;
        }
    }
    return false;
}
