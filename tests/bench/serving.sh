# shellcheck shell=bash disable=SC2154 # run.sh's variables
# Benches of serve as it is used: start, memory, rates and latencies; sourced by run.sh, whose helpers they use.

bench_P1() {
  local round name sizes='small middle large' line
  train_model small --epochs 1 --max_words 1000
  if $smoke; then
    sizes='small'
  else
    train_model middle --epochs 1 --model.hidden 720,32
    train_model large --epochs 1 --model.hidden 2900,32
    cp -r "$work/small" "$work/huge"
    "$bin/pad_model" "$work/huge" 500000000
    sizes='small middle large huge'
  fi
  for ((round = 1; round <= rounds; round++)); do
    say "P1 round $round of $rounds"
    for name in $sizes; do
      line=$("$bin/bench_start" "$starts" "$bin/serve" --quiet --model-dir "$work/$name" --host 127.0.0.1 \
        --port '{port}' --threads 2)
      list "$line" milliseconds >>"$work/p1.$name"
    done
    line=$("$bin/bench_start" "$starts" "$bin/constant_server" '{port}' 2 2>>"$work/p1.log")
    list "$line" milliseconds >>"$work/p1.peer"
  done
  local ms small peer
  peer=$(median "$work/p1.peer") small=$(median "$work/p1.small")
  for name in $sizes; do
    ms=$(median "$work/p1.$name")
    row P1 "start to /ping, $(megabytes "$work/$name") MB model (fastest: $(least "$work/p1.$name")), ms" \
      "$ms" "$peer" "$(calculate "$ms / $peer")" '≤ 20 ms' "$ms <= 20"
    if [ "$name" != small ]; then
      row P1 "the same; peer: $(megabytes "$work/small") MB model" "$ms" "$small" "$(calculate "$ms / $small")" \
        '≤ 1.25: independent of size' "$ms <= 1.25 * $small"
    fi
  done
}

bench_models() {
  local n=1000 i line bytes
  if $smoke; then
    n=4
  fi
  train_model tiny --epochs 1 --max_words 100 --model.hidden 16
  mkdir -p "$work/many/models"
  cp -r "$work/tiny" "$work/many/one"
  bytes=$(stat -c %s "$work/many/one/model.safetensors")
  "$bin/pad_model" "$work/many/one" "$((1000000 - bytes))"
  bytes=$(stat -c %s "$work/many/one/model.safetensors")
  for ((i = 0; i < n; i++)); do
    mkdir "$work/many/models/m$i"
    cp -r "$work/many/one" "$work/many/models/m$i/model"
  done
  say "models: $n of $bytes bytes"
  line=$("$bin/bench_models" "$bin/serve" "$work/many" "$n" "$bytes")
  rm -rf "$work/many"
  local ms
  ms=$(field "$line" load_median)
  row models "POST /models, $n models of $(calculate "$bytes / 1e6") MB, p50, ms" "$ms" - - '≤ 2 ms' "$ms <= 2"
  row models 'the same, slowest, ms' "$(field "$line" load_max)" - - ''
  row models 'first request to each, p50, ms' "$(field "$line" ask_median)" - - ''
}

private_kb() { # PID
  awk '/^Private_/ { sum += $2 } END { print sum }' "/proc/$1/smaps_rollup"
}

bench_P12() {
  need_tool P12 wrk wrk || return 0
  [ -r /proc/self/smaps_rollup ] || { skip P12 'no /proc/self/smaps_rollup' && return 0; }
  local threads counts='1 4 8'
  ! $smoke || counts='1 2'
  for threads in $counts; do
    say "P12, $threads threads"
    start_serve ours "$threads"
    # So many connections that each thread has some: a thread's session is made by its first request.
    run_wrk "${port[ours]}" 256 "$wrk_seconds" >/dev/null
    private_kb "${pid[ours]}" >"$work/p12.$threads"
    stop ours
    if [ "$threads" != 1 ]; then
      local more
      more=$(calculate "($(cat "$work/p12.$threads") - $(cat "$work/p12.1")) / ($threads - 1)")
      row P12 "private KB a thread, 1 → $threads threads ($(cat "$work/p12.1") KB with 1)" "$more" - - '≤ 1024' \
        "$more <= 1024"
    fi
  done
}

