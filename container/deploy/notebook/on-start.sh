#!/usr/bin/env bash
# Lifecycle script of a notebook instance, run at every start, at most 5 minutes: brings ~/SageMaker/textml up to date if
# nothing in it was changed, and starts docker, which builds the image. What fails here must not keep the notebook from
# starting: it is said, and the script goes on.
set -uo pipefail
user=${NOTEBOOK_USER:-ec2-user}
home=${NOTEBOOK_HOME:-/home/$user}
project=$home/SageMaker/textml

as_user() {
  if [ "$(id -u)" -eq 0 ] && id "$user" >/dev/null 2>&1; then
    sudo -u "$user" "$@"
  else
    "$@"
  fi
}

if [ ! -d "$project/.git" ]; then
  echo "$project is not there: on-create.sh makes it" >&2
elif [ -n "$(as_user git -C "$project" status --porcelain)" ]; then
  echo "$project has changes of yours and stays as it is"
elif ! as_user timeout 120 git -C "$project" pull --quiet --ff-only; then
  echo "$project could not be brought up to date and stays as it is" >&2
fi

if command -v systemctl >/dev/null && ! systemctl is-active --quiet docker; then
  timeout 60 systemctl start docker || echo "docker did not start; container/build.sh needs it" >&2
fi
exit 0
