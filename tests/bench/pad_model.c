/* Makes the artifact in a directory larger by so many bytes, for benches that want models of any size. */
#include "bench/measure.h"
#include "support/padded.h"

static const char usage[] = "pad_model MODEL_DIR BYTES";

int main(int argc, char **argv)
{
    tml_error err = {0};
    if (argc != 3) {
        bench_usage(usage);
    }
    bench_check(pad_artifact(argv[1], bench_count("BYTES", argv[2], 1, 4000000000U), &err), &err);
    return 0;
}
