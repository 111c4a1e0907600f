/* serve/pulse.h: what the log says once a minute: a summary where there was traffic, and figures for CloudWatch where
 * somebody asked for them. Belongs to the thread that waits for signals. */
#ifndef SERVE_PULSE_H
#define SERVE_PULSE_H

#include <stdbool.h>

#include "serve/server.h"

typedef struct serve_pulse {
    serve_server *server; /* borrowed */
    bool emf; /* CloudWatch's embedded metric format, a line of JSON on stdout each time */
    double period_s;
    double last_s; /* of the latest beat, by tmli_seconds */
    serve_totals before;
} serve_pulse;

void serve_pulse_start(serve_pulse *pulse, serve_server *server, double period_s, bool emf);
/* Milliseconds until the next beat. */
int serve_pulse_wait_ms(const serve_pulse *pulse);
/* Says what came since the last time. Before its time, as at the end, it does so too. */
void serve_pulse_beat(serve_pulse *pulse);

#endif
