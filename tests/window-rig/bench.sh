#!/bin/bash
# The window measured from outside on a display of its own: start, idle, a million notes, thousands of files. Sound goes to
# a JACK server without hardware, at the pace that a sound card would have.
# usage: bench.sh COMPOSER [PART...]     (windowrig in $BIN)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
BIN=${BIN:-$here/target/release}
log=$(mktemp)
server=
trap 'kill $server 2> /dev/null; rm -f "$log"' EXIT
# A name of its own: another server may run.
export JACK_DEFAULT_SERVER=windowrig
JACK_RT=${JACK_RT:-} "$here/../audio-rig/jackd-dummy.sh" 256 > "$log" 2>&1 &
server=$!
jack_wait -w -t 10 > /dev/null 2>&1 || { cat "$log"; exit 1; }
# Not behind alsa.conf: what a system adds there as its default (PipeWire, say) comes later and wins.
export ALSA_CONFIG_PATH=$here/../audio-rig/alsa/jack.conf
timeout 290 "$BIN/windowrig" "$@"
