#!/usr/bin/env bash
# Fails when a file includes what it may not see: a header from a layer to its right or from a sibling, or a third-party
# header outside its one door file.
#   check_layers.sh [ROOT]    ROOT: a tree with lib/ and src/; by default this project
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/../..}"

# shellcheck disable=SC2016 # $0 is awk's
find lib src -name '*.[ch]' | LC_ALL=C sort | xargs awk '
BEGIN {
    # base → {num, text} → features → models → pipeline → src/sagemaker → src/train, src/serve. Layers of one rank are
    # siblings. The public headers see each other only.
    split("base 1 num 2 text 2 features 3 models 4 pipeline 5 sagemaker 6 train 7 serve 7", words, " ")
    for (i = 1; i in words; i += 2) rank[words[i]] = words[i + 1]
    split("cjson/ yaml.h zlib.h utf8proc.h libstemmer.h cblas.h microhttpd.h curl/ zconf.h protobuf-c/", third_party, " ")
}
function complain(message) { print FILENAME ":" FNR ": " message; failed = 1 }
FNR == 1 { split(FILENAME, part, "/"); layer = part[2] }
/^[ \t]*#[ \t]*include[ \t]*"/ {
    split($0, quoted, "\"")
    n = split(quoted[2], path, "/")
    target = path[1]
    if (target == "textml" || n == 1) next # public headers are for all; a bare name is made by the build
    if (layer == "include") complain("a public header includes " quoted[2])
    else if (!(target in rank)) complain(quoted[2] " is in no layer")
    else if (target != layer && rank[target] >= rank[layer]) complain(layer " may not include " quoted[2])
}
/^[ \t]*#[ \t]*include[ \t]*</ {
    for (i in third_party) {
        if (index($0, "<" third_party[i]) == 0) continue
        if (layer == "include") complain("a public header includes " third_party[i])
        if (third_party[i] in door && door[third_party[i]] != FILENAME)
            complain(third_party[i] " has its door in " door[third_party[i]])
        door[third_party[i]] = FILENAME
    }
}
END { exit failed }
'
