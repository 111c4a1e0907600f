/* The hashes against published values and against the xxhash library 0.8.1 (xxhsum -H1, XXH64). */
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"

enum {
    N = 1000
};

static unsigned char data[N];

static int fill(void **state)
{
    (void)state;
    for (size_t i = 0; i < N; i++) {
        data[i] = (unsigned char)((i * 7 + 3) & 0xff);
    }
    return 0;
}

static void hash_v1_is_fnv_1a(void **state)
{
    (void)state;
    assert_int_equal(tmli_hash_v1(TML_STR("textml")), 0xaf6fda1f);
    assert_int_equal(tmli_hash_v1(TML_STR("")), 0x811c9dc5);
    assert_int_equal(tmli_hash_v1(TML_STR("a")), 0xe40c292c);
    assert_int_equal(tmli_hash_v1(TML_STR("foobar")), 0xbf9cf968);
    assert_int_equal(tmli_hash_v1((tml_str){NULL, 0}), 0x811c9dc5);
}

static void hash64_v1_gives_published_values(void **state)
{
    (void)state;
    assert_true(tmli_hash64_v1("", 0, 0) == UINT64_C(0xef46db3751d8e999));
    assert_true(tmli_hash64_v1(NULL, 0, 0) == UINT64_C(0xef46db3751d8e999));
    assert_true(tmli_hash64_v1("a", 1, 0) == UINT64_C(0xd24ec4f1a98c6e5b));
    assert_true(tmli_hash64_v1("abc", 3, 0) == UINT64_C(0x44bc2cf5ad770999));
}

static const struct golden {
    size_t n;
    uint64_t seed;
    uint64_t want;
} goldens[] = {
    {0, 0, UINT64_C(0xef46db3751d8e999)},
    {1, 0, UINT64_C(0x1f25c8d0bc1f4bb6)},
    {3, 0, UINT64_C(0x31d2363f52e564c9)},
    {4, 0, UINT64_C(0x9bb64b7d66ee9fda)},
    {7, 0, UINT64_C(0x9a7b149959ce60d8)},
    {8, 0, UINT64_C(0xdab99d95c6f90092)},
    {12, 0, UINT64_C(0xd52e407833af5133)},
    {31, 0, UINT64_C(0xa2aa5f33cc4a6119)},
    {32, 0, UINT64_C(0x23c3c17ef790fd97)},
    {33, 0, UINT64_C(0x50a7cfc7ba588784)},
    {63, 0, UINT64_C(0x5e3e54b431c7493c)},
    {64, 0, UINT64_C(0x0eb64b3ef6eeb01f)},
    {100, 0, UINT64_C(0xa61f8d4c170fe531)},
    {1000, 0, UINT64_C(0x5f235fa033f1a3fb)},
    {0, 2654435761, UINT64_C(0xac75fda2929b17ef)},
    {0, UINT64_MAX, UINT64_C(0x298f4c84b24f5380)},
    {1, 2654435761, UINT64_C(0x79cf94f5ace37fe1)},
    {1, UINT64_MAX, UINT64_C(0x7b75c7a6356b0b4d)},
    {5, 2654435761, UINT64_C(0xf6ca02179471d4a8)},
    {5, UINT64_MAX, UINT64_C(0xe214d71e0881f9f3)},
    {31, 2654435761, UINT64_C(0x381822f33376d6b6)},
    {31, UINT64_MAX, UINT64_C(0x931df7ff3b1d1e4a)},
    {32, 2654435761, UINT64_C(0x9abd315470ac276a)},
    {32, UINT64_MAX, UINT64_C(0x2cd9b29bf8eed6bf)},
    {100, 2654435761, UINT64_C(0x86f549ede5ac87e2)},
    {100, UINT64_MAX, UINT64_C(0x7d5ca39dfcfbeaca)},
    {1000, 2654435761, UINT64_C(0x83080310ee83cc20)},
    {1000, UINT64_MAX, UINT64_C(0x75a57189c6551b25)},
};
enum {
    N_GOLDENS = sizeof goldens / sizeof *goldens
};

static void hash64_v1_agrees_with_xxhash(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_GOLDENS; i++) {
        assert_true(tmli_hash64_v1(data, goldens[i].n, goldens[i].seed) == goldens[i].want);
    }
}

static void a_stream_in_any_pieces_gives_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_GOLDENS; i++) {
        const size_t n = goldens[i].n;
        for (size_t piece = 1; piece <= n + 1; piece += piece / 3 + 1) {
            tmli_hash64_state s;
            tmli_hash64_begin(&s, goldens[i].seed);
            for (size_t at = 0; at < n; at += piece) {
                tmli_hash64_update(&s, data + at, n - at < piece ? n - at : piece);
                tmli_hash64_update(&s, NULL, 0);
            }
            assert_true(tmli_hash64_end(&s) == goldens[i].want);
            assert_true(tmli_hash64_end(&s) == goldens[i].want);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_v1_is_fnv_1a),
        cmocka_unit_test(hash64_v1_gives_published_values),
        cmocka_unit_test(hash64_v1_agrees_with_xxhash),
        cmocka_unit_test(a_stream_in_any_pieces_gives_the_same),
    };
    return cmocka_run_group_tests(tests, fill, NULL);
}
