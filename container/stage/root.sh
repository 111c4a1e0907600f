#!/usr/bin/env bash
# In the build stage: lays out the image's root directory. What train and serve load is read from them and from what they load.
#   root.sh DIR    writes DIR, and DIR.files: a line "path<TAB>Debian package" for each file, ours with the package "textml"
# SOURCE_DATE_EPOCH: the time stamp of all files, in seconds; by default 0.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/target.sh"
root=$1
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=$project/build/release/bin
blas=$project/build/image-blas

rm -rf "$root"
: >"$root.files"

# The Debian package of a file; dpkg knows some by their names from before / and /usr became one.
owner() {
  local path
  path=$(realpath "$1")
  { dpkg-query -S "$path" 2>/dev/null || dpkg-query -S "${path#/usr}"; } | sed 's/:.*//'
}

# put MODE FILE PATH PACKAGE
put() {
  install -D -m "$1" "$2" "$root$3"
  printf '%s\t%s\n' "$3" "$4" >>"$root.files"
}

# Programs: without symbols, which the image's users have no debugger for.
for name in train serve; do
  put 0755 "$bin/$name" "/usr/local/bin/$name" textml
  "$triple-strip" "$root/usr/local/bin/$name"
done

# The dynamic linker, by the one path that programs know it by; then the libraries, as it looks for them, to the last one
# that another needs.
linker=$("$triple-readelf" -lW "$bin/train" | sed -nE 's/.*program interpreter: (.*)\]$/\1/p')
declare -A paths=(["$(basename "$linker")"]=$linker)
find_libraries() {
  local name directory
  for name in $("$triple-readelf" -dW "$1" | sed -nE 's/.*\(NEEDED\).*\[(.*)\]$/\1/p'); do
    [ -z "${paths[$name]:-}" ] || continue
    for directory in "$blas" "/lib/$triple"; do
      if [ -e "$directory/$name" ]; then
        paths[$name]=$directory/$name
        break
      fi
    done
    if [ -z "${paths[$name]:-}" ]; then
      echo "root.sh: $1 needs $name, which is not in /lib/$triple" >&2
      exit 1
    fi
    find_libraries "${paths[$name]}"
  done
}
find_libraries "$bin/train"
find_libraries "$bin/serve"
printf '%s\n' "${paths[@]}" | LC_ALL=C sort >/tmp/paths
while IFS= read -r path; do
  name=$(basename "$path")
  case $path in
    "$blas"/*) put 0644 "$path" "/lib/$triple/$name" libopenblas-pthread-dev ;;
    *) put 0755 "$path" "$path" "$(owner "$path")" ;;
  esac
done </tmp/paths

put 0644 /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt ca-certificates
for path in "$project"/data/recipes/*.yaml; do
  put 0644 "$path" "/usr/share/textml/recipes/$(basename "$path")" textml
done

# Root as platforms start it, and a user without rights for who prefers one. Neither has a shell to log in to.
cat >/tmp/passwd <<'END'
root:x:0:0:root:/:/nonexistent
textml:x:10001:10001:textml:/:/nonexistent
END
cat >/tmp/group <<'END'
root:x:0:
textml:x:10001:
END
put 0644 /tmp/passwd /etc/passwd textml
put 0644 /tmp/group /etc/group textml
install -d -m 1777 "$root/tmp"

# It runs by itself: a missing library would show here.
if runs_target; then
  for name in train serve; do
    chroot "$root" "/usr/local/bin/$name" --version
  done
fi
find "$root" -exec touch -h -d "@${SOURCE_DATE_EPOCH:-0}" {} +
