/* contract/asked.h: the real serve over any artifact, and the library over the same: what one answers the other must.
 *
 * server.h has a model of its own, whose every answer is known; this is for models that a test has trained itself. */
#ifndef CONTRACT_ASKED_H
#define CONTRACT_ASKED_H

#include <stddef.h>

#include "contract/job.h"
#include "support/http_client.h"
#include "support/process.h"
#include "textml/model.h"

typedef struct asked {
    process process;
    http_client *client;
    http_answer answer;
    tml_model *model; /* the artifact, loaded by the library */
    size_t n_labels;
} asked; /* {0} to begin */

/* Starts serve on the job's model directory and loads the same with the library. */
void asked_start(asked *a, const job *j);
/* Ends serve with SIGTERM; exit code 0 is expected. Leaves {0}. */
void asked_stop(asked *a);
/* Kills what still runs: for teardowns. */
void asked_end(asked *a);

/* Probabilities by the library: [n, n_labels]. */
void asked_offline(const asked *a, const tml_str *texts, size_t n, double *probabilities);
/* The number of a label, by its name; the label has to be there. */
size_t asked_label(const asked *a, tml_str name);
/* POSTs {"instances": [texts]} and expects as many predictions: the label and score of the greatest of each row of
 * probabilities. Scores may be written as 32-bit floats. */
void assert_served(asked *a, const tml_str *texts, size_t n, const double *probabilities);

#endif
