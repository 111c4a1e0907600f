#!/usr/bin/env bash
# Builds the image, with podman or docker, whichever is there, and lays its papers beside it, in build/container/.
#   build.sh [IMAGE]    IMAGE: by default textml
# TESTS=none leaves the unit tests out, TESTS=blas all but those of the BLAS. PLATFORM=linux/arm64 builds for another processor;
# the unit tests then run if this machine runs its programs (apt-get install qemu-user-static).
# BUILD_OPTIONS: more words for the engine's build command.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/engine.sh"
help_if_asked "$@"
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
image=${1:-textml}
papers=$project/build/container${PLATFORM:+/${PLATFORM#*/}}

need_engine
base=$("$project/container/base-image.sh")

# The same commit gives the same bytes: its time is the time of all files, unless SOURCE_DATE_EPOCH says another. Without
# either all is as of 1970.
cd "$project"
version=$(sed -nE 's/^#define TML_VERSION "(.*)"$/\1/p' lib/include/textml/version.h)
revision=unknown
if git rev-parse --verify -q HEAD >/dev/null 2>&1; then
  revision=$(git rev-parse HEAD)
  SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
  if [ -n "$(git status --porcelain)" ]; then
    revision+=-dirty
  fi
fi
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-0}
created=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)

case $engine in
  podman)
    build_options+=(--timestamp "$SOURCE_DATE_EPOCH" --layers)
    # Docker tells the build both by itself, podman 4.3 only some of it.
    here=$(podman info --format '{{.Host.OS}}/{{.Host.Arch}}')
    target=${PLATFORM:-$here}
    target=${target#*/}
    build_options+=(--build-arg TARGETARCH="${target%%/*}" ${PLATFORM:+--build-arg BUILDPLATFORM="$here"})
    ;;
  docker) build_options+=(--provenance=false) ;; # an index in place of an image is what SageMaker refuses
esac
if [ -n "${PLATFORM:-}" ]; then
  build_options+=(--platform "$PLATFORM")
fi
read -ra more <<<"${BUILD_OPTIONS:-}"
"$engine" build "${build_options[@]}" --network host --tag "$image" --file container/Dockerfile \
  --build-arg BASE="$base" --build-arg TESTS="${TESTS:-unit}" --build-arg SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" \
  --build-arg VERSION="$version" --build-arg REVISION="$revision" --build-arg CREATED="$created" "${more[@]}" .

# The papers are in the image as well; who looks for them need not open it.
mkdir -p "$papers"
container=$("$engine" create ${PLATFORM:+--platform "$PLATFORM"} "$image")
trap '"$engine" rm "$container" >/dev/null' EXIT
for name in sbom.spdx.json licenses.txt; do
  "$engine" cp "$container:/usr/share/doc/textml/$name" "$papers/$name"
done
echo "$image is built; its bill of materials and licences: ${papers#"$project/"}/"
