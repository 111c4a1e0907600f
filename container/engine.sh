# The container engine, podman or docker, whichever is there; sourced, not run.
# shellcheck shell=bash

die() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

# Prints the comment that the script begins with, when the first word asks for help, and ends.
help_if_asked() {
  case ${1:-} in
    -h | --help)
      sed -nE '2,/^[^#]/s/^# ?//p' "$0"
      exit 0
      ;;
  esac
}

# Sets engine, its name, and what it wants to hear before an image is run or built: run_options, build_options.
# shellcheck disable=SC2034 # used by the scripts that source this file
need_engine() {
  run_options=()
  build_options=()
  if command -v podman >/dev/null 2>&1; then
    engine=podman
    build_options=(--format docker)
    # In nested containers crun and the default limits may be refused; runc with fixed limits is accepted everywhere.
    if command -v runc >/dev/null 2>&1; then
      run_options=(--runtime runc --ulimit nofile=1024:1024 --ulimit nproc=1000:1000)
      build_options+=("${run_options[@]}")
    fi
  elif docker version >/dev/null 2>&1; then
    engine=docker
    # What the image makes belongs to who runs it; podman without root does so by itself.
    run_options=(--user "$(id -u):$(id -g)")
  else
    die "this needs podman, or docker with a running engine: apt-get install podman runc"
  fi
}
