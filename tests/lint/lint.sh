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

# With its own -j cppcheck 2.10 still works on one file at a time, and takes half as long again for each: every process gets
# a share of the files instead. What protobuf-c wrote is not ours.
shares=$(mktemp -d)
trap 'rm -rf "$shares"' EXIT
python3 - "$build/compile_commands.json" "$jobs" "$shares" <<'END'
import json, os, sys

commands, jobs, shares = sys.argv[1], int(sys.argv[2]), sys.argv[3]
with open(commands, encoding="utf-8") as file:
    entries = [entry for entry in json.load(file) if "/generated_protobuf/" not in entry["file"]]
for i in range(jobs):
    os.mkdir(f"{shares}/{i}")
    with open(f"{shares}/{i}/compile_commands.json", "w", encoding="utf-8") as file:
        json.dump(entries[i::jobs], file)
END
pids=()
for share in "$shares"/*; do
  cppcheck --project="$share/compile_commands.json" --enable=warning,style,performance,portability --quiet \
    --inline-suppr --suppressions-list="$here/cppcheck.txt" --error-exitcode=1 \
    --template='{file}:{line}: {severity}: {message} [{id}]' &
  pids+=($!)
done
for pid in "${pids[@]}"; do
  wait "$pid"
done

# clang-tidy counts on stderr the warnings that it does not show. What the tests do on each path, the sanitizers see;
# the analyzer takes two thirds of the time and is for what users run.
depth=(--extra-arg=-Xclang --extra-arg=-analyzer-config --extra-arg=-Xclang "--extra-arg=max-nodes=${ANALYZER_NODES:-75000}")
tidy() { # FILES… on stdin, OPTION…
  xargs -P "$jobs" -n 1 clang-tidy -p "$build" --quiet "$@" 2> >(grep -vE '^[0-9]+ warnings? generated|^Suppressed|^Use -header' >&2)
}
files=$(sed -nE 's/^ *"file": "(.*)",?$/\1/p' "$build/compile_commands.json" | grep -v /generated_protobuf/ | LC_ALL=C sort -u)
grep -v "^$PWD/tests/" <<<"$files" | tidy "${depth[@]}"
grep "^$PWD/tests/" <<<"$files" | tidy --checks='-clang-analyzer-*'
