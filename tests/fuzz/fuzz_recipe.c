/* Property: a recipe loads or is refused; written as JSON and read again it is the same; an override that is refused
 * leaves it as it was.
 * Input: YAML up to the first NUL, then names and values of overrides, each up to a NUL. */
#include "fuzz/fuzz.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/json.h"
#include "pipeline/recipe.h"

static const char name[] = "fuzz.yaml";

/* Takes the bytes up to the next NUL. */
static tml_str take_part(tml_str *rest)
{
    const char *const end = rest->len > 0 ? memchr(rest->data, '\0', rest->len) : NULL;
    const tml_str part = {rest->data, end != NULL ? (size_t)(end - rest->data) : rest->len};
    const size_t taken = part.len + (end != NULL ? 1 : 0);
    rest->data += taken;
    rest->len -= taken;
    return part;
}

static void write_recipe(const tml_recipe *recipe, tmli_buf *out)
{
    tmli_json_writer w;
    tmli_buf_reset(out);
    tmli_json_begin(&w, out, 0);
    tmli_recipe_write(recipe, NULL, &w);
    FUZZ_CHECK(!out->failed);
}

static void check_read_again(const tmli_buf *written)
{
    tmli_arena arena;
    tmli_buf rewritten = {0};
    const tmli_value *value = NULL;
    tml_recipe *recipe = NULL;
    tml_error err = {0};
    tmli_arena_init(&arena, 4096, 0);
    FUZZ_CHECK(tmli_json_parse(tmli_buf_str(written), &arena, &value, &err) == TML_OK);
    FUZZ_CHECK(tmli_recipe_from_value(name, value, &recipe, &err) == TML_OK);
    write_recipe(recipe, &rewritten);
    FUZZ_CHECK(tmli_str_eq(tmli_buf_str(&rewritten), tmli_buf_str(written)));
    tml_recipe_free(recipe);
    tmli_buf_deinit(&rewritten);
    tmli_arena_deinit(&arena);
}

static void override(tml_recipe *recipe, tml_str rest, tmli_buf *written)
{
    tmli_buf after = {0};
    while (rest.len > 0) {
        const tml_str key = take_part(&rest);
        const tml_str value = take_part(&rest);
        tml_error err = {0};
        const tml_status status = tml_recipe_set(recipe, key, value, &err);
        fuzz_check_error(status, &err, "");
        write_recipe(recipe, &after);
        FUZZ_CHECK(status == TML_OK || tmli_str_eq(tmli_buf_str(&after), tmli_buf_str(written)));
        write_recipe(recipe, written);
    }
    tmli_buf_deinit(&after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tml_str rest = fuzz_text(data, size);
    tml_recipe *recipe = NULL;
    tml_error err = {0};
    const tml_status status = tml_recipe_parse(name, take_part(&rest), &recipe, &err);
    FUZZ_CHECK((status == TML_OK) == (recipe != NULL));
    fuzz_check_error(status, &err, name);
    if (status != TML_OK) {
        return 0;
    }
    tmli_buf written = {0};
    write_recipe(recipe, &written);
    override(recipe, rest, &written);
    check_read_again(&written);
    tml_error unmet = {0};
    fuzz_check_error(tml_recipe_check(recipe, &unmet), &unmet, "");
    tmli_buf_deinit(&written);
    tml_recipe_free(recipe);
    return 0;
}
