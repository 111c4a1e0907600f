#!/usr/bin/env bash
# In the build stage: builds train and serve with the release preset, and the BLAS that the image carries.
#   programs.sh unit    and runs the unit tests on them, with that BLAS
#   programs.sh blas    and runs those of what the BLAS multiplies: the others do not load it
#   programs.sh none    and no more
# For another processor it compiles across; the tests then run where binfmt and QEMU run that processor's programs.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/target.sh"
tests=$1
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
JOBS=$(nproc)
export CMAKE_BUILD_PARALLEL_LEVEL=$JOBS CTEST_PARALLEL_LEVEL=$JOBS OPENBLAS_NUM_THREADS=1

names=()
case $tests in
  unit)
    for path in tests/unit/test_*.c; do
      names+=("$(basename "$path" .c)")
    done
    ;;
  blas) names=(test_blas test_mlp_gradient test_mlp_train) ;;
  none) ;;
  *) echo "programs.sh: tests \"$tests\": unit, blas or none was expected" >&2 && exit 1 ;;
esac
if [ ${#names[@]} -gt 0 ] && ! runs_target; then
  echo "!!!! SKIPPED: unit tests: this machine does not run programs for $target (apt-get install qemu-user-static)" >&2
  names=()
fi
targets=(train serve "${names[@]}")
options=()
if is_foreign; then
  options=(--toolchain "$PWD/cmake/cross.cmake" -DTML_PROCESSOR="$processor")
fi
cmake --preset release "${options[@]}" >/tmp/configure.log || { cat /tmp/configure.log && exit 1; }
cmake --build --preset release -t "${targets[@]}" >/tmp/build.log || { cat /tmp/build.log && exit 1; }

blas=build/image-blas
container/stage/blas.sh build/release/bin/train "$blas"
if [ ${#names[@]} -gt 0 ]; then
  export LD_LIBRARY_PATH=$PWD/$blas
  ctest --preset release -R "^unit\\.($(IFS='|' && echo "${names[*]}"))\$" -LE '^slow$' | sed -n '/^[0-9]*% tests passed/,$p'
  # Products by another model's kernels; OpenBLAS passes over a name that it does not know.
  declare -A models=([amd64]='Prescott Nehalem' [arm64]='ARMV8 CORTEXA53 NEOVERSEN1')
  for model in ${models[$target]}; do
    OPENBLAS_CORETYPE=$model build/release/bin/test_blas >/tmp/test_blas.log || { cat /tmp/test_blas.log && exit 1; }
  done
fi
