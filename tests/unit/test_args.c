/* The command line: spellings, kinds of options, and what is refused with which sentence. */
#include "sagemaker/args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
enum {
    ARGS_MAX = 8,
    ARG_BYTES = 64
};

typedef struct parsed {
    bool quiet, help;
    const char *dir;
    uint64_t threads;
    size_t format;
    char others[256]; /* "name=value " for each */
} parsed;

static const char *const formats[] = {"text", "json", NULL};

static tml_status take_other(void *ctx, const char *name, const char *value, tml_error *err)
{
    parsed *const p = ctx;
    const size_t used = strlen(p->others);
    (void)err;
    (void)snprintf(p->others + used, sizeof p->others - used, "%s=%s ", name, value);
    return TML_OK;
}

/* words: what stands behind the program's name, ends in NULL. */
static tml_status parse(const char *const *words, bool takes_others, parsed *out, tml_error *err)
{
    static char copies[ARGS_MAX + 1][ARG_BYTES]; /* options are cut in place */
    char *argv[ARGS_MAX + 2] = {copies[0]};
    int argc = 1;
    (void)snprintf(copies[0], ARG_BYTES, "train");
    for (; words[argc - 1] != NULL; argc++) {
        assert_in_range(argc, 1, ARGS_MAX);
        (void)snprintf(copies[argc], ARG_BYTES, "%s", words[argc - 1]);
        argv[argc] = copies[argc];
    }
    *out = (parsed){.dir = "untouched", .threads = 77, .format = 9};
    const sm_option options[] = {
        {.name = "quiet", .kind = SM_OPTION_FLAG, .out = &out->quiet},
        {.name = "help", .kind = SM_OPTION_FLAG, .out = &out->help},
        {.name = "model-dir", .kind = SM_OPTION_TEXT, .out = &out->dir},
        {.name = "threads", .kind = SM_OPTION_COUNT, .out = &out->threads, .least = 1, .most = 256},
        {.name = "log-format", .kind = SM_OPTION_CHOICE, .out = &out->format, .words = formats},
    };
    const sm_args args = {.program = "train",
                          .options = options,
                          .n_options = COUNT_OF(options),
                          .other = takes_others ? take_other : NULL,
                          .ctx = out};
    return sm_args_parse(&args, argc, argv, err);
}

static void options_are_read_in_both_spellings(void **state)
{
    (void)state;
    static const char *const lines[][ARGS_MAX] = {
        {"--model-dir", "/m", "--threads", "3", "--log-format", "json", "--quiet"},
        {"--quiet", "--log-format=json", "--threads=3", "--model-dir=/m"},
        {"train", "--threads", "9", "--model-dir", "/x", "--threads=3", "--model-dir=/m", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        parsed p;
        assert_int_equal(parse(lines[i], false, &p, NULL), TML_OK);
        assert_string_equal(p.dir, "/m");
        assert_int_equal(p.threads, 3);
        assert_int_equal(p.quiet, i < 2);
        assert_int_equal(p.format, i < 2 ? 1 : 9);
    }
}

static void what_is_not_given_is_left_alone(void **state)
{
    (void)state;
    static const char *const none[] = {NULL};
    static const char *const word[] = {"train", NULL};
    parsed p;
    assert_int_equal(parse(none, false, &p, NULL), TML_OK);
    assert_int_equal(parse(word, false, &p, NULL), TML_OK);
    assert_string_equal(p.dir, "untouched");
    assert_int_equal(p.threads, 77);
    assert_int_equal(p.format, 9);
    assert_false(p.quiet);
}

static void help_may_be_short(void **state)
{
    (void)state;
    static const char *const line[] = {"--quiet", "-h", NULL};
    parsed p;
    assert_int_equal(parse(line, false, &p, NULL), TML_OK);
    assert_true(p.help);
    assert_true(p.quiet);
}

static void values_may_hold_anything(void **state)
{
    (void)state;
    static const char *const line[] = {"--model-dir==a=b", "--x", "-5", "--y=--z", "--w", "", NULL};
    parsed p;
    assert_int_equal(parse(line, true, &p, NULL), TML_OK);
    assert_string_equal(p.dir, "=a=b");
    assert_string_equal(p.others, "x=-5 y=--z w= ");
}

static void what_cannot_be_right_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *words[3];
        const char *sentence;
    } cases[] = {
        {{"--thread", "3"}, "--thread: there is no such option; did you mean --threads?"},
        {{"--wibble", "3"}, "--wibble: there is no such option; train --help lists them all"},
        {{"--threads", "0"}, "--threads: \"0\" is not a whole number in 1..256"},
        {{"--threads", "257"}, "--threads: \"257\" is not a whole number in 1..256"},
        {{"--threads", "-1"}, "--threads: \"-1\" is not a whole number in 1..256"},
        {{"--threads="}, "--threads: \"\" is not a whole number in 1..256"},
        {{"--threads", "2.5"}, "--threads: \"2.5\" is not a whole number in 1..256"},
        {{"--threads"}, "--threads: needs a value: --threads VALUE or --threads=VALUE"},
        {{"--threads", "--quiet"}, "--threads: needs a value: --threads VALUE or --threads=VALUE"},
        {{"--quiet=yes"}, "--quiet: takes no value, found \"yes\""},
        {{"--log-format", "xml"}, "--log-format: \"xml\" is not text or json"},
        {{"--model-dir", ""}, "--model-dir: its value is empty"},
        {{"word"}, "\"word\": options are written --name value; train --help lists them all"},
        {{"-q"}, "\"-q\": options are written --name value; train --help lists them all"},
        {{"--"}, "\"--\": options are written --name value; train --help lists them all"},
        {{"--=x"}, "\"--=x\": options are written --name value; train --help lists them all"},
        {{"--quiet", "train"},
         "\"train\": options are written --name value; train --help lists them all"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        parsed p;
        tml_error err = {0};
        assert_int_equal(parse(cases[i].words, false, &p, &err), TML_EINVAL);
        assert_string_equal(err.text, cases[i].sentence);
    }
}

static void other_options_go_to_the_callback_with_their_values(void **state)
{
    (void)state;
    static const char *const line[] = {"--epochs", "5", "--threads", "2", "--lr=0.1", NULL};
    static const char *const last[] = {"--epochs", NULL};
    parsed p;
    tml_error err = {0};
    assert_int_equal(parse(line, true, &p, NULL), TML_OK);
    assert_string_equal(p.others, "epochs=5 lr=0.1 ");
    assert_int_equal(p.threads, 2);
    assert_int_equal(parse(last, true, &p, &err), TML_EINVAL);
    assert_string_equal(err.text, "--epochs: needs a value: --epochs VALUE or --epochs=VALUE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_read_in_both_spellings),
        cmocka_unit_test(what_is_not_given_is_left_alone),
        cmocka_unit_test(help_may_be_short),
        cmocka_unit_test(values_may_hold_anything),
        cmocka_unit_test(what_cannot_be_right_is_refused),
        cmocka_unit_test(other_options_go_to_the_callback_with_their_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
