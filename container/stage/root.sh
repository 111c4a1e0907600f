#!/usr/bin/env bash
# In the build stage: lays out the image's root directory. What train and serve load is asked of the dynamic linker.
#   root.sh DIR    writes DIR, and DIR.files: a line "path<TAB>Debian package" for each file, ours with the package "textml"
# SOURCE_DATE_EPOCH: the time stamp of all files, in seconds; by default 0.
set -euo pipefail
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
  strip "$root/usr/local/bin/$name"
done

# Lines "NAME => PATH (ADDRESS)", and the dynamic linker itself as "PATH (ADDRESS)"; what the kernel gives has no path.
LD_LIBRARY_PATH=$blas ldd "$bin/train" "$bin/serve" >/tmp/libraries
if grep 'not found' /tmp/libraries >&2; then
  exit 1
fi
grep -o '/[^ ]* (0x' /tmp/libraries | sed 's/ (0x$//' | LC_ALL=C sort -u >/tmp/paths
while IFS= read -r path; do
  name=$(basename "$path")
  case $path in
    "$blas"/*) put 0644 "$path" "/lib/$(gcc -print-multiarch)/$name" libopenblas-pthread-dev ;;
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
for name in train serve; do
  chroot "$root" "/usr/local/bin/$name" --version
done
find "$root" -exec touch -h -d "@${SOURCE_DATE_EPOCH:-0}" {} +