# A rate of answers that are none is no rate.
expect_no_failure() { # SERVER LINE
  local bad
  bad=$(calculate "$(field "$2" failed) + $(field "$2" error_statuses)")
  [ "$bad" = 0 ] || { echo "$1: $bad requests failed: $2" >&2 && return 1; }
}

# The yardstick comes in two sizes, for the library clears a connection's memory behind each request: with the 32 KB that
# it takes by itself, and with less, as serve has. Whichever is faster counts.
bench_P2() {
  need_tool P2 wrk wrk || return 0
  local threads round server line
  for threads in $thread_counts; do
    rm -f "$work"/p2.*
    start_serve ours "$threads"
    start default "$bin/constant_server" 0 "$threads"
    start lean "$bin/constant_server" 0 "$threads" 8192
    for ((round = 1; round <= rounds; round++)); do
      say "P2, $threads thread(s), round $round of $rounds"
      for server in ours default lean; do
        line=$(run_wrk "${port[$server]}" 32 "$wrk_seconds")
        field "$line" requests_per_second >>"$work/p2.rate.$server"
        field "$line" p99_us >>"$work/p2.p99.$server"
        field "$line" requests >>"$work/p2.n.$server"
        expect_no_failure "$server" "$line"
      done
    done
    for server in ours default lean; do
      calculate "$(cpu_seconds "${pid[$server]}") * 1e6 / $(total "$work/p2.n.$server")" >"$work/p2.cpu.$server"
    done
    stop ours default lean
    report_P2 "$threads"
  done
}

report_P2() { # THREADS
  local peer=default ours rate cpu p99
  if calculate "$(median "$work/p2.rate.lean") > $(median "$work/p2.rate.default")" | grep -qx 1; then
    peer=lean
  fi
  say "P2, $1 thread(s): the faster yardstick is the $peer one"
  ours=$(median "$work/p2.rate.ours") rate=$(median "$work/p2.rate.$peer")
  row P2 "one headline a request, $1 thread(s), requests/s" "$ours" "$rate" "$(calculate "$ours / $rate")" '≥ 0.80' \
    "$ours >= 0.8 * $rate"
  ours=$(cat "$work/p2.cpu.ours") cpu=$(cat "$work/p2.cpu.$peer")
  row P2 'processor µs a request' "$ours" "$cpu" "$(calculate "$ours / $cpu")" ''
  ours=$(calculate "$(median "$work/p2.p99.ours") / 1000") p99=$(calculate "$(median "$work/p2.p99.$peer") / 1000")
  row P2 'p99 of these, ms' "$ours" "$p99" "$(calculate "$ours / $p99")" '≤ 1 ms' "$ours <= 1"
}

# The latency of requests at half the rate that wrk reaches, each measured from when it was due; the constant answers at
# the same rate tell what of it is the machine's.
bench_paced() {
  need_tool paced wrk wrk || return 0
  local threads round line rate server
  for threads in $thread_counts; do
    rm -f "$work"/paced.*
    start_serve ours "$threads"
    start lean "$bin/constant_server" 0 "$threads" 8192
    for ((round = 1; round <= rounds; round++)); do
      say "paced, $threads thread(s), round $round of $rounds"
      rate=$(field "$(run_wrk "${port[ours]}" 32 "$wrk_seconds")" requests_per_second)
      for server in ours lean; do
        line=$("$bin/bench_paced" "${port[$server]}" 32 "$(calculate "int($rate / 2)")" "$wrk_seconds" "$train_csv")
        field "$line" p99_ms >>"$work/paced.p99.$server"
        field "$line" p50_ms >>"$work/paced.p50.$server"
      done
    done
    stop ours lean
    row_paced "at half that rate, $threads thread(s): p50, ms" p50 ''
    row_paced 'p99, ms' p99 '≤ 1 ms' "$(median "$work/paced.p99.ours") <= 1"
  done
}

row_paced() { # WHAT FIELD BAR [CONDITION]
  local ours lean
  ours=$(median "$work/paced.$2.ours") lean=$(median "$work/paced.$2.lean")
  row P2 "$1" "$ours" "$lean" "$(calculate "$ours / $lean")" "${@:3}"
}

