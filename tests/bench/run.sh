#!/usr/bin/env bash
# Runs every bench beside its peer, in turn and in one run, and prints one table. README.md explains each row.
#
#   run.sh [--smoke] [--report-only] [--only P1,P2,…] BUILD_DIR [SHARED_DATA_DIR]
#
# BUILD_DIR: a build tree with bin/train, bin/serve and the benches (build/release).
# SHARED_DATA_DIR: news/, 20newsgroups/ and vectors/; by default ../shared/data beside the checkout. What is missing is skipped,
# loudly.
# --smoke: every program once on data/headlines, without bars; --report-only: a missed bar is no failure;
# --only: some of P1 P2 P3 P5 P6 P7 P12 models vectors paced busy flask.
# Exit code: 0, or 1 when something that ran missed its bar or broke.
set -euo pipefail
shopt -s inherit_errexit
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)

usage() {
  sed -n '4s/^# *//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

smoke=false
report_only=false
only=P7,P5,P6,vectors,P3,P1,models,P12,P2,paced,busy,flask
while [ $# -gt 0 ]; do
  case $1 in
    --smoke) smoke=true ;;
    --report-only) report_only=true ;;
    --only) only=${2:?} && shift ;;
    -*) usage ;;
    *) break ;;
  esac
  shift
