/* sagemaker/args.h: the command line of both programs: a table of options, and a callback for the rest.
 *
 * "--name value" and "--name=value" say the same; a flag is "--name" alone. Names are compared exactly.
 * A flag "help" may also be given as "-h". */
#ifndef SAGEMAKER_ARGS_H
#define SAGEMAKER_ARGS_H

#include <stddef.h>
#include <stdint.h>

#include "textml/status.h"

typedef enum sm_option_kind {
    SM_OPTION_FLAG,   /* out: bool, set to true */
    SM_OPTION_TEXT,   /* out: const char *, borrowed from argv; not empty */
    SM_OPTION_COUNT,  /* out: uint64_t in least..most */
    SM_OPTION_CHOICE, /* out: size_t, index into words */
} sm_option_kind;

typedef struct sm_option {
    const char *name; /* without dashes */
    sm_option_kind kind;
    void *out;            /* untouched when the option is not given; the last one given counts */
    uint64_t least, most; /* of a COUNT */
    const char *const *words; /* of a CHOICE; ends in NULL */
} sm_option;

typedef struct sm_args {
    /* may also stand as the first word: images that dispatch on it pass it on */
    const char *program;
    const sm_option *options;
    size_t n_options; /* at most 64 */
    /* Gets what the table does not name, in order; name and value are borrowed from argv. NULL: such options are
     * refused with the nearest name of the table. */
    tml_status (*other)(void *ctx, const char *name, const char *value, tml_error *err);
    void *ctx;
} sm_args;

/* argv: "--name=value" is cut at its '=' in place. Errors: TML_EINVAL with the option, what it was given and what was
 * expected; those of other. */
TML_NODISCARD tml_status sm_args_parse(const sm_args *args, int argc, char **argv, tml_error *err);

/* For a callback to which a name means nothing: TML_EINVAL and the option that was meant when one of the n is near, else
 * TML_OK. */
TML_NODISCARD tml_status sm_args_refuse_misspelt(const sm_option *options, size_t n,
                                                 const char *name, tml_error *err);

#endif
