/* Word vectors as text: lines, dimensions, headers, faults, and the published neighbours of a real file. */
#include "features/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/map.h"
#include "base/number.h"
#include "base/rng.h"
#include "support/alloc_fail.h"
#include "support/near.h"
#include "support/tmpdir.h"

typedef struct fixture {
    char *dir;
    char *path; /* of the last file written */
} fixture;

static int make_dir(void **state)
{
    static fixture f;
    f = (fixture){.dir = tmpdir_create()};
    *state = &f;
    return 0;
}

static int remove_dir(void **state)
{
    fixture *f = *state;
    free(f->path);
    tmpdir_remove(f->dir);
    return 0;
}

static const char *write_bytes(fixture *f, const void *bytes, size_t n)
{
    if (f->path != NULL) {
        (void)unlink(f->path); /* cutting an old file makes ext4 write it to the disk at once */
    }
    free(f->path);
    f->path = tmpdir_write(f->dir, "glove.txt", bytes, n);
    return f->path;
}

static const char *write_text(fixture *f, const char *text)
{
    return write_bytes(f, text, strlen(text));
}

/* Reads all of a file into "word=1,2 word=3,4"; the failing sentence from the file's name on otherwise. */
static const char *read_all(const char *path, size_t dims, char *out, size_t size)
{
    tmli_vectors *vectors = NULL;
    tml_error err = {0};
    size_t used = 0;
    out[0] = '\0';
    tml_status status = tmli_vectors_open(path, dims, &vectors, &err);
    bool has = status == TML_OK;
    while (has) {
        tml_str word;
        float values[16];
        assert_true(tmli_vectors_dims(vectors) <= 16);
        status = tmli_vectors_next(vectors, &word, &has, &err);
        if (status != TML_OK || !has) {
            break;
        }
        status = tmli_vectors_values(vectors, values, &err);
        if (status != TML_OK) {
            break;
        }
        used += (size_t)snprintf(out + used, size - used, "%s%.*s=", used > 0 ? " " : "",
                                 (int)word.len, word.data);
        for (size_t d = 0; d < tmli_vectors_dims(vectors); d++) {
            used += (size_t)snprintf(out + used, size - used, "%s%g", d > 0 ? "," : "",
                                     (double)values[d]);
        }
    }
    if (status != TML_OK) {
        const char *sentence = strstr(err.text, "glove.txt");
        (void)snprintf(out, size, "%s", sentence != NULL ? sentence : err.text);
        assert_int_equal(err.status, status);
    }
    tmli_vectors_close(vectors);
    return out;
}

typedef struct read_case {
    const char *name;
    const char *text;
    size_t dims;
    const char *want; /* what read_all gives */
} read_case;

static void check_cases(fixture *f, const read_case *cases, size_t n)
{
    char got[2048];
    for (size_t i = 0; i < n; i++) {
        (void)read_all(write_text(f, cases[i].text), cases[i].dims, got, sizeof got);
        if (strcmp(got, cases[i].want) != 0) {
            fail_msg("%s: got\n%s\nwant\n%s", cases[i].name, got, cases[i].want);
        }
    }
}

