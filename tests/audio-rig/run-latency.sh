#!/bin/bash
# Latency matrix: for each period start jackd's dummy driver, each synthesiser under test, and latrig.
# usage: [JACK_RT=1] [PROG=0] [PERIODS='64 128 256'] [ONLY='fluidsynth app'] run-latency.sh NOTES [MIDI_PORT_REGEX AUDIO_PORT_REGEX COMMAND...]
# COMMAND is the synthesiser under test on the running JACK server, its ports named by the two patterns; FluidSynth and
# the zero reference are measured beside it. latrig and latref come from $BIN.
set -u
here=$(cd "$(dirname "$0")" && pwd)
BIN=${BIN:-$here/latrig/target/release}
notes=${1:-200} midi=${2:-} audio=${3:-}
shift $(($# < 3 ? $# : 3))
work=$(mktemp -d)
server=
trap 'kill $server 2> /dev/null; rm -rf "$work"' EXIT

measure() { # NAME PERIOD MIDI_PATTERN AUDIO_PATTERN COMMAND...
  local name=$1 period=$2 to=$3 from=$4
  shift 4
  case " ${ONLY:-$name} " in *" $name "*) ;; *) return ;; esac
  "$@" > "$work/peer.log" 2>&1 < /dev/null &
  local peer=$!
  sleep 2 # a client that starts while latrig connects can stall the graph
  for offset in random zero; do
    printf '%s period=%s offset=%s prog=%s: ' "$name" "$period" "$offset" "${PROG:-0}"
    "$BIN/latrig" --midi-to "$to" --audio-from "$from" --notes "$notes" --offset "$offset" --program "${PROG:-0}" \
      2> "$work/latrig.err" || echo "failed: $(tail -1 "$work/latrig.err")"
  done
  kill "$peer"
  wait "$peer" 2> /dev/null
}

# A server killed hard leaves its shared memory behind, and the next one hangs: clean up, if none runs.
pgrep -x jackd > /dev/null || rm -rf /dev/shm/jack*
for period in ${PERIODS:-64 128 256}; do
  "$here/jackd-dummy.sh" "$period" > "$work/jackd.log" 2>&1 &
  server=$!
  jack_wait -w -t 10 > /dev/null 2>&1
  measure latref "$period" '^latref:midi_in' '^latref:out' "$BIN/latref"
  measure fluidsynth "$period" '^fluidsynth.*midi' '^fluidsynth:left' "$here/peer-fluidsynth.sh"
  [ $# -eq 0 ] || measure app "$period" "$midi" "$audio" "$@"
  echo "xruns: $(grep -c XRun "$work/jackd.log")"
  kill "$server"
  wait "$server" 2> /dev/null
done
