/* Stemmers: the only file that includes libstemmer. */
#include "text/stem.h"

#include <string.h>

#include <libstemmer.h>

#include "base/mem.h"

struct tmli_stemmer {
    struct sb_stemmer *snowball; /* owned */
    const char *language;        /* static */
};

const char *const *tmli_stem_languages(size_t *n)
{
    const char *const *const names = sb_stemmer_list();
    size_t count = 0;
    while (names[count] != NULL) {
        count++;
    }
    *n = count;
    return names;
}

const char *tmli_stem_language(const char *language)
{
    size_t n;
    const char *const *const names = tmli_stem_languages(&n);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(names[i], language) == 0) {
            return names[i];
        }
    }
    return NULL;
}

tmli_stemmer *tmli_stemmer_create(const char *language)
{
    tmli_stemmer *const stemmer = tmli_malloc(sizeof *stemmer);
    if (stemmer == NULL) {
        return NULL;
    }
    stemmer->language = language;
    stemmer->snowball = sb_stemmer_new(language, "UTF_8");
    if (stemmer->snowball == NULL) {
        tmli_free(stemmer);
        return NULL;
    }
    return stemmer;
}

void tmli_stemmer_free(tmli_stemmer *stemmer)
{
    if (stemmer == NULL) {
        return;
    }
    sb_stemmer_delete(stemmer->snowball);
    tmli_free(stemmer);
}

const char *tmli_stemmer_language(const tmli_stemmer *stemmer)
{
    return stemmer->language;
}

bool tmli_stem(tmli_stemmer *stemmer, tml_str word, tml_str *out)
{
    *out = word;
    if (word.len > TMLI_STEM_BYTES_MAX) {
        return true;
    }
    const sb_symbol *const stem =
        sb_stemmer_stem(stemmer->snowball, (const sb_symbol *)word.data, (int)word.len);
    if (stem == NULL) {
        return false;
    }
    const int n = sb_stemmer_length(stemmer->snowball);
    if (n > 0) {
        *out = (tml_str){(const char *)stem, (size_t)n};
    }
    return true;
}
