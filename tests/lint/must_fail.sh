#!/usr/bin/env bash
# The test of a check: it must fail on a tree that is wrong on purpose, and say each line of WANT.
#   must_fail.sh WANT CHECK [ARGUMENT]…
set -euo pipefail
want=$1
shift
if got=$("$@" 2>&1); then
  echo "$1 found nothing wrong where it must"
  exit 1
fi
missing=$(grep -vxFf <(echo "$got") "$want" || true)
if [ -n "$missing" ]; then
  printf '%s did not say:\n%s\nbut:\n%s\n' "$1" "$missing" "$got"
  exit 1
fi
