#!/bin/sh
# native.sh FOLDER: copies of koffi what runs to a node_modules, without its sources. Its native part is that of the processor
# that `npm ci --cpu=…` was told; it brings glibc's and musl's.
set -eu
cd "$(dirname "$0")/../../node_modules"
for part in koffi/package.json koffi/LICENSE.txt koffi/index.*js koffi/src/koffi/*.*js koffi/src/koffi/src/*.*js; do
  mkdir -p "$1/$(dirname "$part")"
  cp "$part" "$1/$part"
done
cp -R @koromix "$1/"
