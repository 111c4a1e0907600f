/* Property: textml.json loads or is refused with its name; a description that was loaded, written and read again is
 * written the same.
 * Input: the file. When it does not end in a check of its bytes, it is tried again with one, so that the fuzzer gets
 * behind it. */
#include "fuzz/fuzz.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"
#include "pipeline/artifact.h"

static const char name[] = "textml.json";

static tml_model *create_model(void)
{
    tml_model *const model = tmli_calloc(1, sizeof *model);
    FUZZ_CHECK(model != NULL);
    tmli_arena_init(&model->arena, 1024, 0);
    return model;
}

static void check_described(const tml_model *model, const tmli_artifact_tensors *tensors)
{
    tmli_buf first = {0};
    tmli_buf second = {0};
    tmli_artifact_tensors again = {0};
    tml_error err = {0};
    tml_model *const copy = create_model();
    tmli_artifact_describe(model, tensors->n_bytes, tensors->hash, &first);
    FUZZ_CHECK(tmli_artifact_parse(name, tmli_buf_str(&first), copy, &again, &err) == TML_OK);
    FUZZ_CHECK(again.n_bytes == tensors->n_bytes && again.hash == tensors->hash);
    tmli_artifact_describe(copy, again.n_bytes, again.hash, &second);
    FUZZ_CHECK(tmli_str_eq(tmli_buf_str(&first), tmli_buf_str(&second)));
    tml_model_free(copy);
    tmli_buf_deinit(&first);
    tmli_buf_deinit(&second);
}

static tml_status parse(tml_str text)
{
    tmli_artifact_tensors tensors = {0};
    tml_error err = {0};
    tml_model *const model = create_model();
    const tml_status status = tmli_artifact_parse(name, text, model, &tensors, &err);
    fuzz_check_error(status, &err, name);
    if (status == TML_OK) {
        FUZZ_CHECK(model->recipe != NULL && model->n_labels >= 2);
        check_described(model, &tensors);
    }
    tml_model_free(model);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const tml_str text = fuzz_text(data, size);
    if (parse(text) == TML_OK) {
        return 0;
    }
    size_t body = size;
    while (body > 0 && text.data[body - 1] != '}') {
        body--;
    }
    tmli_buf checked = {0};
    tmli_buf_append(&checked, text.data, body > 0 ? body - 1 : 0);
    const uint64_t check = tmli_hash64_v1(checked.data, checked.len, 0);
    tmli_buf_printf(&checked, ",\n  \"check\": \"xxh64:%016" PRIx64 "\"\n}\n", check);
    (void)parse(tmli_buf_str(&checked));
    tmli_buf_deinit(&checked);
    return 0;
}
