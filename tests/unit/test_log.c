/* The log sink. */
#include "textml/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

typedef struct record {
    size_t n;
    tml_log_level level;
    char message[4096];
} record;

static void keep(void *ctx, tml_log_level level, const char *message)
{
    record *const r = ctx;
    r->n++;
    r->level = level;
    (void)strncpy(r->message, message, sizeof r->message - 1);
}

static void a_record_reaches_the_sink_formatted(void **state)
{
    (void)state;
    record r = {0};
    const tml_log log = {keep, &r, TML_LOG_INFO};
    tml_logf(&log, TML_LOG_WARN, "epoch=%d", 3);
    assert_int_equal(r.n, 1);
    assert_int_equal(r.level, TML_LOG_WARN);
    assert_string_equal(r.message, "epoch=3");
}

static void records_below_the_least_level_are_dropped(void **state)
{
    (void)state;
    record r = {0};
    const tml_log log = {keep, &r, TML_LOG_WARN};
    tml_logf(&log, TML_LOG_DEBUG, "x");
    tml_logf(&log, TML_LOG_INFO, "x");
    assert_int_equal(r.n, 0);
    tml_logf(&log, TML_LOG_WARN, "x");
    tml_logf(&log, TML_LOG_ERROR, "x");
    assert_int_equal(r.n, 2);
}

static void no_sink_is_a_sink(void **state)
{
    (void)state;
    const tml_log nothing = {0};
    tml_logf(NULL, TML_LOG_ERROR, "x");
    tml_logf(&nothing, TML_LOG_ERROR, "x");
}

static void a_long_record_is_cut_at_a_character(void **state)
{
    (void)state;
    char text[3000];
    for (size_t i = 0; i + 3 < sizeof text; i += 3) {
        memcpy(text + i, "\xe2\x82\xac", 4);
    }
    record r = {0};
    const tml_log log = {keep, &r, TML_LOG_DEBUG};
    tml_logf(&log, TML_LOG_INFO, "%s", text);
    assert_int_equal(strlen(r.message), 1998); /* 666 characters of 3 bytes */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_reaches_the_sink_formatted),
        cmocka_unit_test(records_below_the_least_level_are_dropped),
        cmocka_unit_test(no_sink_is_a_sink),
        cmocka_unit_test(a_long_record_is_cut_at_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
