#!/usr/bin/env bash
# Opens the sample reports in headless Chromium, in both colour schemes, at desk and phone width, and in print.
#   report_browser.sh REPORT_SAMPLE
# Fails on any console message (the pages' policy turns each attempt to load or run something into one), on text that
# overlaps or leaves its picture, and on a page wider than its window. Without Chromium it says so and is skipped (77).
set -euo pipefail
sample=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$browser" ]; then
  echo "SKIPPED: no Chromium here; reports were not opened in a browser (apt-get install chromium)" >&2
  exit 77
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$sample" "$dir"

# open_page FILE WIDTH SCHEME: DOM after loading on stdout, what the page said in $dir/said. No name resolves.
open_page() {
  timeout 60 "$browser" --headless --no-sandbox --disable-gpu --disable-background-networking --user-data-dir="$dir/profile" \
    --host-resolver-rules='MAP * ~NOTFOUND' --enable-logging=stderr --v=0 --window-size="$2,2000" \
    --blink-settings="preferredColorScheme=$3" --dump-dom "file://$1" 2>"$dir/log"
  grep 'CONSOLE' "$dir/log" >"$dir/said" || true
}

fail() {
  echo "$1" >&2
  cat "$dir/said" >&2
  exit 1
}

# The check can fail: a page of the same policy that loads something is heard.
sed "s|</h1>|</h1><img src='http://example.invalid/x.png'>|" "$dir/0.html" >"$dir/bad.html"
open_page "$dir/bad.html" 1200 1 >"$dir/dom"
[ -s "$dir/said" ] || fail "a page that loads a picture went unnoticed"

for page in 0 1 2 3 4; do
  open_page "$dir/$page.html" 1200 1 >"$dir/dom"
  [ ! -s "$dir/said" ] || fail "page $page: the browser complains"
  grep -q '</footer>' "$dir/dom" || fail "page $page: not whole"
  # A copy without the policy and with a script that measures; phone width through a frame, for windows have a least width.
  sed -e '/Content-Security-Policy/d' -e "s|</body>|<script src='measure.js'></script></body>|" "$dir/$page.html" >"$dir/measured.html"
  cp "$here/report_measure.js" "$dir/measure.js"
  for width in 390 1200; do
    printf '<body style="margin:0"><iframe id="page" style="width:%spx;height:1500px;border:0" src="measured.html"></iframe>' "$width" >"$dir/frame.html"
    open_page "$dir/frame.html" 1300 $((width == 390 ? 0 : 1)) >"$dir/dom"
    grep -q 'MEASURED: [1-9][0-9]* texts, 0 faults' "$dir/said" || fail "page $page at $width: layout"
  done
done
# And it measures: a word over another word is found.
sed "s|</svg></figure>|<text class='tick' x='60' y='100'>over</text><text class='tick' x='62' y='101'>over</text></svg></figure>|" \
  "$dir/measured.html" >"$dir/over.html"
printf '<iframe style="width:1200px;height:900px" src="over.html"></iframe>' >"$dir/frame.html"
open_page "$dir/frame.html" 1300 1 >"$dir/dom"
grep -q 'MEASURED: [1-9][0-9]* texts, [1-9][0-9]* faults' "$dir/said" || fail "words over each other went unnoticed"
