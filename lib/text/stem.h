/* text/stem.h: Snowball stemmers, through libstemmer (stem.c is the only file that includes it). */
#ifndef TEXT_STEM_H
#define TEXT_STEM_H

#include <stdbool.h>
#include <stddef.h>

#include "textml/str.h"
#include "textml/version.h"

enum {
    TMLI_STEM_BYTES_MAX = 256 /* of a word; longer ones are no words and stay as they are */
};

typedef struct tmli_stemmer tmli_stemmer; /* for one thread */

/* The names of the languages; static. */
const char *const *tmli_stem_languages(size_t *n);
/* The name in that list that equals language, which is static; NULL when none does. */
const char *tmli_stem_language(const char *language);

/* language: from tmli_stem_language. NULL when memory is short. */
tmli_stemmer *tmli_stemmer_create(const char *language) TML_NODISCARD;
void tmli_stemmer_free(tmli_stemmer *stemmer); /* NULL is allowed */
/* The pointer that the stemmer was created with. */
const char *tmli_stemmer_language(const tmli_stemmer *stemmer);
/* *out: the stem of word, valid UTF-8, borrowed from the stemmer until the next call; or word itself when it
 * is too long or nothing would be left of it. False when memory is short. */
bool tmli_stem(tmli_stemmer *stemmer, tml_str word, tml_str *out) TML_NODISCARD;

#endif
