#!/usr/bin/env bash
# From a fresh Debian 12 to classified headlines: installs what is missing, builds, trains on the sample headlines, starts
# the server, asks it, stops it. Safe to run again.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$here/packages.sh"

need_build_packages

echo "== build"
cd "$project"
cmake --preset release -DTML_BUILD_TESTS=OFF >/dev/null
cmake --build build/release --target train serve -- -d keepdepfile | tail -n 1

echo "== train"
"$here/train_local.sh"

echo "== serve"
log=$(mktemp)
server=
stop_server() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -f "$log"
}
trap stop_server EXIT
"$bin/serve" --model-dir "$test_dir/model" --host 127.0.0.1 --port 0 >"$log" &
server=$!
PORT=
for _ in $(seq 100); do
  PORT=$(sed -nE 's/.*listening on [^ ]*:([0-9]+).*/\1/p' "$log")
  [ -n "$PORT" ] && break
  kill -0 "$server" 2>/dev/null || die "the server ended: $(cat "$log")"
  sleep 0.05
done
[ -n "$PORT" ] || die "the server did not start within 5 seconds"
export PORT
cat "$log"

echo "== predict"
cat "$here/input.json"
"$here/predict.sh" "$here/input.json" application/json
while IFS= read -r headline; do
  printf '%s\n' "$headline" >"$log.txt"
  printf '%-70s → ' "$headline"
  "$here/predict.sh" "$log.txt" text/plain | head -n 1
done <"$here/headlines.txt"
rm -f "$log.txt"
echo "== report: local_test/test_dir/output/data/report.html (open it in a browser)"
echo "== done: train with your own files by putting them into local_test/test_dir/input/data/train (README.md)"