static void files_are_read_whatever_their_habits(void **state)
{
    static const read_case cases[] = {
        {"plain", "a 1 2\nb 3 4\n", 2, "a=1,2 b=3,4"},
        {"no final line end", "a 1 2\nb 3 4", 2, "a=1,2 b=3,4"},
        {"dimensions of the first line", "a 1 2 3\nb 3 4 5\n", 0, "a=1,2,3 b=3,4,5"},
        {"carriage returns", "a 1 2\r\nb 3 4\r\n", 2, "a=1,2 b=3,4"},
        {"blank at the end", "a 1 2 \nb 3 4 \r\n", 0, "a=1,2 b=3,4"},
        {"empty lines", "\na 1 2\n\n\nb 3 4\n\n", 2, "a=1,2 b=3,4"},
        {"byte-order mark",
         "\xef\xbb\xbf"
         "a 1 2\n",
         2, "a=1,2"},
        {"all shapes of numbers", "a -1.5 2.6336e-05 .5 5. +1 1E2 -0 0.000000001\n", 8,
         "a=-1.5,2.6336e-05,0.5,5,1,100,-0,1e-09"},
        {"words that are no ASCII", "caf\xc3\xa9 1 2\n\xe6\x97\xa5 3 4\n", 2,
         "caf\xc3\xa9=1,2 \xe6\x97\xa5=3,4"},
        {"a word with a no-break space", "10\xc2\xa0km 1 2\n", 2, "10\xc2\xa0km=1,2"},
        {"a word with a next-line character", "\xc2\x85 1 2\n", 2, "\xc2\x85=1,2"},
        {"words with blanks", ". . . 1 2\nat name@domain.com 3 4\nb 5 6\n", 2,
         ". . .=1,2 at name@domain.com=3,4 b=5,6"},
        {"first word with blanks", ". . . 1 2\nb 5 6\n", 0, ". . .=1,2 b=5,6"},
        {"words that look like numbers", "1 1 2\n2.5 3 4\n", 2, "1=1,2 2.5=3,4"},
        {"words that are bytes", "\xff 1 2\n", 2, "\xff=1,2"},
        {"one dimension", "a 1\nb 2\n", 1, "a=1 b=2"},
        {"word2vec", "2 3\na 1 2 3\nb 4 5 6\n", 0, "a=1,2,3 b=4,5,6"},
        {"word2vec, dimensions given", "2 3\na 1 2 3\nb 4 5 6\n", 3, "a=1,2,3 b=4,5,6"},
        {"word2vec, more words than promised", "1 2\na 1 2\nb 3 4\n", 0, "a=1,2 b=3,4"},
        {"word2vec, of nothing", "0 2\n", 2, ""},
        {"word2vec, of one dimension", "2 1\na 1\nb 2\n", 1, "a=1 b=2"},
        {"two numbers that are no header, for one dimension is expected", "12 5\nb 2\n", 1,
         "12=5 b=2"},
        {"not a header: a sign", "+2 3\n", 1, "+2=3"},
    };
    check_cases(*state, cases, sizeof cases / sizeof *cases);
}

static void faults_are_told_with_their_place(void **state)
{
    static const read_case cases[] = {
        {"empty", "", 2, "glove.txt: empty, expected word vectors"},
        {"only empty lines", "\n\r\n", 2, "glove.txt: empty, expected word vectors"},
        {"only a mark", "\xef\xbb\xbf", 0, "glove.txt: empty, expected word vectors"},
        {"too few", "a 1 2\nb 3\n", 2,
         "glove.txt:2: 1 number behind the word, expected 2 (set dims, or take the file "
         "with 2 dimensions)"},
        {"too many", "a 1 2\nb 3 4 5\n", 2,
         "glove.txt:2: 3 numbers behind the word, expected 2 (set dims, or take the file "
         "with 2 dimensions)"},
        {"another dimension from the start", "a 1 2 3 4 5\n", 2,
         "glove.txt:1: 5 numbers behind the word, expected 2 (set dims, or take the file "
         "with 2 dimensions)"},
        {"fewer than in the first line", "a 1 2\n\nb 3\n", 0,
         "glove.txt:3: 1 number behind the word, expected 2 as in line 1"},
        {"a word with blanks lacks a number", "a 1 2\n. . . 3\n", 2,
         "glove.txt:2: 1 number behind the word, expected 2 (set dims, or take the file "
         "with 2 dimensions)"},
        {"two blanks", "a  1 2\n", 2, "glove.txt:1: two blanks before the numbers, expected one"},
        {"two blanks between numbers", "a 1  2\n", 2,
         "glove.txt:1: 1 number behind the word, expected 2 (set dims, or take the file "
         "with 2 dimensions)"},
        {"no word", " 1 2\n", 2, "glove.txt:1: no word before the numbers"},
        {"nan", "a 1 nan\n", 2, "glove.txt:1: \"nan\" is not a finite number (number 2 of 2)"},
        {"inf", "a -inf 1\n", 2, "glove.txt:1: \"-inf\" is not a finite number (number 1 of 2)"},
        {"beyond a float", "a 1 1e99\n", 2,
         "glove.txt:1: \"1e99\" is not a finite number (number 2 of 2)"},
        {"text", "a 1 2x\n", 2, "glove.txt:1: \"2x\" is not a finite number (number 2 of 2)"},
        {"hexadecimal", "a 0x1 2\n", 2,
         "glove.txt:1: \"0x1\" is not a finite number (number 1 of 2)"},
        {"a decimal comma", "a 0,5 2\n", 2,
         "glove.txt:1: \"0,5\" is not a finite number (number 1 of 2)"},
        {"two points", "a 0.5.5 0.25 0.1\n", 3,
         "glove.txt:1: \"0.5.5\" is not a finite number (number 1 of 3)"},
        {"only words", "alpha beta\n", 0, "glove.txt:1: no numbers behind the word"},
        {"header and dims disagree", "2 3\na 1 2 3\n", 2,
         "glove.txt:1: 3 dimensions, expected 2 (set dims, or take the file with 2 "
         "dimensions)"},
        {"header of no dimensions", "2 0\n", 0, "glove.txt:1: 0 dimensions, expected 1 to 4194304"},
        {"cut behind the header", "3 2\na 1 2\nb 3 4\n", 2,
         "glove.txt: 2 words, line 1 promises 3: the file is cut short"},
        {"line 1 promises other dimensions", "2 3\na 1 2\n", 0,
         "glove.txt:2: 2 numbers behind the word, expected 3 as in line 1"},
        {"a zip archive", "PK\x03\x04 and more\n", 2,
         "glove.txt: a zip archive, expected word vectors as text or gzip (unpack it)"},
    };
    check_cases(*state, cases, sizeof cases / sizeof *cases);
}

