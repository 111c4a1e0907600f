/* Property: what is read value by value is what the parser of trees reads: the same verdict with the same sentence, but for
 * text that is not UTF-8, and the same values, whether containers are entered or passed over. */
#include "fuzz/fuzz.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/json.h"
#include "base/json_pull.h"
#include "base/number.h"

static bool is_container(tmli_kind kind)
{
    return kind == TMLI_LIST || kind == TMLI_OBJECT;
}

static void check_text(const tmli_json_token *token, tml_str want, tmli_arena *arena)
{
    tml_str text = {0};
    FUZZ_CHECK(tmli_json_text(token, arena, &text, NULL) == TML_OK);
    FUZZ_CHECK(tmli_str_eq(text, want));
    FUZZ_CHECK(tmli_json_says(token, want));
    FUZZ_CHECK(want.len == 0 || !tmli_json_says(token, (tml_str){want.data, want.len - 1}));
}

/* Recursion is bounded by TMLI_JSON_MAX_LEVELS. */
static void check_items(tmli_json_items *items, const tmli_value *tree, tmli_arena *arena);

static void check_value(const tmli_json_items *from, const tmli_json_token *token,
                        const tmli_value *tree, tmli_arena *arena)
{
    double number = 0;
    FUZZ_CHECK(token->kind == tree->kind);
    if (is_container(tree->kind)) {
        tmli_json_items items;
        tmli_json_enter(from, token, &items);
        check_items(&items, tree, arena);
    } else if (tree->kind == TMLI_STRING) {
        check_text(token, tree->text, arena);
    } else if (tree->kind == TMLI_NUMBER) {
        FUZZ_CHECK(tmli_parse_double(token->text, &number) && number == tree->number);
    } else if (tree->kind == TMLI_BOOL) {
        FUZZ_CHECK(token->is_true == (tree->number != 0));
    }
}

static void check_items(tmli_json_items *items, const tmli_value *tree, tmli_arena *arena)
{
    FUZZ_CHECK(items->is_object == (tree->kind == TMLI_OBJECT));
    const tmli_value *child = tree->first;
    for (;;) {
        tmli_json_token key;
        tmli_json_token value;
        bool has = false;
        FUZZ_CHECK(tmli_json_next(items, &key, &value, &has, NULL) == TML_OK);
        FUZZ_CHECK(has == (child != NULL));
        if (!has) {
            break;
        }
        check_text(&key, child->key, arena);
        check_value(items, &value, child, arena);
        child = child->next;
    }
}

/* Reads to the end without entering anything. */
static tml_status read_all(tml_str text, tml_error *err)
{
    tmli_json_items items;
    tmli_json_token key;
    tmli_json_token value;
    bool has = true;
    tml_status status = tmli_json_open(text, 0, &items, &value, err);
    while (status == TML_OK && has) {
        status = tmli_json_next(&items, &key, &value, &has, err);
    }
    return status;
}

static void check_values(tml_str text, const tmli_value *tree, tmli_arena *arena)
{
    tmli_json_items items;
    tmli_json_token value;
    FUZZ_CHECK(tmli_json_open(text, 0, &items, &value, NULL) == TML_OK);
    FUZZ_CHECK(value.kind == tree->kind);
    if (is_container(value.kind)) {
        check_items(&items, tree, arena);
    } else {
        check_value(&items, &value, tree, arena);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const tml_str text = fuzz_text(data, size);
    tmli_arena arena;
    const tmli_value *tree = NULL;
    tml_error want = {0};
    tml_error got = {0};
    tmli_arena_init(&arena, 4096, 0);
    const tml_status reference = tmli_json_parse(text, &arena, &tree, &want);
    const tml_status status = read_all(text, &got);
    fuzz_check_error(status, &got, "");
    if (tmli_utf8_faults(text) == 0) {
        FUZZ_CHECK(status == reference);
        FUZZ_CHECK(strcmp(got.text, want.text) == 0);
    } else {
        FUZZ_CHECK(status == TML_EFORMAT);
    }
    if (status == TML_OK) {
        check_values(text, tree, &arena);
    }
    tmli_arena_deinit(&arena);
    return 0;
}
