#!/usr/bin/env bash
# Trains, serves, updates, transforms, tunes and removes on SageMaker, through the AWS CLI.
#   deploy.sh COMMAND [--dry-run] [--settings FILE] [--endpoint-url URL] [NAME=value…]
#     role        makes the role that SageMaker takes on, or brings it up to date
#     train       copies DATA to S3, starts a training job and waits for it
#     deploy      makes the endpoint with the newest model, or MODEL_DATA
#     update      replaces what the endpoint serves, without a gap
#     transform   answers the files below INPUT
#     tune        tries hyperparameters, and says which were best
#     stack       endpoint, API and Lambda as one CloudFormation stack, in place of deploy
#     delete      removes endpoint, configurations, models and stack, and says what is left
#     policies    writes the IAM policies, filled in, to policies/
#     settings    lists what can be set
# --dry-run prints the requests as a JSON list and asks AWS nothing. Settings come from the environment (TEXTML_NAME), from deploy.env (or
# --settings FILE) and from the command line; the later wins. docs/deploy.md explains.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

die() {
  printf 'deploy.sh: %s\n' "$*" >&2
  exit 1
}
source "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
source "$(dirname "${BASH_SOURCE[0]}")/fill.sh"
source "$(dirname "${BASH_SOURCE[0]}")/aws.sh"

usage() {
  sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
}

# ---- what settings make ----

# Names and places that follow from the settings; sets them as settings, for the templates.
derive_settings() {
  local recipe=$here/recipes/${setting[RECIPE]}
  : "${setting[STAMP]:=$(date -u +%y%m%d-%H%M%S)}"
  : "${setting[HYPERPARAMETERS]:=$recipe/hyperparameters.json}"
  : "${setting[CHANNELS]:=$recipe/channels.json}"
  : "${setting[TUNING]:=$recipe/tuning.json}"
  : "${setting[TRANSFORM_INPUT]:=$recipe/transform-input.json}"
  setting[METRICS]=$here/metric-definitions.json
  setting[JOB]=${setting[NAME]:-}-${setting[STAMP]}
  setting[CONFIG]=${setting[JOB]}
  setting[ISOLATED]=true
  if [ "${setting[HOSTING]}" = serverless ]; then
    setting[ISOLATED]=false # serverless endpoints know no network isolation
  fi
  case ${setting[REGION]:-} in
    cn-*) setting[PARTITION]=aws-cn ;;
    us-gov-*) setting[PARTITION]=aws-us-gov ;;
    *) setting[PARTITION]=aws ;;
  esac
}

