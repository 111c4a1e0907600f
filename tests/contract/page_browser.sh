#!/usr/bin/env bash
# Opens the page of a real serve in headless Chromium and uses it: by keyboard, with texts that look like HTML, that are
# long, that are written from right to left, in both colour schemes, at the width of a desk and of a phone; then that of
# a serve of many models.
#   page_browser.sh TRAIN SERVE
# PICTURES: a directory for screenshots. Without Chromium or node it says so and is skipped (77).
set -euo pipefail
TRAIN=$1
SERVE=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$browser" ] || ! command -v node >/dev/null; then
  echo "SKIPPED: no Chromium or no node here; the page was not opened in a browser (apt-get install chromium nodejs)" >&2
  exit 77
fi
DIR=$(mktemp -d)
serve_pid=
many_pid=
clean_up() {
  local pid
  for pid in $serve_pid $many_pid; do
    kill "$pid" 2>/dev/null || true
  done
  rm -rf "$DIR"
}
trap clean_up EXIT
source "$here/../clients/served.sh"
serve_begin --threads 2
mkdir "$DIR/models"
cp -r "$DIR/ml/model" "$DIR/models/first"
cp -r "$DIR/ml/model" "$DIR/models/second"
"$SERVE" --models-dir "$DIR/models" --host 127.0.0.1 --port 0 --threads 1 >"$DIR/many.log" 2>&1 &
many_pid=$!
many_port=
for _ in $(seq 200); do
  many_port=$(sed -nE 's/.*listening on [^ ]*:([0-9]+).*/\1/p' "$DIR/many.log")
  [ -z "$many_port" ] || break
  sleep 0.05
done
[ -n "$many_port" ] || { cat "$DIR/many.log" >&2; exit 1; }
MANY_URL="http://127.0.0.1:$many_port/" timeout 200 node "$here/page_browser.js" "$browser" "http://127.0.0.1:$PORT/" "$DIR/profile" ${PICTURES:+"$PICTURES"}
serve_end
serve_pid=
