#!/usr/bin/env bash
# What is in the image: sizes, files, labels, papers, and that the same commit gives the same bytes. For the image of another
# processor, PLATFORM says which.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/support.sh"
papers=$project/build/container${PLATFORM:+/${PLATFORM#*/}}

# All files of the image, unpacked, with owners and modes in $scratch/list.
unpack() {
  "$engine" create --name "$tag-unpack" "$image" >/dev/null
  mkdir "$scratch/root"
  "$engine" export "$tag-unpack" >"$scratch/root.tar"
  tar -C "$scratch/root" -xpf "$scratch/root.tar"
  "$engine" rm "$tag-unpack" >/dev/null
}

compressed_it_takes_15_mb_at_most() {
  local bytes
  bytes=$("$engine" save "$image" | gzip | wc -c)
  echo "image: $bytes bytes compressed" >&3
  expect "15,000,000 bytes at most, not $bytes" test "$bytes" -le 15000000
}

unpacked_it_takes_45_mb_at_most() {
  local bytes
  bytes=$(find "$scratch/root" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }')
  echo "image: $bytes bytes unpacked" >&3
  expect "45,000,000 bytes at most, not $bytes" test "$bytes" -le 45000000
}

# Programs are train, serve and the dynamic linker: no shell, no package manager, nothing else that could be started.
nothing_else_can_be_started() {
  local path found=()
  while IFS= read -r path; do
    if [ "$(head -c 2 "$path" | tr -d '\0')" = '#!' ] || readelf -lW "$path" 2>/dev/null | grep -q 'INTERP'; then
      found+=("${path#"$scratch/root"}")
    fi
  done < <(find "$scratch/root" -type f | LC_ALL=C sort)
  # The C library is a program, too, that prints its version.
  expect_equal "${found[*]}" "/lib/$(basename "$scratch"/root/lib/*-linux-gnu)/libc.so.6 /usr/local/bin/serve /usr/local/bin/train"
  expect "no shell by any name" test -z "$(find "$scratch/root" \( -name '*sh' -o -name 'busybox*' -o -name 'apt*' -o -name 'dpkg*' \) -print)"
}

no_file_is_set_uid_or_writable_for_others() {
  expect_equal "$(find "$scratch/root" -perm /6000 -print)" ''
  expect_equal "$(find "$scratch/root" -perm -0002 ! -type l -printf '%P\n')" tmp
  expect_equal "$(find "$scratch/root" ! -user 0 -print)" ''
}

# An arbitrary user must be able to read and run all of it.
every_user_reads_all_of_it() {
  expect_equal "$(find "$scratch/root" \( -type d ! -perm -0005 -o -type f ! -perm -0004 \) -print)" ''
}

nothing_lies_below_opt() {
  expect_equal "$(find "$scratch/root/opt" -mindepth 1 -print 2>/dev/null)" ''
}

inspect() {
  "$engine" image inspect --format "$1" "$image"
}

# That processor's and no other's: in the image's description, in what the bill names.
it_is_for_the_processor_that_was_asked_for() {
  local architecture=${PLATFORM:-linux/$(dpkg --print-architecture)}
  architecture=${architecture#*/}
  expect_equal "$(inspect '{{.Architecture}}')" "${architecture%%/*}"
  expect_equal "$(jq -r '.packages[].externalRefs[]?.referenceLocator' "$papers/sbom.spdx.json" | sed -E 's/.*[?]arch=([^&]*).*/\1/' |
    LC_ALL=C sort -u | xargs)" "all ${architecture%%/*}"
}

# P01
the_platform_reads_its_labels() {
  local prefix=com.amazonaws.sagemaker.capabilities
  expect_equal "$(inspect "{{index .Config.Labels \"$prefix.accept-bind-to-port\"}}")" true
  expect_equal "$(inspect "{{index .Config.Labels \"$prefix.multi-models\"}}")" true
}

the_labels_say_what_it_was_built_from() {
  local prefix=org.opencontainers.image
  expect_equal "$(inspect "{{index .Config.Labels \"$prefix.title\"}}")" textml
  expect_equal "$(inspect "{{index .Config.Labels \"$prefix.licenses\"}}")" MIT
  expect_match "$(inspect "{{index .Config.Labels \"$prefix.version\"}}")" '^[0-9]+\.[0-9]+\.[0-9]+$'
  if git -C "$project" rev-parse -q --verify HEAD >/dev/null; then
    expect_match "$(inspect "{{index .Config.Labels \"$prefix.revision\"}}")" "^$(git -C "$project" rev-parse HEAD)(-dirty)?\$"
  fi
}

there_is_no_entry_point_and_the_command_is_in_exec_form() {
  expect_equal "$(inspect '{{json .Config.Entrypoint}}')" null
  expect_equal "$(inspect '{{json .Config.Cmd}}')" '["train"]'
  expect_equal "$(inspect '{{.Config.User}}')" ''
}

a_user_without_rights_is_known_by_name() {
  run_in --user textml -- serve --version
  expect_equal "$code" 0
}

# The names that the papers speak of are the files that are there.
the_bill_of_materials_lists_every_file_and_its_package() {
  local bill=$scratch/root/usr/share/doc/textml/sbom.spdx.json
  cmp "$bill" "$papers/sbom.spdx.json"
  expect_equal "$(jq -r .spdxVersion "$bill")" SPDX-2.3
  jq -r '.files[] | [(.checksums[] | select(.algorithm == "SHA256").checksumValue), .fileName] | join("  ")' "$bill" \
    >"$scratch/sums"
  (cd "$scratch/root" && sha256sum --quiet --check "$scratch/sums")
  # The bill cannot hold its own checksum.
  expect_equal "$(jq -r '.files[].fileName' "$bill" | LC_ALL=C sort)" \
    "$(cd "$scratch/root" && find . -type f ! -name sbom.spdx.json ! -path './run/*' ! -path './etc/mtab' -size +0 | LC_ALL=C sort)"
  # Each file and package is in one relation at least, and each name in a relation stands for something.
  jq -e '([.files[].SPDXID, .packages[].SPDXID] | sort) == ([.relationships[].relatedSpdxElement] | sort)
    and (([.relationships[].spdxElementId] | unique) - ["SPDXRef-DOCUMENT", .packages[].SPDXID] == [])
    and ([.packages[].name] | contains(["textml", "libc6", "libmicrohttpd12", "libopenblas-pthread-dev", "ca-certificates"]))
    and ([.packages[] | select(.name == "libc6") | .externalRefs[0].referenceLocator | startswith("pkg:deb/debian/libc6@")] == [true])
    and (.hasExtractedLicensingInfos | map(.extractedText | length > 100) | all)
    and (([.packages[].licenseDeclared] - ["MIT", "NOASSERTION"] | sort) == ([.hasExtractedLicensingInfos[].licenseId] | sort))' \
    "$bill"
}

the_licences_of_all_packages_are_in_it() {
  local package
  cmp "$scratch/root/usr/share/doc/textml/licenses.txt" "$papers/licenses.txt"
  grep -q 'The textml authors' "$papers/licenses.txt"
  grep -q 'GNU LESSER GENERAL PUBLIC LICENSE' "$papers/licenses.txt"
  jq -r '.packages[].name' "$papers/sbom.spdx.json" | grep -v '^textml-image$' | while IFS= read -r package; do
    expect "a chapter for $package" grep -qx "$package" "$papers/licenses.txt"
  done
}

the_recipes_and_certificates_are_in_it() {
  local recipe
  for recipe in "$project"/data/recipes/*.yaml; do
    cmp "$recipe" "$scratch/root/usr/share/textml/recipes/$(basename "$recipe")"
  done
  grep -q 'BEGIN CERTIFICATE' "$scratch/root/etc/ssl/certs/ca-certificates.crt"
}

# All that the image's programs are compiled from is compiled once more, elsewhere and later.
the_same_commit_gives_the_same_layers() {
  local copy=$scratch/copy
  mkdir "$copy"
  tar -C "$project" --exclude=./build --exclude=./.git -cf - . | tar -C "$copy" -xmf -
  chmod -R go= "$copy" # another umask
  SOURCE_DATE_EPOCH=$(git -C "$project" log -1 --format=%ct 2>/dev/null || echo 0) TESTS=none \
    "$copy/container/build.sh" "$image-again" >"$scratch/again.log" 2>&1 || { cat "$scratch/again.log" && return 1; }
  local first second
  first=$(inspect '{{json .RootFS.Layers}}')
  second=$("$engine" image inspect --format '{{json .RootFS.Layers}}' "$image-again")
  "$engine" rmi "$image-again" >/dev/null
  expect_equal "$second" "$first"
}

exec 3>&1
unpack
check "compressed it takes 15 MB at most" compressed_it_takes_15_mb_at_most
check "unpacked it takes 45 MB at most" unpacked_it_takes_45_mb_at_most
check "nothing but train and serve can be started" nothing_else_can_be_started
check "no file is set-uid, none but /tmp is writable for others" no_file_is_set_uid_or_writable_for_others
check "every user reads all of it" every_user_reads_all_of_it
check "nothing lies below /opt" nothing_lies_below_opt
check "it is for the processor that was asked for" it_is_for_the_processor_that_was_asked_for
check "P01 the platform reads its labels" the_platform_reads_its_labels
check "the labels say what it was built from" the_labels_say_what_it_was_built_from
check "there is no entry point, and the command is in exec form" there_is_no_entry_point_and_the_command_is_in_exec_form
if [ -z "${PLATFORM:-}" ] || runs_image; then
  check "a user without rights is known by name" a_user_without_rights_is_known_by_name
fi
check "the bill of materials lists every file and its package" the_bill_of_materials_lists_every_file_and_its_package
check "the licences of all packages are in it" the_licences_of_all_packages_are_in_it
check "the recipes and certificates are in it" the_recipes_and_certificates_are_in_it
check "the same commit gives the same layers" the_same_commit_gives_the_same_layers
finish_group