# /ping and single headlines while a 100 MiB CSV is scored again and again.
bench_busy() {
  local round line bytes=104857600
  ! $smoke || bytes=1000000
  start_serve ours 2
  "$bin/bench_batch" "${port[ours]}" 1 $((3 + 3 * rounds * wrk_seconds)) "$bytes" "$train_csv" csv >"$work/busy.batch" &
  pid[load]=$!
  sleep 1
  for ((round = 1; round <= rounds; round++)); do
    say "busy, round $round of $rounds"
    line=$("$bin/bench_paced" "${port[ours]}" 4 100 "$wrk_seconds" ping)
    field "$line" p99_ms >>"$work/busy.ping"
    line=$("$bin/bench_paced" "${port[ours]}" 8 1000 "$wrk_seconds" "$train_csv")
    field "$line" p99_ms >>"$work/busy.small"
  done
  kill "${pid[load]}" 2>/dev/null || true
  wait "${pid[load]}" || true
  unset "pid[load]"
  stop ours
  row busy 'p99 of /ping while 100 MiB are scored, ms' "$(median "$work/busy.ping")" - - '≤ 5 ms' \
    "$(median "$work/busy.ping") <= 5"
  row busy 'p99 of single headlines meanwhile, ms' "$(median "$work/busy.small")" - - '≤ 10 ms' \
    "$(median "$work/busy.small") <= 10"
}

# start_gunicorn KIND ADDRESS: the Flask application with as many workers as processors.
start_gunicorn() {
  TEXTML_MODEL=$work/model PYTHONDONTWRITEBYTECODE=1 gunicorn --worker-class "$1" --workers 2 --bind "$2" \
    --chdir "$peers" flask_app:app >"$work/flask.log" 2>&1 &
  pid[flask]=$!
}

# Before it, nginx as the tutorials' containers configure it.
start_nginx() { # PORT SOCKET
  sed -e "s|@PORT@|$1|; s|@SOCKET@|$2|; s|@WORK@|$work|; s|@USER@|$(id -un) $(id -gn)|" "$peers/flask_nginx.conf" >"$work/nginx.conf"
  nginx -c "$work/nginx.conf" >"$work/nginx.log" 2>&1 &
  pid[nginx]=$!
}

# rate_flask VARIANT PORT: requests/s of the peer that listens there and of ours, in turn.
rate_flask() {
  local round line
  curl -s -o "$work/flask.ping" --retry 20 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$2/ping"
  for ((round = 1; round <= rounds; round++)); do
    say "flask, $1, round $round of $rounds"
    line=$(run_wrk "$2" 32 "$wrk_seconds")
    expect_no_failure flask "$line"
    field "$line" requests_per_second >>"$work/flask.$1"
    field "$(run_wrk "${port[ours]}" 32 "$wrk_seconds")" requests_per_second >>"$work/flask.ours"
  done
}

# Ends what was started for a variant; gunicorn and nginx end as they like.
stop_flask() {
  local name
  for name in "$@"; do
    kill "${pid[$name]}"
    wait "${pid[$name]}" || true
    unset "pid[$name]"
  done
}

row_flask() { # OURS PEER WHAT [BAR CONDITION]
  row flask "one headline a request, requests/s; peer: $3" "$1" "$2" "$(calculate "$1 / $2")" "${@:4}"
}

# The same network behind Flask and gunicorn, bare (the faster of two kinds of workers) and behind nginx as it is deployed.
bench_flask() {
  need_tool flask wrk wrk || return 0
  need_tool flask gunicorn gunicorn || return 0
  need_python flask flask python3-flask || return 0
  need_python flask gevent python3-gevent || return 0
  local kind at ours peer nginx=true
  need_tool 'flask behind nginx' nginx nginx-light || nginx=false
  start_serve ours 2
  for kind in sync gevent; do
    at=$((20000 + RANDOM % 10000))
    start_gunicorn "$kind" "127.0.0.1:$at"
    rate_flask "$kind" "$at"
    stop_flask flask
    median "$work/flask.$kind" >>"$work/flask.best"
  done
  if $nginx; then
    at=$((20000 + RANDOM % 10000))
    start_gunicorn gevent "unix:$work/gunicorn.sock"
    start_nginx "$at" "$work/gunicorn.sock"
    rate_flask deployed "$at"
    stop_flask nginx flask
  fi
  stop ours
  ours=$(median "$work/flask.ours") peer=$(most "$work/flask.best")
  row_flask "$ours" "$peer" 'gunicorn alone' '≥ 30 times' "$ours >= 30 * $peer"
  ! $nginx || row_flask "$ours" "$(median "$work/flask.deployed")" 'nginx and gunicorn' '≥ 30 times' \
    "$ours >= 30 * $(median "$work/flask.deployed")"
}
