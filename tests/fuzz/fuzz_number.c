/* Property: what parses as a number is what strtod makes of it, to the bit; what is written reads back the same; and the
 * scanner of vector files agrees with the parser on the bytes that it takes. */
#include "fuzz/fuzz.h"

#include <math.h>

#include "base/number.h"

/* Minus zero is not zero here. */
static bool is_same_double(double a, double b)
{
    return a == b && signbit(a) == signbit(b);
}

static bool is_same_float(float a, float b)
{
    return a == b && signbit(a) == signbit(b);
}

/* Only what a decimal number is made of: strtod takes more (blanks, hexadecimal, names). */
static bool is_plain(tml_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\0' || strchr("0123456789+-.eE", text.data[i]) == NULL) {
            return false;
        }
    }
    return text.len > 0;
}

static void check_double(tml_str text, const char *terminated)
{
    double got = 0;
    const bool is_number = tmli_parse_double(text, &got);
    FUZZ_CHECK(!is_number || is_plain(text));
    if (!is_plain(text)) {
        return;
    }
    char *end = NULL;
    const double want = strtod(terminated, &end);
    FUZZ_CHECK(is_number == (*end == '\0' && isfinite(want)));
    FUZZ_CHECK(!is_number || is_same_double(got, want));
}

static void check_float(tml_str text)
{
    float got = 0;
    const char *const end = text.data + text.len;
    const char *const behind = text.len > 0 ? tmli_scan_float(text.data, end, &got) : NULL;
    if (behind == NULL) {
        return;
    }
    double whole = 0;
    FUZZ_CHECK(behind > text.data && behind <= end && isfinite(got));
    FUZZ_CHECK(tmli_parse_double((tml_str){text.data, (size_t)(behind - text.data)}, &whole));
    FUZZ_CHECK(is_same_float(got, (float)whole));
}

static void check_whole(tml_str text)
{
    int64_t whole = 0;
    double real = 0;
    bool flag = false;
    if (tmli_parse_int64(text, &whole)) {
        FUZZ_CHECK(tmli_parse_double(text, &real));
        FUZZ_CHECK((double)whole == real);
    }
    (void)tmli_parse_bool(text, &flag);
}

/* The first bytes of the input as a number: written, then read. */
static void check_written(const uint8_t *data, size_t size)
{
    char text[TMLI_NUMBER_BYTES];
    double value = 0;
    double back = 0;
    memcpy(&value, data, size < sizeof value ? size : sizeof value);
    if (isfinite(value)) {
        const size_t n = tmli_format_double(value, text);
        FUZZ_CHECK(n > 0 && n < TMLI_NUMBER_BYTES && text[n] == '\0');
        FUZZ_CHECK(tmli_parse_double((tml_str){text, n}, &back) && is_same_double(back, value));
    }
    float small = 0;
    float small_back = 0;
    memcpy(&small, data, size < sizeof small ? size : sizeof small);
    if (isfinite(small)) {
        const size_t n = tmli_format_float(small, text);
        FUZZ_CHECK(tmli_scan_float(text, text + n, &small_back) == text + n);
        FUZZ_CHECK(is_same_float(small_back, small));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const tml_str text = fuzz_text(data, size);
    char *const terminated = malloc(size + 1);
    FUZZ_CHECK(terminated != NULL);
    if (size > 0) {
        memcpy(terminated, data, size);
        check_written(data, size);
    }
    terminated[size] = '\0';
    check_double(text, terminated);
    check_float(text);
    check_whole(text);
    free(terminated);
    return 0;
}
