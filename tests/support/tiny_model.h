/* support/tiny_model.h: a classifier of two labels that a test trains in milliseconds. */
#ifndef SUPPORT_TINY_MODEL_H
#define SUPPORT_TINY_MODEL_H

#include <stddef.h>

#include "textml/fit.h"

/* The recipe of tiny models as YAML. */
extern const char tiny_recipe[];

/* Forty rows "text,label" of the labels food and sport, as CSV with a header line (static). */
const char *tiny_rows(void);

/* Fits tiny_recipe on a file with tiny_rows in dir. threads: at least 1. Fails the running test on any error.
 * report: may be NULL; else the caller releases it. The model is the caller's. */
tml_model *tiny_fit(const char *dir, size_t threads, tml_fit_report *report);

/* The call itself, for tests of its failures: *model and *report are written on success only. */
tml_status tiny_try(const char *dir, size_t threads, tml_model **model, tml_fit_report *report,
                    tml_error *err);

#endif
