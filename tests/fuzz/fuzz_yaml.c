/* Property: a document is refused with its name and place, or becomes a tree whose places lie in the text and which reads
 * back from JSON as the same. */
#include "fuzz/fuzz.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/yaml.h"
#include "fuzz/value.h"

static const char name[] = "fuzz.yaml";

static void check_places(const tmli_value *value, size_t size)
{
    FUZZ_CHECK(value->line >= 1 && value->line <= size + 1);
    FUZZ_CHECK(value->column >= 1 && value->column <= size + 1);
    FUZZ_CHECK(tmli_utf8_faults(value->key) == 0 && tmli_utf8_faults(value->text) == 0);
    size_t n = 0;
    for (const tmli_value *child = value->first; child != NULL; child = child->next) {
        check_places(child, size);
        n++;
    }
    FUZZ_CHECK(n == value->n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tmli_arena arena;
    tmli_buf json = {0};
    const tmli_value *value = NULL;
    const tmli_value *again = NULL;
    tml_error err = {0};
    tmli_arena_init(&arena, 4096, 0);
    const tml_status status = tmli_yaml_parse(name, fuzz_text(data, size), &arena, &value, &err);
    FUZZ_CHECK(status == TML_OK || status == TML_EFORMAT);
    fuzz_check_error(status, &err, name);
    if (status == TML_OK) {
        check_places(value, size);
    }
    if (status == TML_OK && fuzz_is_without_nul(value)) {
        tmli_json_value(&json, value);
        FUZZ_CHECK(tmli_json_parse(tmli_buf_str(&json), &arena, &again, NULL) == TML_OK);
        fuzz_check_same_value(value, again);
    }
    tmli_buf_deinit(&json);
    tmli_arena_deinit(&arena);
    return 0;
}
