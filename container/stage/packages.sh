#!/usr/bin/env bash
# In the build stage: installs what building, unit tests and the image's papers need; for another processor its compiler and
# its libraries, and the tools of this machine.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/target.sh"
source "$(dirname "${BASH_SOURCE[0]}")/../../local_test/packages.sh"

if is_foreign; then
  dpkg --add-architecture "$target"
  need_foreign_image_packages "$target" "gcc-${triple//_/-}"
else
  need_image_packages
fi
rm -rf /var/lib/apt/lists/*
