# shellcheck shell=bash
# The Debian 12 packages that textml needs, in one place; sourced, not run.
# need_build_packages and need_test_packages install what dpkg says is missing, and nothing else.

# To build train and serve, and to ask a server (local_test).
build_packages=(
  gcc libc6-dev cmake ninja-build pkg-config
  libopenblas-dev libcjson-dev libyaml-dev libmicrohttpd-dev libutf8proc-dev libstemmer-dev zlib1g-dev libisal-dev
  libprotobuf-c-dev protobuf-c-compiler
  curl ca-certificates
)

# Besides, for the unit tests: their framework, and the HTTP client of the contract tests.
unit_test_packages=(libcmocka-dev libcurl4-openssl-dev)

# Besides, in the image's build stage: what writes the bill of materials.
image_packages=(jq)

# To build the image and run it: container/build.sh, and what makes its base where no registry can be reached.
container_packages=(podman runc netavark aardvark-dns iptables mmdebstrap)

# Besides, for tests/run.sh: the second compiler with its sanitizer and fuzzer runtime (14 is Debian 12's), the analysers,
# the coverage report, the load generator of bench.smoke, a locale with a decimal comma, the browser that looks at
# report.html and serve's page, the certificates of the TLS tests (openssl), the clients of tests/clients; what reads JSON,
# speaks to AWS and takes images in the container's tests.
test_packages=(
  "${unit_test_packages[@]}" "${container_packages[@]}"
  openssl jq awscli docker-registry
  clang libclang-rt-14-dev lld
  clang-format clang-tidy cppcheck shellcheck
  gcovr wrk locales chromium
  nodejs python3-boto3 python3-jsonschema python3-jmespath python3-yaml
)

# Besides, for the peers of tests/bench; tests/run.sh does without them.
bench_packages=(python3-torch python3-numpy python3-pandas python3-sklearn python3-flask python3-gevent gunicorn nginx-light)

need_build_packages() {
  install_missing "${build_packages[@]}"
}

need_test_packages() {
  local npm=() # other nodejs packages than Debian's bring their own, and refuse Debian's
  command -v npm >/dev/null || npm=(npm)
  install_missing "${build_packages[@]}" "${test_packages[@]}" "${npm[@]}"
}

need_image_packages() {
  install_missing "${build_packages[@]}" "${unit_test_packages[@]}" "${image_packages[@]}"
}

need_container_packages() {
  install_missing "${container_packages[@]}"
}

# need_foreign_image_packages ARCHITECTURE COMPILER: the same for another processor; libraries are its own, tools are this one's.
need_foreign_image_packages() {
  local package packages=("$2")
  for package in "${build_packages[@]}" "${unit_test_packages[@]}" "${image_packages[@]}"; do
    case $package in
      gcc) ;;
      *-dev) packages+=("$package:$1") ;;
      *) packages+=("$package") ;;
    esac
  done
  install_missing "${packages[@]}"
}

need_bench_packages() {
  install_missing "${build_packages[@]}" "${test_packages[@]}" "${bench_packages[@]}"
}

install_missing() {
  local missing=() package
  if ! command -v dpkg-query >/dev/null; then
    echo "No dpkg here: taking for granted that the equivalents of these are installed: $*" >&2
    return 0
  fi
  for package in "$@"; do
    if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
      missing+=("$package")
    fi
  done
  if [ ${#missing[@]} -eq 0 ]; then
    return 0
  fi
  echo "== installing with apt-get: ${missing[*]}"
  as_root apt-get -q update &&
    as_root apt-get -qy -o Dpkg::Use-Pty=0 install --no-install-recommends "${missing[@]}"
}

# Runs a command as root: as it is, or through sudo.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    DEBIAN_FRONTEND=noninteractive "$@"
  elif command -v sudo >/dev/null; then
    sudo DEBIAN_FRONTEND=noninteractive "$@"
  else
    echo "This needs root or sudo, and there is neither. As root, run: $*" >&2
    return 1
  fi
}
