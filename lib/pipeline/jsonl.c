/* JSON Lines over a window. What the keys mean is left to the caller. */
#include "pipeline/jsonl.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "base/json.h"
#include "base/json_pull.h"
#include "base/status.h"

enum {
    ARENA_BLOCK_BYTES =
        16 << 10, /* a headline's line fits several times; a steady load allocates nothing */
    ARENA_TIMES_LINE = 16, /* a tree may take that many times its text: [0,0,…] takes most */
};

void tmli_jsonl_init(tmli_jsonl *jsonl, tmli_source *source, size_t line_limit)
{
    *jsonl = (tmli_jsonl){0};
    tmli_window_init(&jsonl->window, source, line_limit);
    tmli_arena_init(&jsonl->arena, ARENA_BLOCK_BYTES,
                    line_limit <= SIZE_MAX / ARENA_TIMES_LINE ? line_limit * ARENA_TIMES_LINE : 0);
}

void tmli_jsonl_deinit(tmli_jsonl *jsonl)
{
    tmli_window_deinit(&jsonl->window);
    tmli_arena_deinit(&jsonl->arena);
}

/* The next line that holds more than white space. */
static tml_status next_line(tmli_jsonl *jsonl, tml_str *line, bool *has, tml_error *err)
{
    do {
        tml_error fault = {0};
        const tml_status status =
            tmli_window_line(&jsonl->window, &line->data, &line->len, has, &fault);
        if (status == TML_ELIMIT) {
            return tmli_fail(err, status, "%s:%" PRIu64 ":1: the line is longer than %zu bytes",
                             tmli_source_name(jsonl->window.source), jsonl->line + 1,
                             jsonl->window.limit_bytes);
        }
        if (status != TML_OK) {
            return tmli_fail(err, status, "%s", fault.text);
        }
        if (!*has) {
            return TML_OK;
        }
        jsonl->line++;
        if (jsonl->line == 1 && tmli_str_starts(*line, "\xEF\xBB\xBF")) {
            *line = (tml_str){line->data + 3, line->len - 3};
        }
    } while (tmli_str_trim(*line).len == 0);
    return TML_OK;
}

/* A file that is one list, as programs write it that were asked for JSON. */
static const char *list_remedy(tml_str line)
{
    return tmli_str_starts(tmli_str_trim(line), "[")
               ? " (a list's objects go on a line each, without brackets and commas around them)"
               : "";
}

/* The sentences of base/json begin with a place inside the text, which here is one line. */
static tml_status fail_json(const tmli_jsonl *jsonl, tml_status status, const char *sentence,
                            tml_str line, tml_error *err)
{
    static const char place[] = "line 1, column ";
    const char *name = tmli_source_name(jsonl->window.source);
    const size_t n = sizeof place - 1;
    const char *const remedy = list_remedy(line);
    if (strncmp(sentence, place, n) == 0) {
        return tmli_fail(err, status, "%s:%" PRIu64 ":%s%s", name, jsonl->line, sentence + n,
                         remedy);
    }
    return tmli_fail(err, status, "%s:%" PRIu64 ":1: %s%s", name, jsonl->line, sentence, remedy);
}

tml_status tmli_jsonl_next(tmli_jsonl *jsonl, const tmli_value **object, bool *has, tml_error *err)
{
    tml_str line;
    tml_status status = next_line(jsonl, &line, has, err);
    if (status != TML_OK || !*has) {
        return status;
    }
    tmli_arena_reset(&jsonl->arena);
    const tmli_value *value;
    tml_error fault = {0};
    status = tmli_json_parse(line, &jsonl->arena, &value, &fault);
    if (status != TML_OK) {
        return fail_json(jsonl, status, fault.text, line, err);
    }
    if (value->kind != TMLI_OBJECT) {
        return tmli_fail(err, TML_EFORMAT, "%s:%" PRIu64 ":1: %s, expected one object a line%s",
                         tmli_source_name(jsonl->window.source), jsonl->line,
                         tmli_kind_name(value->kind), list_remedy(line));
    }
    *object = value;
    jsonl->text = line;
    return TML_OK;
}

/* The value of the first member called key as it stands in the line; empty when there is none. */
static tml_str as_written(const tmli_jsonl *jsonl, const char *key)
{
    tmli_json_items items;
    tmli_json_token name;
    tmli_json_token value;
    bool has = true;
    tml_status status = tmli_json_open(jsonl->text, 0, &items, &value, NULL);
    items.scan.wants_utf8 = false; /* as when the line was parsed: readers repair texts */
    while (status == TML_OK && has) {
        status = tmli_json_next(&items, &name, &value, &has, NULL);
        if (status == TML_OK && has && tmli_json_says(&name, tmli_str(key))) {
            return value.text;
        }
    }
    return (tml_str){0};
}

tml_str tmli_jsonl_number(const tmli_jsonl *jsonl, const char *key, double value,
                          char number[TMLI_NUMBER_BYTES])
{
    static const double exact = 1e15; /* below, the shortest text has every digit */
    if (fabs(value) >= exact) {
        const tml_str text = as_written(jsonl, key);
        if (text.len > 0 && memchr(text.data, '.', text.len) == NULL &&
            memchr(text.data, 'e', text.len) == NULL && memchr(text.data, 'E', text.len) == NULL) {
            return text;
        }
    }
    return (tml_str){number, tmli_format_double(value, number)};
}
