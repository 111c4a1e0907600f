#!/usr/bin/env bash
# The tests of container/deploy: what deploy.sh asks of AWS, the policies, the stack, the function, the notebook scripts.
#   run.sh TRAIN SERVE [unittest's words]
# Without the Debian packages of local_test/packages.sh a line says so and all are skipped (77).
set -euo pipefail
export TRAIN=$1 SERVE=$2
shift 2
cd "$(dirname "${BASH_SOURCE[0]}")"
python=/usr/bin/python3 # Debian's, whose packages these are; others in the path do not see them
"$python" -c 'import boto3, jmespath, yaml' 2>/dev/null || {
  echo "SKIPPED: no boto3 or yaml here; container/deploy was not tried (apt-get install python3-boto3 python3-yaml)" >&2
  exit 77
}
export PYTHONDONTWRITEBYTECODE=1
unset AWS_PROFILE AWS_REGION AWS_DEFAULT_REGION AWS_SESSION_TOKEN
if [ $# -eq 0 ]; then
  set -- discover -p 'test_*.py'
fi
exec "$python" -m unittest "$@"
