#!/usr/bin/env bash
# serve in a container: ports, answers, users, mounts, limits, the end, pipelines, and SageMaker's local mode.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"

answers() {
  expect_equal "$(ask application/json "{\"input\": \"$headline\"}")" "{\"result\": \"$headline_label\"}"
}

# S01, over a published port: it listens on all addresses.
it_listens_on_8080_and_answers() {
  start_serve
  answers
  expect_equal "$(status -X POST "$url/ping")" 200
  expect_equal "$(status --head "$url/ping")" 200
  expect_equal "$(status "$url/nowhere")" 404
  expect_equal "$(stop)" 0
}

# S02
it_listens_on_the_port_it_is_told_only() {
  serve_port=9100 start_serve -e SAGEMAKER_BIND_TO_PORT=9100 -p 127.0.0.1::8080
  answers
  expect_equal "$(status "http://$("$engine" port "$container" 8080/tcp)/ping")" 000
  expect_equal "$(stop)" 0
}

the_answers_are_the_native_ones() {
  local body
  body=$(sed 's/.*/{"input": "&"}/' "$project/local_test/headlines.txt")
  start_serve
  "$project/build/release/bin/serve" --model-dir "$model_job/model" --host 127.0.0.1 --port 0 >"$scratch/native" 2>&1 &
  local native=$! there=$url line i
  for ((i = 0; i < 100; i++)); do
    ! grep -q 'listening on' "$scratch/native" || break
    sleep 0.05
  done
  local here_url
  here_url=http://$(sed -nE 's/.*listening on ([0-9.:]+).*/\1/p' "$scratch/native")
  while IFS= read -r line; do
    url=$there ask text/plain "$line" -H 'Accept: application/json' >"$scratch/in_image"
    url=$here_url ask text/plain "$line" -H 'Accept: application/json' >"$scratch/natively"
    cmp "$scratch/in_image" "$scratch/natively"
    expect_match "$(cat "$scratch/natively")" '"score":'
  done <"$project/local_test/headlines.txt"
  kill "$native"
  wait "$native"
}

# S23, S29: as serverless endpoints may have it
any_user_serves_in_a_strict_container() {
  start_serve --user 34567:65432 --read-only --read-only-tmpfs=false --tmpfs /tmp --cap-drop=ALL \
    --security-opt no-new-privileges
  answers
  expect_equal "$(stop)" 0
}

nothing_at_all_can_be_written() {
  start_serve --user 34567 --read-only --read-only-tmpfs=false --cap-drop=ALL
  answers
  expect_equal "$(stop)" 0
}

root_without_capabilities_serves() {
  start_serve --cap-drop=ALL
  answers
}

# S28: threads by the cgroup's quota of processors, and few megabytes
the_cgroup_limits_are_read() {
  start_serve --cpus 1 --memory 48m --memory-swap 48m
  answers
  expect_match "$("$engine" logs "$container" 2>&1)" ', 1 thread, '
}

# load NAME: the status of loading that model; unload NAME
load() {
  status -H 'Content-Type: application/json' -d "{\"model_name\": \"$1\", \"url\": \"/opt/ml/models/$1/model\"}" "$url/models"
}
unload() {
  status -X DELETE "$url/models/$1"
}
answers_as() {
  expect_equal "$(curl -sS --max-time 30 -H 'Content-Type: text/plain' --data-binary "$headline" "$url/models/$1/invoke")" "$headline_label"
}

# M05, S29: what counts is the container's limit, not the machine's memory.
the_memory_limit_bounds_the_models() {
  local models n=0 most=60 loaded=0 last=200
  models=$(mktemp -d "$scratch/models.XXXX")
  for ((n = 0; n < most; n++)); do
    mkdir "$models/m$n"
    cp -r "$model_job/model" "$models/m$n/model"
  done
  chmod -R u=rwX,go=rX "$models"
  start -p 127.0.0.1::8080 -v "$models:/opt/ml/models:ro" -e SAGEMAKER_MULTI_MODEL=true --memory 64m --memory-swap 64m \
    --user 34567:65432 --read-only --read-only-tmpfs=false --tmpfs /tmp --cap-drop=ALL -- serve
  url=http://$("$engine" port "$container" 8080/tcp)
  wait_for_ping "$url"
  while [ "$loaded" -lt "$most" ]; do
    last=$(load "m$loaded")
    [ "$last" = 200 ] || break
    loaded=$((loaded + 1))
  done
  echo "64 MB: $loaded models"
  expect_equal "$last" 507
  expect "more than 5 models, not $loaded" test "$loaded" -gt 5
  for ((n = 0; n < loaded; n++)); do
    answers_as "m$n"
  done
  expect_equal "$(unload m0)" 200
  expect_equal "$(load "m$loaded")" 200
  answers_as "m$loaded"
  expect_equal "$(status "$url/ping")" 200
  expect_equal "$("$engine" inspect --format '{{.State.OOMKilled}}' "$container")" false
  expect_equal "$(stop)" 0
}

# The libraries of TLS are there; keys and certificates are mounted.
it_speaks_tls_and_asks_for_a_key() {
  local secrets
  secrets=$(mktemp -d "$scratch/secrets.XXXX")
  printf 'a-key-of-the-tests-0123456789\n' >"$secrets/key"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -keyout "$secrets/server.key" -out "$secrets/server.crt" 2>/dev/null
  chmod -R go=rX "$secrets"
  start -p 127.0.0.1::8080 -v "$model_job/model:/opt/ml/model:ro" -v "$secrets:/run/secrets:ro" --user 34567 --read-only \
    --cap-drop=ALL -- serve --api-key-file /run/secrets/key --tls-cert /run/secrets/server.crt --tls-key /run/secrets/server.key
  url=https://localhost:$("$engine" port "$container" 8080/tcp | head -n 1 | sed 's/.*://')
  export CURL_HOME=$secrets # for all calls of curl in this check
  printf 'cacert = %s/server.crt\n' "$secrets" >"$secrets/.curlrc"
  wait_for_ping "$url"
  expect_equal "$(status -H 'Content-Type: text/plain' -d x "$url/invocations")" 401
  expect_equal "$(ask text/plain "$headline" -H "Authorization: Bearer $(cat "$secrets/key")")" "$headline_label"
  expect_equal "$(stop)" 0
}

# S25, as local mode leaves it
other_files_beside_the_model_are_passed_over() {
  local job
  job=$(mktemp -d "$scratch/job.XXXX")
  cp -r "$model_job/model" "$job/model"
  tar -C "$model_job/model" -czf "$job/model/model.tar.gz" .
  touch "$job/model/.DS_Store" "$job/model/._model.safetensors"
  mkdir "$job/model/code"
  chmod -R go=rX "$job"
  model_job=$job start_serve
  answers
}

# S26
a_running_request_is_finished_before_the_end() {
  local body code
  start_serve
  # One text of 600 kB at 150 kB a second: the request lasts four seconds, and the end is asked for in its first.
  for ((i = 0; i < 11000; i++)); do
    printf '%s ' "$headline"
  done >"$scratch/body"
  curl -s -o "$scratch/answer" -w '%{http_code}' --limit-rate 150k --max-time 60 -H 'Content-Type: text/plain' \
    --data-binary "@$scratch/body" "$url/invocations" >"$scratch/status" &
  local asking=$!
  sleep 1
  code=$(stop)
  wait "$asking"
  expect_equal "$(cat "$scratch/status")" 200
  expect_equal "$(cat "$scratch/answer")" "$headline_label"
  expect_equal "$code" 0
}

# The answer has left the process when the end comes, but not the container: with the container goes its network.
a_slow_reader_gets_all_of_its_answer() {
  local code i
  start_serve
  for ((i = 0; i < 11000; i++)); do
    printf '%s\n' "$headline"
  done >"$scratch/body"
  python3 "$here/slow_reader.py" "${url##*:}" "$scratch/body" 3 >"$scratch/answer" &
  local asking=$!
  sleep 1
  code=$(stop)
  wait "$asking"
  expect_equal "$(grep -cx "$headline_label" "$scratch/answer")" 11000
  expect_equal "$code" 0
}

an_idle_connection_does_not_hold_up_the_end() {
  local begin
  start_serve
  exec 4<>"/dev/tcp/${url#http://}" 2>/dev/null || exec 4<>"/dev/tcp/127.0.0.1/${url##*:}"
  begin=$SECONDS
  expect_equal "$(stop)" 0
  expect "an end within 5 s" test $((SECONDS - begin)) -le 5
}

interrupt_ends_it_as_well() {
  start_serve
  "$engine" kill --signal INT "$container" >/dev/null
  expect_equal "$("$engine" wait "$container")" 0
}

# P04: two containers in one network, as a pipeline's are; the first one's answer and type go to the second.
two_containers_in_sequence_answer_behind_their_ports() {
  local first second first_url second_url type
  serve_port=9100 start_serve -e SAGEMAKER_BIND_TO_PORT=9100 -e SAGEMAKER_SAFE_PORT_RANGE=9100-9199 \
    -e SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT=text/plain -p 127.0.0.1::9200
  first=$container
  first_url=$url
  second_url=http://$("$engine" port "$first" 9200/tcp)
  start --network "container:$first" -v "$model_job/model:/opt/ml/model:ro" -e SAGEMAKER_BIND_TO_PORT=9200 \
    -e SAGEMAKER_SAFE_PORT_RANGE=9200-9299 -- serve
  second=$container
  wait_for_ping "$second_url"
  url=$first_url ask application/json "{\"instances\": [{\"text\": \"$headline\"}]}" -D "$scratch/headers" >"$scratch/between"
  expect_equal "$(cat "$scratch/between")" "$headline_label"
  type=$(sed -nE 's/^[Cc]ontent-[Tt]ype: ([^\r]*)\r?$/\1/p' "$scratch/headers")
  url=$second_url ask "$type" "$(cat "$scratch/between")" >"$scratch/chained"
  url=$second_url ask text/plain "$headline_label" >"$scratch/direct"
  cmp "$scratch/chained" "$scratch/direct"
  expect_match "$(cat "$scratch/chained")" '^[A-Z]'
  expect_equal "$(stop "$second")" 0
  expect_equal "$(stop "$first")" 0
}

# L02: a writable model directory with the archive in it, a terminal, the SDK's spelling of headers
local_mode_deploys_and_predicts() {
  start --tty --network podman -p 127.0.0.1::8080 -v "$model_job/model:/opt/ml/model" -e AWS_REGION=us-west-2 \
    -e SAGEMAKER_CONTAINER_LOG_LEVEL=20 -e SAGEMAKER_REGION=us-west-2 -e SAGEMAKER_SUBMIT_DIRECTORY= -e SAGEMAKER_PROGRAM= -- serve
  url=http://$("$engine" port "$container" 8080/tcp)
  wait_for_ping "$url"
  answers
  expect_match "$(curl -sS -H 'Content-type: text/csv' -H 'Accept: text/csv' -H 'X-Amzn-SageMaker-Target-Model: a.tar.gz' \
    -H 'X-Amzn-SageMaker-Custom-Attributes: a=b' --data-binary "$headline" "$url/invocations")" "^$headline_label"
  # The default serialiser's type for bytes
  expect_equal "$(ask application/octet-stream "{\"input\": \"$headline\"}")" "{\"result\": \"$headline_label\"}"
  expect "no escape sequence" test -z "$("$engine" logs "$container" 2>&1 | grep $'\e')"
}

# L03, L05
local_mode_transforms() {
  local parameters
  start_serve -e SAGEMAKER_BATCH=True -e SAGEMAKER_MAX_CONCURRENT_TRANSFORMS=1 -e SAGEMAKER_BATCH_STRATEGY=MULTI_RECORD
  parameters=$(curl -sS -w '\n%{http_code}' "$url/execution-parameters")
  case ${parameters##*$'\n'} in
    404) ;; # the client then takes its own defaults
    200) expect_match "$(jq -r '.BatchStrategy // "SingleRecord"' <<<"${parameters%$'\n'*}")" '^(SingleRecord|MultiRecord)$' ;;
    *) echo "$parameters" && return 1 ;;
  esac
  head -n 20 "$project/local_test/headlines.txt" >"$scratch/lines"
  curl -sS -H 'Content-type: text/plain' --data-binary "@$scratch/lines" "$url/invocations" >"$scratch/lines.out"
  expect_equal "$(wc -l <"$scratch/lines.out")" "$(wc -l <"$scratch/lines")"
  expect_match "$(status -H 'Content-type: text/csv' -X POST --data-binary '' "$url/invocations")" '^2'
}

