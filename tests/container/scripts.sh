#!/usr/bin/env bash
# The scripts around the image: local_test with an image gives what it gives natively; build_and_push.sh pushes, against a
# registry of its own and an AWS that is played.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"

helpers=()
end_helpers() {
  local pid
  for pid in "${helpers[@]}"; do
    kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
  done
  clean_up
}
trap end_helpers EXIT

# The scripts work on the tree that they lie in: a copy, so that nobody's models are overwritten.
copy_scripts() {
  copy=$scratch/copy
  mkdir -p "$copy/data"
  cp -r "$project/local_test" "$project/container" "$copy/"
  ln -s "$project/data/headlines" "$copy/data/headlines"
  ln -s "$project/build" "$copy/build"
  find "$copy/local_test/test_dir/model" "$copy/local_test/test_dir/output" "$copy/local_test/test_dir/input/data" \
    -type f ! -name .gitkeep -delete
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

train_local_trains_natively_and_in_the_image_alike() {
  local local_test=$copy/local_test
  "$local_test/train_local.sh" >"$scratch/native"
  cp -r "$local_test/test_dir/model" "$scratch/native_model"
  "$local_test/local_train.sh" "$image" >"$scratch/in_image"
  cmp "$scratch/native_model/model.safetensors" "$local_test/test_dir/model/model.safetensors"
  cmp "$scratch/native_model/textml.json" "$local_test/test_dir/model/textml.json"
  test -s "$local_test/test_dir/output/data/report.html"
  # What is printed differs in the time it took, and in where the model went.
  expect_equal "$(sed -E 's/seconds=[^;]*;//; s/read in .*//; s/written to .*//' "$scratch/in_image" | grep -v '^No data in')" \
    "$(sed -E 's/seconds=[^;]*;//; s/read in .*//; s/written to .*//' "$scratch/native" | grep -v '^No data in')"
}

# predictions FILE [IMAGE]: what predict.sh prints for the sample files, from serve_local.sh.
predictions() {
  local file=$1 local_test=$copy/local_test server i
  shift
  PORT=$(free_port)
  export PORT
  "$local_test/serve_local.sh" "$@" >"$scratch/server.log" 2>&1 &
  server=$!
  for ((i = 0; i < 200; i++)); do
    [ "$(status "http://127.0.0.1:$PORT/ping")" != 200 ] || break
    sleep 0.05
  done
  {
    "$local_test/predict.sh" "$local_test/input.json"
    "$local_test/predict.sh" "$local_test/headlines.txt"
    "$local_test/predict.sh" "$local_test/headlines.txt" text/csv
  } >"$file"
  kill "$server"
  wait "$server"
}

serve_local_and_predict_answer_natively_and_from_the_image_alike() {
  predictions "$scratch/native.out"
  predictions "$scratch/in_image.out" "$image"
  cmp "$scratch/native.out" "$scratch/in_image.out"
  expect_match "$(cat "$scratch/native.out")" "$headline_label"
}

without_an_engine_the_remedy_is_said() {
  local script
  mkdir "$scratch/bin"
  for script in bash dirname basename id timeout env find mkdir cp; do
    ln -s "$(command -v "$script")" "$scratch/bin/$script"
  done
  for script in container/build.sh container/base-image.sh local_test/serve_local.sh; do
    code=0
    PATH=$scratch/bin "$copy/$script" "$image" 2>"$scratch/problem" || code=$?
    expect_equal "$code" 1
    expect_match "$(cat "$scratch/problem")" 'needs podman, or docker'
  done
}

a_dry_run_prints_the_commands_and_runs_none() {
  AWS_REGION=eu-central-1 AWS_ENDPOINT_URL=http://127.0.0.1:9 "$copy/container/build_and_push.sh" --dry-run shop/textml:1.0 \
    >"$scratch/dry" 2>&1
  local wanted
  for wanted in 'aws --region eu-central-1 .* sts get-caller-identity' 'ecr describe-repositories .*--repository-names shop/textml' \
    'ecr create-repository .*--repository-name shop/textml' 'build\.sh shop/textml:1\.0' 'ecr get-login-password' \
    'login --username AWS --password-stdin ACCOUNT\.dkr\.ecr\.eu-central-1\.amazonaws\.com$' \
    'push ACCOUNT\.dkr\.ecr\.eu-central-1\.amazonaws\.com/shop/textml:1\.0$'; do
    expect "$wanted" grep -qE -- "$wanted" "$scratch/dry"
  done
}

wrong_words_are_refused() {
  local words
  for words in '' '--endpoint-url' '--nonsense x' 'a b'; do
    code=0
    # shellcheck disable=SC2086 # words
    "$copy/container/build_and_push.sh" $words >"$scratch/out" 2>&1 || code=$?
    expect_equal "$code" 1
    expect_match "$(cat "$scratch/out")" usage:
  done
}

start_aws() {
  registry=127.0.0.1:$(free_port)
  mkdir "$scratch/registry"
  printf 'version: 0.1\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: "%s"}\n' "$scratch/registry" "$registry" \
    >"$scratch/registry.yaml"
  docker-registry serve "$scratch/registry.yaml" >"$scratch/registry.log" 2>&1 &
  helpers+=($!)
  python3 "$here/fake_aws.py" "$registry" >"$scratch/aws.log" &
  helpers+=($!)
  # The loopback's registry speaks plain HTTP.
  printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$registry" >"$scratch/registries.conf"
  local i
  for ((i = 0; i < 100; i++)); do
    [ "$(status "http://$registry/v2/")" != 200 ] || [ ! -s "$scratch/aws.log" ] || break
    sleep 0.05
  done
}

push() {
  AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_CONFIG_FILE=/dev/null AWS_REGION=us-west-2 \
    CONTAINERS_REGISTRIES_CONF=$scratch/registries.conf REGISTRY_AUTH_FILE=$scratch/auth.json \
    "$project/container/build_and_push.sh" --endpoint-url "http://127.0.0.1:$(head -n 1 "$scratch/aws.log")" "$@"
}

# The image is built anew, from the engine's memory of the last time.
it_pushes_into_a_repository_that_it_makes() {
  push textml-pushed:1.0 >"$scratch/pushed"
  expect_equal "$(tail -n 1 "$scratch/pushed")" "$registry/textml-pushed:1.0"
  expect_equal "$(tail -n +2 "$scratch/aws.log")" "GetCallerIdentity 
DescribeRepositories textml-pushed
CreateRepository textml-pushed
GetAuthorizationToken "
  # SageMaker takes this kind of manifest, not an index.
  expect_equal "$(curl -sS -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' \
    "http://$registry/v2/textml-pushed/manifests/1.0" | jq -r '.mediaType, (.layers | length)' | xargs)" \
    'application/vnd.docker.distribution.manifest.v2+json 1'
  "$engine" rmi "$registry/textml-pushed:1.0" textml-pushed:1.0 >/dev/null
}

what_aws_refuses_is_passed_on() {
  code=0
  push forbidden >"$scratch/pushed" 2>&1 || code=$?
  expect_equal "$code" 1
  expect_match "$(cat "$scratch/pushed")" 'AccessDeniedException'
  expect "no repository" test -z "$(grep 'CreateRepository forbidden' "$scratch/aws.log")"
}

copy_scripts
check "train_local trains natively and in the image alike" train_local_trains_natively_and_in_the_image_alike
check "serve_local and predict answer natively and from the image alike" serve_local_and_predict_answer_natively_and_from_the_image_alike
check "without an engine the remedy is said" without_an_engine_the_remedy_is_said
check "a dry run prints the commands and runs none" a_dry_run_prints_the_commands_and_runs_none
check "wrong words are refused" wrong_words_are_refused
start_aws
check "it pushes into a repository that it makes" it_pushes_into_a_repository_that_it_makes
check "what AWS refuses is passed on" what_aws_refuses_is_passed_on
finish_group