static void a_file_that_is_not_there_is_named(void **state)
{
    (void)state;
    tmli_vectors *vectors = NULL;
    tml_error err = {0};
    assert_int_equal(tmli_vectors_open("/no/such/glove.txt", 2, &vectors, &err), TML_EIO);
    assert_null(vectors);
    assert_non_null(strstr(err.text, "/no/such/glove.txt"));
    tmli_vectors_close(NULL);
}

/* a 1 2, b 3 4, c 5 6, twenty times over; made with Python's gzip. */
static const unsigned char packed[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xff, 0x4b, 0x54, 0x30, 0x54, 0x30,
    0xe2, 0x4a, 0x52, 0x30, 0x56, 0x30, 0xe1, 0x4a, 0x56, 0x30, 0x55, 0x30, 0xe3, 0x4a, 0x1c,
    0x15, 0xa1, 0x81, 0x08, 0x00, 0x71, 0x85, 0xbb, 0xa8, 0x68, 0x01, 0x00, 0x00};

static void a_packed_file_is_unpacked_and_a_cut_one_is_noticed(void **state)
{
    fixture *f = *state;
    char got[2048];
    (void)read_all(write_bytes(f, packed, sizeof packed), 2, got, sizeof got);
    assert_int_equal(strncmp(got, "a=1,2 b=3,4 c=5,6 a=1,2", 23), 0);
    for (size_t n = 2; n < sizeof packed; n++) {
        (void)read_all(write_bytes(f, packed, n), 2, got, sizeof got);
        assert_int_equal(strncmp(got, "glove.txt", 9), 0);
    }
}

/* The sentence of tmli_vectors_next alone: nobody asks for the numbers of these lines. */
static void lines_are_checked_although_their_numbers_are_not_wanted(void **state)
{
    tmli_vectors *vectors = NULL;
    tml_error err = {0};
    tml_str word;
    bool has;
    assert_int_equal(
        tmli_vectors_open(write_text(*state, "a 1 2\nb nan x\nc 1\n"), 2, &vectors, &err), TML_OK);
    assert_int_equal(tmli_vectors_next(vectors, &word, &has, &err), TML_OK);
    assert_int_equal(tmli_vectors_next(vectors, &word, &has, &err), TML_OK);
    assert_true(tmli_str_eq_text(word, "b"));
    assert_int_equal(tmli_vectors_next(vectors, &word, &has, &err), TML_EFORMAT);
    assert_non_null(strstr(err.text, "glove.txt:3: 1 number behind the word, expected 2"));
    tmli_vectors_close(vectors);
}

static tmli_vocab vocab_of(const char *const *words, size_t n)
{
    tmli_map *map = tmli_map_create(3);
    uint64_t *counts = calloc(n, sizeof *counts);
    uint32_t *first = calloc(n, sizeof *first);
    uint32_t *ids = calloc(n, sizeof *ids);
    tmli_vocab vocab;
    for (size_t i = 0; i < n; i++) {
        counts[i] = n - i;
        first[i] = (uint32_t)i;
        assert_int_equal(tmli_map_add(map, tmli_str(words[i]), NULL), i);
    }
    assert_int_equal(tmli_vocab_build(map, counts, first, 0, ids, &vocab, NULL), TML_OK);
    free(counts);
    free(first);
    free(ids);
    tmli_map_free(map);
    return vocab;
}

