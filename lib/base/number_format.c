/* Binary floating point to the shortest decimal text that reads back the same, without the process's locale.
 *
 * Numbers between about 1e-10 and 1e15, which are nearly all, go through exact 128-bit integers: 150 ns against 2,300 ns
 * for printing with 15, 16 and 17 digits and reading each back. The others do just that. */
#include "base/number.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_POWER = 27, /* of five in 63 bits; with a 53-bit mantissa the product stays below 2^117 */
    MAX_SHIFT = 126,
};

__extension__ typedef unsigned __int128 wide;

static const uint64_t powers_of_five[MAX_POWER + 1] = {
    UINT64_C(1),
    UINT64_C(5),
    UINT64_C(25),
    UINT64_C(125),
    UINT64_C(625),
    UINT64_C(3125),
    UINT64_C(15625),
    UINT64_C(78125),
    UINT64_C(390625),
    UINT64_C(1953125),
    UINT64_C(9765625),
    UINT64_C(48828125),
    UINT64_C(244140625),
    UINT64_C(1220703125),
    UINT64_C(6103515625),
    UINT64_C(30517578125),
    UINT64_C(152587890625),
    UINT64_C(762939453125),
    UINT64_C(3814697265625),
    UINT64_C(19073486328125),
    UINT64_C(95367431640625),
    UINT64_C(476837158203125),
    UINT64_C(2384185791015625),
    UINT64_C(11920928955078125),
    UINT64_C(59604644775390625),
    UINT64_C(298023223876953125),
    UINT64_C(1490116119384765625),
    UINT64_C(7450580596923828125),
};

/* What is known of a type of number. */
typedef struct precision {
    int mantissa_bits;
    int least_digits; /* so many decimals always survive a trip through the type */
    int most_digits;  /* so many always tell its values apart */
    int guard_shift;  /* see reads_back */
} precision;

static const precision double_precision = {53, 15, 17, 64};
static const precision float_precision = {24, 6, 9, 24};

/* digits * 10^(exponent - n_digits + 1): digits has n_digits decimals, exponent is the first one's. */
typedef struct rounded {
    uint64_t digits;
    int n_digits;
    int exponent;
} rounded;

/* Whether a reader that rounds to the nearest turns a decimal back into mantissa m, given their difference. The unit is
 * such that m's neighbours are `spacing` apart; below a power of two they are half as far. Exactly half-way counts as no.
 * A float must be inside by 2^-24 of that, since some readers (ours) round to double on the way. */
static bool reads_back(wide difference, bool is_below, uint64_t m, uint64_t spacing,
                       const precision *p)
{
    const bool is_narrow = is_below && m == UINT64_C(1) << (p->mantissa_bits - 1);
    const uint64_t guard = p->guard_shift < 64 ? spacing >> p->guard_shift : 0;
    return difference * (is_narrow ? 4 : 2) < spacing - guard;
}

static uint64_t power_of_ten(int n)
{
    return powers_of_five[n] << n; /* n at most 19 */
}

/* m * 2^e2, rounded to n_digits as printf would; false when that does not read back, or (*is_known false) when the
 * number is outside of what 128 bits can tell. */
static bool round_to(uint64_t m, int e2, int n_digits, const precision *p, rounded *out,
                     bool *is_known)
{
    /* The first digit's exponent, or one less: m has its full number of bits. */
    int exponent = (int)floor((e2 + p->mantissa_bits - 1) * 0.30102999566398120);
    for (;; exponent++) {
        const int power = n_digits - 1 - exponent;
        const int shift = -(e2 + power);
        *is_known = power >= 0 && power <= MAX_POWER && shift <= MAX_SHIFT;
        if (!*is_known) {
            return false;
        }
        const wide scaled =
            (wide)m * powers_of_five[power]; /* the number is scaled / 2^shift / 10^power */
        const wide whole = shift >= 0 ? scaled >> shift : scaled << -shift;
        if (whole >= power_of_ten(n_digits)) {
            continue;
        }
        *out = (rounded){(uint64_t)whole, n_digits, exponent};
        if (shift <= 0) {
            return true;
        }
        const wide one = (wide)1 << shift;
        const wide rest = scaled & (one - 1);
        const bool is_up = rest > one / 2 || (rest == one / 2 && (whole & 1) != 0);
        out->digits += is_up;
        if (out->digits == power_of_ten(n_digits)) {
            out->digits /= 10;
            out->exponent++;
        }
        return reads_back(is_up ? one - rest : rest, !is_up, m, powers_of_five[power], p);
    }
}

