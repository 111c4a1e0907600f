#!/usr/bin/env bash
# Fails when shellcheck finds anything in a shell script: *.sh, and what has no suffix but a shell's first line.
#   check_shell.sh [ROOT]    by default this project
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/../..}"

find . \( -path ./build -o -path ./.git -o -path ./tests/lint/fixtures \) -prune -o -type f \
  \( -name '*.sh' -o ! -name '*.*' -perm -u+x -exec awk 'FNR == 1 { exit !/^#!.*sh$/ }' {} \; \) -print |
  LC_ALL=C sort | xargs -P "$(nproc)" -n 8 shellcheck -x -P SCRIPTDIR
