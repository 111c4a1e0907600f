#!/usr/bin/env bash
# Builds the image and runs it as platforms do; needs build/release/bin for what the image is compared with.
#   run.sh           everything
#   run.sh GROUP…    these groups only (image, train, serve, contract, start, scripts), on the image as it was built last
# Skips, with a loud line, only where the kernel lets nobody make a container.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(cd "$here/../.." && pwd)
export IMAGE=localhost/textml:under-test

if ! problem=$(unshare --mount --pid --net --uts --ipc --fork mount -t tmpfs none /mnt 2>&1); then
  echo "!!!! SKIPPED: container: the kernel forbids containers here: $problem"
  exit 0
fi

groups=("$@")
if [ ${#groups[@]} -eq 0 ]; then
  groups=(image train serve contract start scripts)
  "$project/container/base-image.sh"
  begin=$SECONDS
  "$project/container/build.sh" "$IMAGE" >"$project/build/container-build.log" 2>&1 || {
    cat "$project/build/container-build.log"
    exit 1
  }
  echo "build from a base that is there: $((SECONDS - begin)) s, unit tests included: $(grep -E '^[0-9]+% tests passed' "$project/build/container-build.log" || echo 'from memory')"
fi
failed=()
for group in "${groups[@]}"; do
  printf -- '-- %s\n' "$group"
  "$here/$group.sh" || failed+=("$group")
done
if [ ${#failed[@]} -gt 0 ]; then
  echo "failed: ${failed[*]}"
  exit 1
fi
