#!/usr/bin/env bash
# train in a container: how platforms start it, users, mounts, limits, signals, and SageMaker's local mode.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"

has_trained() {
  expect_equal "$code" 0
  expect "a model" test -s "$ml/model/model.safetensors"
  expect "no failure file" test ! -e "$ml/output/failure"
  expect "figures" test -s "$ml/output/data/metrics.json"
}

# T01
the_word_train_trains() {
  make_job
  run_in -v "$ml:/opt/ml" -- train
  has_trained
  expect_match "$out" 'final:test:accuracy='
}

the_model_is_the_native_one() {
  local native=$project/build/release/bin/train there=$ml
  if [ ! -x "$native" ]; then
    echo "no $native" >&2
    return 1
  fi
  make_job
  SAGEMAKER_BASE_DIR=$ml "$native" >/dev/null
  cmp "$ml/model/model.safetensors" "$there/model/model.safetensors"
  cmp "$ml/model/textml.json" "$there/model/textml.json"
}

# Layers so wide that the BLAS multiplies them: the image's own cut of it gives the same bits.
wide_layers_give_the_native_model() {
  local hyperparameters='{"recipe":"news","vectors":"none","trainable":"true","hidden":"[520, 520]","batch_size":"64","epochs":"1"}'
  make_job
  local there=$ml
  printf '%s\n' "$hyperparameters" >"$ml/input/config/hyperparameters.json"
  run_in -v "$ml:/opt/ml" -- train
  has_trained
  make_job
  printf '%s\n' "$hyperparameters" >"$ml/input/config/hyperparameters.json"
  SAGEMAKER_BASE_DIR=$ml "$project/build/release/bin/train" >/dev/null
  cmp "$ml/model/model.safetensors" "$there/model/model.safetensors"
}

# T02, and the forms of a training job with ContainerEntrypoint, ContainerArguments or both
no_word_at_all_trains() {
  make_job
  run_in -v "$ml:/opt/ml" --
  has_trained
}
an_entry_point_alone_trains() {
  make_job
  run_in -v "$ml:/opt/ml" --entrypoint train --
  has_trained
}
an_entry_point_with_its_path_and_arguments_trains() {
  make_job
  run_in -v "$ml:/opt/ml" --entrypoint /usr/local/bin/train -- --epochs 2
  has_trained
  expect_equal "$(grep -c '^epoch=' "$scratch/out")" 2
}

# T03
unknown_words_are_warned_of() {
  make_job
  run_in -v "$ml:/opt/ml" -- train extra --unknown
  has_trained
  expect_match "$err" "arguments that are not options"
}

# T14: inputs that nobody may write to, beside places for the outputs
inputs_may_be_read_only() {
  make_job
  run_in -v "$ml/input:/opt/ml/input:ro" -v "$ml/model:/opt/ml/model" -v "$ml/output:/opt/ml/output" -- train
  has_trained
}

# Files are the user's; nothing but /opt/ml and /tmp can be written to; no privilege is left; no network.
strict=(--read-only --read-only-tmpfs=false --tmpfs /tmp --cap-drop=ALL --security-opt no-new-privileges --network=none)

a_strict_container_trains_as_root() {
  make_job
  run_in "${strict[@]}" -v "$ml:/opt/ml" -- train
  has_trained
}

# T53
any_user_trains_in_a_strict_container() {
  make_job
  chown -R 12345:54321 "$ml"
  run_in "${strict[@]}" --user 12345:54321 -v "$ml:/opt/ml" -- train
  has_trained
  expect_equal "$(stat -c %u:%g "$ml/model/model.safetensors")" 12345:54321
}

# The group of an arbitrary user is often root's, which then owns the mounts.
any_user_of_group_root_trains() {
  make_job
  chmod -R g=rwX "$ml"
  run_in --user 23456:0 -v "$ml:/opt/ml" -- train
  has_trained
}

# T53
outputs_of_a_strict_umask_are_readable() {
  make_job
  run_in --umask 0077 -v "$ml:/opt/ml" -- train
  has_trained
  expect_equal "$(find "$ml/model" "$ml/output" -type f ! -perm -0444 -print)" ''
}

a_user_who_may_not_write_gets_a_sentence() {
  make_job
  run_in --user 12345:54321 -v "$ml:/opt/ml" -- train
  expect "a failure" test "$code" -ne 0
  expect_match "$err" 'Permission denied'
}

limited_memory_is_enough() {
  make_job
  run_in --memory 64m --memory-swap 64m -v "$ml:/opt/ml" -- train
  has_trained
}

# T41
sigterm_leaves_the_best_model_so_far() {
  make_job
  sed -i 's/"epochs": "15"/"epochs": "100000"/' "$ml/input/config/hyperparameters.json"
  start -v "$ml:/opt/ml" -- train
  local i
  for ((i = 0; i < 200; i++)); do
    ! "$engine" logs "$container" 2>/dev/null | grep -q '^epoch=3;' || break
    sleep 0.05
  done
  local begin=$SECONDS
  expect_equal "$(stop)" 0
  expect "an end within 10 s" test $((SECONDS - begin)) -le 10
  "$engine" logs "$container" 2>&1 | tail -n 3
  expect "a model" test -s "$ml/model/model.safetensors"
  "$engine" rm "$container" >/dev/null
  model_job=$ml start_serve
  expect_match "$(ask text/plain "$headline")" '^[A-Z]'
}

