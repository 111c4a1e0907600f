#!/usr/bin/env bash
# Serves the model in test_dir/model on port 8080 (PORT=NUMBER changes it) until Ctrl-C.
#   ./serve_local.sh          natively
#   ./serve_local.sh IMAGE    in a container
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
help_if_asked "$@"

if [ $# -ge 1 ]; then
  need_engine
  need_model
  exec "$engine" run "${run_options[@]}" --rm -v "$test_dir:/opt/ml" -p "127.0.0.1:$port:8080" "$1" serve
fi
need_programs
need_model
SAGEMAKER_BASE_DIR="$test_dir" exec "$bin/serve" --host 127.0.0.1 --port "$port"