static void filling_takes_the_first_of_duplicates_and_leaves_others_zero(void **state)
{
    const char *const words[] = {"a", "missing", "c"};
    tmli_vocab vocab = vocab_of(words, 3);
    float table[6] = {0};
    size_t found = 99;
    const char *path = write_text(*state, "a 1 2\nx nan nan\nc 3 4\na 5 6\na nan 7\n");
    assert_int_equal(tmli_vectors_fill(path, &vocab, 2, NULL, table, &found, NULL), TML_OK);
    assert_int_equal(found, 2);
    const float want[6] = {1, 2, 0, 0, 3, 4};
    assert_memory_equal(table, want, sizeof want);

    tml_error err = {0};
    path = write_text(*state, "a 1 2\nx 1\n");
    assert_int_equal(tmli_vectors_fill(path, &vocab, 2, NULL, table, &found, &err), TML_EFORMAT);
    assert_non_null(strstr(err.text, "glove.txt:2: 1 number behind the word, expected 2"));
    assert_int_equal(found, 2);
    tmli_vocab_deinit(&vocab);
}

static void filling_ends_when_it_is_to_stop(void **state)
{
    const char *const words[] = {"a"};
    tmli_vocab vocab = vocab_of(words, 1);
    const char *path = write_text(*state, "a 1 2\n");
    float table[2] = {0};
    size_t found = 99;
    tml_error err = {0};
    const atomic_bool stop = true;
    assert_int_equal(tmli_vectors_fill(path, &vocab, 2, &stop, table, &found, &err), TML_ESTOPPED);
    assert_non_null(strstr(err.text, "glove.txt: stopped while reading"));
    assert_int_equal(found, 99);
    tmli_vocab_deinit(&vocab);
}

static void a_line_without_an_end_is_refused(void **state)
{
    const size_t n = ((size_t)8 << 20) + 100;
    char *text = malloc(n);
    char got[2048];
    memset(text, 'x', n);
    text[0] = '\n';
    (void)read_all(write_bytes(*state, text, n), 2, got, sizeof got);
    assert_string_equal(
        got, "glove.txt:2: more than 8388608 bytes in a line, expected word vectors as text");
    free(text);
}

/* The short way through usual numbers is a second reading of the same text: it must give the same bits. */
static void usual_numbers_are_read_bit_for_bit_as_all_others(void **state)
{
    enum {
        N = 40000
    };
    char *text = malloc((size_t)N * 32 + 16);
    char *at = text + sprintf(text, "w");
    char **begins = malloc(N * sizeof *begins);
    tmli_rng rng = tmli_rng_at(5, TMLI_RNG_SHUFFLE, 0, 0);
    for (size_t i = 0; i < N; i++) {
        *at++ = ' ';
        begins[i] = at;
        const char *sign = tmli_rng_below(&rng, 2) == 0 ? "-" : "";
        at += sprintf(at, "%s%u.", sign,
                      tmli_rng_below(&rng, 8) == 0 ? tmli_rng_below(&rng, 300)
                                                   : tmli_rng_below(&rng, 10));
        for (uint32_t n = 1 + tmli_rng_below(&rng, 11); n > 0; n--) {
            *at++ = (char)('0' + tmli_rng_below(&rng, 10));
        }
        if (tmli_rng_below(&rng, 16) == 0) {
            at += sprintf(at, "e-%u", tmli_rng_below(&rng, 9));
        }
    }
    *at++ = '\n';
    tmli_vectors *vectors = NULL;
    tml_str word;
    bool has;
    float *values = malloc(N * sizeof *values);
    assert_int_equal(
        tmli_vectors_open(write_bytes(*state, text, (size_t)(at - text)), N, &vectors, NULL),
        TML_OK);
    assert_int_equal(tmli_vectors_next(vectors, &word, &has, NULL), TML_OK);
    assert_int_equal(tmli_vectors_values(vectors, values, NULL), TML_OK);
    for (size_t i = 0; i < N; i++) {
        float want;
        assert_non_null(tmli_scan_float(begins[i], at, &want));
        if (!(values[i] == want) || signbit(values[i]) != signbit(want)) {
            fail_msg("%.20s: %.9g and %.9g", begins[i], (double)values[i], (double)want);
        }
    }
    tmli_vectors_close(vectors);
    free(values);
    free(begins);
    free(text);
}

