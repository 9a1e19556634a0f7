#!/bin/sh
# `make test` as on a machine where nothing is prepared: a fresh clone of HEAD, with an empty home, empty caches of
# spacetail, npm, pip and Go, and the machine's own Node, in a folder of its own that is removed afterwards.
# Usage: test-empty.sh [USER]: as root it can run as another user, who is made for it when there is none of that name.
# EMPTY_FOLDER is where that folder is made (/var/tmp; it needs 10 GB).
set -eu
user=${1:-}
here=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d "${EMPTY_FOLDER:-/var/tmp}/spacetail-empty-XXXXXX")
made=
clean_up() {
  # Go makes the folders of its modules read-only.
  chmod -R u+w "$folder" 2>/dev/null || true
  rm -rf "$folder"
  [ -z "$made" ] || userdel "$made"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

mkdir "$folder/home" "$folder/home/.config" "$folder/tmp"
git clone -q --no-hardlinks "$here" "$folder/spacetail"
git -C "$folder/spacetail" checkout -q --detach "$(git -C "$here" rev-parse HEAD)"
# Which registries this machine asks is no cache.
for file in .npmrc .config/pip .config/go; do
  [ ! -e "$HOME/$file" ] || cp -RL "$HOME/$file" "$folder/home/$file"
done

as=
if [ -n "$user" ]; then
  [ "$(id -u)" -eq 0 ] || { echo "test-empty: only root can run it as $user" >&2; exit 2; }
  id "$user" >/dev/null 2>&1 || { useradd --no-create-home --home-dir "$folder/home" --shell /bin/sh "$user" && made=$user; }
  chown -R "$user:" "$folder"
  as="setpriv --reuid=$user --regid=$(id -g "$user") --init-groups"
  # By root, since the user may have no right to; but what this user's PATH lacks.
  missing=$($as sh "$folder/spacetail/scripts/packages.sh" test missing)
  # shellcheck disable=SC2086 # several words, or none
  [ -z "$missing" ] || {
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends $missing
  }
fi

started=$(date +%s)
code=0
cd "$folder/spacetail"
# shellcheck disable=SC2086 # several words, or none
$as env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES -u MFLAGS -u GOPATH -u NODE_OPTIONS -u PIP_CACHE_DIR \
  HOME="$folder/home" USER="${user:-$(id -un)}" LOGNAME="${user:-$(id -un)}" TMPDIR="$folder/tmp" \
  XDG_CACHE_HOME="$folder/cache" npm_config_cache="$folder/npm" \
  GOPATH="$folder/go" GOMODCACHE="$folder/go/pkg/mod" GOCACHE="$folder/go-build" \
  bash .ci/run || code=$?
echo "test-empty: $(( ($(date +%s) - started) / 60 )) min $(( ($(date +%s) - started) % 60 )) s as ${user:-$(id -un)} on $(nproc) cores, Node $(node --version), $(du -sh "$folder" 2>/dev/null | cut -f1), exit $code" >&2
exit "$code"
