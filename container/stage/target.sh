# The processor that the image is for: $target, as engines and Debian call it (TARGETARCH; by default this machine's),
# $processor, as CMake does, and $triple, with which the names of its compiler tools and library directory begin. Sourced, not run.
# shellcheck shell=bash
# shellcheck disable=SC2034 # used by the scripts that source this file

host=$(dpkg --print-architecture)
target=${TARGETARCH:-$host}
case $target in
  amd64) processor=x86_64 ;;
  arm64) processor=aarch64 ;;
  *)
    echo "the image is for amd64 or arm64, not for \"$target\"" >&2
    exit 1
    ;;
esac
triple=$processor-linux-gnu

is_foreign() {
  [ "$target" != "$host" ]
}

# Whether this machine runs the image's programs: always its own, another processor's through binfmt and QEMU.
runs_target() {
  local linker
  for linker in "/lib/$triple"/ld-linux-*; do
    "$linker" --version >/dev/null 2>&1 || return
  done
}
