#!/bin/bash
# The output vanishes while a file plays, and comes back: composer must wait, go on by itself, and end well.
# Through ALSA's JACK plugin, and as a JACK client. usage: lost-output.sh COMPOSER
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
composer=$(realpath "$1")
work=$(mktemp -d)
server=
trap 'kill $server 2> /dev/null; rm -rf "$work"' EXIT
/usr/bin/python3 "$here/dense_midi.py" "$work/dense.mid" 24 > /dev/null
failed=0

serve() {
  # A server killed hard leaves its shared memory behind, and the next one hangs.
  pgrep -x jackd > /dev/null || rm -rf /dev/shm/jack*
  JACK_RT=1 "$here/jackd-dummy.sh" 256 > "$work/jackd.log" 2>&1 &
  server=$!
  jack_wait -w -t 10 > /dev/null
}

try() { # NAME OPTIONS...
  local name=$1
  shift
  serve
  "$composer" play "$work/dense.mid" --json "$@" > "$work/out" 2> "$work/err" < /dev/null &
  local player=$!
  sleep 4
  kill -9 "$server"; wait "$server" 2> /dev/null
  sleep 2
  serve
  if wait "$player" && grep -q 'waiting for an output' "$work/err" && grep -q 'sound goes on' "$work/err" &&
    /usr/bin/python3 -c 'import json, sys; f = json.load(open(sys.argv[1]))["files"][0]; sys.exit(f["reached_s"] < f["duration_s"])' "$work/out"
  then
    echo "ok   $name"
  else
    echo "FAIL $name"; cat "$work/err" "$work/out"; failed=1
  fi
  kill "$server"; wait "$server" 2> /dev/null
}
ALSA_CONFIG_PATH=$here/alsa/base.conf:$here/alsa/jack.conf try 'ALSA: the output dies and comes back'
try 'JACK: the server dies and comes back' --output jack
exit $failed
