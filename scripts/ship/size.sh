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

# Oldest first, so that the base's layers come first. Sizes are `61.2MB` in Docker's words, `61.2 MB` in Podman's.
"$engine" "$@" history --no-trunc --format '{{.Size}}	{{.CreatedBy}}' "$image" | sed '1!G;h;$!d' |
  awk -F '\t' -v limit="$limit" -v skip="$skip" '
    function megabytes(size) {
      unit = size
      gsub(/[0-9. ]/, "", unit)
      return size * (unit == "GB" ? 1000 : unit == "MB" ? 1 : unit == "kB" ? 0.001 : 0.000001)
    }
    BEGIN { print "| MB | layer |\n|---:|---|" }
    skip == 0 && $2 ~ /apk add --no-cache nodejs|\/usr\/local/ { ours = 1 }
    skip > 0 && NR > skip { ours = 1 }
    ours {
      added = megabytes($1)
      total += added
      if (added >= 0.05) {
        gsub(/\|/, "\\|", $2)
        gsub(/[[:space:]]+/, " ", $2)
        printf "| %.1f | `%s` |\n", added, substr($2, 1, 110)
      }
    }
    END {
      printf "| **%.1f** | **added to the base%s** |\n", total, (limit > 0 ? ", at most " limit : "")
      exit (total == 0 || (limit > 0 && total > limit))
    }'
