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

die() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

# Prints docker or podman with the words that run an image, one a line; for "mapfile -t engine < <(container_engine)".
container_engine() {
  if command -v podman >/dev/null 2>&1; then
    printf '%s\n' podman run
    # In nested containers crun and the default limits may be refused; runc with fixed limits is accepted everywhere.
    if command -v runc >/dev/null 2>&1; then
      printf '%s\n' --runtime runc --ulimit nofile=1024:1024 --ulimit nproc=1000:1000
    fi
  elif command -v docker >/dev/null 2>&1; then
    printf '%s\n' docker run
  else
    die "an image was named, but neither podman nor docker is installed"
  fi
}

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
