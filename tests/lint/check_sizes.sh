#!/usr/bin/env bash
# Fails when a source file has more than 600 lines, or a function more than 60 from its brace to its brace.
#   check_sizes.sh [ROOT]    by default this project
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/../..}"

find . \( -path ./build -o -path ./.git -o -path ./tests/lint/fixtures \) -prune -o \
  \( -name '*.[ch]' -o -name '*.sh' -o -name '*.py' -o -name '*.cmake' -o -name CMakeLists.txt \) -print |
  LC_ALL=C sort | xargs awk '
function complain(line, message) { print FILENAME ":" line ": " message; failed = 1 }
FNR == 1 { open = 0; is_c = FILENAME ~ /\.[ch]$/ }
FNR == 601 { complain(FNR, "the file has more than 600 lines") }
is_c && /^{/ { open = FNR } # check_format.sh makes sure that only functions have braces here
is_c && /^}/ && open {
    if (FNR - open > 60) complain(open, "the function has more than 60 lines: " FNR - open)
    open = 0
}
END { exit failed }
'
