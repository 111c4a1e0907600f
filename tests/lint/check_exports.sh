#!/usr/bin/env bash
# Fails when the shared library exports anything else than what the public headers declare with TML_API.
#   check_exports.sh LIBRARY [HEADERS]    LIBRARY: libtextml.so; HEADERS: by default lib/include/textml of this project
set -euo pipefail
library=$1
headers=${2:-$(dirname "${BASH_SOURCE[0]}")/../../lib/include/textml}

# Without macros and comments, declarations end in a semicolon; the name stands before the first parenthesis.
declared=$(sed '/^#/d' "$headers"/*.h | tr '\n' ' ' | sed -E 's:/\*[^*]*\*+([^/*][^*]*\*+)*/: :g' | tr ';' '\n' |
  sed -nE 's/.*TML_API ([^(]*[^(A-Za-z0-9_])?([A-Za-z0-9_]+)\(.*/\2/p' | LC_ALL=C sort)
exported=$(nm -D --defined-only "$library" | awk '{print $NF}' | LC_ALL=C sort)

missing=$(LC_ALL=C comm -23 <(echo "$declared") <(echo "$exported"))
extra=$(LC_ALL=C comm -13 <(echo "$declared") <(echo "$exported"))
if [ -n "$missing" ]; then
  echo "declared with TML_API, but not exported:" "${missing//$'\n'/ }"
fi
if [ -n "$extra" ]; then
  echo "exported, but not declared with TML_API:" "${extra//$'\n'/ }"
fi
[ -z "$missing$extra" ]
