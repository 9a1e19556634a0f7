#!/bin/sh
# Sets up the network namespace it finds itself in, then runs its arguments as the one command in
# it. It is process 1 there (unshare --fork --pid), so it reaps orphans, and when it leaves the
# kernel ends whatever the command left behind.
#
# TMPDIR becomes a file system of its own, so that is gone with the namespace too.
set -eu
PATH=$PATH:/usr/sbin:/sbin

ip link set lo up
ip link add spacetail0 type veth peer name spacetail1
ip address add 192.0.2.10/24 dev spacetail0
ip link set spacetail0 up
ip link set spacetail1 up
# A default route that leads nowhere: programs believe in a network, and no packet gets out.
ip route add default via 192.0.2.1 dev spacetail0
# All of these belong to this machine, so a test server can bind any of them (AnyIP):
# the host's resolver, the network behind the subnet router, the "public" internet.
ip route add local 192.0.2.53 dev lo
ip route add local 198.51.100.0/24 dev lo
ip route add local 203.0.113.0/24 dev lo

mount -t tmpfs -o mode=0700 spacetail-test "$TMPDIR"
printf 'nameserver 192.0.2.53\noptions timeout:2 attempts:1\n' >"$TMPDIR/resolv.conf"
# A machine without that file asks 127.0.0.1, which leads nowhere here.
[ ! -e /etc/resolv.conf ] || mount --bind "$TMPDIR/resolv.conf" /etc/resolv.conf

export SPACETAIL_TEST_NAMESPACE=1
# sh ignores INT and QUIT for a command in the background, and takes its stdin away: undo both.
exec 3<&0
env --default-signal=INT,QUIT "$@" <&3 3<&- &
command=$!
trap 'kill -TERM $command' TERM HUP
# A trapped signal interrupts wait, so ask again until the command is really gone.
while :; do
  code=0
  wait $command || code=$?
  kill -0 $command 2>/dev/null || exit $code
done
