#!/usr/bin/env bash
# In the build stage: installs what building, unit tests and the image's papers need.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../../local_test/packages.sh"

need_image_packages
rm -rf /var/lib/apt/lists/*
