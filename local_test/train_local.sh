#!/usr/bin/env bash
# Trains on test_dir, which is shaped like a training container's /opt/ml.
#   ./train_local.sh          natively
#   ./train_local.sh IMAGE    in a container
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
help_if_asked "$@"

# What is there stays when there is nothing to train with.
if [ $# -ge 1 ]; then need_engine; else need_programs; fi
mkdir -p "$test_dir/model" "$test_dir/output"
find "$test_dir/model" "$test_dir/output" -mindepth 1 ! -name .gitkeep -delete
fill_sample_data

if [ $# -ge 1 ]; then
  exec "$engine" run "${run_options[@]}" --rm -v "$test_dir:/opt/ml" "$1" train
fi
SAGEMAKER_BASE_DIR="$test_dir" exec "$bin/train"
