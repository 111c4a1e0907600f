#!/usr/bin/env bash
# Clients that others wrote, against a real serve on the loopback.
#   clients.sh sdk|boto3|openapi TRAIN SERVE SCRATCH
# sdk: the AWS SDK for JavaScript, installed below SCRATCH from the npm registry; where that cannot be reached, and where the
# Debian packages of local_test/packages.sh are missing, a line says so and the test is skipped (77).
set -euo pipefail
kind=$1
TRAIN=$2
SERVE=$3
scratch=$4
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=/usr/bin/python3 # Debian's, whose packages these are; others in the path do not see them

skip() {
  echo "SKIPPED: $1" >&2
  exit 77
}

# The packages that package-lock.json names, once for each version of it.
install_sdk() {
  local package
  command -v npm >/dev/null || skip "no npm here; the AWS SDK for JavaScript was not tried (apt-get install nodejs npm)"
  mkdir -p "$scratch"
  if cmp -s "$here/package-lock.json" "$scratch/installed.json"; then
    return
  fi
  cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$scratch"
  if ! (cd "$scratch" && npm ci --no-update-notifier >"$scratch/npm.log" 2>&1); then
    package=$(sed -nE 's/^ *"(@aws-sdk[^"]*)": .*/\1/p' "$here/package.json")
    if (cd "$scratch" && npm view "$package" version >/dev/null 2>&1); then
      cat "$scratch/npm.log" >&2
      exit 1
    fi
    skip "the npm registry cannot be reached; the AWS SDK for JavaScript was not tried"
  fi
  cp "$here/package-lock.json" "$scratch/installed.json"
}

case $kind in
sdk)
  install_sdk
  cp "$here/invoke_sdk.mjs" "$scratch" # modules are looked for beside the file
  client=(node --test "$scratch/invoke_sdk.mjs")
  ;;
boto3)
  "$python" -c 'import boto3' 2>/dev/null || skip "no boto3 here; it was not tried (apt-get install python3-boto3)"
  client=("$python" "$here/invoke_boto3.py")
  ;;
openapi)
  "$python" -c 'import jsonschema' 2>/dev/null || skip "no jsonschema here; /openapi.json was not checked (apt-get install python3-jsonschema)"
  client=("$python" "$here/openapi.py")
  ;;
*)
  echo "$kind: expected sdk, boto3 or openapi" >&2
  exit 2
  ;;
esac

DIR=$(mktemp -d)
serve_pid=
trap '[ -z "$serve_pid" ] || kill "$serve_pid" 2>/dev/null || true; rm -rf "$DIR"' EXIT
source "$here/served.sh"
serve_begin --threads 2
PORT=$PORT timeout 120 "${client[@]}"
serve_end
serve_pid=
