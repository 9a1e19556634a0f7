#!/bin/sh
# Installs from apt what `make clients` runs and builds with. Does nothing where that is there already, or where there
# is no apt or no right to use it.
set -eu
missing=
need() {
  command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || missing="$missing $2"
}
need cc 'gcc libc6-dev'
need curl curl
need git git
need javac default-jdk-headless
need openssl openssl
need pg_ctlcluster postgresql
need psql postgresql-client
need ssh openssh-client
need sshd openssh-server
need wget wget
python3 -c 'import ensurepip' 2>/dev/null || missing="$missing python3-venv"
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null || { [ "$(id -u)" -ne 0 ] && ! sudo -n true 2>/dev/null; }; then
  echo "clients: not installed, and cannot be installed here:$missing" >&2
  exit 0
fi
sudo=$([ "$(id -u)" -eq 0 ] || echo sudo)
$sudo apt-get update -q
# shellcheck disable=SC2086 # one word a package
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -yq --no-install-recommends $missing
