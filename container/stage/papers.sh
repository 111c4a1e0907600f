#!/usr/bin/env bash
# In the build stage: writes the image's papers into its root, from what root.sh has put there:
#   /usr/share/doc/textml/licenses.txt       every licence, as the Debian packages and textml give it
#   /usr/share/doc/textml/sbom.spdx.json     the bill of materials, SPDX 2.3
#   papers.sh ROOT
# SOURCE_DATE_EPOCH: the time in the bill and of the files, in seconds; by default 0.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/target.sh"
root=$1
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
doc=/usr/share/doc/textml
epoch=${SOURCE_DATE_EPOCH:-0}
version=$(sed -nE 's/^#define TML_VERSION "(.*)"$/\1/p' "$project/lib/include/textml/version.h")

mkdir -p "$root$doc"
copyright() {
  printf '/usr/share/doc/%s/copyright\n' "$1"
}
mapfile -t packages < <(cut -f 2 "$root.files" | LC_ALL=C sort -u | grep -vx textml)

# ---- licences ------------------------------------------------------------------------------------
title() {
  printf '\n%s\n%s\n%s\n\n' "$(printf '=%.0s' {1..100})" "$1" "$(printf '=%.0s' {1..100})"
}
{
  echo "The licences of what is in this image: textml, then the Debian packages whose files it holds, then the full texts"
  echo "that they name."
  title textml
  cat "$project/LICENSE"
  for package in "${packages[@]}"; do
    title "$package"
    cat "$(copyright "$package")"
  done
  # "/usr/share/common-licenses/GPL-2" in the text before stands for a file of Debian's.
  for package in "${packages[@]}"; do
    copyright "$package"
  done | xargs grep -ohE '/usr/share/common-licenses/[A-Za-z0-9.-]*[A-Za-z0-9]' | LC_ALL=C sort -u |
    while IFS= read -r path; do
      if [ -r "$path" ]; then
        title "$path"
        cat "$path"
      fi
    done
} >"$root$doc/licenses.txt"
printf '%s\ttextml\n' "$doc/licenses.txt" >>"$root.files"

# ---- bill of materials ---------------------------------------------------------------------------
{
  printf 'textml\t%s\t%s\ttextml\t%s\t%s/LICENSE\n' "$version" "$target" "$version" "$project"
  for package in "${packages[@]}"; do
    # Of a library of several processors there are several packages under one name.
    dpkg-query -W -f '${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}\t\n' "$package" |
      awk -F '\t' -v ORS= -v target="$target" '$3 == target || $3 == "all"'
    copyright "$package"
  done
} | while IFS=$'\t' read -r name release architecture source source_version copyright; do
  jq -n --arg name "$name" --arg version "$release" --arg architecture "$architecture" --arg source "$source" \
    --arg source_version "$source_version" --rawfile text "$copyright" '$ARGS.named'
done | jq -s . >/tmp/packages.json

LC_ALL=C sort "$root.files" | while IFS=$'\t' read -r path package; do
  jq -n --arg path "$path" --arg package "$package" --arg sha1 "$(sha1sum <"$root$path" | cut -c 1-40)" \
    --arg sha256 "$(sha256sum <"$root$path" | cut -c 1-64)" '$ARGS.named'
done | jq -s . >/tmp/files.json

# A name of its own for each content, as SPDX asks for.
digest=$(cat /tmp/packages.json /tmp/files.json | sha256sum | cut -c 1-64)
jq -n --slurpfile packages /tmp/packages.json --slurpfile files /tmp/files.json --arg digest "$digest" \
  --arg version "$version" --arg created "$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)" \
  -f "$project/container/stage/sbom.jq" >"$root$doc/sbom.spdx.json"

chmod 0644 "$root$doc"/*
find "$root" -exec touch -h -d "@$epoch" {} +
