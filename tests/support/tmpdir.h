/* support/tmpdir.h: a directory of a test's own. Each call fails the running test when it cannot do its work. */
#ifndef SUPPORT_TMPDIR_H
#define SUPPORT_TMPDIR_H

#include <stddef.h>

/* A new empty directory below $TMPDIR or /tmp. Owned: tmpdir_remove. */
char *tmpdir_create(void);
/* Removes the directory with everything in it (links are not followed) and frees the path. NULL is allowed. */
void tmpdir_remove(char *dir);
/* Set-up and tear-down of a test: *state is a directory. */
int tmpdir_set_up(void **state);
int tmpdir_tear_down(void **state);
/* DIR/NAME as a new string (free). */
char *tmpdir_path(const char *dir, const char *name);
/* Writes DIR/NAME, making the directories in NAME, and returns its path (free). */
char *tmpdir_write(const char *dir, const char *name, const void *bytes, size_t n);
/* The same for a C string; nothing is returned. */
void tmpdir_write_text(const char *dir, const char *name, const char *text);

#endif
