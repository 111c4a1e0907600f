/* support/drip.h: a FIFO that hands over its bytes one at a time, so that a reader meets the end of what is loaded behind
 * every single byte. */
#ifndef SUPPORT_DRIP_H
#define SUPPORT_DRIP_H

#include <stddef.h>

typedef struct drip drip;

/* Makes a FIFO at path and a thread that feeds it; open path for reading next. bytes: borrowed until drip_end. */
drip *drip_begin(const char *path, const void *bytes, size_t n);
/* Ends the feeding, also when the reader did not read everything, and removes the FIFO. The reader has opened path. */
void drip_end(drip *d);

#endif
