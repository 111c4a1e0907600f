# shellcheck shell=bash disable=SC2154 # the variables of deploy.sh
# The settings of deploy.sh: names, meanings, defaults, checks; sourced, not run. Needs die.
# Each comes from the environment, as TEXTML_NAME, from deploy.env, or from the command line; the later of them wins. Without a
# prefix, a DATA or JOBS that is there for something else would be taken.

declare -A setting=()

# NAME kind default: what it is. The kinds are those of check_setting; "-" is no default.
settings_table='
NAME name - what everything is called: jobs, models, configurations and the endpoint
REGION region - the AWS region; by default AWS_REGION, AWS_DEFAULT_REGION, or that of IMAGE
IMAGE image - the image in ECR, as build_and_push.sh prints it
BUCKET bucket - the S3 bucket of data and models; everything lies below NAME/ in it
ROLE_ARN role - the role that SageMaker takes on; "deploy.sh role" makes one
RECIPE recipe news the recipe, a directory of recipes/
HYPERPARAMETERS file - a JSON file in place of the hyperparameters of the recipe
CHANNELS file - a JSON file in place of the channels of the recipe
TUNING file - a JSON file in place of what tuning tries for the recipe
TRANSFORM_INPUT file - a JSON file in place of the input of transforms of the recipe
DATA directory - a directory with train and validation, folders or .csv files, which train and tune copy to S3 first
TRAIN_INSTANCE instance ml.m5.large what trains
VOLUME_GB number 10 its disk
MAX_SECONDS number 3600 after which a training job is stopped
JOBS number 20 how many training jobs tuning starts
PARALLEL number 3 how many of them at a time
MODEL_DATA s3 - the model to serve, a model.tar.gz; by default that of the newest training job
MODEL_DATA_B s3 - the second model, with HOSTING=variants
HOSTING hosting serverless serverless, instance, or variants: two models, each on instances
MEMORY_MB number 1024 of a serverless endpoint: 1024 to 6144 in steps of 1024
MAX_CONCURRENCY number 5 of a serverless endpoint: requests at a time
HOST_INSTANCE instance ml.t2.medium what serves, with HOSTING=instance and variants
HOST_COUNT number 1 how many of them, of each variant
WEIGHT_A number 9 the share of requests of the first variant
WEIGHT_B number 1 and of the second
MODEL model - the model of transform, by name; by default the newest
INPUT s3 - what transform reads; by default NAME/transform/ in the bucket
TRANSFORM_INSTANCE instance ml.m5.large what transforms
AUTH auth ApiKey who may call the API of the stack: ApiKey or AWS_IAM
ALLOWED_ORIGIN origin - the page that may call it from browsers, as https://host; by default none
WAIT_SECONDS number 3600 how long to wait for a status
POLL_SECONDS number 15 and how often to ask
STAMP stamp - the end of names, by default the time of day: yymmdd-hhmmss
'

is_setting() {
  [[ $settings_table == *$'\n'"$1 "* ]]
}

names_of_settings() {
  sed -n 's/^\([A-Z_]*\) .*/\1/p' <<<"$settings_table"
}

# kind, default and meaning of a setting.
about_setting() {
  sed -n "s/^$1 //p" <<<"$settings_table"
}

default_settings() {
  local name default
  while read -r name _ default _; do
    if [ -n "$name" ] && [ "$default" != - ]; then
      setting[$name]=$default
    fi
  done <<<"$settings_table"
}

environment_settings() {
  local name variable
  for name in $(names_of_settings); do
    variable=TEXTML_$name
    if [ -n "${!variable:-}" ]; then
      setting[$name]=${!variable}
    fi
  done
}