default_region() {
  local of_image=${setting[IMAGE]:-}
  if [ -z "${setting[REGION]:-}" ]; then
    of_image=${of_image#*.dkr.ecr.}
    [ "$of_image" != "${setting[IMAGE]:-}" ] || of_image=
    setting[REGION]=${AWS_REGION:-${AWS_DEFAULT_REGION:-${of_image%%.*}}}
  fi
}

# SageMaker pulls from the region it runs in.
check_region_of_image() {
  if [ -n "${setting[IMAGE]:-}" ] && [[ ${setting[IMAGE]} != *.dkr.ecr."${setting[REGION]}".* ]]; then
    die "IMAGE: ${setting[IMAGE]} is not in ${setting[REGION]}: push it there, or set REGION"
  fi
}

# What the policies name: account, repository, role.
derive_policy_settings() {
  local registry=${setting[IMAGE]%%/*} repository=${setting[IMAGE]#*/}
  repository=${repository%%@*}
  repository=${repository%%:*}
  setting[ACCOUNT]=${registry%%.*}
  if [ -n "${setting[ROLE_ARN]:-}" ]; then
    setting[ACCOUNT]=$(cut -d: -f5 <<<"${setting[ROLE_ARN]}")
  fi
  setting[REPOSITORY_ARN]=arn:${setting[PARTITION]}:ecr:${setting[REGION]}:${registry%%.*}:repository/$repository
  : "${setting[ROLE_ARN]:=arn:${setting[PARTITION]}:iam::${setting[ACCOUNT]}:role/${setting[NAME]}-execution}"
}

# ---- role and policies ----

run_policies() {
  local name
  need_settings NAME REGION IMAGE BUCKET
  derive_policy_settings
  for name in execution-trust execution-policy deployer-policy; do
    if $dry_run; then
      print_element "{\"file\": \"$name.json\", \"policy\": $(fill "$here/iam/$name.json")}"
    else
      mkdir -p policies
      fill "$here/iam/$name.json" >"$scratch/policy"
      mv "$scratch/policy" "policies/$name.json"
      echo "policies/$name.json" >&2
    fi
  done
}

run_role() {
  local role=${setting[NAME]:-}-execution
  need_settings NAME REGION IMAGE BUCKET
  setting[ROLE_ARN]=
  derive_policy_settings
  fill "$here/iam/execution-trust.json" >"$scratch/trust.json"
  fill "$here/iam/execution-policy.json" >"$scratch/policy.json"
  if $dry_run; then
    print_element "{\"operation\": \"create-role\", \"request\": {\"RoleName\": \"$role\", \"AssumeRolePolicyDocument\": $(<"$scratch/trust.json")}}"
    print_element "{\"operation\": \"put-role-policy\", \"request\": {\"RoleName\": \"$role\", \"PolicyName\": \"textml\",
      \"PolicyDocument\": $(<"$scratch/policy.json")}}"
    return
  fi
  echo "== aws iam create-role --role-name $role" >&2
  if ! ask iam create-role --role-name "$role" --assume-role-policy-document "file://$scratch/trust.json" \
    --query Role.Arn >/dev/null 2>"$scratch/problem"; then
    grep -q EntityAlreadyExists "$scratch/problem" || die "$(cat "$scratch/problem")"
    command_of iam update-assume-role-policy --role-name "$role" --policy-document "file://$scratch/trust.json"
  fi
  command_of iam put-role-policy --role-name "$role" --policy-name textml --policy-document "file://$scratch/policy.json"
  echo "ROLE_ARN=${setting[ROLE_ARN]}"
}

# ---- training ----

# Folders and files of DATA to where the channels are read from.
upload() {
  local channel target any=false
  [ -n "${setting[DATA]:-}" ] || return 0
  for channel in train validation vectors; do
    target=s3://${setting[BUCKET]}/${setting[NAME]}/data/$channel
    if [ -d "${setting[DATA]}/$channel" ]; then
      command_of s3 sync --only-show-errors "${setting[DATA]}/$channel" "$target/"
    elif [ -f "${setting[DATA]}/$channel.csv" ]; then
      command_of s3 cp --only-show-errors "${setting[DATA]}/$channel.csv" "$target/$channel.csv"
    else
      continue
    fi
    any=true
  done
  $any || die "DATA: ${setting[DATA]} holds neither folders nor .csv files called train and validation"
}

artifact_of() {
  described ModelArtifacts.S3ModelArtifacts describe-training-job --training-job-name "$1"
}

run_train() {
  need_settings NAME REGION IMAGE BUCKET ROLE_ARN
  upload
  request create-training-job create-training-job
  await "training job ${setting[JOB]}" TrainingJobStatus Completed 'Failed|Stopped' \
    describe-training-job --training-job-name "${setting[JOB]}"
  $dry_run || echo "MODEL_DATA=$(artifact_of "${setting[JOB]}")"
}

run_tune() {
  local job=${setting[JOB]} best
  need_settings NAME REGION IMAGE BUCKET ROLE_ARN
  if [ ${#job} -gt 32 ]; then
    die "NAME: \"$job\" would have ${#job} characters, and names of tuning jobs have 32 at most: shorten NAME to $((32 - ${#setting[STAMP]} - 1))"
  fi
  upload
  request create-hyper-parameter-tuning-job create-hyper-parameter-tuning-job
  await "tuning job $job" HyperParameterTuningJobStatus Completed 'Failed|Stopped' \
    describe-hyper-parameter-tuning-job --hyper-parameter-tuning-job-name "$job"
  if ! $dry_run; then
    best=$(described BestTrainingJob.TrainingJobName describe-hyper-parameter-tuning-job --hyper-parameter-tuning-job-name "$job")
    [[ $best == "$job"-* ]] || die "tuning job $job: no training job of it gave the objective; see their logs"
    described '[BestTrainingJob.FinalHyperParameterTuningJobObjectiveMetric, BestTrainingJob.TunedHyperParameters]' \
      describe-hyper-parameter-tuning-job --hyper-parameter-tuning-job-name "$job" --output json >&2
    echo "MODEL_DATA=$(artifact_of "$best")"
  fi
}

# ---- endpoint ----

# MODEL_DATA, when it is not given: the artifact of the newest training job that ended well.
find_model_data() {
  local jobs newest
  [ -z "${setting[MODEL_DATA]:-}" ] || return 0
  need_settings BUCKET
  if $dry_run; then
    setting[MODEL_DATA]=s3://${setting[BUCKET]}/${setting[NAME]}/output/${setting[JOB]}/output/model.tar.gz
    echo "dry run: MODEL_DATA is made up; without --dry-run it is that of the newest training job" >&2
    return
  fi
  jobs=$(own_names '' list-training-jobs 'TrainingJobSummaries[].TrainingJobName' --status-equals Completed) ||
    die "the training jobs could not be listed; MODEL_DATA can name the model"
  newest=${jobs%%$'\n'*}
  [ -n "$newest" ] || die "there is no training job ${setting[NAME]}-… that ended well: run deploy.sh train, or give MODEL_DATA"
  setting[MODEL_DATA]=$(artifact_of "$newest")
}

create_models_and_config() {
  local a=${setting[MODEL_DATA]}
  setting[MODEL]=${setting[JOB]}
  request create-model create-model
  if [ "${setting[HOSTING]}" = variants ]; then
    setting[MODEL_B]=${setting[JOB]}-b
    setting[MODEL]=${setting[MODEL_B]} setting[MODEL_DATA]=${setting[MODEL_DATA_B]}
    request create-model create-model
    setting[MODEL]=${setting[JOB]} setting[MODEL_DATA]=$a
  fi
  request create-endpoint-config "create-endpoint-config-${setting[HOSTING]}"
}

# The endpoint's status, nothing when there is none.
endpoint_status() {
  if ! described EndpointStatus describe-endpoint --endpoint-name "${setting[NAME]}" 2>"$scratch/problem"; then
    grep -q 'Could not find' "$scratch/problem" || die "$(cat "$scratch/problem")"
  fi
}

await_endpoint() {
  await "endpoint ${setting[NAME]}" EndpointStatus InService 'Failed|OutOfService|UpdateRollbackFailed' \
    describe-endpoint --endpoint-name "${setting[NAME]}"
}

say_cost() {
  case ${setting[HOSTING]} in
    serverless) echo "It costs for the time of requests, nothing while idle." ;;
    instance) echo "Its instances (${setting[HOST_COUNT]} × ${setting[HOST_INSTANCE]}) cost until: deploy.sh delete" ;;
    variants) echo "Its instances (2 × ${setting[HOST_COUNT]} × ${setting[HOST_INSTANCE]}) cost until: deploy.sh delete" ;;
  esac
}

