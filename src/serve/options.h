/* serve/options.h: what serve was asked to do, by its command line and the container's environment. */
#ifndef SERVE_OPTIONS_H
#define SERVE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sagemaker/logging.h"
#include "serve/protection.h"
#include "serve/server.h"
#include "textml/status.h"

enum {
    SERVE_STYLE_UNSET = 100
};

typedef struct serve_options {
    const char *model_dir;  /* NULL: where the container has it */
    const char *models_dir; /* NULL: the same for a multi-model endpoint */
    uint64_t max_model_memory;
    bool unload_unused;
    size_t reload; /* 0 on, 1 off */
    const char *host;
    uint64_t port;
    uint64_t n_threads; /* as the command line has it; likewise max_body */
    uint64_t max_body;
    uint64_t max_rows;
    uint64_t max_row_bytes;
    uint64_t max_queue;
    uint64_t max_queue_bytes;
    uint64_t timeout_s; /* 0: no limit */
    uint64_t max_connections;
    uint64_t max_per_address;
    uint64_t header_s;
    uint64_t body_s;
    uint64_t idle_s;
    serve_protection_files protection;
    serve_settings settings; /* what comes of it all */
    bool emf;                /* figures for CloudWatch, a line each time */
    size_t style_word;       /* as the command line has it: a tml_style, or SERVE_STYLE_UNSET */
    size_t emf_word;         /* as the command line has it: 0 off, 1 on, 2 not said */
    uint64_t summary_s;      /* between two summaries in the log, and two lines of figures */
    bool quiet;
    bool help;
    bool version;
    size_t log_format; /* 0 text, 1 json */
} serve_options;

extern const char serve_usage[]; /* the text of --help */

/* The command line; fields that it leaves open are 0 or NULL. Errors: TML_EINVAL. */
TML_NODISCARD tml_status serve_options_parse(serve_options *out, int argc, char **argv,
                                             tml_error *err);
/* Fills what the command line left open from the environment, then with the defaults. A variable that makes no sense is
 * warned of and left aside: a container that does not start tells less than one that runs. */
void serve_options_complete(serve_options *options, const tml_log *log);

#endif
