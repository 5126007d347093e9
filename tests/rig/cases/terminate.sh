#!/bin/bash
# SIGTERM, and a terminal that goes away, end a take properly: held keys closed, pedal up, file finished.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

for signal in TERM HUP INT; do
  echo "-- SIG$signal"
  take=$scratch/$signal.mid
  record "$take"
  want "keys and the pedal are held" play <<< "note_on 60 100
note_on 64 90
cc 64 127
wait_drain"
  sleep 0.5
  want_status 0 "the recording ends" stop $signal
  midi "$take" > "$scratch/midi.log" || fail "mido cannot read the file"
  want "the keys are closed, and the pedal" has "$scratch/midi.log" "off 0 60" "off 0 64" "control 0 64 0"
  want "at the end, not at the beginning" awk '$2 == "off" { off = $1 } $2 == "on" { on = $1 } END { exit !(off - on > 0.3) }' "$scratch/midi.log"
  want "no journal is left" test -z "$(find "$HOME" -name '*.journal')"
done
exit 0
