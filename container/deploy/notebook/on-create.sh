#!/usr/bin/env bash
# Lifecycle script of a notebook instance, run once, when it is made: the project's files in ~/SageMaker/textml, which
# outlives restarts. Safe to run again. REPOSITORY: where to clone from; it must be filled in below, or set.
set -euo pipefail
repository=${REPOSITORY:-}
user=${NOTEBOOK_USER:-ec2-user}
home=${NOTEBOOK_HOME:-/home/$user}
project=$home/SageMaker/textml

if [ -d "$project/.git" ]; then
  echo "$project is there already"
  exit 0
fi
if [ -z "$repository" ]; then
  echo "on-create.sh: REPOSITORY is empty: write the address of the project's Git repository into this script" >&2
  exit 1
fi
mkdir -p "$home/SageMaker"
# Cloned beside, then renamed: a start that is cut off leaves no half of it.
scratch=$(mktemp -d "$home/SageMaker/.textml.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
git clone --quiet --depth 1 -- "$repository" "$scratch/textml"
mv -T "$scratch/textml" "$project"
if [ "$(id -u)" -eq 0 ] && id "$user" >/dev/null 2>&1; then
  chown -R "$user:" "$project" # the platform runs this as root
fi
echo "cloned into $project"