done
if [ $# -lt 1 ] || [ $# -gt 2 ]; then
  usage
fi
bin=$(cd "$1" && pwd)/bin
shared=${2:-$root/../shared/data}
peers=$here/peers
python=/usr/bin/python3

# One library thread unless a bench says otherwise; the peers that have threads are told by option.
export OPENBLAS_NUM_THREADS=1
# No *.pyc in the source tree.
export PYTHONDONTWRITEBYTECODE=1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: >"$work/rows"
: >"$work/skips"

if $smoke; then
  rounds=1 starts=2 wrk_seconds=1 batch_seconds=1 batch_bytes=200000 least_texts=2000 thread_counts=2
else
  rounds=5 starts=7 wrk_seconds=5 batch_seconds=5 batch_bytes=6000000 least_texts=200000 thread_counts='1 2'
fi

# ---- figures ----

# The number called $2 in the JSON line $1.
field() {
  local value
  value=$(sed -nE 's/.*"'"$2"'": (-?[0-9.][-+0-9.e]*).*/\1/p' <<<"$1")
  [ -n "$value" ] || { echo "no \"$2\" in: $1" >&2 && return 1; }
  echo "$value"
}

# The numbers of the list called $2, one a line.
list() {
  sed -nE 's/.*"'"$2"'": \[([^]]*)\].*/\1/p' <<<"$1" | tr -d ' ' | tr , '\n'
}

# Of the numbers in a file.
median() {
  sort -g "$1" | awk '{ x[NR] = $1 } END { print NR % 2 ? x[(NR + 1) / 2] : (x[NR / 2] + x[NR / 2 + 1]) / 2 }'
}
mean() {
  awk '{ sum += $1 } END { printf "%.4f\n", sum / NR }' "$1"
}
total() {
  awk '{ sum += $1 } END { printf "%.0f\n", sum }' "$1"
}
least() {
  sort -g "$1" | head -n 1
}
most() {
  sort -g "$1" | tail -n 1
}

calculate() {
  awk "BEGIN { printf \"%.6g\\n\", ($1) }" # in parentheses: awk writes to a file what is greater otherwise
}

# row PROMISE WHAT OURS PEER RATIO BAR [CONDITION]: a line of the table. CONDITION, in awk's words, decides whether the
# bar holds; without one the row only informs. A smoke run has no bars.
row() {
  local holds=''
  if [ $# -gt 6 ] && ! $smoke; then
    holds=$(awk "BEGIN { print ($7) ? \"yes\" : \"NO\" }")
  fi
  printf '| %s | %s | %s | %s | %s | %s | %s |\n' "$1" "$2" "$3" "$4" "$5" "$6" "$holds" >>"$work/rows"
}

say() {
  echo "run.sh: $*" >&2
}

skip() {
  echo "SKIPPED $1: $2" | tee -a "$work/skips" >&2
}

need_tool() { # PROMISE TOOL DEBIAN_PACKAGE
  command -v "$2" >/dev/null || { skip "$1" "no $2: apt-get install $3" && return 1; }
}

need_python() { # PROMISE MODULE DEBIAN_PACKAGE
  "$python" -c "import $2" 2>/dev/null || { skip "$1" "no $2 for $python: apt-get install $3" && return 1; }
}

# ---- data and models ----

news=$shared/news
headlines=$root/data/headlines
newsgroups_gz=$shared/20newsgroups/train-preprocessed.csv.gz
real_vectors=$shared/vectors/glove-100d.txt.gz

have_news() { [ -r "$news/train.csv" ] && [ -r "$news/validation.csv" ]; }

# Word vectors for the smoke run: made up, one for each word that the sample headlines have.
make_vectors() {
  tr -cs "[:alpha:]" '\n' <"$headlines/train.csv" | tr '[:upper:]' '[:lower:]' | LC_ALL=C sort -u |
    awk 'BEGIN { srand(7) } length($1) > 1 {
           printf "%s", $1
           for (i = 0; i < 100; i++) printf " %.5f", rand() - 0.5
           printf "\n"
         }' >"$work/vectors.txt"
  gzip -c "$work/vectors.txt" >"$work/vectors.txt.gz"
  vectors_gz=$work/vectors.txt.gz
}

# train_model NAME [NAME VALUE]…: a model of the sample headlines, its vectors learned, below $work/NAME.
train_model() {
  local name=$1
  shift
  "$bin/train" --quiet --channel train="$headlines/train.csv" --channel validation="$headlines/validation.csv" \
    --model-dir "$work/$name" --output-dir "$work/output" --vectors none --trainable true "$@"
}

prepare() {
  train_csv=$headlines/train.csv validation_csv=$headlines/validation.csv vectors_gz=
  if $smoke; then
    make_vectors
  else
    if have_news; then
      train_csv=$news/train.csv validation_csv=$news/validation.csv
    fi
    if [ -r "$real_vectors" ]; then
      vectors_gz=$real_vectors
      gzip -dc "$real_vectors" >"$work/vectors.txt"
    fi
  fi
  # The model that answers in P2, P3 and P12: the promise's own where the data are there, else the sample's.
  if ! $smoke && have_news && [ -n "$vectors_gz" ]; then
    "$bin/train" --quiet --channel train="$train_csv" --channel validation="$validation_csv" \
      --channel vectors="$vectors_gz" --model-dir "$work/model" --output-dir "$work/output"
  else
    train_model model --epochs 1
  fi
}

# The newsgroups' CSV, plain and packed; false when there is none. A smoke run has the headlines under its columns.
have_newsgroups() {
  newsgroups_csv=$work/newsgroups.csv
  if $smoke; then
    newsgroups_gz=$work/newsgroups.csv.gz
    sed '1s/.*/data,label_names/' "$headlines/train.csv" >"$newsgroups_csv"
    gzip -c "$newsgroups_csv" >"$newsgroups_gz"
  else
    [ -r "$newsgroups_gz" ] || { skip "$1" "no 20newsgroups/train-preprocessed.csv.gz in $shared" && return 1; }
    gzip -dc "$newsgroups_gz" >"$newsgroups_csv"
  fi
}

megabytes() {
  du -sk --apparent-size "$1" | awk '{ printf "%.1f", $1 * 1024 / 1e6 }'
}

# ---- servers ----

# Of each running server, by name.
declare -A pid port

# start NAME COMMAND…: starts a server that prints its port in its first line.
start() {
  local name=$1 log=$work/$1.log tries
  shift
  : >"$log" # now: the shell that runs the server may come to its own redirection late
  "$@" >>"$log" 2>&1 &
  pid[$name]=$!
  for ((tries = 0; tries < 200; tries++)); do
    port[$name]=$(sed -nE '1s/^([^ ]* listening on [^ ]*:)?([0-9]+).*/\2/p' "$log")
    [ -z "${port[$name]}" ] || return 0
    kill -0 "${pid[$name]}" 2>/dev/null || break
    sleep 0.05
  done
  echo "$log: it did not start:" >&2
  cat "$log" >&2
  return 1
}

# Ends servers; each must do so with 0.
stop() {
  local name
  for name in "$@"; do
    kill "${pid[$name]}"
    wait "${pid[$name]}"
    unset "pid[$name]"
  done
}

start_serve() { # NAME THREADS
  start "$1" "$bin/serve" --model-dir "$work/model" --host 127.0.0.1 --port 0 --threads "$2"
}

# Seconds of the processor that a server has used, in its threads and in the kernel. As a figure a request it stays
# true on a machine that others use too.
cpu_seconds() { # PID
  awk -v ticks="$(getconf CLK_TCK)" '{ printf "%.2f", ($14 + $15) / ticks }' "/proc/$1/stat"
}

run_wrk() { # PORT CONNECTIONS SECONDS → a line of JSON
  wrk -t1 -c"$2" -d"$3" --latency -s "$peers/headline.lua" "http://127.0.0.1:$1/invocations" | tail -n 1
}

# ---- the benches ----

bench_P7() {
  if [ -z "$vectors_gz" ] || { ! $smoke && ! have_news; }; then
    skip P7 "no news/ and vectors/ in $shared"
    return
  fi
  local seed line peer=true
  need_python 'P7, the peer' torch python3-torch || peer=false
  for ((seed = 1; seed <= rounds; seed++)); do
    say "P7 round $seed of $rounds"
    line=$("$bin/bench_epoch" 1 "$seed" "$train_csv" "$validation_csv" "$work/vectors.txt")
    list "$line" epoch_seconds >>"$work/p7.ours"
    list "$line" epoch_seconds_2_threads >>"$work/p7.ours2"
    list "$line" validation_accuracy >>"$work/p7.accuracy"
    $peer || continue
    line=$("$python" "$peers/news_torch.py" --train "$train_csv" --validation "$validation_csv" \
      --vectors "$work/vectors.txt" --epochs 2 --seeds "$seed" --threads 1)
    list "$(head -n 1 <<<"$line")" epoch_seconds >>"$work/p7.peer"
    field "$(head -n 1 <<<"$line")" validation_accuracy >>"$work/p7.peer_accuracy"
  done
  local ours ours2 peer_ms=- peer_mean=- peer_least=- ratio=- ratio2=-
  ours=$(calculate "1000 * $(median "$work/p7.ours")")
  ours2=$(calculate "1000 * $(median "$work/p7.ours2")")
  if $peer; then
    peer_ms=$(calculate "1000 * $(median "$work/p7.peer")")
    peer_mean=$(mean "$work/p7.peer_accuracy") peer_least=$(least "$work/p7.peer_accuracy")
    ratio=$(calculate "$ours / $peer_ms") ratio2=$(calculate "$ours2 / $peer_ms")
    row P7 'epoch, 1 thread, ms' "$ours" "$peer_ms" "$ratio" '≤ 0.1 of PyTorch' "$ratio <= 0.1"
  else
    row P7 'epoch, 1 thread, ms' "$ours" "$peer_ms" "$ratio" '≤ 0.1 of PyTorch'
  fi
  row P7 'epoch, 2 threads (peer: 1), ms' "$ours2" "$peer_ms" "$ratio2" ''
  row P7 "validation accuracy, mean of seeds" "$(mean "$work/p7.accuracy")" "$peer_mean" '' '≥ 0.865' \
    "$(mean "$work/p7.accuracy") >= 0.865"
  row P7 "validation accuracy, lowest" "$(least "$work/p7.accuracy")" "$peer_least" '' '≥ 0.850' \
    "$(least "$work/p7.accuracy") >= 0.850"
}

# run_process NAME COMMAND…: appends the seconds of the whole process and its peak memory to files.
run_process() {
  local name=$1 before=$EPOCHREALTIME
  shift
  /usr/bin/time -o "$work/peak" -f %M "$@" >"$work/process.log" 2>&1 || { cat "$work/process.log" >&2 && return 1; }
  calculate "$EPOCHREALTIME - $before" >>"$work/p5.$name"
  cat "$work/peak" >>"$work/p5.kb.$name"
}

# compare_processes KIND FILE BAR SHARE: the recipe newsgroups beside the same in scikit-learn.
compare_processes() {
  local round ours ours1 peer
  local train=("$bin/train" --quiet --report off --recipe newsgroups --channel train="$2" --model-dir "$work/p5/ours"
    --output-dir "$work/output")
  for ((round = 1; round <= rounds; round++)); do
    say "P5, $1, round $round of $rounds"
    run_process "$1.ours" "${train[@]}"
    run_process "$1.ours1" "${train[@]}" --threads 1
    run_process "$1.peer" "$python" "$peers/newsgroups_sklearn.py" "$2" "$work/p5/peer"
  done
  ours=$(median "$work/p5.$1.ours") ours1=$(median "$work/p5.$1.ours1") peer=$(median "$work/p5.$1.peer")
  row P5 "train newsgroups, whole process, $1, s" "$ours" "$peer" "$(calculate "$ours / $peer")" \
    "≤ $3 of scikit-learn" "$ours <= $4 * $peer"
  row P5 'the same, 1 thread, s' "$ours1" "$peer" "$(calculate "$ours1 / $peer")" ''
  ours=$(calculate "$(median "$work/p5.kb.$1.ours") / 1000") peer=$(calculate "$(median "$work/p5.kb.$1.peer") / 1000")
  row P5 "its peak memory, $1, MB" "$ours" "$peer" "$(calculate "$ours / $peer")" '≤ 1/3' "3 * $ours <= $peer"
}

bench_P5() {
  need_tool P5 /usr/bin/time time || return 0
  need_python P5 sklearn python3-sklearn || return 0
  have_newsgroups P5 || return 0
  compare_processes CSV "$newsgroups_csv" 1/10 0.1
  compare_processes gzip "$newsgroups_gz" 1/6 "1 / 6"
  local ours peer
  ours=$(megabytes "$work/p5/ours") peer=$(megabytes "$work/p5/peer")
  row P5 'the model on disk, MB' "$ours" "$peer" "$(calculate "$ours / $peer")" '≤ 1/2' "2 * $ours <= $peer"
}

# compare_vectorizers ANALYZER ROUNDS REPEATS BAR: MB/s on one thread. Both must come to the same matrix.
compare_vectorizers() {
  local round line name ours peer
  for ((round = 1; round <= $2; round++)); do
    say "P6, $1, round $round of $2"
    "$bin/bench_vectorize" "$3" "$newsgroups_csv" data "$1" >"$work/p6.line.ours"
    "$python" "$peers/vectorize_sklearn.py" "$3" "$newsgroups_csv" data "$1" >"$work/p6.line.peer"
    for name in ours peer; do
      line=$(cat "$work/p6.line.$name")
      field "$line" megabytes_per_second >>"$work/p6.$1.$name"
      echo "$(field "$line" columns) columns, $(field "$line" elements) elements" >"$work/p6.shape.$name"
    done
    diff "$work/p6.shape.ours" "$work/p6.shape.peer" >&2
  done
  ours=$(median "$work/p6.$1.ours") peer=$(median "$work/p6.$1.peer")
  row P6 "vectorizing, $1, 1 thread, MB/s" "$ours" "$peer" "$(calculate "$ours / $peer")" "≥ $4 MB/s" "$ours >= $4"
}

bench_P6() {
  need_python P6 sklearn python3-sklearn || return 0
  have_newsgroups P6 || return 0
  compare_vectorizers word "$rounds" 3 100
  compare_vectorizers char_wb 1 1 5 # the peer takes most of a minute
}

# compare_vectors WHAT FILE
compare_vectors() {
  local round line peer=true name
  need_python 'vectors, the peer' pandas python3-pandas || peer=false
  rm -f "$work"/vectors.{ours,pandas,numpy}
  for ((round = 1; round <= rounds; round++)); do
    say "vectors, $1, round $round of $rounds"
    line=$("$bin/bench_vectors" 1 "$2")
    field "$line" seconds_median >>"$work/vectors.ours"
    $peer || continue
    line=$("$python" "$peers/vectors_numpy.py" --repeats 1 "$2")
    for name in pandas numpy; do
      field "$line" "${name}_seconds_median" >>"$work/vectors.$name"
    done
  done
  local ours best ratio
  ours=$(median "$work/vectors.ours")
  if ! $peer; then
    row vectors "$1, s" "$ours" - - '≤ 0.2'
    return
  fi
  for name in pandas numpy; do
    median "$work/vectors.$name" >>"$work/vectors.$1.best"
    say "vectors, $1: $name $(median "$work/vectors.$name") s"
  done
  best=$(least "$work/vectors.$1.best")
  ratio=$(calculate "$ours / $best")
  row vectors "reading $1, s" "$ours" "$best" "$ratio" '≤ 0.2 of the faster of pandas and NumPy' "$ratio <= 0.2"
}

bench_vectors() {
  if [ -z "$vectors_gz" ]; then
    skip vectors "no vectors/glove-100d.txt.gz in $shared"
    return
  fi
  compare_vectors text "$work/vectors.txt"
  $smoke || compare_vectors gzip "$vectors_gz"
}

bench_P3() {
  local line round n server check
  line=$("$bin/bench_predict" "$rounds" "$work/model" "$train_csv" title "$least_texts")
  for n in 64 1024; do
    row P3 "library, batches of $n, headlines/s a core" "$(field "$line" "batch_${n}_per_second_median")" - - \
      '≥ 550,000' "$(field "$line" "batch_${n}_per_second_median") >= 550000"
  done
  row P3 'library, one by one, µs' "$(field "$line" single_us)" - - ''
  row P3 'of a batch of 64: tokens + lookup + network, µs' \
    "$(field "$line" tokenize_us) + $(field "$line" lookup_us) + $(field "$line" network_us)" - - ''
  start_serve ours 2
  start peer "$bin/constant_server" 0 2
  for ((round = 1; round <= rounds; round++)); do
    say "P3 round $round of $rounds"
    for server in ours peer; do
      check=any
      [ $server = peer ] || check=check
      line=$("$bin/bench_batch" "${port[$server]}" 2 "$batch_seconds" "$batch_bytes" "$train_csv" $check)
      field "$line" headlines_per_second >>"$work/p3.$server"
      calculate "$(field "$line" headlines_a_body) * $(field "$line" bodies)" >>"$work/p3.n.$server"
    done
  done
  local cpu
  cpu=$(calculate "$(cpu_seconds "${pid[ours]}") * 1e6 / $(total "$work/p3.n.ours")")
  row P12 'memory after 6 MB bodies, KB' "$(private_kb "${pid[ours]}")" "$(private_kb "${pid[peer]}")" '' ''
  stop ours peer
  local ours peer
  ours=$(median "$work/p3.ours") peer=$(median "$work/p3.peer")
  row P3 "$(calculate "$batch_bytes / 1e6") MB bodies, 2 clients, headlines/s" "$ours" "$peer" \
    "$(calculate "$ours / $peer")" '≥ 400,000' "$ours >= 400000"
  row P3 'serve, processor µs a headline' "$cpu" - - ''
}

# shellcheck source-path=SCRIPTDIR
source "$here/serving.sh"

# ---- all of them ----

# In a shell of its own, so that a bench that breaks stops there, ends its servers, and leaves the others running.
run_bench() {
  local code=0
  set +e
  (
    set -e
    trap 'for name in "${!pid[@]}"; do kill "${pid[$name]}" 2>/dev/null; done' EXIT
    "bench_$1"
  )
  code=$?
  set -e
  [ $code -eq 0 ] || printf '| %s | broke: see above | | | | | NO |\n' "$1" >>"$work/rows"
}

for program in train serve constant_server; do
  if [ ! -x "$bin/$program" ]; then
    skip "all" "$bin/$program is not built"
    exit 0
  fi
done
prepare
# Clock ticks of all processors: those that a virtual machine waited for while others had its processors, and those it ran.
ticks() { awk '/^cpu / { print $9, $2 + $3 + $4 + $7 + $8 }' /proc/stat; }
read -r stolen_before run_before < <(ticks)
load_before=$(cut -d' ' -f1-3 /proc/loadavg)
for name in ${only//,/ }; do
  run_bench "$name"
done

read -r stolen run < <(ticks)
stolen=$(calculate "100 * ($stolen - $stolen_before) / ($run - $run_before + $stolen - $stolen_before + 1)")
{
  echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) processors;" \
    "load before: $load_before, after: $(cut -d' ' -f1-3 /proc/loadavg);" \
    "of its time taken by other machines: $(printf %.1f "$stolen") %"
  echo
  echo '| promise | what | ours | peer | ratio | bar | holds |'
  echo '|---|---|--:|--:|--:|---|---|'
  cat "$work/rows"
  echo
  cat "$work/skips"
}
if grep -q '| NO |$' "$work/rows" && ! $report_only; then
  exit 1
fi
