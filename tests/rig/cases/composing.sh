#!/bin/bash
# The whole way: a melody on the keyboard between its Rec and Stop buttons, harmonised, and once more by a worker.
# rig: -i -t 300 -m 512
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

library=$scratch/library
record --armed --library "$library"
want "Rec, two bars of a melody, Stop" play <<< "cc 107 127
sleep 100
tap 60 90 450
sleep 50
tap 62 85 450
sleep 50
tap 64 95 450
sleep 50
tap 65 85 450
sleep 50
tap 67 100 950
sleep 50
tap 60 90 950
sleep 50
cc 106 127
wait_drain"
sleep 0.5
want_status 0 "Ctrl-C ends the session" stop
take=$(only_file "$library")
want_equal "the melody" "60 62 64 65 67 60" "$(midi "$take" | keys)"

# The notes struck in a file: seconds (to a millisecond), key, velocity, a line each.
struck() { midi "$1" | awk '$2 == "on" { printf "%.3f %s %s\n", $1, $4, $5 }' | sort; }
# arranged FILE: the melody is in it as it was played, and much else.
arranged() {
  [ -z "$(comm -23 <(struck "$take") <(struck "$1"))" ] || { echo "the melody was changed"; return 1; }
  [ "$(struck "$1" | wc -l)" -ge 18 ] || { echo "only $(struck "$1" | wc -l) notes"; return 1; }
}

want_status 0 "composer compose" "$COMPOSER" compose "$take" -o "$scratch/harmony.mid" --seed 7 2> "$scratch/compose.log"
want "its harmony is there, and the melody as it was played" arranged "$scratch/harmony.mid"

"$COMPOSER" worker 2> "$scratch/worker.log" &
worker=$!
want_status 0 "composer submit --wait" "$COMPOSER" submit "$take" --seed 7 --wait -o "$scratch/done" 2> "$scratch/submit.log"
kill -TERM "$worker"
want_status 0 "the worker ends when it is told to" finish "$worker" 60
want "what came back is whole" arranged "$(only_file "$scratch/done")"
want "and the same notes, since the seed is" cmp -s <(struck "$scratch/harmony.mid") <(struck "$(only_file "$scratch/done")")
exit 0
