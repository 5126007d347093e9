#!/bin/bash
# Two takes with the keyboard's own Rec and Stop buttons.
# rig: -i -t 200
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

library=$scratch/library
record --armed --library "$library"
want "notes before Rec, Rec, two notes, Stop; Rec, one note, Stop; a note after" play <<< "tap 40 100 30
sleep 100
cc 107 127
sleep 100
tap 60 100 50
tap 62 100 50
cc 106 127
cc 106 0
sleep 600
tap 41 100 30
sleep 600
cc 107 127
sleep 100
tap 64 100 50
cc 106 127
sleep 300
tap 42 100 30
wait_drain"
sleep 0.5
want_status 0 "Ctrl-C ends the session" stop
mapfile -t takes < <(find "$library" -name '*.mid' | sort)
want_equal "there are two files" 2 "${#takes[@]}"
want_equal "the first take" "60 62" "$(midi "${takes[0]}" | keys)"
want_equal "the second take" "64" "$(midi "${takes[1]}" | keys)"

record "$scratch/stopped.mid"
want "a note, and Stop" play <<< "tap 60 100 50
cc 106 127
wait_drain"
want_status 0 "Stop on the keyboard ends a recording of one file" finish "$recorder" 10
want_equal "with the note" 60 "$(midi "$scratch/stopped.mid" | keys)"
exit 0
