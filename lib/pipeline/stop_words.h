/* pipeline/stop_words.h: the recipe's text.stop_words, which may name a list that is built in, or a file. */
#ifndef PIPELINE_STOP_WORDS_H
#define PIPELINE_STOP_WORDS_H

#include "pipeline/recipe.h"

/* Puts the words of a file, one a line, in the place of its name, so that the recipe needs the file no more. Names of lists
 * and lists of words stay. A single entry is a word when it is neither a list's name nor has a dot or slash.
 * Errors: TML_EIO, TML_ELIMIT, TML_EINVAL for a name that is nearly a list's, TML_ENOMEM. */
TML_NODISCARD tml_status tmli_read_stop_words(tml_recipe *recipe, tml_error *err);

#endif
