/* sagemaker/failure.h: how a training job says that it failed. */
#ifndef SAGEMAKER_FAILURE_H
#define SAGEMAKER_FAILURE_H

#include "textml/status.h"

/* 0 for success and a stop on request, 1 for what the user can mend, 2 for what is ours. The only map of statuses to
 * exit codes. */
int sm_exit_code(tml_status status);

/* Writes the sentence to the failure file (its directory is made), put in place by rename. It is never longer than the
 * 1,024 bytes that SageMaker shows. What goes wrong here is not reported further: the sentence stands on stderr too. */
void sm_write_failure(const char *path, const tml_error *err);
/* Removes the failure file of an earlier run. */
void sm_clear_failure(const char *path);

#endif
