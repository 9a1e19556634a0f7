#!/bin/sh
# Installs by apt the programs that `make demo`, `make test` or `make clients` run and this machine lacks, in one go.
# Each is looked for by the commands that do, since Debian's and Ubuntu's packages differ and one may have come another
# way. Does nothing where all are there; where apt or the right to use it is missing, says so and leaves it to the tests,
# each of which fails without its program.
# Usage: packages.sh demo|test|clients [missing]: with the second word it only prints the packages.
set -eu
missing=
# need PACKAGES COMMAND...: one of the commands is there, or the packages are missing.
need() {
  packages=$1
  shift
  for command; do
    # An ordinary user's PATH lacks the folders of sshd and ip.
    if command -v "$command" >/dev/null 2>&1 || [ -x "/usr/sbin/$command" ] || [ -x "/sbin/$command" ]; then return; fi
  done
  missing="$missing $packages"
}

# What the tailnet and the demo run.
need curl curl
need git git
need iproute2 ip
need mount mount
need openssl openssl
need procps ps
need util-linux unshare
[ -e /etc/ssl/certs/ca-certificates.crt ] || missing="$missing ca-certificates"

if [ "$1" != demo ]; then
  # nomad is the one program of ours that needs a C compiler.
  need 'gcc libc6-dev' cc
  need wget wget
  need openssh-client ssh
  need openssh-server sshd
  need python3 python3
  python3 -c 'import ensurepip' 2>/dev/null || missing="$missing python3-venv"
fi
if [ "$1" = test ]; then
  need busybox busybox
  need dash dash
  need fish fish
  need groff-base groff
  need mandoc mandoc
  need slowhttptest slowhttptest
  need zsh zsh
  # Ubuntu's package would have snap fetch it: there a browser is on the machine already, under one of these names.
  need chromium chromium chromium-browser google-chrome google-chrome-stable
fi
if [ "$1" = clients ]; then
  need default-jdk-headless javac
  need postgresql pg_ctlcluster
  need postgresql-client psql
fi

[ "${2:-}" != missing ] || { echo "$missing"; exit 0; }
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null; then
  echo "packages: there is no apt here to install:$missing" >&2
  exit 0
fi
sudo=
if [ "$(id -u)" -ne 0 ]; then
  if ! sudo -n true 2>/dev/null; then
    echo "packages: no right to install:$missing (sudo apt-get install$missing)" >&2
    exit 0
  fi
  sudo='sudo -n'
fi
echo "packages: apt installs$missing" >&2
# shellcheck disable=SC2086 # one word a package
{
  $sudo apt-get update -q
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends $missing
} >&2 || echo "packages: apt failed; the tests that need$missing will say so" >&2
