#!/bin/bash
# rig: -i
# Unplugged in the middle of a held note, plugged in again, more notes: one file with everything.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

take=$scratch/take.mid
record "$take"
want "a note is held" play <<< "tap 55 90 50
note_on 60 100
cc 64 127
sleep 300"
want "unplug" sim unplug
sleep 1
want "plug" sim plug > /dev/null
want "composer is back at the port by itself" sim wait_open 10000
want "more notes" play <<< "tap 64 100 50
tap 67 101 50
wait_drain"
want "the cable is torn out with a note held" play <<< "note_on 72 99
sleep 200
yank"
sleep 0.5
want "plug" sim plug > /dev/null
want "composer is back" sim wait_open 10000
want "a last note" sim tap 48 77 50
sleep 0.3
want_status 0 "Ctrl-C ends the take" stop

midi "$take" > "$scratch/midi.log" || fail "mido cannot read the file"
want_equal "one file has every note" "55 60 64 67 72 48" "$(keys "$scratch/midi.log")"
want_equal "and ends each" 6 "$(grep -c ' off ' "$scratch/midi.log")"
want_equal "two markers say where the keyboard was away, at least" 1 "$(($(grep -c ' marker ' "$scratch/midi.log") >= 2))"
at() { awk -v what="$1" 'index($0, what) { print $1; exit }' "$scratch/midi.log"; }
closed() { awk -v on="$(at " on 0 $1 ")" -v off="$(at " off 0 $1 ")" -v least="$2" 'BEGIN { exit !(off - on > least && off - on < least + 0.6) }'; }
want "the held note ends where the keyboard was unplugged" closed 60 0.28
want "and where the cable was torn out" closed 72 0.18
want "the pedal is up from then on" has "$scratch/midi.log" "control 0 64 0"
want "time went on meanwhile" awk -v a="$(at ' off 0 60 ')" -v b="$(at ' on 0 64 ')" 'BEGIN { exit !(b - a > 0.9) }'
exit 0