need_model
check "S01 it listens on 8080 and answers" it_listens_on_8080_and_answers
check "S02 it listens on the port it is told, and only there" it_listens_on_the_port_it_is_told_only
check "the answers are the native ones" the_answers_are_the_native_ones
check "S23 S29 any user serves in a strict container" any_user_serves_in_a_strict_container
check "nothing at all can be written" nothing_at_all_can_be_written
check "root without capabilities serves" root_without_capabilities_serves
check "S28 the cgroup's limits are read" the_cgroup_limits_are_read
check "M05 S29 the memory limit bounds the models" the_memory_limit_bounds_the_models
check "it speaks TLS and asks for a key" it_speaks_tls_and_asks_for_a_key
check "S25 other files beside the model are passed over" other_files_beside_the_model_are_passed_over
check "S26 a running request is finished before the end" a_running_request_is_finished_before_the_end
check "S26 a slow reader gets all of its answer" a_slow_reader_gets_all_of_its_answer
check "an idle connection does not hold up the end" an_idle_connection_does_not_hold_up_the_end
check "SIGINT ends it as well" interrupt_ends_it_as_well
check "P04 two containers in sequence answer behind their ports" two_containers_in_sequence_answer_behind_their_ports
check "L02 local mode deploys and predicts" local_mode_deploys_and_predicts
check "L03 L05 local mode transforms" local_mode_transforms
finish_group
