/* The nearest of a few names, by edit distance. */
#include "base/suggest.h"

#include <stdbool.h>

#include "base/bytes.h"

enum {
    MAX_NAME_BYTES = 64
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static char lower_ascii(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_same(char a, char b)
{
    return lower_ascii(a) == lower_ascii(b);
}

/* Optimal string alignment: Levenshtein's distance with swaps of neighbours, over three rows of its table.
 * a, b: at most MAX_NAME_BYTES long. */
static size_t edit_distance(tml_str a, tml_str b)
{
    size_t rows[3][MAX_NAME_BYTES + 1];
    size_t *two_up = rows[0];
    size_t *up = rows[1];
    size_t *row = rows[2];
    for (size_t j = 0; j <= b.len; j++) {
        up[j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            const size_t changed = is_same(a.data[i - 1], b.data[j - 1]) ? 0 : 1;
            row[j] = least(up[j - 1] + changed, least(up[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && is_same(a.data[i - 1], b.data[j - 2]) &&
                is_same(a.data[i - 2], b.data[j - 1])) {
                row[j] = least(row[j], two_up[j - 2] + 1);
            }
        }
        size_t *const spare = two_up;
        two_up = up;
        up = row;
        row = spare;
    }
    return up[b.len];
}

const char *tmli_nearest(tml_str name, const char *const *candidates, size_t n)
{
    if (name.len > MAX_NAME_BYTES) {
        return NULL;
    }
    const char *nearest = NULL;
    size_t nearest_distance = 0;
    for (size_t i = 0; i < n; i++) {
        const tml_str candidate = tmli_str(candidates[i]);
        if (candidate.len > MAX_NAME_BYTES) {
            continue;
        }
        const size_t longer = name.len > candidate.len ? name.len : candidate.len;
        const size_t allowed = longer >= 3 ? longer / 3 : 1;
        const size_t distance = edit_distance(name, candidate);
        if (distance <= allowed && (nearest == NULL || distance < nearest_distance)) {
            nearest = candidates[i];
            nearest_distance = distance;
        }
    }
    return nearest;
}
