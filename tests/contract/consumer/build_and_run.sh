#!/usr/bin/env bash
# Builds the consumer against an installed tree and runs it.
#   build_and_run.sh find_package|pkg-config PREFIX SCRATCH
set -euo pipefail
how=$1
prefix=$2
scratch=$3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

rm -rf "$scratch"
mkdir -p "$scratch"
libdir=$(dirname "$(find "$prefix" -name 'libtextml.*' -print -quit)")
case $how in
  find_package)
    cmake -G Ninja -S "$here" -B "$scratch" -DCMAKE_PREFIX_PATH="$prefix"
    cmake --build "$scratch"
    ;;
  pkg-config)
    export PKG_CONFIG_PATH="$libdir/pkgconfig"
    read -ra flags <<<"$(pkg-config --cflags --libs textml)"
    cc -Wall -Werror -o "$scratch/consumer" "$here/consumer.c" "${flags[@]}"
    ;;
esac
LD_LIBRARY_PATH="$libdir" "$scratch/consumer"
