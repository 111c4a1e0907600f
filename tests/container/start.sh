#!/usr/bin/env bash
# How long serve takes from the start of its container to the first 200 on /ping, beyond an image of one static program that
# answers at once; the least of several each, measured in turn.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"
n_pairs=10
limit_ms=50

make_empty_image() {
  mkdir "$scratch/empty"
  gcc -O2 -static -o "$scratch/empty/serve" "$here/answer_at_once.c"
  printf 'FROM scratch\nCOPY serve /serve\nENV PATH=/\n' >"$scratch/empty/Dockerfile"
  "$engine" build "${build_options[@]}" --quiet --tag "$image-empty" "$scratch/empty" >/dev/null
}

# The first line of the answer to a ping; nothing while nobody listens. A copy of this shell asks: no program is started.
ask_once() {
  (
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    printf 'GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
    IFS= read -r -t 1 line <&3
    printf '%s' "${line%$'\r'}"
  ) 2>/dev/null || true
}

create() {
  "$engine" create "${run_options[@]}" --network host --name "$2" -e SAGEMAKER_BIND_TO_PORT="$port" \
    -v "$model_job/model:/opt/ml/model:ro" "$1" serve >/dev/null
}

# Milliseconds from the start of a container that has been created to the first 200.
measure() {
  local begin=$EPOCHREALTIME
  "$engine" start "$1" >/dev/null &
  while [ "$(ask_once)" != 'HTTP/1.1 200 OK' ]; do
    if ((${EPOCHREALTIME/./} - ${begin/./} > 10000000)); then
      echo "$1: no answer within 10 s" >&2
      exit 1
    fi
  done
  echo $(((${EPOCHREALTIME/./} - ${begin/./}) / 1000))
  wait
  "$engine" stop --time 10 "$1" >/dev/null
}

least() {
  printf '%s\n' "$@" | sort -n | head -n 1
}

measure_pairs() {
  local i
  for ((i = 0; i < $1; i++)); do
    empty+=("$(measure "$tag-empty")")
    ours+=("$(measure "$tag-serve")")
  done
  beyond=$(($(least "${ours[@]}") - $(least "${empty[@]}")))
  echo "start to the first 200: serve $(least "${ours[@]}") ms (${ours[*]}), an empty container $(least "${empty[@]}") ms (${empty[*]})" >&5
}

# What else the machine does makes a start longer, never shorter: the least of each is what counts, and where that is not yet
# little enough, it is measured more often.
serve_answers_50_ms_after_an_empty_container_at_most() {
  local ours=() empty=() beyond
  create "$image-empty" "$tag-empty"
  create "$image" "$tag-serve"
  measure_pairs "$n_pairs"
  if [ "$beyond" -gt "$limit_ms" ]; then
    measure_pairs $((2 * n_pairs))
  fi
  expect "$limit_ms ms beyond an empty container at most, not $beyond" test "$beyond" -le "$limit_ms"
}

exec 5>&1
need_model
make_empty_image
# A port that is free now; on the host's network, where no proxy of the engine answers before serve does.
port=$(awk 'BEGIN { srand(); print 20000 + int(rand() * 10000) }')
while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
  port=$((port + 1))
done
check "serve answers 50 ms after an empty container at most" serve_answers_50_ms_after_an_empty_container_at_most
"$engine" rmi --force "$image-empty" >/dev/null 2>&1
finish_group
