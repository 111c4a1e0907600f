/* A ring of pieces between one reading thread and one consumer. */
#include "base/source_ahead.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/status.h"
#include "base/thread.h"

enum {
    PIECES = 4,               /* one is filled, one is consumed, two smooth the pace */
    PIECE_BYTES = 128 * 1024, /* stays in the second-level cache from one thread to the other */
};

typedef struct piece {
    size_t n;          /* bytes; 0 marks the end, or the failure */
    unsigned char *at; /* [PIECE_BYTES] of the ring's slab */
} piece;

struct tmli_ahead {
    tmli_read_fn read;
    void *ctx;
    unsigned char *slab; /* owned */
    piece pieces[PIECES];
    size_t used; /* bytes of the first piece that the consumer has; the consumer's alone */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t first, count; /* filled pieces; under lock */
    bool stopping;       /* under lock */
    bool ended;          /* the consumer has met the end; the consumer's alone */
    tml_status status;   /* written before the last piece is handed over */
    tml_error err;
};

/* The place for the next piece, or NULL when the consumer wants no more. */
static piece *wait_for_room(tmli_ahead *ahead)
{
    (void)pthread_mutex_lock(&ahead->lock);
    while (ahead->count == PIECES && !ahead->stopping) {
        (void)pthread_cond_wait(&ahead->changed, &ahead->lock);
    }
    piece *next = ahead->stopping ? NULL : &ahead->pieces[(ahead->first + ahead->count) % PIECES];
    (void)pthread_mutex_unlock(&ahead->lock);
    return next;
}

static void hand_over(tmli_ahead *ahead)
{
    (void)pthread_mutex_lock(&ahead->lock);
    ahead->count++;
    (void)pthread_cond_signal(&ahead->changed);
    (void)pthread_mutex_unlock(&ahead->lock);
}

/* Fills a piece as far as the source goes; a failure ends it early and is kept. */
static void fill(tmli_ahead *ahead, piece *p)
{
    p->n = 0;
    while (p->n < PIECE_BYTES && ahead->status == TML_OK) {
        size_t got = 0;
        ahead->status =
            ahead->read(ahead->ctx, p->at + p->n, PIECE_BYTES - p->n, &got, &ahead->err);
        if (ahead->status != TML_OK || got == 0) {
            return;
        }
        p->n += got;
    }
}

static void *run(void *ctx)
{
    tmli_ahead *ahead = ctx;
    for (piece *p = wait_for_room(ahead); p != NULL; p = wait_for_room(ahead)) {
        fill(ahead, p);
        const bool is_last = p->n == 0;
        hand_over(ahead);
        if (is_last) {
            break;
        }
    }
    return NULL;
}

tml_status tmli_ahead_start(tmli_read_fn read, void *ctx, tmli_ahead **out, tml_error *err)
{
    tmli_ahead *ahead = tmli_calloc(1, sizeof(*ahead));
    if (ahead == NULL) {
        return tmli_fail_memory(err, "reading ahead");
    }
    ahead->read = read;
    ahead->ctx = ctx;
    ahead->slab = tmli_alloc(PIECES, PIECE_BYTES);
    if (ahead->slab == NULL) {
        tmli_free(ahead);
        return tmli_fail_memory(err, "reading ahead");
    }
    for (size_t i = 0; i < PIECES; i++) {
        ahead->pieces[i].at = ahead->slab + i * PIECE_BYTES;
    }
    (void)pthread_mutex_init(&ahead->lock, NULL);
    (void)pthread_cond_init(&ahead->changed, NULL);
    const int error = tmli_thread_start(&ahead->thread, run, ahead);
    if (error != 0) {
        (void)pthread_cond_destroy(&ahead->changed);
        (void)pthread_mutex_destroy(&ahead->lock);
        tmli_free(ahead->slab);
        tmli_free(ahead);
        return tmli_fail(err, TML_EIO, "reading ahead: %s", strerror(error));
    }
    *out = ahead;
    return TML_OK;
}

/* The first filled piece; waits for it. */
static const piece *wait_for_piece(tmli_ahead *ahead)
{
    (void)pthread_mutex_lock(&ahead->lock);
    while (ahead->count == 0) {
        (void)pthread_cond_wait(&ahead->changed, &ahead->lock);
    }
    const piece *p = &ahead->pieces[ahead->first];
    (void)pthread_mutex_unlock(&ahead->lock);
    return p;
}

static void give_back(tmli_ahead *ahead)
{
    (void)pthread_mutex_lock(&ahead->lock);
    ahead->first = (ahead->first + 1) % PIECES;
    ahead->count--;
    (void)pthread_cond_signal(&ahead->changed);
    (void)pthread_mutex_unlock(&ahead->lock);
    ahead->used = 0;
}

tml_status tmli_ahead_read(tmli_ahead *ahead, void *buffer, size_t n, size_t *got, tml_error *err)
{
    *got = 0;
    if (!ahead->ended) {
        const piece *p = wait_for_piece(ahead);
        const size_t left = p->n - ahead->used;
        *got = n < left ? n : left;
        memcpy(buffer, p->at + ahead->used, *got);
        ahead->used += *got;
        ahead->ended = p->n == 0;
        if (ahead->used == p->n && !ahead->ended) {
            give_back(ahead);
        }
    }
    if (*got > 0 || ahead->status == TML_OK) {
        return TML_OK;
    }
    return tmli_fail(err, ahead->status, "%s", ahead->err.text);
}

void tmli_ahead_free(tmli_ahead *ahead)
{
    if (ahead == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&ahead->lock);
    ahead->stopping = true;
    (void)pthread_cond_signal(&ahead->changed);
    (void)pthread_mutex_unlock(&ahead->lock);
    (void)pthread_join(ahead->thread, NULL);
    (void)pthread_cond_destroy(&ahead->changed);
    (void)pthread_mutex_destroy(&ahead->lock);
    tmli_free(ahead->slab);
    tmli_free(ahead);
}
