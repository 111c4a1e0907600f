#!/usr/bin/env bash
# Sends a file to the server that serve_local.sh started and prints the answer.
#   ./predict.sh FILE [TYPE]    TYPE: application/json, application/jsonlines, text/csv or text/plain; by default from the
#                               file's name
# PORT=NUMBER asks another port.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
help_if_asked "$@"

[ $# -ge 1 ] || die "usage: predict.sh FILE [TYPE]"
[[ -f $1 && -r $1 ]] || die "$1: no such file, or it may not be read"
if [ $# -ge 2 ]; then
  type=$2
else
  case "$1" in
    *.json) type=application/json ;;
    *.jsonl | *.ndjson) type=application/jsonlines ;;
    *.csv) type=text/csv ;;
    *) type=text/plain ;;
  esac
fi
# --data-binary keeps line ends, which -d would drop.
curl --silent --show-error --data-binary "@$1" -H "Content-Type: $type" \
  --write-out '\n' "http://127.0.0.1:$port/invocations" ||
  die "no answer on port $port: start serve_local.sh in another terminal (PORT=NUMBER for another port)"
