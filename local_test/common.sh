# Shared by the scripts of this folder; sourced, not run.
# shellcheck shell=bash

# The script's folder and the project's, wherever it was called from.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(dirname "$here")
test_dir="$here/test_dir"
# shellcheck disable=SC2034 # used by the scripts that source this file
bin="$project/build/release/bin"
# shellcheck disable=SC2034 # likewise
port="${PORT:-8080}"

# Sets engine and run_options when an image is to be run; brings die.
source "$project/container/engine.sh"

# Puts the sample headlines into channels that hold no data yet.
fill_sample_data() {
  local channel
  if [ -n "$(find "$test_dir/input/data" -type f ! -name '.*' -print -quit)" ]; then
    return
  fi
  for channel in train validation test; do
    mkdir -p "$test_dir/input/data/$channel"
    cp "$project/data/headlines/$channel.csv" "$test_dir/input/data/$channel/"
  done
  echo "No data in test_dir/input/data: the sample headlines of data/headlines were put there."
}

# Builds train and serve unless they are there.
need_programs() {
  if [ ! -x "$bin/train" ] || [ ! -x "$bin/serve" ]; then
    die "no programs in $bin: build them with 'cmake --preset release && cmake --build build/release', or run quickstart.sh"
  fi
}
