#!/bin/sh
# Prints the folder (with a colon) to put before PATH so that `node` is >= 22.19; nothing when it already is.
# Only a path is computed here; bring-node.sh installs what is missing.
version=24.21.0
if command -v node >/dev/null 2>&1 && node -e '
  const [major, minor] = process.versions.node.split(".").map(Number);
  process.exit(major > 22 || (major === 22 && minor >= 19) ? 0 : 1)' >/dev/null 2>&1; then
  exit 0
fi
printf '%s/node-%s/node_modules/.bin:' "$CACHE" "$version"
