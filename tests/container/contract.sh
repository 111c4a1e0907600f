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

contract() {
  "$bin/test_$1" >"$scratch/$1.log" 2>&1 || { cat "$scratch/$1.log" && return 1; }
}

for name in ${NAMES:-train_start train_signals serve_start serve_life serve_formats serve_errors serve_multi serve_socket}; do
  check "contract tests: $name" contract "$name"
done
finish_group