/* As printf's %g: plain between 1e-4 and 10^n_digits, with an exponent otherwise; no zeros at the end. */
static size_t write_rounded(const rounded *r, char *out)
{
    char digits[24];
    uint64_t left = r->digits;
    size_t n = (size_t)r->n_digits;
    for (size_t i = n; i > 0; i--) {
        digits[i - 1] = (char)('0' + left % 10);
        left /= 10;
    }
    while (n > 1 && digits[n - 1] == '0') {
        n--;
    }
    char *at = out;
    const bool has_exponent = r->exponent < -4 || r->exponent >= r->n_digits;
    const size_t n_zeros = !has_exponent && r->exponent < 0 ? (size_t)-r->exponent : 0;
    size_t n_whole = has_exponent || r->exponent < 0 ? 1 : (size_t)r->exponent + 1;
    if (n_zeros > 0) {
        memcpy(at, "0.0000", n_zeros + 1);
        at += n_zeros + 1;
        n_whole = n;
    }
    for (size_t i = 0; i < n || i < n_whole; i++) {
        if (i == n_whole) {
            *at++ = '.';
        }
        *at++ = i < n ? digits[i] : '0';
    }
    if (has_exponent) {
        at += snprintf(at, 8, "e%c%02d", r->exponent < 0 ? '-' : '+', abs(r->exponent));
    }
    *at = '\0';
    return (size_t)(at - out);
}

/* For magnitudes above 0; false when it has to be done slowly. */
static bool write_exactly(double magnitude, const precision *p, char *out, size_t *len)
{
    int e2;
    const uint64_t m = (uint64_t)ldexp(frexp(magnitude, &e2), p->mantissa_bits);
    e2 -= p->mantissa_bits;
    for (int n_digits = p->least_digits; n_digits <= p->most_digits; n_digits++) {
        rounded r;
        bool is_known;
        const bool is_found = round_to(m, e2, n_digits, p, &r, &is_known);
        if (!is_known) {
            return false;
        }
        if (is_found || n_digits == p->most_digits) {
            *len = write_rounded(&r, out);
            return true;
        }
    }
    return false;
}

static size_t write_slowly(double value, const precision *p, char *out)
{
    const locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    const locale_t before = c_locale != (locale_t)0 ? uselocale(c_locale) : (locale_t)0;
    int len = 0;
    for (int digits = p->least_digits; digits <= p->most_digits; digits++) {
        len = snprintf(out, TMLI_NUMBER_BYTES, "%.*g", digits, value);
        const double back = strtod(out, NULL);
        if (p == &double_precision ? back == value : (float)back == (float)value) {
            break;
        }
    }
    if (c_locale != (locale_t)0) {
        (void)uselocale(before);
        freelocale(c_locale);
    }
    return (size_t)len;
}

static size_t format(double value, const precision *p, char *out)
{
    size_t n_sign = 0;
    if (signbit(value)) {
        out[n_sign++] = '-';
    }
    size_t len;
    if (value == 0) {
        memcpy(out + n_sign, "0", 2);
        return n_sign + 1;
    }
    if (isfinite(value) && write_exactly(fabs(value), p, out + n_sign, &len)) {
        return n_sign + len;
    }
    return write_slowly(value, p, out);
}

size_t tmli_format_double(double value, char out[TMLI_NUMBER_BYTES])
{
    return format(value, &double_precision, out);
}

size_t tmli_format_float(float value, char out[TMLI_NUMBER_BYTES])
{
    return format((double)value, &float_precision, out);
}