# Both are pending when the process wakes; as process 1 it must end by itself, for the kernel lets no signal do it.
a_second_signal_ends_it_at_once() {
  local pid
  make_job
  sed -i 's/"epochs": "15"/"epochs": "100000"/' "$ml/input/config/hyperparameters.json"
  start -v "$ml:/opt/ml" -- train
  sleep 0.5
  pid=$("$engine" inspect --format '{{.State.Pid}}' "$container")
  kill -STOP "$pid"
  kill -TERM "$pid"
  kill -INT "$pid"
  kill -CONT "$pid"
  expect_equal "$(timeout 10 "$engine" wait "$container")" 1
}

# L06
a_failing_training_leaves_its_reason() {
  make_job
  printf '{"recipe": "news", "epohcs": "3"}\n' >"$ml/input/config/hyperparameters.json"
  run_in -v "$ml:/opt/ml" -- train
  expect "neither 0 nor 130" test "$code" -ne 0 -a "$code" -ne 130
  expect_match "$(cat "$ml/output/failure")" epohcs
}

# local_mode HOST HOSTS WORDS…: the options that the classic SDK's compose file has for a training host of $ml.
local_mode_options() {
  options=(--tty --hostname "$1" --network-alias "$1"
    --volume "$ml/$1/input:/opt/ml/input" --volume "$ml/$1/output:/opt/ml/output"
    --volume "$ml/$1/output/data:/opt/ml/output/data" --volume "$ml/model:/opt/ml/model"
    --env AWS_REGION=us-west-2 --env TRAINING_JOB_NAME=textml-2026-11-21-10-00-00-000)
  local channel
  for channel in train validation test; do
    options+=(--volume "$ml/input/data/$channel:/opt/ml/input/data/$channel")
  done
}
make_host() {
  mkdir -p "$ml/$1/input/config" "$ml/$1/input/data" "$ml/$1/output/data"
  cp "$ml/input/config/hyperparameters.json" "$ml/input/config/inputdataconfig.json" "$ml/$1/input/config/"
  printf '{"current_host": "%s", "hosts": [%s], "network_interface_name": "eth0", "current_instance_type": "local"}\n' \
    "$1" "$2" >"$ml/$1/input/config/resourceconfig.json"
}

# L01, T52
local_mode_trains_on_a_terminal() {
  local options
  make_job
  make_host algo-1-x7k2p '"algo-1-x7k2p"'
  local_mode_options algo-1-x7k2p
  run_in --network podman "${options[@]}" -- train
  expect_equal "$code" 0
  expect "a model" test -s "$ml/model/model.safetensors"
  expect "figures" test -s "$ml/algo-1-x7k2p/output/data/metrics.json"
  expect "no escape sequence" test -z "$(grep -n $'\e' "$scratch/out")"
  expect "no bare carriage return" test -z "$(sed 's/\r$//' "$scratch/out" | grep -n $'\r')"
}

# L04
two_local_hosts_leave_one_model() {
  local options pids=() codes=() host
  make_job
  for host in algo-1-x7k2p algo-2-x7k2p; do
    make_host "$host" '"algo-1-x7k2p", "algo-2-x7k2p"'
    local_mode_options "$host"
    "$engine" run "${run_options[@]}" --rm --name "$tag-$host" --network podman "${options[@]}" "$image" train \
      >"$scratch/$host.out" 2>&1 &
    pids+=($!)
  done
  for host in "${pids[@]}"; do
    code=0
    wait "$host" || code=$?
    codes+=("$code")
  done
  cat "$scratch"/algo-*.out
  expect_equal "${codes[*]}" "0 0"
  cmp "$ml/model/model.safetensors" "$model_job/model/model.safetensors"
  expect_equal "$(ls "$ml/model")" "$(ls "$model_job/model")"
}

# The newer SDK's local container: neither a word nor a terminal, another interface.
the_newer_sdks_local_container_trains() {
  make_job
  printf '{"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "ethwe", "current_instance_type": "local_cpu"}\n' \
    >"$ml/input/config/resourceconfig.json"
  run_in -v "$ml/model:/opt/ml/model" -v "$ml/output:/opt/ml/output" -v "$ml/output/data:/opt/ml/output/data" \
    -v "$ml/input:/opt/ml/input" --
  has_trained
}

need_model
check "T01 the word train trains" the_word_train_trains
ml=$model_job check "the model is the native one" the_model_is_the_native_one
check "wide layers give the native model" wide_layers_give_the_native_model
check "T02 no word at all trains" no_word_at_all_trains
check "an entry point alone trains" an_entry_point_alone_trains
check "an entry point with its path and arguments trains" an_entry_point_with_its_path_and_arguments_trains
check "T03 unknown words are warned of" unknown_words_are_warned_of
check "T14 inputs may be read-only" inputs_may_be_read_only
check "a strict container trains as root, without network" a_strict_container_trains_as_root
check "T53 any user trains in a strict container" any_user_trains_in_a_strict_container
check "any user of group root trains" any_user_of_group_root_trains
check "T53 outputs of a strict umask are readable" outputs_of_a_strict_umask_are_readable
check "a user who may not write gets a sentence" a_user_who_may_not_write_gets_a_sentence
check "64 MB of memory are enough" limited_memory_is_enough
check "T41 SIGTERM leaves the best model so far" sigterm_leaves_the_best_model_so_far
check "a second signal ends it at once" a_second_signal_ends_it_at_once
check "L06 a failing training leaves its reason" a_failing_training_leaves_its_reason
check "L01 local mode trains on a terminal" local_mode_trains_on_a_terminal
check "L04 two local hosts leave one model" two_local_hosts_leave_one_model
check "the newer SDK's local container trains" the_newer_sdks_local_container_trains
finish_group