# Lines NAME=value; nothing in the file is run.
file_settings() {
  local line name value n=0
  while IFS= read -r line || [ -n "$line" ]; do
    n=$((n + 1))
    if [[ $line =~ ^[[:space:]]*(#.*)?$ ]]; then
      continue
    fi
    [[ $line =~ ^([A-Z_]+)=(.*)$ ]] || die "$1:$n: expected NAME=value, or a comment that begins with #"
    name=${BASH_REMATCH[1]}
    value=${BASH_REMATCH[2]}
    if [[ $value =~ ^\"(.*)\"$ || $value =~ ^\'(.*)\'$ ]]; then
      value=${BASH_REMATCH[1]}
    fi
    is_setting "$name" || die "$1:$n: $name is no setting; \"deploy.sh settings\" lists them"
    setting[$name]=$value
  done <"$1"
}

# Ends with every missing setting in one message.
need_settings() {
  local name missing=()
  for name in "$@"; do
    if [ -z "${setting[$name]:-}" ]; then
      missing+=("  $name: $(about_setting "$name" | cut -d' ' -f3-)")
    fi
  done
  if [ ${#missing[@]} -gt 0 ]; then
    die "missing, in $settings_file, in the environment (with TEXTML_ before it), or as NAME=value behind the command:"$'\n'"$(printf '%s\n' "${missing[@]}")"
  fi
}

refuse_setting() {
  die "$1: \"${setting[$1]}\" is not $2"
}

# Does the value have the form? shape_of_setting NAME PATTERN WHAT
shape_of_setting() {
  [[ ${setting[$1]} =~ ^($2)$ ]] || refuse_setting "$1" "$3"
}

# The ARNs of SageMaker are in lower case, so names are.
check_setting() {
  local name=$1 kind=$2 value=${setting[$1]}
  case $kind in
    name | model)
      shape_of_setting "$name" '[a-z0-9](-*[a-z0-9])*' "a name: small letters, digits, and hyphens between them"
      if [ "$kind" = name ] && [ ${#value} -gt 46 ]; then
        refuse_setting "$name" "short enough: it has ${#value} characters, and 46 leave room for a time behind it (63 in all)"
      fi
      [ ${#value} -le 63 ] || refuse_setting "$name" "short enough: it has ${#value} characters, 63 is the most"
      ;;
    region) shape_of_setting "$name" '[a-z]{2}(-[a-z]+)+-[0-9]' "a region, such as eu-west-1" ;;
    image)
      shape_of_setting "$name" '[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/[a-z0-9][a-z0-9._/-]*(:[A-Za-z0-9._-]+|@sha256:[0-9a-f]{64})?' \
        "an image in ECR, such as 123456789012.dkr.ecr.eu-west-1.amazonaws.com/textml:latest"
      ;;
    bucket) shape_of_setting "$name" '[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]' "a bucket's name (without s3://)" ;;
    role) shape_of_setting "$name" 'arn:aws(-[a-z-]+)?:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+' "the ARN of a role, arn:aws:iam::123456789012:role/NAME" ;;
    s3) shape_of_setting "$name" 's3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?' "an S3 URI, s3://BUCKET/KEY" ;;
    instance) shape_of_setting "$name" 'ml\.[a-z0-9-]+\.[a-z0-9]+' "an instance type, such as ml.m5.large" ;;
    number) shape_of_setting "$name" '0|[1-9][0-9]{0,8}' "a whole number" ;;
    hosting) shape_of_setting "$name" 'serverless|instance|variants' "one of serverless, instance, variants" ;;
    auth) shape_of_setting "$name" 'ApiKey|AWS_IAM' "one of ApiKey, AWS_IAM" ;;
    origin) shape_of_setting "$name" 'https?://[A-Za-z0-9.-]+(:[0-9]+)?' "an origin, such as https://example.org (no path, no *)" ;;
    stamp) shape_of_setting "$name" '[0-9]{6}-[0-9]{6}' "a time, yymmdd-hhmmss" ;;
    recipe) [[ $value =~ ^[a-z0-9-]+$ && -d $here/recipes/$value ]] || refuse_setting "$name" "one of: $(ls "$here/recipes")" ;;
    file) [ -f "$value" ] || refuse_setting "$name" "a file" ;;
    directory) [ -d "$value" ] || refuse_setting "$name" "a directory" ;;
    *) die "$name: no kind $kind" ;;
  esac
}

check_settings() {
  local name kind
  while read -r name kind _; do
    if [ -n "$name" ] && [ -n "${setting[$name]:-}" ]; then
      check_setting "$name" "$kind"
    fi
  done <<<"$settings_table"
  case ${setting[MEMORY_MB]} in
    1024 | 2048 | 3072 | 4096 | 5120 | 6144) ;;
    *) refuse_setting MEMORY_MB "one of 1024, 2048, 3072, 4096, 5120, 6144" ;;
  esac
  if [ "${setting[WEIGHT_A]}" -eq 0 ] && [ "${setting[WEIGHT_B]}" -eq 0 ]; then
    die "WEIGHT_A, WEIGHT_B: both are 0, so that no variant would get a request"
  fi
  local least
  for least in VOLUME_GB MAX_SECONDS JOBS PARALLEL MAX_CONCURRENCY HOST_COUNT WAIT_SECONDS; do
    [ "${setting[$least]}" -ge 1 ] || refuse_setting "$least" "1 or more"
  done
}
