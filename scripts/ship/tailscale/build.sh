#!/bin/sh
# Builds tailscaled with the tailscale command line inside (ts_include_cli) and links the second name to it.
# What a run in a container with no TUN device cannot use is left out; what TS_EXTRA_ARGS may ask for stays: ssh,
# routes, exit nodes, userspace networking and its proxies, DNS, OAuth and identity federation, upstream proxies,
# and the socket's own access check. test/ship/build-files.test.ts keeps both lists.
# Usage: build.sh OUTPUT_FOLDER [GOOS [GOARCH]]   (in the folder of go.mod)
set -eu
out=$1
GOOS=${2:-$(go env GOOS)}
GOARCH=${3:-$(go env GOARCH)}
export GOOS GOARCH CGO_ENABLED=0

version=$(go list -m -f '{{.Version}}' tailscale.com)
version=${version#v}

tags=ts_include_cli
for feature in \
  acme aws bird captiveportal capture clientupdate completion completion_scripts conn25 debugeventbus debugportmapper desktop_sessions \
  drive flashappliance iptables kube linkspeed linuxdnsfight networkmanager osrouter portlist qrcodes relayserver remoteconfig \
  resolved serve serviceclientprefs synology syslog systray taildrop tap tpm tundevstats wakeonlan webbrowser webclient; do
  tags=$tags,ts_omit_$feature
done

mkdir -p "$out"
go build -trimpath -buildvcs=false -tags "$tags" -o "$out/tailscaled" \
  -ldflags "-s -w -X tailscale.com/version.longStamp=$version -X tailscale.com/version.shortStamp=$version" \
  tailscale.com/cmd/tailscaled
ln -sf tailscaled "$out/tailscale"
