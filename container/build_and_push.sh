#!/usr/bin/env bash
# Builds the image and pushes it to Amazon ECR, into a repository of the caller's account that is made when it is not there.
#   build_and_push.sh [--dry-run] [--endpoint-url URL] IMAGE[:TAG]    TAG: by default latest
#     --dry-run            prints the commands and runs none of them
#     --endpoint-url URL   what the AWS CLI asks in place of AWS
# Region: AWS_REGION, AWS_DEFAULT_REGION, the CLI's own setting, else us-east-1. The last line is the image's URI.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/engine.sh"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
usage="usage: build_and_push.sh [--dry-run] [--endpoint-url URL] IMAGE[:TAG]"

dry_run=false
endpoint=()
name=
while [ $# -gt 0 ]; do
  case $1 in
    --dry-run) dry_run=true ;;
    --endpoint-url)
      [ $# -ge 2 ] || die "$usage"
      endpoint=(--endpoint-url "$2")
      shift
      ;;
    -*) die "$1: no such option; $usage" ;;
    *)
      [ -z "$name" ] || die "$usage"
      name=$1
      ;;
  esac
  shift
done
[ -n "$name" ] || die "$usage"
repository=${name%%:*}
tag=latest
if [ "$repository" != "$name" ]; then
  tag=${name#*:}
fi

$dry_run || command -v aws >/dev/null || die "this needs the AWS CLI: apt-get install awscli"
region=${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region 2>/dev/null || true)}}
region=${region:-us-east-1}

# Prints a command for the reader, and runs it unless this run is dry.
run() {
  printf '+ %s\n' "$*" >&2
  $dry_run || "$@"
}
ask_aws() {
  AWS_PAGER='' run aws "${endpoint[@]}" --region "$region" --output text "$@"
}

describe() {
  ask_aws ecr describe-repositories --registry-id "$account" --repository-names "$repository" \
    --query 'repositories[0].repositoryUri'
}
create() {
  ask_aws ecr create-repository --registry-id "$account" --repository-name "$repository" \
    --image-scanning-configuration scanOnPush=true --query repository.repositoryUri
}

if $dry_run; then
  account=ACCOUNT
  ask_aws sts get-caller-identity --query Account
  describe
  echo "# where there is none:" >&2
  create
  uri=$account.dkr.ecr.$region.amazonaws.com/$repository
  engine=podman
  command -v podman >/dev/null || engine=docker
else
  need_engine
  account=$(ask_aws sts get-caller-identity --query Account)
  problem=$(mktemp)
  trap 'rm -f "$problem"' EXIT
  if ! uri=$(describe 2>"$problem"); then
    # Any other refusal ends here, in AWS's words.
    grep -q RepositoryNotFoundException "$problem" || die "$(cat "$problem")"
    uri=$(create)
  fi
fi

run "$here/build.sh" "$name"
ask_aws ecr get-login-password | run "$engine" login --username AWS --password-stdin "${uri%%/*}"
run "$engine" tag "$name" "$uri:$tag"
run "$engine" push "$uri:$tag"
echo "$uri:$tag"
