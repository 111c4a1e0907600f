/* support/tiny_model.h: rows, a recipe and a model that are as small as they can be, for tests that look at every byte or at
 * every allocation. */
#ifndef SUPPORT_TINY_MODEL_H
#define SUPPORT_TINY_MODEL_H

#include "textml/fit.h"

extern const char tiny_rows[]; /* CSV with the columns text and label: eight rows of yes and no */
extern const char tiny_yaml[]; /* a network for them */

/* Each fails the running test on any error. */
tml_recipe *tiny_recipe(const char *yaml);
/* Trains on rows (CSV text) written to dir; the report is released. */
tml_model *tiny_fit_rows(const char *dir, const char *yaml, const char *rows);
tml_model *tiny_fit(const char *dir); /* tiny_yaml on tiny_rows */

#endif
