/* One pass over argv against a table. What the options mean is the programs' matter. */
#include "sagemaker/args.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/number.h"
#include "base/status.h"
#include "base/suggest.h"

enum {
    OPTIONS_MAX = 64
};

static const sm_option *find(const sm_args *args, const char *name)
{
    for (size_t i = 0; i < args->n_options; i++) {
        if (strcmp(args->options[i].name, name) == 0) {
            return &args->options[i];
        }
    }
    return NULL;
}

tml_status sm_args_refuse_misspelt(const sm_option *options, size_t n, const char *name,
                                   tml_error *err)
{
    const char *names[OPTIONS_MAX];
    assert(n <= OPTIONS_MAX);
    for (size_t i = 0; i < n; i++) {
        names[i] = options[i].name;
    }
    const char *nearest = tmli_nearest(tmli_str(name), names, n);
    return nearest == NULL
               ? TML_OK
               : tmli_fail(err, TML_EINVAL, "--%.64s: there is no such option; did you mean --%s?",
                           name, nearest);
}

static tml_status refuse_unknown(const sm_args *args, const char *name, tml_error *err)
{
    const tml_status status = sm_args_refuse_misspelt(args->options, args->n_options, name, err);
    return status != TML_OK
               ? status
               : tmli_fail(err, TML_EINVAL,
                           "--%.64s: there is no such option; %s --help lists them all", name,
                           args->program);
}

static tml_status set_count(const sm_option *option, const char *value, tml_error *err)
{
    int64_t number = 0;
    if (!tmli_parse_int64(tmli_str(value), &number) || number < 0 ||
        (uint64_t)number < option->least || (uint64_t)number > option->most) {
        return tmli_fail(err, TML_EINVAL,
                         "--%s: \"%.64s\" is not a whole number in %" PRIu64 "..%" PRIu64,
                         option->name, value, option->least, option->most);
    }
    *(uint64_t *)option->out = (uint64_t)number;
    return TML_OK;
}

static tml_status set_choice(const sm_option *option, const char *value, tml_error *err)
{
    tmli_buf all = {0};
    for (size_t i = 0; option->words[i] != NULL; i++) {
        if (strcmp(option->words[i], value) == 0) {
            *(size_t *)option->out = i;
            tmli_buf_deinit(&all);
            return TML_OK;
        }
        tmli_buf_printf(&all, "%s%s", i > 0 ? " or " : "", option->words[i]);
    }
    const char *expected = tmli_buf_cstr(&all);
    const tml_status status = tmli_fail(err, TML_EINVAL, "--%s: \"%.64s\" is not %s", option->name,
                                        value, expected != NULL ? expected : "one of its words");
    tmli_buf_deinit(&all);
    return status;
}

static tml_status set(const sm_option *option, const char *value, tml_error *err)
{
    switch (option->kind) {
    case SM_OPTION_FLAG: *(bool *)option->out = true; return TML_OK;
    case SM_OPTION_TEXT:
        if (*value == '\0') {
            return tmli_fail(err, TML_EINVAL, "--%s: its value is empty", option->name);
        }
        *(const char **)option->out = value;
        return TML_OK;
    case SM_OPTION_COUNT: return set_count(option, value, err);
    case SM_OPTION_CHOICE: return set_choice(option, value, err);
    }
    return tmli_fail(err, TML_EINVAL, "--%s: unknown kind", option->name);
}

/* A "--name" with its value: behind '=' or in the next argument, which is then taken (*i moves on). */
static tml_status take(const sm_args *args, int argc, char **argv, int *i, tml_error *err)
{
    char *name = argv[*i] + 2;
    char *value = strchr(name, '=');
    if (value != NULL) {
        *value++ = '\0';
    }
    const sm_option *option = find(args, name);
    const bool is_flag = option != NULL && option->kind == SM_OPTION_FLAG;
    if (option == NULL && args->other == NULL) {
        return refuse_unknown(args, name, err);
    }
    if (is_flag && value != NULL) {
        return tmli_fail(err, TML_EINVAL, "--%s: takes no value, found \"%.64s\"", name, value);
    }
    if (!is_flag && value == NULL) {
        if (*i + 1 == argc || strncmp(argv[*i + 1], "--", 2) == 0) {
            return tmli_fail(err, TML_EINVAL,
                             "--%.64s: needs a value: --%.64s VALUE or --%.64s=VALUE", name, name,
                             name);
        }
        value = argv[++*i];
    }
    return option != NULL ? set(option, value, err) : args->other(args->ctx, name, value, err);
}

/* "-h", the one short option: people try it before they know any other. */
static bool take_short_help(const sm_args *args)
{
    const sm_option *help = find(args, "help");
    if (help == NULL || help->kind != SM_OPTION_FLAG) {
        return false;
    }
    *(bool *)help->out = true;
    return true;
}

tml_status sm_args_parse(const sm_args *args, int argc, char **argv, tml_error *err)
{
    for (int i = 1; i < argc; i++) {
        if (i == 1 && strcmp(argv[i], args->program) == 0) {
            continue;
        }
        if (strcmp(argv[i], "-h") == 0 && take_short_help(args)) {
            continue;
        }
        if (strncmp(argv[i], "--", 2) != 0 || argv[i][2] == '\0' || argv[i][2] == '=') {
            return tmli_fail(
                err, TML_EINVAL,
                "\"%.64s\": options are written --name value; %s --help lists them all", argv[i],
                args->program);
        }
        const tml_status status = take(args, argc, argv, &i, err);
        if (status != TML_OK) {
            return status;
        }
    }
    return TML_OK;
}