need_endpoint_settings() {
  need_settings NAME REGION IMAGE ROLE_ARN
  if [ "${setting[HOSTING]}" = variants ]; then
    need_settings MODEL_DATA_B
  fi
}

run_deploy() {
  local status
  need_endpoint_settings
  if ! $dry_run; then
    status=$(endpoint_status)
    [ -z "$status" ] || die "the endpoint ${setting[NAME]} is there already ($status): deploy.sh update replaces what it serves"
  fi
  find_model_data
  create_models_and_config
  request create-endpoint create-endpoint
  await_endpoint
  $dry_run || echo "The endpoint ${setting[NAME]} is in service. $(say_cost)"
}

run_update() {
  local status now
  need_endpoint_settings
  if ! $dry_run; then
    status=$(endpoint_status)
    [ "$status" = InService ] || die "the endpoint ${setting[NAME]} is ${status:-not there}: update needs it in service"
  fi
  find_model_data
  create_models_and_config
  request update-endpoint update-endpoint
  await_endpoint
  if ! $dry_run; then
    now=$(described EndpointConfigName describe-endpoint --endpoint-name "${setting[NAME]}")
    [ "$now" = "${setting[CONFIG]}" ] || die "the endpoint ${setting[NAME]} went back to $now: $(described FailureReason \
      describe-endpoint --endpoint-name "${setting[NAME]}")"
    echo "The endpoint ${setting[NAME]} serves ${setting[CONFIG]}. $(say_cost) Older models and configurations cost nothing."
  fi
}

