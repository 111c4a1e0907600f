/* support/word_model.h: models of two words whose answers tell which of them has answered: "hot" is NAME-hot and "ice" is
 * NAME-ice. Each call fails the running test when it cannot do its work. */
#ifndef SUPPORT_WORD_MODEL_H
#define SUPPORT_WORD_MODEL_H

#include <stddef.h>

/* Trains with a file in dir and writes the artifact to model_dir. */
void word_model(const char *dir, const char *model_dir, const char *name);
/* The same with n more bytes of tensors. */
void word_model_padded(const char *dir, const char *model_dir, const char *name, size_t n);
/* Copies an artifact: with links instead of copies when is_linked. */
void word_model_copy(const char *from, const char *to, int is_linked);

/* The artifacts a and b, made once: set-up and tear-down of a group. */
int word_models_make(void **state);
int word_models_remove(void **state);
/* The path of one of them (free). */
char *word_models_path(const char *which);
/* Copies one of them, file by file. */
void word_models_put(const char *which, const char *to);

#endif
