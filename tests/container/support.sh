# Shared by the container's tests; sourced, not run.
# shellcheck shell=bash
# What is set here is for the checks, and functions have arguments that not every caller needs:
# shellcheck disable=SC2034,SC2119,SC2120

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(cd "$here/../.." && pwd)
source "$project/container/engine.sh"
need_engine

image=${IMAGE:-localhost/textml:under-test}
scratch=$(mktemp -d)
chmod 755 "$scratch" # containers of other users reach into it
# Containers of this run carry this name and a number; they are removed by it.
tag=textml-test-$$
n_started=0
failed=0

clean_up() {
  local container round
  for round in 1 2; do # one whose network another has joined goes after that one
    "$engine" ps --all --quiet --filter "name=^$tag-" | while IFS= read -r container; do
      "$engine" rm --force "$container" >/dev/null 2>&1 || true
    done
  done
  rm -rf "$scratch"
}
trap clean_up EXIT

# check NAME FUNCTION: runs the function with "set -e"; when it fails, all that it said is shown.
check() {
  local name=$1 begin=$EPOCHREALTIME
  shift
  (
    set -e
    "$@"
  ) >"$scratch/said" 2>&1
  local code=$?
  local ms=$(((${EPOCHREALTIME/./} - ${begin/./}) / 1000))
  if [ $code -eq 0 ]; then
    printf 'ok   %s (%d ms)\n' "$name" "$ms"
  else
    printf 'FAIL %s (%d ms)\n' "$name" "$ms"
    sed 's/^/     | /' "$scratch/said"
    failed=$((failed + 1))
  fi
}

# The last words of a group's script.
finish_group() {
  if [ "$failed" -gt 0 ]; then
    printf '%d failed\n' "$failed"
    exit 1
  fi
}

# Words that make a check fail with a sentence.
expect() {
  local sentence=$1
  shift
  if ! "$@"; then
    echo "expected: $sentence" >&2
    return 1
  fi
}
expect_equal() {
  if [ "$1" != "$2" ]; then
    printf 'found:    %s\nexpected: %s\n' "$1" "$2" >&2
    return 1
  fi
}
expect_match() {
  if ! [[ $1 =~ $2 ]]; then
    printf 'found:    %s\nexpected: %s\n' "$1" "$2" >&2
    return 1
  fi
}

# A new directory shaped like /opt/ml of a training job, with the sample data; its name in $ml.
make_job() {
  ml=$(mktemp -d "$scratch/ml.XXXX")
  mkdir -p "$ml/input/config" "$ml/model" "$ml/output/data"
  cp "$project"/local_test/test_dir/input/config/*.json "$ml/input/config/"
  local channel
  for channel in train validation test; do
    mkdir -p "$ml/input/data/$channel"
    cp "$project/data/headlines/$channel.csv" "$ml/input/data/$channel/"
  done
  chmod -R u=rwX,go=rX "$ml"
}

# split_at_dashes OPTIONS… -- WORDS…: into the caller's arrays options and words.
split_at_dashes() {
  while [ "$1" != -- ]; do
    options+=("$1")
    shift
  done
  shift
  words=("$@")
}

# run_in OPTIONS… -- IMAGE'S WORDS…: runs a container to its end; its exit code in $code, what it printed in $out and $err.
run_in() {
  local options=() words=()
  split_at_dashes "$@"
  code=0
  "$engine" run "${run_options[@]}" --rm --name "$tag-run-$BASHPID-$((++n_started))" "${options[@]}" "$image" "${words[@]}" \
    >"$scratch/out" 2>"$scratch/err" || code=$?
  out=$(cat "$scratch/out")
  err=$(cat "$scratch/err")
  cat "$scratch/out" "$scratch/err"
}

# start OPTIONS… -- IMAGE'S WORDS…: starts a container in the background; its name in $container.
start() {
  local options=() words=()
  split_at_dashes "$@"
  container=$tag-$BASHPID-$((++n_started))
  "$engine" run "${run_options[@]}" --detach --name "$container" "${options[@]}" "$image" "${words[@]}" >/dev/null
}

# Starts serve on the trained sample model with a published port, more options before --, and waits for it; $url.
start_serve() {
  local port=${serve_port:-8080}
  start -p "127.0.0.1::$port" -v "$model_job/model:/opt/ml/model:ro" "$@" -- serve
  url=http://$("$engine" port "$container" "$port/tcp" | head -n 1)
  wait_for_ping "$url"
}

# Whether this machine runs the image's programs; another processor's it does through binfmt and QEMU alone.
runs_image() {
  "$engine" run "${run_options[@]}" --rm --name "$tag-try" "$image" serve --version >/dev/null 2>&1
}

# Waits up to 10 s for 200.
wait_for_ping() {
  local i
  for ((i = 0; i < 200; i++)); do
    if [ "$(status "$1/ping")" = 200 ]; then
      return
    fi
    sleep 0.05
  done
  "$engine" logs "$container"
  echo "no 200 from $1/ping within 10 s" >&2
  return 1
}

status() {
  curl -s -o /dev/null -w '%{http_code}' --max-time 5 "$@" || true
}

# Stops the container with SIGTERM and prints its exit code.
stop() {
  "$engine" stop --time 30 "${1:-$container}" >/dev/null
  "$engine" inspect --format '{{.State.ExitCode}}' "${1:-$container}"
}

# ask TYPE BODY [CURL OPTION]…: the body of the answer.
ask() {
  local type=$1 body=$2
  shift 2
  curl -sS --max-time 30 -H "Content-Type: $type" --data-binary "$body" "$@" "$url/invocations"
}

headline='Why Exercise Alone May Not Be the Key to Weight Loss'
headline_label='Health & Medicine'

# What the other groups serve: trained once a run, in the image. TRAINED names a directory that holds it already.
need_model() {
  if [ -n "${TRAINED:-}" ]; then
    model_job=$TRAINED
    return
  fi
  make_job
  model_job=$ml
  run_in -v "$model_job:/opt/ml" -- train >/dev/null
  if [ "$code" -ne 0 ]; then
    echo "the sample model was not trained: $err" >&2
    exit 1
  fi
}
