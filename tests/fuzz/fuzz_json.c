/* Property: what parses is JSON by the strict scan too, and valid UTF-8 of it, written and parsed again, is the same tree;
 * what does not parse has a place inside the text. */
#include "fuzz/fuzz.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/json_check.h"
#include "fuzz/value.h"

static unsigned depth_of(const tmli_value *value)
{
    unsigned deepest = 0;
    for (const tmli_value *child = value->first; child != NULL; child = child->next) {
        const unsigned depth = depth_of(child);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + (value->kind == TMLI_LIST || value->kind == TMLI_OBJECT);
}

static void check_written(const tmli_value *value)
{
    tmli_arena arena;
    tmli_buf text = {0};
    const tmli_value *again = NULL;
    tmli_arena_init(&arena, 4096, 0);
    tmli_json_value(&text, value);
    FUZZ_CHECK(tmli_json_parse(tmli_buf_str(&text), &arena, &again, NULL) == TML_OK);
    fuzz_check_same_value(value, again);
    tmli_buf_deinit(&text);
    tmli_arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const tml_str text = fuzz_text(data, size);
    tmli_arena arena;
    const tmli_value *value = NULL;
    tml_error err = {0};
    tmli_arena_init(&arena, 4096, 0);
    const tml_status status = tmli_json_parse(text, &arena, &value, &err);
    FUZZ_CHECK(status == TML_OK || status == TML_EFORMAT);
    fuzz_check_error(status, &err, "");
    tmli_json_fault fault = {0};
    const tml_str bare =
        tmli_str_starts(text, "\xEF\xBB\xBF") ? (tml_str){text.data + 3, size - 3} : text;
    if (!tmli_json_check(bare, &fault)) {
        FUZZ_CHECK(status == TML_EFORMAT);
        FUZZ_CHECK(fault.at <= bare.len);
        FUZZ_CHECK((fault.expected == NULL) != (fault.refused == NULL));
    }
    FUZZ_CHECK(status != TML_OK || depth_of(value) <= TMLI_JSON_MAX_LEVELS);
    if (status == TML_OK && tmli_utf8_faults(text) == 0) {
        check_written(value);
    }
    tmli_arena_deinit(&arena);
    return 0;
}
