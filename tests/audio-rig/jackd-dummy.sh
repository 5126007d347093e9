#!/bin/sh
# A JACK server without hardware. usage: jackd-dummy.sh [period=256] [rate=48000]
# Without JACK_RT=1 it needs no rights; with it (root, or limits that allow rtprio) there are far fewer xruns.
if [ "$JACK_RT" = 1 ]; then set -- "${1:-256}" "${2:-48000}" --realtime --realtime-priority 20
else set -- "${1:-256}" "${2:-48000}" --no-realtime; fi
period=$1 rate=$2
shift 2
export JACK_NO_AUDIO_RESERVATION=1 # no D-Bus needed
exec jackd "$@" --no-mlock --timeout 2000 -d dummy -r "$rate" -p "$period"
