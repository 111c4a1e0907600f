#!/usr/bin/env bash
# Fails when docs/contract-checks.md leaves a row of the hosting contract without a test, or names a test that is not there.
#   check_contract.sh [ROOT]    ROOT: a tree with docs/ and tests/; by default this project
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/../..}"
page=docs/contract-checks.md

rows() { # PREFIX FIRST LAST
  seq -f "$1%02g" "$2" "$3"
}

failed=0
complain() {
  echo "$page: $1"
  failed=1
}

# "file: test, test; file: test" without what stands in brackets → "file test", a line each.
tests_of() {
  sed 's/([^)]*)//g' | tr ';' '\n' | while IFS=: read -r file names; do
    tr ',' '\n' <<<"$names" | while read -r name; do
      echo "$(xargs <<<"$file") $name"
    done
  done
}

while read -r row; do
  line=$(grep "^| $row |" "$page") || { complain "$row is missing"; continue; }
  while read -r file name; do
    case $file in
      *.sh) path=tests/$file pattern="^$name() {" ;;
      *) path=tests/contract/$file.c pattern="^static void $name(void \*\*state)" ;;
    esac
    [ -n "$name" ] || complain "$row has no test"
    [ -z "$name" ] || grep -qs "$pattern" "$path" || complain "$row: $path has no test $name"
  done < <(awk -F' [|] ' '{ sub(/ [|]$/, "", $3); print $3 }' <<<"$line" | tests_of)
done < <(rows S 1 34; rows B 1 11; rows M 1 15; rows P 2 4; rows X 1 5; echo X09; rows F 1 8; echo L05)
exit "$failed"
