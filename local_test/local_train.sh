#!/usr/bin/env bash
# The same as train_local.sh, under its other name.
exec "$(dirname "${BASH_SOURCE[0]}")/train_local.sh" "$@"
