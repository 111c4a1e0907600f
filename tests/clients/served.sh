# shellcheck shell=bash
# A real serve for clients that are no C programs; sourced, not run. Needs TRAIN, SERVE and DIR, a directory of the test's
# own. serve_begin trains a model on the sample headlines and leaves PORT; serve_end stops it and expects exit code 0.

serve_begin() {
  local here
  here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
  mkdir -p "$DIR/ml/input/config" "$DIR/ml/input/data/train"
  head -n 400 "$here/../../data/headlines/train.csv" >"$DIR/ml/input/data/train/rows.csv"
  printf '{"recipe": "news", "vectors": "none", "trainable": "true", "dims": "8", "length": "12", "hidden": "[]", "epochs": "4"}' \
    >"$DIR/ml/input/config/hyperparameters.json"
  SAGEMAKER_BASE_DIR=$DIR/ml "$TRAIN" >"$DIR/train.log" 2>&1 || { cat "$DIR/train.log" >&2; return 1; }
  "$SERVE" --model-dir "$DIR/ml/model" --host 127.0.0.1 --port 0 "$@" >"$DIR/serve.log" 2>&1 &
  serve_pid=$!
  PORT=
  for _ in $(seq 200); do
    PORT=$(sed -nE 's/.*listening on [^ ]*:([0-9]+).*/\1/p' "$DIR/serve.log")
    [ -z "$PORT" ] || return 0
    sleep 0.05
  done
  cat "$DIR/serve.log" >&2
  return 1
}

serve_end() {
  local code=0
  kill "$serve_pid"
  wait "$serve_pid" || code=$?
  if [ $code -ne 0 ]; then
    echo "serve ended with $code" >&2
    cat "$DIR/serve.log" >&2
    return 1
  fi
}
