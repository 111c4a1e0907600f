# shellcheck shell=bash disable=SC2154 # the variables of deploy.sh
# How deploy.sh speaks to AWS; sourced, not run. Needs die and fill, setting, dry_run and endpoint.

# The AWS CLI, its answer as text.
ask() {
  AWS_PAGER='' aws "${endpoint[@]}" --region "${setting[REGION]}" --output text "$@" || return 1
}

n_printed=0

# One more element of what --dry-run prints, a JSON list.
print_element() {
  if [ $n_printed -eq 0 ]; then
    printf '[\n'
  else
    printf ',\n'
  fi
  n_printed=$((n_printed + 1))
  printf '%s' "$1"
}

print_end() {
  if $dry_run && [ $n_printed -gt 0 ]; then
    printf '\n]\n'
  fi
}

# Sends a template of requests/, or prints it: request OPERATION TEMPLATE
request() {
  local operation=$1 body file
  body=$(fill "$here/requests/$2.json") || exit 1
  if $dry_run; then
    print_element "{\"operation\": \"$operation\", \"request\": $body}"
    return
  fi
  file=$scratch/$2.json
  printf '%s\n' "$body" >"$file"
  echo "== $operation" >&2
  ask sagemaker "$operation" --cli-input-json "file://$file" >&2 ||
    die "$operation was refused, see above; what was made before it stays, and deploy.sh delete removes it"
}

# Runs a command of the CLI, or prints it: command_of WORD…
command_of() {
  local word words=''
  if $dry_run; then
    for word in "$@"; do
      words+="${words:+, }\"$(escaped "$word")\""
    done
    print_element "{\"command\": [\"aws\", $words]}"
    return
  fi
  echo "== aws $*" >&2
  ask "$@" >&2 || die "aws $1 $2 failed, see above"
}

# What a describe operation says: described FIELD describe-… --…-name NAME
described() {
  local field=$1
  shift
  ask sagemaker "$@" --query "$field"
}

# Waits until a status is one of a pattern's, for WAIT_SECONDS at most; ends when it is one of those that promise nothing.
#   await WHAT FIELD GOOD BAD describe-… --…-name NAME
await() {
  local what=$1 field=$2 good=$3 bad=$4 status begin=$SECONDS shown=''
  shift 4
  if $dry_run; then
    return
  fi
  while :; do
    status=$(described "$field" "$@") || die "$what: its status cannot be asked; it goes on without this script"
    if [ "$status" != "$shown" ]; then
      echo "   $what: $status" >&2
      shown=$status
    fi
    if [[ $status =~ ^($good)$ ]]; then
      return
    fi
    if [[ $status =~ ^($bad)$ ]]; then
      die "$what ended as $status: $(described FailureReason "$@" || true)"
    fi
    if [ $((SECONDS - begin)) -ge "${setting[WAIT_SECONDS]}" ]; then
      die "$what is still $status after ${setting[WAIT_SECONDS]} s. It goes on, and costs, without this script; see: aws sagemaker $*"
    fi
    sleep "${setting[POLL_SECONDS]}"
  done
}

# Names in an answer, one a line, those alone that NAME-yymmdd-hhmmss and a suffix of ours make: nobody else's.
#   own_names SUFFIXES list-… FIELD [OPTION…]
own_names() {
  local suffixes=$1 operation=$2 field=$3 names
  shift 3
  names=$(ask sagemaker "$operation" --name-contains "${setting[NAME]}-" --sort-by CreationTime --sort-order Descending \
    --query "$field" "$@") || return 1
  tr -s '[:space:]' '\n' <<<"$names" | grep -E "^${setting[NAME]}-[0-9]{6}-[0-9]{6}($suffixes)$" || true
}
