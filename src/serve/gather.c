#include "serve/gather.h"

void serve_gather_answer(serve_gathered *gathered, serve_lane *lane)
{
    serve_exchange_work(gathered->waiting, gathered->n, lane);
    gathered->n = 0;
    gathered->n_bytes = 0;
}

void serve_gather(serve_gathered *gathered, serve_exchange *ex)
{
    ex->stage = SERVE_WAITING;
    gathered->waiting[gathered->n++] = ex;
    gathered->n_bytes += ex->body.len;
    if (gathered->n == SERVE_MAX_GATHERED || gathered->n_bytes > SERVE_LONG_BODY_BYTES) {
        serve_gather_answer(gathered, ex->lane);
    }
}

void serve_gather_forget(serve_gathered *gathered, const serve_exchange *ex)
{
    size_t n = 0;
    for (size_t i = 0; i < gathered->n; i++) {
        if (gathered->waiting[i] != ex) {
            gathered->waiting[n++] = gathered->waiting[i];
        }
    }
    gathered->n = n;
}
