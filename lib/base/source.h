/* base/source.h: a stream of bytes from a file, a pipe or memory; gzip is recognised by its first bytes and unpacked. */
#ifndef BASE_SOURCE_H
#define BASE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "textml/status.h"
#include "textml/str.h"

typedef struct tmli_source tmli_source;

/* Opens path for one sequential pass. out: free with tmli_source_free. Errors: TML_EIO with the path and reason. */
TML_NODISCARD tml_status tmli_source_open(const char *path, tmli_source **out, tml_error *err);
/* Reads from bytes that are borrowed until free. name stands in error sentences and is copied. */
TML_NODISCARD tml_status tmli_source_memory(const char *name, const void *bytes, size_t n,
                                            tmli_source **out, tml_error *err);
void tmli_source_free(tmli_source *source); /* NULL is allowed */

/* Up to n bytes (n at least 1) into buffer; *got 0 only at the end. Several gzip members in a row are one stream.
 * Errors: TML_EIO, TML_EFORMAT for gzip data that are damaged or cut short; the sentence begins with the name. */
TML_NODISCARD tml_status tmli_source_read(tmli_source *source, void *buffer, size_t n, size_t *got,
                                          tml_error *err);
/* Unpacks gzip on a thread of its own from here on, some pieces ahead of the reader; does nothing for plain bytes. Waits
 * for the first bytes. The reader stays one thread. Errors: those of tmli_source_read, TML_EIO, TML_ENOMEM. */
TML_NODISCARD tml_status tmli_source_read_ahead(tmli_source *source, tml_error *err);
const char *tmli_source_name(const tmli_source *source);
/* Bytes in memory, unpacked into *unpacked when they are gzip; otherwise *out is bytes itself. name: for sentences.
 * Errors: TML_EFORMAT for damaged data, TML_ELIMIT for more than limit_bytes, TML_ENOMEM. */
TML_NODISCARD tml_status tmli_gunzip(const char *name, tml_str bytes, size_t limit_bytes,
                                     tmli_buf *unpacked, tml_str *out, tml_error *err);

/* A window over a source, for readers that cut records: bytes [at, end) are loaded. */
typedef struct tmli_window {
    tmli_source *source; /* borrowed */
    char *data;          /* owned */
    size_t at;           /* first byte not consumed */
    size_t end;          /* behind the last byte loaded */
    size_t capacity;
    size_t limit_bytes; /* the longest record that is held */
    bool ended;         /* the source has no more */
    bool is_latin1;     /* what is loaded was turned from latin-1 into UTF-8 */
} tmli_window;

/* limit_bytes: at least 1. */
void tmli_window_init(tmli_window *window, tmli_source *source, size_t limit_bytes);
void tmli_window_deinit(tmli_window *window);
/* From here on the source's bytes are latin-1 and come as UTF-8; what is loaded already is turned too. Limits count the
 * bytes of UTF-8. Call it once. Errors: TML_ENOMEM. */
TML_NODISCARD tml_status tmli_window_set_latin1(tmli_window *window, tml_error *err);
/* Loads more behind end, moving [at, end) to the front or growing when needed; pointers into data become invalid and
 * offsets relative to at stay. Sets ended when nothing more came. Errors: TML_ELIMIT when [at, end) already is
 * limit_bytes long, TML_ENOMEM, and the source's. */
TML_NODISCARD tml_status tmli_window_fill(tmli_window *window, tml_error *err);
/* The next line without its line end (\n or \r\n), consumed; *out borrowed until the next call; *has false at the end. */
TML_NODISCARD tml_status tmli_window_line(tmli_window *window, const char **out, size_t *len,
                                          bool *has, tml_error *err);

#endif
