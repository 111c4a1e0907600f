#include "pipeline/names.h"

#include <stdio.h>

#include "base/bytes.h"
#include "base/status.h"
#include "base/suggest.h"

enum {
    NAMES_SHOWN = 8 /* names that the sentence lists */
};

void tmli_names_add(tmli_names *list, tml_str name)
{
    if (list->n < TMLI_NAMES_KEPT) {
        const tml_str shown = tmli_str_trim(name);
        (void)snprintf(list->kept[list->n], TMLI_NAME_BYTES + 1, "%.*s", TMLI_SHOWN(shown));
    }
    list->n++;
}

void tmli_names_missing(const tmli_names *list, const char *kind, const char *option,
                        const char *name, const char *more, char out[TMLI_NAMES_TEXT])
{
    const char *candidates[TMLI_NAMES_KEPT];
    char shown[NAMES_SHOWN * (TMLI_NAME_BYTES + 2) + 32] = "";
    size_t used = 0;
    const size_t n = list->n < TMLI_NAMES_KEPT ? list->n : TMLI_NAMES_KEPT;
    for (size_t i = 0; i < n; i++) {
        candidates[i] = list->kept[i];
        if (i < NAMES_SHOWN) {
            used += (size_t)snprintf(shown + used, sizeof shown - used, "%s%s", i > 0 ? ", " : "",
                                     list->kept[i]);
        }
    }
    if (list->n > NAMES_SHOWN) {
        (void)snprintf(shown + used, sizeof shown - used, " and %zu more", list->n - NAMES_SHOWN);
    }
    const char *nearest = tmli_nearest(tmli_str(name), candidates, n);
    (void)snprintf(out, TMLI_NAMES_TEXT, "no %s \"%s\"; the %ss are %s%s%s%s (set %s=NAME%s)", kind,
                   name, kind, shown, nearest != NULL ? ": did you mean \"" : "",
                   nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "", option, more);
}
