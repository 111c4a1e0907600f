#include "pipeline/stop_words.h"

#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/status.h"
#include "base/suggest.h"

#define EXPECTED                                                                                   \
    "english, nltk, none, a list of words, or the name of a file, with a . or /, that holds them " \
    "one a line"

enum {
    FILE_BYTES_MAX = 1 << 20
};

/* The next line of *rest without blanks around it. */
static tml_str next_word(tml_str *rest)
{
    const char *end = memchr(rest->data, '\n', rest->len);
    const size_t n = end != NULL ? (size_t)(end - rest->data) : rest->len;
    const size_t taken = end != NULL ? n + 1 : n;
    const tml_str word = tmli_str_trim((tml_str){rest->data, n});
    *rest = (tml_str){rest->data + taken, rest->len - taken};
    return word;
}

static size_t count_words(tml_str text)
{
    size_t n = 0;
    while (text.len > 0) {
        n += next_word(&text).len > 0;
    }
    return n;
}

static tml_status take_words(tml_recipe *recipe, const char *path, tml_str text, tml_error *err)
{
    tmli_texts words = {.n = 0};
    const size_t n = count_words(text);
    if (n == 0 || memchr(text.data, '\0', text.len) != NULL) {
        return tmli_fail(err, TML_EFORMAT, "%s: expected stop words, one a line", path);
    }
    words.items = tmli_arena_alloc(&recipe->arena, n, sizeof(*words.items));
    if (words.items == NULL) {
        return tmli_fail_memory(err, "the stop words");
    }
    while (text.len > 0) {
        const tml_str word = next_word(&text);
        if (word.len > 0) {
            words.items[words.n] = tmli_arena_copy(&recipe->arena, word);
            if (words.items[words.n++] == NULL) {
                return tmli_fail_memory(err, "the stop words");
            }
        }
    }
    recipe->stop_words = words;
    return TML_OK;
}

/* A single word is more often a name gone wrong than a list of one. */
static tml_status unknown_list(const char *name, tml_error *err)
{
    static const char *const names[] = {"english", "nltk", "none"};
    const char *nearest = tmli_nearest(tmli_str(name), names, sizeof(names) / sizeof(names[0]));
    if (nearest != NULL) {
        return tmli_fail(err, TML_EINVAL,
                         "text.stop_words: no list is called \"%s\"; did you mean \"%s\"?", name,
                         nearest);
    }
    return tmli_fail(err, TML_EINVAL,
                     "text.stop_words: no list is called \"%s\"; expected " EXPECTED, name);
}

tml_status tmli_read_stop_words(tml_recipe *recipe, tml_error *err)
{
    size_t n_known = 0;
    if (recipe->stop_words.n != 1) {
        return TML_OK;
    }
    const char *name = recipe->stop_words.items[0];
    if (strcmp(name, "none") == 0) {
        recipe->stop_words.n = 0;
        return TML_OK;
    }
    if (tml_stop_words(name, &n_known) != NULL) {
        return TML_OK;
    }
    if (strpbrk(name, "./") == NULL) {
        return unknown_list(name, err);
    }
    if (!tmli_is_file(name)) {
        return tmli_fail(err, TML_EIO, "text.stop_words: %s is not a file; expected " EXPECTED,
                         name);
    }
    tmli_buf text = {0};
    tml_status status = tmli_file_read(name, FILE_BYTES_MAX, &text, err);
    if (status == TML_OK) {
        status = take_words(recipe, name, tmli_buf_str(&text), err);
    }
    tmli_buf_deinit(&text);
    return status;
}
