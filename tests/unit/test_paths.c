/* Where the container's directories are. */
#include "sagemaker/paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "support/alloc_fail.h"

static int forget_root(void **state)
{
    (void)state;
    return unsetenv("SAGEMAKER_BASE_DIR");
}

static void assert_below(const sm_paths *p, const char *root, const char *model, const char *output,
                         const char *failure)
{
    assert_string_equal(p->root, root);
    assert_string_equal(p->model, model);
    assert_string_equal(p->output, output);
    assert_string_equal(p->failure, failure);
}

static void everything_is_below_opt_ml(void **state)
{
    (void)state;
    sm_paths p;
    assert_int_equal(sm_paths_init(&p, NULL, NULL, NULL, NULL), TML_OK);
    assert_below(&p, "/opt/ml", "/opt/ml/model", "/opt/ml/output", "/opt/ml/output/failure");
    assert_string_equal(p.hyperparameters, "/opt/ml/input/config/hyperparameters.json");
    assert_string_equal(p.channels, "/opt/ml/input/config/inputdataconfig.json");
    assert_string_equal(p.resources, "/opt/ml/input/config/resourceconfig.json");
    assert_string_equal(p.data, "/opt/ml/input/data");
    assert_string_equal(p.figures, "/opt/ml/output/data");
    sm_paths_deinit(&p);
    sm_paths_deinit(&p);
}

static void the_environment_moves_the_root_and_the_argument_wins(void **state)
{
    (void)state;
    sm_paths p;
    assert_int_equal(setenv("SAGEMAKER_BASE_DIR", "/env", 1), 0);
    assert_int_equal(sm_paths_init(&p, NULL, NULL, NULL, NULL), TML_OK);
    assert_below(&p, "/env", "/env/model", "/env/output", "/env/output/failure");
    sm_paths_deinit(&p);
    assert_int_equal(sm_paths_init(&p, "arg", NULL, NULL, NULL), TML_OK);
    assert_below(&p, "arg", "arg/model", "arg/output", "arg/output/failure");
    sm_paths_deinit(&p);
    assert_int_equal(setenv("SAGEMAKER_BASE_DIR", "", 1), 0);
    assert_int_equal(sm_paths_init(&p, NULL, NULL, NULL, NULL), TML_OK);
    assert_string_equal(p.root, "/opt/ml");
    sm_paths_deinit(&p);
}

static void model_and_output_can_be_elsewhere(void **state)
{
    (void)state;
    sm_paths p;
    assert_int_equal(sm_paths_init(&p, "/root/", "/m", "out", NULL), TML_OK);
    assert_below(&p, "/root/", "/m", "out", "out/failure");
    assert_string_equal(p.figures, "out/data");
    assert_string_equal(p.data, "/root/input/data");
    sm_paths_deinit(&p);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (size_t nth = 0;; nth++) {
        sm_paths p;
        fail_allocation(nth);
        const tml_status status = sm_paths_init(&p, NULL, NULL, NULL, NULL);
        fail_allocation(NEVER);
        sm_paths_deinit(&p);
        if (status == TML_OK) {
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
    }
}

#define WITHOUT_A_ROOT(test) cmocka_unit_test_setup_teardown(test, forget_root, forget_root)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITHOUT_A_ROOT(everything_is_below_opt_ml),
        WITHOUT_A_ROOT(the_environment_moves_the_root_and_the_argument_wins),
        WITHOUT_A_ROOT(model_and_output_can_be_elsewhere),
        WITHOUT_A_ROOT(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
