#!/bin/sh
# Prints what the image adds to its base, layer by layer, as a Markdown table; exits 1 above the limit.
# Usage: size.sh docker|podman|buildah IMAGE LIMIT_MB [BASE]
# Layers of the base are those before the first one that names spacetail's own files; where BASE is given, its
# layers are counted instead. buildah's history has no sizes: podman reads the same storage.
set -eu
engine=$1
image=$2
limit=$3
base=${4:-}
[ "$engine" = buildah ] && engine=podman

skip=0
if [ -n "$base" ]; then
  skip=$("$engine" history --format '{{.ID}}' "$base" | wc -l)
fi

# Oldest first, so that the base's layers come first.
"$engine" history --no-trunc --human=false --format '{{.Size}}	{{.CreatedBy}}' "$image" | sed '1!G;h;$!d' |
  awk -F '\t' -v limit="$limit" -v skip="$skip" '
    BEGIN { print "| MB | layer |\n|---:|---|" }
    # Without a BASE: ours start at Node, the first thing the Dockerfile adds.
    skip == 0 && !ours && $2 ~ /apk add --no-cache nodejs|\/usr\/local\/bin\/node|\/usr\/local\/bin\// { ours = 1 }
    skip > 0 && NR > skip { ours = 1 }
    ours {
      total += $1
      if ($1 > 0) {
        text = $2
        gsub(/\|/, "\\|", text)
        gsub(/[[:space:]]+/, " ", text)
        printf "| %.1f | `%s` |\n", $1 / 1000000, substr(text, 1, 110)
      }
    }
    END {
      printf "| **%.1f** | **added to the base, at most %s** |\n", total / 1000000, limit
      exit total > limit * 1000000 || total == 0
    }'
