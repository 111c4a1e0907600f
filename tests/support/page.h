/* support/page.h: reading a page strictly: what is markup in it, and is it ours? */
#ifndef SUPPORT_PAGE_H
#define SUPPORT_PAGE_H

#include <stdbool.h>

#include "textml/str.h"

/* True when every tag, attribute and entity of the page is one that the report writes, values are quoted, tags nest, and
 * the bytes are valid UTF-8 without control characters. Otherwise prints the place and what was found. */
bool page_is_sound(tml_str page);

#endif
