#!/usr/bin/env bash
# Makes the base image of container/Dockerfile available: debian:bookworm-slim from its registry, or, where no registry can be
# reached, a minimal Debian 12 made here from Debian's packages under the same name (needs root, mmdebstrap and a mirror).
#   base-image.sh    prints the image's name
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/engine.sh"

image=docker.io/library/debian:bookworm-slim
need_engine
if "$engine" image inspect "$image" >/dev/null 2>&1 || timeout 300 "$engine" pull --quiet "$image" >/dev/null 2>&1; then
  echo "$image"
  exit
fi
echo "$image cannot be pulled: it is made from Debian's packages" >&2
command -v mmdebstrap >/dev/null || die "this needs mmdebstrap: apt-get install mmdebstrap"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# This machine's own way to Debian's archive: its mirrors, its proxies and what it thinks of their dates.
# shellcheck disable=SC2016 # apt puts the values in
apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Identifier: Packages' 'Origin: Debian' 2>/dev/null |
  grep -E ' bookworm(-updates|-security)? ' | LC_ALL=C sort -u >"$scratch/sources.list" || true
if [ ! -s "$scratch/sources.list" ]; then
  printf 'deb http://deb.debian.org/debian bookworm main\n' >"$scratch/sources.list"
fi
mapfile -t apt_options < <(apt-config dump 2>/dev/null |
  grep -E '^Acquire::(https?::Proxy.*|Check-Valid-Until|Check-Date) ".+";$' | sed 's/^/--aptopt=/')

# What bookworm-slim leaves out as well.
mmdebstrap --quiet --variant=minbase "${apt_options[@]}" \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  bookworm "$scratch/base.tar" <"$scratch/sources.list" >&2
"$engine" import --change 'CMD ["bash"]' "$scratch/base.tar" "$image" >/dev/null
echo "$image"
