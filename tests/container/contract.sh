#!/usr/bin/env bash
# The contract tests about start, signals, paths and users, with train and serve in the image in place of the native ones:
# each process that a test starts, signals and waits for is a container.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"
bin=$project/build/release/bin

mkdir "$scratch/programs" "$scratch/tmp"
ln -s "$here/run_program.sh" "$scratch/programs/train"
ln -s "$here/run_program.sh" "$scratch/programs/serve"
export TEXTML_PROGRAMS=$scratch/programs TMPDIR=$scratch/tmp
export CONTAINER_IMAGE=$image CONTAINER_NAME=$tag-contract CONTAINER_MOUNTS="$scratch/tmp $project"

# Each has a directory and ports of its own, and waits most of the time: some at once.
names=(train_start serve_start serve_life serve_errors train_signals serve_formats)
# shellcheck disable=SC2016 # the inner shell puts the values in
printf '%s\n' "${names[@]}" | bin=$bin logs=$scratch xargs -P 3 -I NAME bash -c '
  begin=$SECONDS
  code=0
  "$bin/test_NAME" >"$logs/NAME.log" 2>&1 || code=$?
  echo "$code $((SECONDS - begin))" >"$logs/NAME.end"'

contract() {
  local code seconds
  read -r code seconds <"$scratch/$1.end"
  echo "exit code $code after $seconds s"
  cat "$scratch/$1.log"
  [ "$code" -eq 0 ] && grep -qE '^\[  PASSED  \] [1-9]' "$scratch/$1.log"
}

for name in "${names[@]}"; do
  check "contract tests: $name" contract "$name"
done
finish_group
