#include "support/explained.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "support/alloc_fail.h"
#include "support/tiny_model.h"
#include "support/tmpdir.h"

int explained_set_up(void **state)
{
    explained *const f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->dir = tmpdir_create();
    *state = f;
    return 0;
}

int explained_tear_down(void **state)
{
    explained *const f = *state;
    tmpdir_remove(f->dir);
    free(f);
    return 0;
}

void explained_open(explained *f, const char *recipe, const char *rows)
{
    tmli_buf yaml = {0};
    tmli_buf_printf(&yaml, "data: {split: {validation: 0}}\n%s\n", recipe);
    f->model = tiny_fit_rows(f->dir, tmli_buf_cstr(&yaml), rows);
    assert_int_equal(tml_session_create(f->model, &f->session, NULL), TML_OK);
    tmli_buf_deinit(&yaml);
}

void explained_close(explained *f)
{
    tml_session_free(f->session);
    tml_model_free(f->model);
}

size_t explained_fail_each_allocation(explained *f, tml_str text,
                                      void (*check)(const explained *f, tml_str text))
{
    for (size_t nth = 0;; nth++) {
        tml_explanation e = {.label = 77};
        tml_error err = {0};
        tml_session_free(f->session);
        f->session = NULL;
        assert_int_equal(tml_session_create(f->model, &f->session, NULL), TML_OK);
        fail_allocation(nth);
        const tml_status status = tml_session_explain(f->session, text, 0, SIZE_MAX, &e, &err);
        fail_allocation(NEVER);
        if (status == TML_OK) {
            return nth;
        }
        assert_int_equal(status, TML_ENOMEM);
        assert_int_equal(e.label, 77);
        check(f, text);
    }
}
