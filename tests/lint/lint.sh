#!/usr/bin/env bash
# Everything that reads the sources without running them; fails on any finding.
#   lint.sh BUILD    BUILD: a configured build tree, for its compile_commands.json
# JOBS: processes at a time; by default one a core. ANALYZER_NODES: of a function's paths that clang's analyzer follows, by
# default a third of what it does by itself.
set -euo pipefail
build=$(cd "$1" && pwd)
jobs=${JOBS:-$(nproc)}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

cd "$here/../.."

for check in format layers sizes shell contract; do
  "$here/check_$check.sh"
done

# What protobuf-c wrote is not ours.
cppcheck --project="$build/compile_commands.json" -i"$build/lib/generated_protobuf" -j"$jobs" --enable=warning,style,performance,portability --quiet \
  --inline-suppr --suppressions-list="$here/cppcheck.txt" --error-exitcode=1 \
  --template='{file}:{line}: {severity}: {message} [{id}]'

# clang-tidy counts on stderr the warnings that it does not show. What the tests do on each path, the sanitizers see;
# the analyzer takes two thirds of the time and is for what users run.
depth=(--extra-arg=-Xclang --extra-arg=-analyzer-config --extra-arg=-Xclang "--extra-arg=max-nodes=${ANALYZER_NODES:-75000}")
tidy() { # FILES… on stdin, OPTION…
  xargs -P "$jobs" -n 1 clang-tidy -p "$build" --quiet "$@" 2> >(grep -vE '^[0-9]+ warnings? generated|^Suppressed|^Use -header' >&2)
}
files=$(sed -nE 's/^ *"file": "(.*)",?$/\1/p' "$build/compile_commands.json" | grep -v /generated_protobuf/ | LC_ALL=C sort -u)
grep -v "^$PWD/tests/" <<<"$files" | tidy "${depth[@]}"
grep "^$PWD/tests/" <<<"$files" | tidy --checks='-clang-analyzer-*'
