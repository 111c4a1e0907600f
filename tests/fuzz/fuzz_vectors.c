/* Property: a file of word vectors gives words with finite numbers, the same again when they are written out and read; or
 * a sentence that begins with its name. Filling a table from it fails when reading it does.
 * Input: a byte for the number of dimensions (0 takes the first line's), then the file. */
#include "fuzz/fuzz.h"

#include <math.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/number.h"
#include "features/vectors.h"

enum {
    MAX_DIMS = 4096
};

/* The reader takes a path; the bytes stand in a file without a name. */
static void put_file(int fd, const void *bytes, size_t n)
{
    FUZZ_CHECK(ftruncate(fd, 0) == 0);
    FUZZ_CHECK(pwrite(fd, bytes, n, 0) == (ssize_t)n);
}

static int open_file(char path[32])
{
    char temporary[] = "/tmp/textml-fuzz-XXXXXX";
    const int fd = mkstemp(temporary);
    FUZZ_CHECK(fd >= 0 && unlink(temporary) == 0);
    (void)snprintf(path, 32, "/proc/self/fd/%d", fd);
    return fd;
}

typedef struct words {
    size_t dims;
    size_t n;
    tmli_buf values; /* the bytes of all numbers */
    tmli_buf text;   /* all words and numbers, written */
} words;

static void take_word(tml_str word, const float *values, words *out)
{
    FUZZ_CHECK(word.len > 0);
    tmli_buf_append_str(&out->text, word);
    for (size_t i = 0; i < out->dims; i++) {
        char number[TMLI_NUMBER_BYTES];
        FUZZ_CHECK(isfinite(values[i]));
        tmli_buf_append_byte(&out->text, ' ');
        tmli_buf_append(&out->text, number, tmli_format_float(values[i], number));
    }
    tmli_buf_append_byte(&out->text, '\n');
    tmli_buf_append(&out->values, values, out->dims * sizeof *values);
    out->n++;
}

static tml_status read_words(const char *path, size_t dims, words *out, tml_error *err)
{
    static float values[MAX_DIMS];
    tmli_vectors *vectors = NULL;
    tml_status status = tmli_vectors_open(path, dims, &vectors, err);
    if (status == TML_OK) {
        out->dims = tmli_vectors_dims(vectors);
        FUZZ_CHECK(out->dims >= 1 && (dims == 0 || out->dims == dims));
    }
    while (status == TML_OK) {
        tml_str word = {0};
        bool has = false;
        status = tmli_vectors_next(vectors, &word, &has, err);
        if (status != TML_OK || !has || out->dims > MAX_DIMS) {
            break;
        }
        status = tmli_vectors_values(vectors, values, err);
        if (status == TML_OK) {
            take_word(word, values, out);
        }
    }
    tmli_vectors_close(vectors);
    return status;
}

/* Numbers are compared by their bytes: minus zero stays minus zero. */
static void check_written(int fd, const char *path, const words *want)
{
    words got = {0};
    tmli_buf text = {0};
    /* With a header line, so that a word that looks like one is a word. */
    tmli_buf_printf(&text, "%zu %zu\n", want->n, want->dims);
    tmli_buf_append_str(&text, tmli_buf_str(&want->text));
    put_file(fd, text.data, text.len);
    FUZZ_CHECK(read_words(path, want->dims, &got, NULL) == TML_OK);
    FUZZ_CHECK(got.n == want->n && got.values.len == want->values.len);
    FUZZ_CHECK(memcmp(got.values.data, want->values.data, got.values.len) == 0);
    tmli_buf_deinit(&text);
    tmli_buf_deinit(&got.text);
    tmli_buf_deinit(&got.values);
}

static void build_vocab(tmli_vocab *out)
{
    static const tml_str terms[] = {{"the", 3}, {"a", 1}, {"\xC3\xA9", 2}};
    enum {
        N_TERMS = sizeof terms / sizeof *terms
    };
    uint64_t counts[N_TERMS] = {3, 2, 1};
    uint32_t first[N_TERMS] = {0, 1, 2};
    uint32_t ids[N_TERMS];
    tmli_map *const map = tmli_map_create(0);
    for (size_t i = 0; i < N_TERMS; i++) {
        FUZZ_CHECK(tmli_map_add(map, terms[i], NULL) == i);
    }
    FUZZ_CHECK(tmli_vocab_build(map, counts, first, 0, ids, out, NULL) == TML_OK);
    tmli_map_free(map);
}

static tml_status fill(const char *path, size_t dims)
{
    tmli_vocab vocab = {0};
    size_t n_found = 0;
    tml_error err = {0};
    build_vocab(&vocab);
    float *const table = calloc(vocab.n * dims, sizeof *table);
    FUZZ_CHECK(table != NULL);
    const tml_status status = tmli_vectors_fill(path, &vocab, dims, NULL, table, &n_found, &err);
    fuzz_check_error(status, &err, path);
    FUZZ_CHECK(n_found <= vocab.n);
    free(table);
    tmli_vocab_deinit(&vocab);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char path[32];
    static int fd = -1;
    if (fd < 0) {
        fd = open_file(path);
    }
    const size_t dims = fuzz_choice(&data, &size) % 5;
    words all = {0};
    tml_error err = {0};
    put_file(fd, data, size);
    const tml_status status = read_words(path, dims, &all, &err);
    fuzz_check_error(status, &err, path);
    if (dims > 0) {
        const tml_status filled = fill(path, dims);
        FUZZ_CHECK(status != TML_OK || filled == TML_OK);
    }
    if (status == TML_OK && all.n > 0) {
        check_written(fd, path, &all);
    }
    tmli_buf_deinit(&all.text);
    tmli_buf_deinit(&all.values);
    return 0;
}