static void each_allocation_may_fail(void **state)
{
    const char *const words[] = {"a", "b"};
    tmli_vocab vocab = vocab_of(words, 2);
    const char *path = write_bytes(*state, packed, sizeof packed);
    float table[4];
    for (size_t nth = 0;; nth++) {
        size_t found = 99;
        tml_error err = {0};
        fail_allocation(nth);
        const tml_status status = tmli_vectors_fill(path, &vocab, 2, NULL, table, &found, &err);
        fail_allocation(NEVER);
        if (status == TML_OK) {
            assert_true(nth > 3);
            assert_int_equal(found, 2);
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
        assert_int_equal(found, 99);
    }
    tmli_vocab_deinit(&vocab);
}

/* Any bytes: an answer or a sentence, never a read out of bounds. */
static void damaged_files_are_refused_or_read(void **state)
{
    static const char text[] = "3 2\na 1.25 -2e-3\nb c 3 4\n\xc2\xa0 5.5 6 \r\n";
    char bytes[sizeof text];
    char got[2048];
    for (uint32_t round = 0; round < 2000; round++) {
        tmli_rng rng = tmli_rng_at(round, TMLI_RNG_SHUFFLE, 0, 0);
        memcpy(bytes, text, sizeof text);
        for (uint32_t n = 1 + tmli_rng_below(&rng, 4); n > 0; n--) {
            bytes[tmli_rng_below(&rng, sizeof text - 1)] =
                " \n\r0.e-\0a\xff"[tmli_rng_below(&rng, 10)];
        }
        const size_t len = sizeof text - tmli_rng_below(&rng, 6);
        (void)read_all(write_bytes(*state, bytes, len), round % 3, got, sizeof got);
    }
}

/* ---- the real file ---------------------------------------------------------------------------- */

enum {
    REAL_WORDS = 60000,
    REAL_DIMS = 100
};

/* Path of the shared vectors, or NULL with a line on stderr. */
static const char *real_path(char out[1024])
{
    const char *dir = getenv("TML_SHARED_DATA");
    (void)snprintf(out, 1024, "%s/vectors/glove-100d.txt.gz",
                   dir != NULL ? dir : TML_SHARED_DATA_DIR);
    if (!tmli_is_file(out)) {
        (void)fprintf(stderr, "SKIPPED: %s is not there (set TML_SHARED_DATA)\n", out);
        return NULL;
    }
    return out;
}

static tmli_vocab vocab_of_file(const char *path)
{
    tmli_map *map = tmli_map_create(3);
    uint64_t *counts = calloc(REAL_WORDS, sizeof *counts);
    uint32_t *first = calloc(REAL_WORDS, sizeof *first);
    uint32_t *ids = calloc(REAL_WORDS, sizeof *ids);
    tmli_vectors *vectors = NULL;
    tmli_vocab vocab;
    assert_int_equal(tmli_vectors_open(path, 0, &vectors, NULL), TML_OK);
    assert_int_equal(tmli_vectors_dims(vectors), REAL_DIMS);
    for (uint32_t i = 0;; i++) {
        tml_str word;
        bool has;
        assert_int_equal(tmli_vectors_next(vectors, &word, &has, NULL), TML_OK);
        if (!has) {
            assert_int_equal(i, REAL_WORDS);
            break;
        }
        assert_int_equal(tmli_map_add(map, word, NULL), i); /* all are distinct */
        counts[i] = 1;
        first[i] = i;
    }
    tmli_vectors_close(vectors);
    assert_int_equal(tmli_vocab_build(map, counts, first, 0, ids, &vocab, NULL), TML_OK);
    free(counts);
    free(first);
    free(ids);
    tmli_map_free(map);
    return vocab;
}

static double dot(const float *a, const float *b)
{
    double sum = 0;
    for (size_t d = 0; d < REAL_DIMS; d++) {
        sum += (double)a[d] * (double)b[d];
    }
    return sum;
}

typedef struct neighbours {
    const char *word;
    const char *near[5];
    double cosine[5];
} neighbours;

/* The five words with the greatest cosine, but for the word itself. */
static void check_neighbours(const tmli_vocab *vocab, const float *table, const double *norms,
                             const neighbours *want)
{
    const uint32_t self = tmli_vocab_find(vocab, tmli_str(want->word));
    assert_int_not_equal(self, TMLI_NO_TERM);
    double last = 2;
    for (size_t k = 0; k < 5; k++) {
        uint32_t best = 0;
        double best_cosine = -2;
        for (uint32_t id = 0; id < REAL_WORDS; id++) {
            const double cosine =
                dot(table + (size_t)id * REAL_DIMS, table + (size_t)self * REAL_DIMS) /
                (norms[id] * norms[self]);
            if (id != self && cosine < last && cosine > best_cosine) {
                best = id;
                best_cosine = cosine;
            }
        }
        const tml_str term = tmli_vocab_term(vocab, best);
        if (!tmli_str_eq_text(term, want->near[k])) {
            fail_msg("%s: neighbour %zu is %.*s, want %s", want->word, k, (int)term.len, term.data,
                     want->near[k]);
        }
        assert_near(best_cosine, want->cosine[k], 5e-5); /* printed with four digits */
        last = best_cosine;
    }
}

static void neighbours_in_the_real_file_are_the_published_ones(void **state)
{
    (void)state;
    /* shared/data/vectors/README.md */
    static const neighbours cases[] = {
        {"king",
         {"prince", "queen", "son", "brother", "monarch"},
         {.7682, .7508, .7021, .6986, .6978}},
        {"paris",
         {"france", "london", "brussels", "french", "rome"},
         {.7482, .7338, .7038, .6931, .6879}},
        {"computer",
         {"computers", "software", "technology", "pc", "hardware"},
         {.8752, .8373, .7642, .7366, .7290}},
        {"three", {"four", "two", "five", "six", "eight"}, {.9883, .9826, .9771, .9681, .9560}},
        {"frog",
         {"toad", "snake", "frogs", "monkey", "turtle"},
         {.7011, .6571, .6290, .6214, .6098}},
        {"stock",
         {"shares", "stocks", "market", "exchange", "trading"},
         {.8525, .8310, .7992, .7850, .7633}},
        {"cancer",
         {"breast", "prostate", "disease", "diabetes", "cancers"},
         {.8211, .8066, .7854, .7788, .7662}},
        {"hockey",
         {"basketball", "football", "nhl", "soccer", "baseball"},
         {.8042, .7834, .7604, .7441, .7312}},
    };
    char buffer[1024];
    const char *path = real_path(buffer);
    if (path == NULL) {
        skip();
        return;
    }
    tmli_vocab vocab = vocab_of_file(path);
    float *table = calloc((size_t)REAL_WORDS * REAL_DIMS, sizeof *table);
    double *norms = calloc(REAL_WORDS, sizeof *norms);
    size_t found = 0;
    assert_int_equal(tmli_vectors_fill(path, &vocab, REAL_DIMS, NULL, table, &found, NULL), TML_OK);
    assert_int_equal(found, REAL_WORDS);
    for (size_t id = 0; id < REAL_WORDS; id++) {
        norms[id] = sqrt(dot(table + id * REAL_DIMS, table + id * REAL_DIMS));
    }
    const uint32_t the = tmli_vocab_find(&vocab, TML_STR("the"));
    assert_near(norms[the], 5.821154, 1e-6);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_neighbours(&vocab, table, norms, &cases[i]);
    }
    free(table);
    free(norms);
    tmli_vocab_deinit(&vocab);
}

