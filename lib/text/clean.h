/* text/clean.h: the normalization steps that take something out of a text where it stands. */
#ifndef TEXT_CLEAN_H
#define TEXT_CLEAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "text/stop_set.h"

/* Each works on valid UTF-8 in place and leaves valid UTF-8. text: padded, and so afterwards. */
void tmli_strip_html(tmli_buf *text); /* re.sub(r'<([^>]+)>', ' ', t) */
void tmli_strip(tmli_buf *text);      /* t.strip() */
/* '\n'.join(t.split('\n')[count:]) of a text with so many line ends; others have no header and stay as they are. */
void tmli_drop_lines(tmli_buf *text, size_t count);
void tmli_drop_empty_lines(tmli_buf *text); /* … of t.split('\n'), those not empty */
void tmli_letters_only(tmli_buf *text);     /* re.sub('[^a-zA-Z]', ' ', t) */
/* ''.join(w + ' ' for w in t.split(' ') if w not in stop_words); false when memory is short, as it may grow by a byte. */
bool tmli_drop_stop_words(tmli_buf *text, const tmli_stop_set *stop_words);

#endif
