/* base/json_pull.h: JSON read value by value where it stands: no tree, and no memory but for strings with escapes.
 *
 * One pass checks and reads: what is wrong is found when the reader comes to it, so whoever reads to the end has checked
 * everything. It is as strict as tmli_json_parse, with the same sentences, and besides wants UTF-8 in strings.
 *
 *     tmli_json_items items;
 *     tmli_json_token value, key, member;
 *     TMLI_TRY(tmli_json_open(body, 0, &items, &value, err));
 *     if (value.kind == TMLI_OBJECT) {
 *         do {
 *             TMLI_TRY(tmli_json_next(&items, &key, &member, &has, err));
 *             …
 *         } while (has);
 *     }
 *
 * Tokens borrow from the document. Threads: any number, each with its own reader. */
#ifndef BASE_JSON_PULL_H
#define BASE_JSON_PULL_H

#include "base/arena.h"
#include "base/json_check.h"
#include "textml/status.h"
#include "textml/str.h"

/* A place between the items of a list, or the members of an object. It may be copied, to read them again. */
typedef struct tmli_json_items {
    tmli_json_scanner scan;
    size_t lines_before; /* of the document, in what sentences count */
    bool is_object;
    bool has_begun;
    bool has_ended;
    bool is_document; /* behind its end nothing may stand */
} tmli_json_items;

/* Opens a document; a byte order mark at the start is skipped. A scalar is read whole. A list or an object (*value has its
 * kind, its text runs to the document's end) is read from *items, to the end. lines_before: 0, or how many lines come
 * before the document in what the user sent. Errors: TML_EFORMAT with line and column. */
TML_NODISCARD tml_status tmli_json_open(tml_str document, size_t lines_before,
                                        tmli_json_items *items, tmli_json_token *value,
                                        tml_error *err);
/* Opens a list or an object that was found among `from`. */
void tmli_json_enter(const tmli_json_items *from, const tmli_json_token *container,
                     tmli_json_items *out);
/* The next item, with all it holds, or member and its key (in lists an empty token); *has false at the end, then and
 * later. Errors: TML_EFORMAT with line and column, after which the items are of no use. */
TML_NODISCARD tml_status tmli_json_next(tmli_json_items *items, tmli_json_token *key,
                                        tmli_json_token *value, bool *has, tml_error *err);

/* What a STRING says: in the document when it is written without escapes, else in arena. Errors: TML_ENOMEM. */
TML_NODISCARD tml_status tmli_json_text(const tmli_json_token *string, tmli_arena *arena,
                                        tml_str *out, tml_error *err);
/* Whether a STRING says this. */
bool tmli_json_says(const tmli_json_token *string, tml_str text);

#endif
