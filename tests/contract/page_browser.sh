#!/usr/bin/env bash
# Opens the page of a real serve in headless Chromium and uses it: by keyboard, with texts that look like HTML, in both
# colour schemes, at the width of a desk and of a phone.
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
trap '[ -z "$serve_pid" ] || kill "$serve_pid" 2>/dev/null || true; rm -rf "$DIR"' EXIT
source "$here/../clients/served.sh"
serve_begin --threads 2
timeout 200 node "$here/page_browser.js" "$browser" "http://127.0.0.1:$PORT/" "$DIR/profile" ${PICTURES:+"$PICTURES"}
serve_end
serve_pid=
