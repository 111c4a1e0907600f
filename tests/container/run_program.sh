#!/usr/bin/env bash
# Runs train or serve, whichever this file is called as, in the image, in the place of the program itself: the same arguments,
# environment, user, umask, terminal, files and network; signals are passed on. For the contract tests (contract.sh).
# CONTAINER_IMAGE, CONTAINER_NAME: the image, and how the containers' names begin. CONTAINER_MOUNTS: directories.
set -euo pipefail
source "$(dirname "$(readlink -f "$0")")/../../container/engine.sh"
need_engine

container=$CONTAINER_NAME-$$
options=(--rm --name "$container" --sig-proxy=false --network host --user "${TEXTML_RUN_AS:-0}" --umask "$(umask)" --workdir "$PWD")
if [ -t 1 ]; then
  options+=(--tty)
fi
for name in $(compgen -e); do
  case $name in
    PATH | HOME | PWD | OLDPWD | SHLVL | _) ;;
    *) options+=(--env "$name=${!name}") ;;
  esac
done
for directory in $CONTAINER_MOUNTS; do
  options+=(--volume "$directory:$directory")
done

# By itself the engine passes signals on only some time after the program has begun to speak.
# shellcheck disable=SC2317 # the traps call it
forward() {
  local i
  interrupted=true
  for ((i = 0; i < 100; i++)); do
    if "$engine" kill --signal "$1" "$container" >/dev/null 2>&1; then
      return 0 # without a number it would be that of the waiting
    fi
    kill -0 "$client" 2>/dev/null || return 0
    sleep 0.05
  done
}
trap 'forward TERM' TERM
trap 'forward INT' INT
"$engine" run "${run_options[@]}" "${options[@]}" "$CONTAINER_IMAGE" "$(basename "$0")" "$@" &
client=$!
# A signal ends the waiting, not the container.
interrupted=true
while $interrupted; do
  interrupted=false
  code=0
  wait "$client" || code=$?
done
exit "$code"
