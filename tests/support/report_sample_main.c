/* Writes the sample pages: report_sample DIR → DIR/<number>.html. For looking at, and for the browser test. */
#include <stdio.h>

#include "support/report_sample.h"

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: report_sample DIR\n");
        return 2;
    }
    for (int kind = 0; kind < N_SAMPLES; kind++) {
        char path[4096];
        tml_error err = {0};
        report_sample sample;
        report_sample_init(&sample, (report_sample_kind)kind);
        (void)snprintf(path, sizeof path, "%s/%d.html", argv[1], kind);
        const tml_status status = tml_report_write(&sample.input, path, &err);
        report_sample_deinit(&sample);
        if (status != TML_OK) {
            (void)fprintf(stderr, "%s\n", err.text);
            return 1;
        }
    }
    return 0;
}
