#!/usr/bin/env bash
# Runs one fuzzer for FUZZ_SECONDS (10) seconds. New inputs go into SCRATCH; the committed CORPUS is only read. An input
# that breaks a property is left in SCRATCH-crash-… and its name printed.
#   run_fuzzer.sh FUZZER SCRATCH CORPUS
set -euo pipefail
mkdir -p "$2"
exec "$1" -max_total_time="${FUZZ_SECONDS:-10}" -timeout=10 -rss_limit_mb=2048 -max_len="${FUZZ_MAX_LEN:-4096}" \
  -print_final_stats=1 -artifact_prefix="$2-" "$2" "$3"
