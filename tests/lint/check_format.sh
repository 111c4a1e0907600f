#!/usr/bin/env bash
# Fails when clang-format would change a C file.
#   check_format.sh [ROOT]        ROOT: a tree with lib/, src/ or tests/; by default this project
#   check_format.sh --fix [ROOT]  formats instead
set -euo pipefail
mode=(--dry-run -Werror)
if [ "${1:-}" = --fix ]; then
  mode=(-i)
  shift
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "${1:-$here/../..}"

# The fixtures are wrong on purpose.
find . \( -path ./build -o -path ./tests/lint/fixtures \) -prune -o -name '*.[ch]' -print | LC_ALL=C sort |
  xargs clang-format --style="file:$here/../../.clang-format" "${mode[@]}"