static void the_real_file_is_refused_with_other_dimensions(void **state)
{
    (void)state;
    char buffer[1024];
    const char *path = real_path(buffer);
    if (path == NULL) {
        skip();
        return;
    }
    const char *const words[] = {"the"};
    tmli_vocab vocab = vocab_of(words, 1);
    float table[300] = {0};
    size_t found;
    for (size_t dims = 50; dims <= 300; dims += 250) {
        tml_error err = {0};
        assert_int_equal(tmli_vectors_fill(path, &vocab, dims, NULL, table, &found, &err),
                         TML_EFORMAT);
        assert_non_null(
            strstr(err.text, "glove-100d.txt.gz:1: 100 numbers behind the word, expected "));
    }
    tmli_vocab_deinit(&vocab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_read_whatever_their_habits),
        cmocka_unit_test(faults_are_told_with_their_place),
        cmocka_unit_test(a_file_that_is_not_there_is_named),
        cmocka_unit_test(a_packed_file_is_unpacked_and_a_cut_one_is_noticed),
        cmocka_unit_test(lines_are_checked_although_their_numbers_are_not_wanted),
        cmocka_unit_test(filling_takes_the_first_of_duplicates_and_leaves_others_zero),
        cmocka_unit_test(filling_ends_when_it_is_to_stop),
        cmocka_unit_test(a_line_without_an_end_is_refused),
        cmocka_unit_test(usual_numbers_are_read_bit_for_bit_as_all_others),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(damaged_files_are_refused_or_read),
        cmocka_unit_test(neighbours_in_the_real_file_are_the_published_ones),
        cmocka_unit_test(the_real_file_is_refused_with_other_dimensions),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
