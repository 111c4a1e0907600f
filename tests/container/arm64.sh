#!/usr/bin/env bash
# The image for arm64, as an amd64 machine makes it: by hand, not in tests/run.sh. Needs build/release/bin, whose programs it is
# compared with.
#   arm64.sh    builds the image and looks at it; where binfmt and QEMU run it, trains and serves in it as well
# Environment: TESTS as in container/build.sh, here by default blas.
set -uo pipefail
export PLATFORM=linux/arm64 IMAGE=localhost/textml:arm64-under-test TESTS=${TESTS:-blas}
"$(dirname "${BASH_SOURCE[0]}")/../../container/build.sh" "$IMAGE" || exit 1
"$(dirname "${BASH_SOURCE[0]}")/image.sh" || exit 1
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"
bin=$project/build/release/bin

every_file_of_machine_code_is_for_arm64_and_finds_what_it_needs() {
  local path name n=0
  "$engine" create --platform "$PLATFORM" --name "$tag-unpack" "$image" >/dev/null
  mkdir "$scratch/root"
  "$engine" export "$tag-unpack" | tar -C "$scratch/root" -xf -
  while IFS= read -r path; do
    readelf -h "$path" >"$scratch/header" 2>/dev/null || continue
    n=$((n + 1))
    expect "$path is for AArch64" grep -qE '^ *Machine: +AArch64$' "$scratch/header"
    for name in $(readelf -dW "$path" | sed -nE 's/.*\(NEEDED\).*\[(.*)\]$/\1/p'); do
      expect "$name, which ${path#"$scratch/root"} needs" \
        test -e "$scratch/root/lib/aarch64-linux-gnu/$name" -o -e "$scratch/root/lib/$name"
    done
  done < <(find "$scratch/root" -type f)
  expect "more than train, serve, the C library and the dynamic linker, not $n files" test "$n" -gt 4
}

# Sums of floating point end otherwise in their last bits: what was learned is the same to a ten-thousandth.
it_learns_what_the_native_program_learns() {
  make_job
  SAGEMAKER_BASE_DIR=$ml "$bin/train"
  cp -r "$ml" "$scratch/native"
  need_model
  jq -s '[.[] | .. | objects | to_entries[] | select(.key | test("accuracy|loss|f1")) | select(.value | type == "number") | .value] |
    (length / 2) as $n | [range($n) as $i | .[$i] - .[$n + $i] | fabs] | {figures: length, "largest difference": max}' \
    "$scratch/native/output/data/metrics.json" "$model_job/output/data/metrics.json" >"$scratch/differences"
  echo "train: $(jq -c . "$scratch/differences")" >&3
  expect "figures differ by 0.0001 at most" jq -e '.figures > 10 and ."largest difference" <= 1e-4' "$scratch/differences"
}

# The same model in both: all labels of the test headlines are the same, all scores to a millionth.
it_answers_what_the_native_program_answers() {
  local model=$scratch/native/model body=$scratch/body server i
  # A headline a line, without the label at its end and CSV's quotes.
  tail -n +2 "$project/data/headlines/test.csv" | sed -E 's/,[a-z]\r?$//; s/^"(.*)"$/\1/; s/""/"/g' |
    jq -Rn '{instances: [inputs], configuration: {k: 4}}' >"$body"
  model_job=$scratch/native
  start_serve
  curl -sS -H 'Content-Type: application/json' --data-binary "@$body" "$url/invocations" >"$scratch/in_image"
  expect_equal "$(stop)" 0
  "$bin/serve" --model-dir "$model" --host 127.0.0.1 --port 0 >"$scratch/server" &
  server=$!
  for ((i = 0; i < 100; i++)); do
    url=$(sed -nE 's/.*listening on [^ ]*:([0-9]+).*/http:\/\/127.0.0.1:\1/p' "$scratch/server")
    [ -z "$url" ] || break
    sleep 0.05
  done
  curl -sS -H 'Content-Type: application/json' --data-binary "@$body" "$url/invocations" >"$scratch/native_answers"
  kill "$server"
  wait "$server"
  jq -s '[.[].predictions] | {rows: (.[0] | length), "other labels": ([transpose[] | select(.[0].label != .[1].label)] | length),
    "largest difference": ([transpose[] | map(.top | sort_by(.label) | map(.score)) | transpose[] | .[0] - .[1] | fabs] | max)}' \
    "$scratch/in_image" "$scratch/native_answers" >"$scratch/differences"
  echo "serve: $(jq -c . "$scratch/differences")" >&3
  expect "the same labels, scores that differ by 0.000001 at most" \
    jq -e '.rows == 252 and ."other labels" == 0 and ."largest difference" <= 1e-6' "$scratch/differences"
}

exec 3>&1
check "every file of machine code is for arm64 and finds what it needs" every_file_of_machine_code_is_for_arm64_and_finds_what_it_needs
if runs_image; then
  check "it learns what the native program learns" it_learns_what_the_native_program_learns
  check "it answers what the native program answers" it_answers_what_the_native_program_answers
else
  echo "!!!! SKIPPED: training and serving: this machine does not run programs for arm64 (apt-get install qemu-user-static)"
fi
finish_group
