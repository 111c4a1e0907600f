/* sagemaker/logging.h: one line a record, as text or JSON: information on stdout, warnings and errors on stderr. */
#ifndef SAGEMAKER_LOGGING_H
#define SAGEMAKER_LOGGING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "textml/log.h"

typedef struct sm_logging {
    const char *program; /* stands before each text line of a warning or error, and in JSON */
    bool json;
    /* A reader that does not read is waited for; otherwise records are left out, and counted. */
    bool is_patient;
    /* Of stdout and stderr, under the stream's own lock; atomic because checkers of races do not know that lock. */
    struct sm_stuck {
        atomic_bool is_stuck;
        atomic_size_t n_left_out;
    } stuck[2];
} sm_logging;

/* A sink over logging, which must outlive it. quiet drops what is below a warning. SM_LOG_LEVEL and
 * SAGEMAKER_CONTAINER_LOG_LEVEL (10 debug, 20 info, 30 warning, 40 error, or these words) set the least level otherwise; info without
 * them. Every record is flushed: stdout may be a pipe that somebody reads for metrics. */
tml_log sm_logging_sink(sm_logging *logging, bool quiet);
/* Warns of each of these two variables that is set and says nothing. */
void sm_logging_check_level(const tml_log *log);

/* To be called before any file is opened: where standard input, output or error is closed, a socket or a model's file would get
 * its number, and records would be written into that. */
void sm_logging_hold_numbers(void);

/* What a record says besides its message. */
typedef struct sm_field {
    const char *name;
    const char *text; /* NULL: the number stands */
    double number;
} sm_field;

/* A whole line, without its end, to stdout as it is. */
void sm_log_line(const tml_log *log, const char *line);
/* A record with fields: "message name=value …" as text, members of its object as JSON. A text must hold no blanks when
 * it shall be found again. */
void sm_log_fields(const tml_log *log, tml_log_level level, const char *message,
                   const sm_field *fields, size_t n_fields);

#endif
