# shellcheck shell=bash disable=SC2154 # run.sh's variables
# Benches of serve as it is used, beside the stack that it replaces; sourced by run.sh, whose helpers they use.

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
  local round line bad
  curl -s -o "$work/flask.ping" --retry 20 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$2/ping"
  for ((round = 1; round <= rounds; round++)); do
    say "flask, $1, round $round of $rounds"
    line=$(run_wrk "$2" 32 "$wrk_seconds")
    bad=$(calculate "$(field "$line" failed) + $(field "$line" error_statuses)")
    [ "$bad" = 0 ] || { echo "flask: $bad requests failed: $line" >&2 && return 1; }
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

# The latency of requests at half the rate that wrk reaches, each measured from when it was due.
bench_paced() {
  need_tool paced wrk wrk || return 0
  local threads round line rate
  for threads in $thread_counts; do
    rm -f "$work"/paced.*
    start_serve ours "$threads"
    for ((round = 1; round <= rounds; round++)); do
      say "paced, $threads thread(s), round $round of $rounds"
      rate=$(field "$(run_wrk "${port[ours]}" 32 "$wrk_seconds")" requests_per_second)
      line=$("$bin/bench_paced" "${port[ours]}" 32 "$(calculate "int($rate / 2)")" "$wrk_seconds" "$train_csv")
      field "$line" p99_ms >>"$work/paced.p99"
      field "$line" p50_ms >>"$work/paced.p50"
    done
    stop ours
    row P2 "at half that rate, $threads thread(s): p50, ms" "$(median "$work/paced.p50")" - - ''
    row P2 'p99, ms' "$(median "$work/paced.p99")" - - '≤ 1 ms' "$(median "$work/paced.p99") <= 1"
  done
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