# ---- batch ----

run_transform() {
  local models
  need_settings NAME REGION BUCKET
  : "${setting[INPUT]:=s3://${setting[BUCKET]}/${setting[NAME]}/transform/}"
  if [ -z "${setting[MODEL]:-}" ] && $dry_run; then
    setting[MODEL]=${setting[JOB]}
    echo "dry run: MODEL is made up; without --dry-run it is the newest" >&2
  elif [ -z "${setting[MODEL]:-}" ]; then
    models=$(own_names '-b|' list-models 'Models[].ModelName') || die "the models could not be listed; MODEL can name one"
    setting[MODEL]=${models%%$'\n'*}
    [ -n "${setting[MODEL]}" ] || die "there is no model ${setting[NAME]}-…: run deploy.sh deploy, or give MODEL"
  fi
  request create-transform-job create-transform-job
  await "transform job ${setting[JOB]}" TransformJobStatus Completed 'Failed|Stopped' \
    describe-transform-job --transform-job-name "${setting[JOB]}"
  $dry_run || echo "Answers: s3://${setting[BUCKET]}/${setting[NAME]}/transformed/${setting[JOB]}/"
}

# ---- the stack ----

run_stack() {
  local stack=${setting[NAME]:-}-web instance=''
  need_settings NAME REGION IMAGE ROLE_ARN
  case ${setting[HOSTING]} in
    instance) instance=${setting[HOST_INSTANCE]} ;;
    variants) die "HOSTING: the stack serves one model: serverless or instance" ;;
  esac
  find_model_data
  command_of cloudformation deploy --stack-name "$stack" --template-file "$here/cloudformation/endpoint.yaml" \
    --capabilities CAPABILITY_IAM --no-fail-on-empty-changeset --parameter-overrides "Name=${setting[NAME]}" \
    "ImageUri=${setting[IMAGE]}" "ModelDataUrl=${setting[MODEL_DATA]}" "ExecutionRoleArn=${setting[ROLE_ARN]}" \
    "ServerlessMemoryMB=${setting[MEMORY_MB]}" "ServerlessConcurrency=${setting[MAX_CONCURRENCY]}" \
    "InstanceType=$instance" "Auth=${setting[AUTH]}" "AllowedOrigin=${setting[ALLOWED_ORIGIN]:-}"
  if ! $dry_run; then
    redeploy_api "$stack"
    ask cloudformation describe-stacks --stack-name "$stack" --query 'Stacks[0].Outputs[].[OutputKey, OutputValue]'
    say_cost
  fi
}

# A deployment of an API is a snapshot: what an update of the stack changes in the API is published here.
redeploy_api() {
  local api
  api=$(ask cloudformation describe-stacks --stack-name "$1" --query "Stacks[0].Outputs[?OutputKey=='ApiId'].OutputValue") || die "the stack $1 cannot be asked for its API"
  command_of apigateway create-deployment --rest-api-id "$api" --stage-name v1
}

# ---- removing ----

not_removed=()

# One thing that may be gone already: remove WHAT WORD…
remove() {
  local what=$1
  shift
  if $dry_run; then
    command_of "$@"
    return
  fi
  echo "== aws $*" >&2
  if ask "$@" 2>"$scratch/problem" >&2; then
    return
  fi
  if ! grep -qE 'Could not find|does not exist' "$scratch/problem"; then
    cat "$scratch/problem" >&2
    not_removed+=("$what")
  fi
}

await_no_endpoint() {
  local begin=$SECONDS status
  while :; do
    status=$(endpoint_status)
    [ -n "$status" ] || return 0
    [ $((SECONDS - begin)) -lt "${setting[WAIT_SECONDS]}" ] || die "the endpoint ${setting[NAME]} is still $status after ${setting[WAIT_SECONDS]} s"
    sleep "${setting[POLL_SECONDS]}"
  done
}

remove_stack() {
  local stack=${setting[NAME]}-web
  if ! $dry_run && ! ask cloudformation describe-stacks --stack-name "$stack" --query 'Stacks[0].StackStatus' \
    >/dev/null 2>"$scratch/problem"; then
    grep -q 'does not exist' "$scratch/problem" && return
    cat "$scratch/problem" >&2
    not_removed+=("the stack $stack, if there is one")
    return
  fi
  remove "the stack $stack" cloudformation delete-stack --stack-name "$stack"
  if ! $dry_run && ! ask cloudformation wait stack-delete-complete --stack-name "$stack" >&2; then
    not_removed+=("the stack $stack")
  fi
}

