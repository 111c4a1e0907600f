/* support/explained.h: a model of a few rows, with a session that explains texts, for tests/unit/test_explain*.c. */
#ifndef SUPPORT_EXPLAINED_H
#define SUPPORT_EXPLAINED_H

#include "textml/explain.h"
#include "textml/model.h"

typedef struct explained {
    char *dir; /* the test's own; removed with it */
    tml_model *model;
    tml_session *session;
} explained;

/* A test whose *state is an explained with a directory, to be opened with rows. */
#define WITH_A_DIRECTORY(test) \
    cmocka_unit_test_setup_teardown(test, explained_set_up, explained_tear_down)
int explained_set_up(void **state);
int explained_tear_down(void **state);

/* Trains what the recipe says on rows (CSV text); all of them are for training. Fails the running test on any error. */
void explained_open(explained *f, const char *recipe, const char *rows);
void explained_close(explained *f);

/* Explains text with a new session each time, while one allocation after the other fails, until none is left; `check` sees
 * after each failure that memory is back. Returns how many could fail. */
size_t explained_fail_each_allocation(explained *f, tml_str text,
                                      void (*check)(const explained *f, tml_str text));

#endif
