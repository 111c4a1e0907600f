#!/usr/bin/env bash
# Runs train or serve, whichever this file is called as, in the image, in the place of the program itself: the same arguments,
# environment, user, umask, terminal, files and network, and as this very process. For the contract tests (contract.sh).
# CONTAINER_IMAGE, CONTAINER_NAME: the image, and how the containers' names begin. CONTAINER_MOUNTS: directories.
set -euo pipefail
source "$(dirname "$(readlink -f "$0")")/../../container/engine.sh"
need_engine

options=(--rm --name "$CONTAINER_NAME-$$" --network host --user "${TEXTML_RUN_AS:-0}" --umask "$(umask)" --workdir "$PWD")
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
exec "$engine" run "${run_options[@]}" "${options[@]}" "$CONTAINER_IMAGE" "$(basename "$0")" "$@"
