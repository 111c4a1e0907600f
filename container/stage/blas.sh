#!/usr/bin/env bash
# Makes a libopenblas that holds what PROGRAM calls and nothing else: some 2 MB in place of 36. The code is Debian's own, out
# of the static library, for every processor that Debian builds it for; so are its results, to the last bit.
#   blas.sh PROGRAM DIR    writes DIR/libopenblas.so.0
#
# OpenBLAS picks its kernels at run time from one table for each processor, the object setparam_PROCESSOR.o, and the tables
# name all kernels there are. Here the names outside the routines in use become weak: the linker then leaves those kernels
# behind, and their places in the tables hold no address.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/target.sh"
program=$1
dir=$2

# Routines, and how the names of their kernels begin. A routine with kernels of several kinds gets them all here.
declare -A kernels=([cblas_sgemm]='sgemm_' [openblas_set_num_threads]='')

soname=$("$triple-objdump" -p "$program" | awk '$1 == "NEEDED" && $2 ~ /^libopenblas/ { print $2 }')
if [ -z "$soname" ]; then
  echo "blas.sh: $program loads no libopenblas" >&2
  exit 1
fi
library=/usr/lib/$triple/$soname
archive=$(dirname "$(readlink -f "$library")")/libopenblas.a
if [ ! -r "$archive" ]; then
  echo "blas.sh: $library has no libopenblas.a beside it: install libopenblas-dev" >&2
  exit 1
fi

# What the program takes from the library.
mapfile -t routines < <(comm -12 <("$triple-nm" -D --undefined-only "$program" | awk '{ print $2 }' | LC_ALL=C sort -u) \
  <("$triple-nm" -D --defined-only "$library" | awk '{ print $3 }' | LC_ALL=C sort -u))
prefixes=
for routine in "${routines[@]}"; do
  if [ -z "${kernels[$routine]+known}" ]; then
    echo "blas.sh: $program calls $routine, whose kernels are not known: name them in the list of this script" >&2
    exit 1
  fi
  prefixes+=${kernels[$routine]:+|${kernels[$routine]}}
done
prefixes=${prefixes#|}

mkdir -p "$dir"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mapfile -t tables < <("$triple-ar" t "$archive" | grep '^setparam_')
(cd "$scratch" && "$triple-ar" x "$archive" "${tables[@]}")
for table in "${tables[@]}"; do
  processor=${table#setparam_}
  processor=${processor%.o}
  "$triple-nm" --undefined-only "$scratch/$table" | awk '{ print $2 }' | grep -E "_$processor\$" |
    grep -vE "^($prefixes)" >"$scratch/unused"
  "$triple-objcopy" --weaken-symbols="$scratch/unused" "$scratch/$table"
done
printf '{ global: %s local: *; };\n' "$(printf '%s; ' "${routines[@]}")" >"$scratch/exports"
mapfile -t wanted < <(printf -- '-Wl,-u,%s\n' "${routines[@]}")
"$triple-gcc" -shared -s -o "$dir/$soname" -Wl,-soname,"$soname" -Wl,--version-script="$scratch/exports" -Wl,--gc-sections \
  -Wl,--as-needed "${wanted[@]}" "${tables[@]/#/$scratch/}" "$archive" -lm -pthread
