#include "serve/kept.h"

#include <string.h>

#include "base/hash.h"

serve_kept *serve_kept_place(serve_kept_table *table, const serve_answer *answer)
{
    const size_t n = answer->body.len;
    if (answer->status != 200 || n == 0 || n > SERVE_KEPT_ANSWER_BYTES || answer->is_gzip ||
        answer->custom_attributes.len > 0 || answer->extra[0].name != NULL) {
        return NULL;
    }
    return &table->places[tmli_hash_v1(tmli_buf_str(&answer->body)) % SERVE_KEPT_ANSWERS];
}

void *serve_kept_get(const serve_kept *place, const serve_answer *answer)
{
    const bool is_same = place->response != NULL && place->content_type == answer->content_type &&
                         place->n == answer->body.len &&
                         memcmp(place->bytes, answer->body.data, place->n) == 0;
    return is_same ? place->response : NULL;
}

void *serve_kept_put(serve_kept *place, const serve_answer *answer, void *response)
{
    void *replaced = place->response;
    place->response = response;
    place->content_type = answer->content_type;
    place->n = answer->body.len;
    memcpy(place->bytes, answer->body.data, place->n);
    return replaced;
}
