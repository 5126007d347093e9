#!/bin/bash
# Key to sound on JACK, as `make bench-latency` measures it: of `composer play`, and of the window
# while it plays and is scrolled and zoomed as fast as it draws. The last must not be slower than the first.
# usage: [JACK_RT=1] bench-busy.sh COMPOSER [NOTES=200]     (COMPOSER with the feature jack; windowrig and latrig in $BIN)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
composer=$(realpath "$1") notes=${2:-200}
log=$(mktemp)
server='' peer=''
trap 'kill $peer $server 2> /dev/null; rm -f "$log"' EXIT
export JACK_DEFAULT_SERVER=windowrig
meter=("$BIN/latrig" --midi-to '^composer:midi_in' --audio-from '^composer:left' --notes "$notes" --offset random)
for period in ${PERIODS:-128 256}; do
  "$here/../audio-rig/jackd-dummy.sh" "$period" > "$log" 2>&1 &
  server=$!
  jack_wait -w -t 10 > /dev/null 2>&1
  "$composer" play --output jack --dry > /dev/null 2>&1 < /dev/null &
  peer=$!
  sleep 2
  echo "composer play, period $period: $("${meter[@]}" 2>&1 | tail -n 1)"
  kill "$peer"
  wait "$peer" 2> /dev/null || true
  echo "window, busy, period $period:"
  "$BIN/windowrig" "$composer" busy "${meter[@]}"
  kill "$server"
  wait "$server" 2> /dev/null || true
done
