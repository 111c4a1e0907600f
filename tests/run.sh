#!/usr/bin/env bash
# Everything that must hold before a change is taken, on a fresh Debian 12: installs what is missing, then runs the
# stages below, cheapest first. The first failure ends it. The last lines are ctest's summary of the last stage.
#   tests/run.sh               all stages
#   tests/run.sh lint asan …   these only
# JOBS: processes at a time, by default one a core. FUZZ_SECONDS: of each fuzzer, by default 5.
# docs/testing.md says what each stage proves.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source local_test/packages.sh

all_stages=(packages lint dev-clang shared asan tsan fuzz coverage release container)
export JOBS=${JOBS:-$(nproc)}
export CTEST_PARALLEL_LEVEL=$JOBS CMAKE_BUILD_PARALLEL_LEVEL=$JOBS
# What the binary does not change, and what takes long: once is enough.
once=(-LE '^(lint|slow)$' -E '^bench\.')
# The tests of threads bring their own; a BLAS that adds more makes them slow and their order accidental.
export OPENBLAS_NUM_THREADS=1
coverage_floor=90

times=()     # "stage seconds"
last_log=    # ctest's output of the last stage that ran tests
scratch=$(mktemp -d)

configure() {
  cmake --preset "$1" >"$scratch/configure" || { cat "$scratch/configure"; return 1; }
}

# Configures and builds a preset; without output where nothing is wrong.
build() {
  configure "$1"
  cmake --build --preset "$1" >"$scratch/build" || { grep -v '^\[[0-9]*/[0-9]*\] [A-Z]' "$scratch/build"; return 1; }
}

# Runs the cases of a preset: run_cases PRESET [CTEST OPTION]…
# Cases that skip themselves say SKIPPED and why; ctest shows nothing of them, so it is done here.
run_cases() {
  local preset=$1
  shift
  last_log=$scratch/$preset.log
  "${in_environment[@]}" ctest --preset "$preset" "$@" | tee "$last_log"
  grep -hE '^(\[  SKIPPED \] [A-Za-z_]|SKIPPED)' "build/$preset/Testing/Temporary/LastTest.log" | sort -u |
    sed 's/^/!!!! /' || true
}
in_environment=(env)

stage_packages() {
  need_test_packages
}

stage_lint() {
  configure dev
  cmake --build --preset dev -t lint
}

# A locale with a decimal comma is made for the tests that the locale has no say. Not elsewhere: where LOCPATH is set,
# glibc's newlocale leaks.
run_with_locale() { # PRESET
  mkdir "$scratch/locales"
  localedef -i de_DE -f UTF-8 "$scratch/locales/de_DE.UTF-8"
  in_environment=(env LOCPATH="$scratch/locales")
  # The browser: in the release tree; the lint stage's checks: but for whether they can fail, there.
  run_cases "$1" -LE '^slow$' -E '^bench\.|browser|^lint\.(layers|format|sizes|shell|contract)$'
  in_environment=(env)
}

# What a developer builds. Not among the stages that run by themselves: coverage is the same with counters.
stage_dev() {
  build dev
  run_with_locale dev
}

# The second compiler: its warnings, and what it makes of the same code.
stage_dev-clang() {
  build dev-clang
  run_cases dev-clang -LE '^(lint|slow)$' -E '^(bench|contract|consumer)\.' # whole processes: in the other trees
}

stage_shared() {
  build shared
  run_cases shared "${once[@]}"
}

# Leaks are looked for through ptrace, which a container may forbid.
stage_asan() {
  build asan
  printf 'int main(void) { return 0; }\n' >"$scratch/probe.c"
  gcc -fsanitize=address -o "$scratch/probe" "$scratch/probe.c"
  if ! "$scratch/probe" 2>"$scratch/probe.log"; then
    echo '!!!! SKIPPED: leak detection: LeakSanitizer may not trace processes here (in a container: --cap-add SYS_PTRACE)'
    export ASAN_OPTIONS=detect_leaks=0
  fi
  run_cases asan -LE '^(lint|slow)$' -E '^(bench|fuzz)\.' # the corpora: under the same sanitizers in the fuzz tree
  unset ASAN_OPTIONS
}

# Kernels with more than 28 random bits in addresses put mappings where ThreadSanitizer keeps its shadow.
stage_tsan() {
  build tsan
  printf 'int main(void) { return 0; }\n' >"$scratch/probe.c"
  gcc -fsanitize=thread -o "$scratch/probe" "$scratch/probe.c"
  if ! "$scratch/probe" 2>/dev/null; then
    in_environment=(setarch --addr-no-randomize)
    "${in_environment[@]}" "$scratch/probe" || {
      echo 'ThreadSanitizer does not start here: sysctl vm.mmap_rnd_bits=28 helps, or a container that allows personality(2)'
      return 1
    }
  fi
  # Those that have threads.
  run_cases tsan "${once[@]}" -R '^contract\.test_(serve|train_signals)|^unit\.test_(bag|beside|blas|connections|counters|exchange|fit|invoke|json|mlp|models|naive_bayes_stats|pieces|pool|prepare|reader|scheduling|session|source|summary|watch|workers)'
  in_environment=(env)
}

stage_fuzz() {
  build fuzz
  FUZZ_SECONDS=${FUZZ_SECONDS:-5} run_cases fuzz "${once[@]}"
}

# Every test, assertions on, and which lines of the library they run.
stage_coverage() {
  build coverage
  find build/coverage -name '*.gcda' -delete
  run_with_locale coverage
  gcovr --root . --filter 'lib/' --txt build/coverage/coverage.txt --fail-under-line "$coverage_floor" build/coverage || {
    cat build/coverage/coverage.txt
    return 1
  }
  tail -n 3 build/coverage/coverage.txt
}

# What users build. The cases that take long or measure run here alone.
stage_release() {
  build release
  run_cases release -LE lint
}

# The image, built and run; beside the programs of the release tree.
stage_container() {
  configure release
  cmake --build --preset release -t train serve \
    test_{train_start,train_signals,serve_start,serve_life,serve_errors,serve_formats} >"$scratch/build" ||
    { cat "$scratch/build"; return 1; }
  tests/container/run.sh
}

finish() {
  local code=$?
  if [ -n "${current:-}" ] && [ $code -ne 0 ]; then
    printf '\n==== %s FAILED after %d s\n' "$current" $((SECONDS - begin))
  fi
  rm -rf "$scratch"
  exit $code
}
trap finish EXIT

for current in "${@:-${all_stages[@]}}"; do
  begin=$SECONDS
  printf '\n==== %s\n' "$current"
  "stage_$current"
  times+=("$current $((SECONDS - begin)) s")
  printf '==== %s\n' "${times[-1]}"
done
printf '\n==== seconds: %s; all %d s\n\n' "$(IFS=, && echo "${times[*]}")" "$SECONDS"
if [ -n "$last_log" ]; then
  sed -n '/tests passed/,$p' "$last_log"
fi