remove_listed() { # WHAT DELETE-OPERATION DELETE-OPTION, and the words of own_names
  local what=$1 operation=$2 option=$3 names name
  shift 3
  if $dry_run; then
    command_of sagemaker "$1" --name-contains "${setting[NAME]}-"
    return
  fi
  if ! names=$(own_names '-b|' "$@"); then
    not_removed+=("$what: they could not be listed")
    return
  fi
  for name in $names; do
    remove "$what $name" sagemaker "$operation" "$option" "$name"
  done
}

say_what_is_left() {
  local kind names
  for kind in training:TrainingJobSummaries:TrainingJobName \
    hyper-parameter-tuning:HyperParameterTuningJobSummaries:HyperParameterTuningJobName \
    transform:TransformJobSummaries:TransformJobName; do
    IFS=: read -r kind list field <<<"$kind"
    if ! names=$(own_names '.*' "list-$kind-jobs" "${list}[].$field" --status-equals InProgress); then
      not_removed+=("$kind jobs: they could not be listed")
    elif [ -n "$names" ]; then
      echo "Still running, and costing: $kind jobs ${names//$'\n'/ } (aws sagemaker stop-$kind-job)"
    fi
  done
  cat <<LEFT
Left, and costing a little for storage: data and models (aws s3 rm --recursive s3://${setting[BUCKET]:-BUCKET}/${setting[NAME]}/),
the image (aws ecr delete-repository --force), logs (CloudWatch, /aws/sagemaker/…). Left, at no cost: the role, ended jobs.
LEFT
}

run_delete() {
  need_settings NAME REGION
  remove_stack
  remove "the endpoint ${setting[NAME]}" sagemaker delete-endpoint --endpoint-name "${setting[NAME]}"
  # One that is being made or updated cannot be removed, and does not go by itself.
  if ! $dry_run && [ ${#not_removed[@]} -eq 0 ]; then
    await_no_endpoint
  fi
  remove_listed "the configuration" delete-endpoint-config --endpoint-config-name list-endpoint-configs 'EndpointConfigs[].EndpointConfigName'
  remove_listed "the model" delete-model --model-name list-models 'Models[].ModelName'
  if ! $dry_run; then
    say_what_is_left
  fi
  if [ ${#not_removed[@]} -gt 0 ]; then
    die "not removed:"$'\n'"$(printf '  %s\n' "${not_removed[@]}")"
  fi
}

# ---- the command line ----

command=${1:-}
case $command in
  role | train | deploy | update | transform | tune | stack | delete | policies) shift ;;
  settings)
    sed '/^$/d' <<<"$settings_table"
    exit
    ;;
  -h | --help | help)
    usage
    exit
    ;;
  *)
    usage >&2
    [ -z "$command" ] || echo "deploy.sh: \"$command\" is no command" >&2
    exit 2
    ;;
esac

dry_run=false
endpoint=()
settings_file=deploy.env
given=()
while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) dry_run=true ;;
    --settings | --endpoint-url)
      [ $# -ge 2 ] || die "$1: a value is missing behind it"
      if [ "$1" = --settings ]; then
        [ -f "$2" ] || die "--settings: there is no file $2"
        settings_file=$2
      else
        endpoint=(--endpoint-url "$2")
      fi
      shift
      ;;
    *=*)
      is_setting "${1%%=*}" || die "${1%%=*} is no setting; \"deploy.sh settings\" lists them"
      given+=("$1")
      ;;
    *) die "$1: expected --dry-run, --settings FILE, --endpoint-url URL or NAME=value" ;;
  esac
  shift
done

default_settings
environment_settings
[ ! -f "$settings_file" ] || file_settings "$settings_file"
for word in "${given[@]}"; do
  setting[${word%%=*}]=${word#*=}
done
default_region
check_settings
check_region_of_image
derive_settings
$dry_run || [ "$command" = policies ] || command -v aws >/dev/null || die "this needs the AWS CLI: apt-get install awscli"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"run_$command"
print_end
