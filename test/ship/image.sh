#!/bin/bash
# `make docker-test`: builds the Dockerfile without a Docker engine and runs `up`, requests and `down` from the result
# against the offline tailnet, as Spacelift's user (uid 1983).
#
# buildah (chroot isolation, vfs storage) reads the very Dockerfile that is shipped. The bases come from no image
# registry: Debian packages make a stand-in for the runner, and the same plus this machine's Go, or plus npm's
# node-linux package, make stand-ins for the builders. Needs root, apt, Go, Node; about 5 minutes and 4 GB the first time, 3 minutes after that.
set -euo pipefail
cd "$(dirname "$0")/../.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/spacetail/image
arch=$(dpkg --print-architecture)
started=$SECONDS
say() { printf 'image: %4d s  %s\n' $((SECONDS - started)) "$*" >&2; }

[ "$(id -u)" = 0 ] || { echo 'image: needs root (chroot isolation, apt)' >&2; exit 1; }
missing=()
for package in buildah podman mmdebstrap debian-archive-keyring; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if ((${#missing[@]})); then
  say "installing ${missing[*]}"
  apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends "${missing[@]}" >/dev/null
fi

mkdir -p "$cache"
work=$(mktemp -d "$cache/run.XXXXXX")
export BUILDAH_ISOLATION=chroot
storage=(--storage-driver vfs --root "$work/storage" --runroot "$work/runroot")
revision=$(git rev-parse HEAD)
b() { buildah "${storage[@]}" "$@"; }
cleanup() {
  # For a look at what went wrong.
  [ -z "${KEEP:-}" ] || { echo "image: kept in $work" >&2; return; }
  b umount --all >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap cleanup EXIT

# --- stand-in bases ----------------------------------------------------------------------------------------------
rootfs=$cache/trixie-$arch.tar
if [ ! -s "$rootfs" ]; then
  say 'making a runner of trixie packages'
  # What Spacelift's runner has and a hook may use; python3, ssh and jq are left out to stay small.
  mmdebstrap --quiet --variant=minbase --format=tar --architectures="$arch" \
    --include=bash,busybox,ca-certificates,curl,git,procps,openssh-client \
    --customize-hook='chroot "$1" useradd --uid 1983 --create-home spacelift' \
    --customize-hook='mkdir -p "$1/mnt/workspace" && chroot "$1" chown spacelift /mnt/workspace' \
    trixie "$rootfs.part" http://deb.debian.org/debian
  mv "$rootfs.part" "$rootfs"
fi

# stand_in NAME [CONTAINER_COMMANDS]: an image of the root file system, changed by the function of that name.
stand_in() {
  local container mount
  container=$(b from scratch)
  mount=$(b mount "$container")
  tar -xf "$rootfs" -C "$mount" --exclude='./dev/*'
  # The builders fetch from the registries that this machine trusts.
  cp /etc/ssl/certs/ca-certificates.crt "$mount/etc/ssl/certs/ca-certificates.crt"
  "add_to_$1" "$container" "$mount"
  b umount "$container" >/dev/null
  b commit --quiet --rm "$container" "localhost/stand-in-$1" >/dev/null
}

add_to_runner() { b config --user spacelift --workingdir /home/spacelift "$1"; }

add_to_go() {
  cp -a "$(go env GOROOT)" "$2/usr/local/go"
  b config --env PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    --env GOPATH=/go --env HOME=/root --env "GOPROXY=$(go env GOPROXY)" "$1"
}

add_to_node() {
  install -m 0755 "$(node -p process.execPath)" "$2/usr/local/bin/node"
  mkdir -p "$2/usr/local/lib/node_modules"
  cp -a "$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")" "$2/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$2/usr/local/bin/npm"
  b config --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt --env HOME=/root "$1"
}

for name in runner go node; do
  say "stand-in base: $name"
  stand_in "$name"
done

# --- the Dockerfile ----------------------------------------------------------------------------------------------
say 'buildah build'
image=localhost/spacetail:test
# build TAG [ARGUMENT...]
build() {
  local tag=$1
  shift
  b build --layers --tag "$tag" --file Dockerfile \
    --build-arg RUNNER_IMAGE=localhost/stand-in-runner \
    --build-arg GO_IMAGE=localhost/stand-in-go \
    --build-arg NODE_IMAGE=localhost/stand-in-node \
    --build-arg NODE_FROM=copy \
    --build-arg VERSION="$(node -p "require('./package.json').version")" \
    --build-arg REVISION="$revision" \
    "$@" . >"$work/build.log" 2>&1 || { tail -n 60 "$work/build.log" >&2; exit 1; }
}
build "$image"

# The other platform's stages as far as no emulator is needed: the files alone, without Node and the runner.
case $arch in amd64) other=arm64 machine=b700 ;; *) other=amd64 machine=3e00 ;; esac
say "buildah build of the files for $other"
build localhost/spacetail:other --target files --build-arg TARGETARCH=$other

# --- what is in it -----------------------------------------------------------------------------------------------
check() { if [ "$2" = "$3" ]; then echo "ok $1: $2"; else echo "FAILED $1: '$2', expected '$3'"; exit 1; fi; }
inspect() { b inspect --type image --format "$1" "$image"; }
check user "$(inspect '{{.OCIv1.Config.User}}')" spacelift
check label "$(inspect '{{index .OCIv1.Config.Labels "org.opencontainers.image.licenses"}}')" MIT
check revision "$(inspect '{{index .OCIv1.Config.Labels "org.opencontainers.image.revision"}}')" "$revision"

echo '--- what we add, by layer (Node, which apk brings from Alpine on the real runner, is the first)'
sh scripts/ship/size.sh podman "$image" 0 localhost/stand-in-runner "${storage[@]}"

container=$(b from "$image")
root=$(b mount "$container")
# Node is the base's own business on the real runner: Alpine publishes 47.7 MiB installed for nodejs 24 (50 MB), and its
# libraries are up to 10 MB more.
ours=$(($(du -sbc "$root"/usr/local/bin/tailscaled "$root"/usr/local/lib/spacetail | awk 'END { print $1 }') / 1000000))
echo "ours $ours MB + Alpine's nodejs 60 MB = $((ours + 60)) MB, at most 90"
((ours + 60 <= 90)) || { echo 'FAILED: too large' >&2; exit 1; }
check 'one binary, two names' "$(readlink "$root/usr/local/bin/tailscale")" tailscaled
for file in man/man1/spacetail.1 bash-completion/completions/spacetail zsh/site-functions/_spacetail fish/vendor_completions.d/spacetail.fish; do
  check "share/$file" "$([ -s "$root/usr/local/share/$file" ] && echo there)" there
done
check 'no toolchain' "$(find "$root/usr/local" "$root/go" -name 'go' -o -name '*.ts' 2>/dev/null | head -3)" ''
check 'no library beside the bundle' "$(find "$root/usr/local" -name node_modules | wc -l)" 0
check 'no caches' "$(find "$root/root" -mindepth 1 ! -name '.*rc' ! -name .profile | head -3)" ''

other_container=$(b from localhost/spacetail:other)
other_root=$(b mount "$other_container")
# e_machine of its ELF header.
check "tailscaled for $other" "$(od -An -tx1 -j18 -N2 "$other_root/bin/tailscaled" | tr -d ' ')" $machine
check 'and spacetail' "$([ -s "$other_root/lib/spacetail/dist/main.cjs" ] && readlink "$other_root/bin/spacetail")" ../lib/spacetail/dist/spacetail.js

# --- a run of it -------------------------------------------------------------------------------------------------
say 'up, requests, down from the built root file system'
node test/tailnet/with-tailnet.ts -- node test/ship/image-run.ts "$root"
say done
