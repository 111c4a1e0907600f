#!/usr/bin/env bash
# Builds the image and runs it as platforms do; needs build/release/bin for what the image is compared with.
#   run.sh           builds the image and runs everything
#   run.sh GROUP…    these groups only (image, train, serve, contract, start, scripts), on the image as it was built last
# Skips, with a loud line, only where the kernel lets nobody make a container.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(cd "$here/../.." && pwd)
export IMAGE=localhost/textml:under-test
# The release tree has run all unit tests on the same code; those of the BLAS run on the image's own.
export TESTS=blas

if ! problem=$(unshare --mount --pid --net --uts --ipc --fork mount -t tmpfs none /mnt 2>&1); then
  echo "!!!! SKIPPED: container: the kernel forbids containers here: $problem"
  exit 0
fi

failed=()
if [ $# -gt 0 ]; then
  for group in "$@"; do
    printf -- '-- %s\n' "$group"
    "$here/$group.sh" || failed+=("$group")
  done
  [ ${#failed[@]} -eq 0 ] || { echo "failed: ${failed[*]}" && exit 1; }
  exit
fi

scratch=$(mktemp -d)
lanes=()
finish() {
  local pid
  for pid in "${lanes[@]}"; do
    kill -- "-$pid" 2>/dev/null || true # with all that it has started
  done
  rm -rf "$scratch"
}
trap finish EXIT

# What earlier runs have left under no name; the base and its packages stay, until their inputs change.
source "$project/container/engine.sh"
need_engine
for title in textml-build textml; do
  "$engine" image prune --force --filter "label=org.opencontainers.image.title=$title" >/dev/null
done

"$project/container/base-image.sh"
begin=$SECONDS
"$project/container/build.sh" "$IMAGE" >"$scratch/build" 2>&1 || {
  cat "$scratch/build"
  exit 1
}
echo "build from a base that is there: $((SECONDS - begin)) s; tests of the BLAS: $(grep -E '^[0-9]+% tests passed' "$scratch/build" || echo 'from memory')"

# run_lane GROUP…: one after the other; what each says comes out at its end.
run_lane() {
  local group begin
  for group in "$@"; do
    begin=$SECONDS
    "$here/$group.sh" >"$scratch/$group" 2>&1 || touch "$scratch/$group.failed"
    printf -- '-- %s (%d s)\n%s\n' "$group" $((SECONDS - begin)) "$(cat "$scratch/$group")"
  done
}

# Groups wait for containers most of the time: two lanes side by side, each a process group of its own. What measures comes
# alone.
set -m
run_lane image scripts &
lanes+=($!)
run_lane train serve contract &
lanes+=($!)
set +m
wait "${lanes[@]}"
lanes=()
run_lane start
for group in image train serve contract start scripts; do
  [ ! -e "$scratch/$group.failed" ] || failed+=("$group")
done
if [ ${#failed[@]} -gt 0 ]; then
  echo "failed: ${failed[*]}"
  exit 1
fi
echo "container: all groups passed, $SECONDS s"
