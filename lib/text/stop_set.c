/* Making a set of stop words. Asking it is in the header. */
#include "text/stop_set.h"

#include "base/mem.h"

enum {
    SLOTS_A_WORD =
        4, /* at least: a quarter full, most words that are not in the set meet a free slot at once */
    READ_BEHIND = 8, /* bytes that tmli_stop_hash reads at a word */
};

/* Words, then their bytes, in one block: *blob is where the bytes go. */
static bool alloc_words(tmli_stop_set *set, const tml_str *words, size_t n, char **blob)
{
    size_t bytes;
    if (!tmli_mul_size(n, sizeof *words, &bytes)) {
        return false;
    }
    const size_t table_bytes = bytes;
    for (size_t i = 0; i < n; i++) {
        if (!tmli_add_size(bytes, words[i].len, &bytes)) {
            return false;
        }
    }
    if (!tmli_add_size(bytes, READ_BEHIND, &bytes)) {
        return false;
    }
    set->words = tmli_calloc(bytes, 1);
    *blob = (char *)set->words + (set->words != NULL ? table_bytes : 0);
    return set->words != NULL;
}

static bool alloc_slots(tmli_stop_set *set, size_t n)
{
    if (n > UINT32_MAX / (2 * SLOTS_A_WORD)) {
        return false;
    }
    size_t n_slots = SLOTS_A_WORD;
    while (n_slots < SLOTS_A_WORD * n) {
        n_slots *= 2;
    }
    set->slots = tmli_calloc(n_slots, sizeof *set->slots);
    set->mask = n_slots - 1;
    return set->slots != NULL;
}

/* Adds the word that stands at bytes, padded. */
static void add(tmli_stop_set *set, tml_str word)
{
    const size_t i = tmli_stop_place(set, word);
    if (set->slots[i].number != 0) {
        return;
    }
    set->words[set->n++] = word;
    set->slots[i] = (tmli_stop_slot){(uint32_t)tmli_stop_hash(word), (uint32_t)set->n};
    set->lengths |= (uint64_t)1 << (word.len < 63 ? word.len : 63);
}

bool tmli_stop_set_init(tmli_stop_set *set, const tml_str *words, size_t n)
{
    *set = (tmli_stop_set){0};
    if (n == 0) {
        return true;
    }
    char *blob;
    if (!alloc_words(set, words, n, &blob) || !alloc_slots(set, n)) {
        tmli_stop_set_deinit(set);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (words[i].len > 0) {
            memcpy(blob, words[i].data, words[i].len);
        }
        add(set, (tml_str){blob, words[i].len});
        blob += words[i].len;
    }
    return true;
}

void tmli_stop_set_deinit(tmli_stop_set *set)
{
    tmli_free(set->words);
    tmli_free(set->slots);
    *set = (tmli_stop_set){0};
}
