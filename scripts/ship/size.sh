#!/bin/sh
# Prints what an image adds to its base, layer by layer, as a Markdown table; exits 1 above the limit (0: none).
# Usage: size.sh ENGINE IMAGE LIMIT_MB [BASE [ENGINE_FLAG...]]     ENGINE: docker or podman
# The layers are those after BASE's; without BASE, those from the first on that adds Node or files of ours.
set -eu
engine=$1
image=$2
limit=$3
base=${4:-}
[ $# -lt 4 ] && shift $# || shift 4

skip=0
[ -z "$base" ] || skip=$("$engine" "$@" history --quiet "$base" | wc -l)

# Oldest first, so that the base's layers come first.
"$engine" "$@" history --no-trunc --human=false --format '{{.Size}}	{{.CreatedBy}}' "$image" | sed '1!G;h;$!d' |
  awk -F '\t' -v limit="$limit" -v skip="$skip" '
    BEGIN { print "| MB | layer |\n|---:|---|" }
    skip == 0 && $2 ~ /apk add --no-cache nodejs|\/usr\/local/ { ours = 1 }
    skip > 0 && NR > skip { ours = 1 }
    ours {
      total += $1
      if ($1 > 0) {
        gsub(/\|/, "\\|", $2)
        gsub(/[[:space:]]+/, " ", $2)
        printf "| %.1f | `%s` |\n", $1 / 1000000, substr($2, 1, 110)
      }
    }
    END {
      printf "| **%.1f** | **added to the base%s** |\n", total / 1000000, limit > 0 ? ", at most " limit : ""
      exit total == 0 || (limit > 0 && total > limit * 1000000)
    }'
