#!/bin/bash
# rig: -i -t 300
# A link follows its keyboard: departures are heard of within a second, returns too, whatever the keyboard was doing.
. "$(dirname "$0")/../lib.sh"

"$COMPOSER" monitor --json > "$scratch/monitor.out" 2> "$scratch/monitor.log" &
monitor=$!
sim wait_open 15000 > /dev/null || fail "composer monitor does not listen"
heard() { has "$scratch/monitor.out" "$@"; }
# How many lines of this event there are.
events() { jq -r --arg e "$1" 'select(.event == $e) | .t' "$scratch/monitor.out" | wc -l; }
have_events() { [ "$(events "$1")" -ge "$2" ]; }
milliseconds() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

for round in 1 2 3; do
  sim note_on $((60 + round)) 100 > /dev/null
  within 5 heard "\"key\":$((60 + round))" || fail "round $round: the note did not come"
  if [ "$round" = 2 ]; then sim yank > /dev/null; else sim unplug > /dev/null; fi
  # Nothing but the shell's own words here: starting a program takes this machine longer than what is measured.
  while clients=$(< /proc/asound/seq/clients) && [[ $clients == *AKM322* ]]; do :; done
  gone=$(milliseconds)
  until told=$(< "$scratch/monitor.out") && [[ ${told##*\"event\":\"connected\"} == *disconnected* || $(($(milliseconds) - gone)) -ge 3000 ]]; do
    :
  done
  took=$(($(milliseconds) - gone))
  have_events disconnected "$round" || fail "round $round: the departure was not heard of"
  want "round $round: the departure is told within a second ($took ms)" [ $took -lt 1000 ]
  sim plug > /dev/null
  within 10 have_events connected $((round + 1)) || fail "round $round: it did not come back"
  sim wait_open 10000 > /dev/null || fail "round $round: nobody listens after the return"
  sim note_on $((70 + round)) 100 > /dev/null
  within 5 heard "\"key\":$((70 + round))" || fail "round $round: nothing comes after the return"
  echo "ok   round $round: it goes on after the return"
done
want_equal "times never fall" true "$(jq -s '[.[].t] | . == sort' "$scratch/monitor.out")"
kill -INT "$monitor"
want_status 0 "Ctrl-C ends it in good order" finish "$monitor" 5

# Without the keyboard: --wait waits, everything else says so.
sim unplug > /dev/null
within 10 port_is_gone || fail "the port is still there"
want_status 3 "no keyboard is exit code 3" "$COMPOSER" monitor 2> "$scratch/none.log"
want "and says what to do" has "$scratch/none.log" "no MIDI keyboard" "--virtual"
"$COMPOSER" monitor --json --wait --count 1 > "$scratch/wait.out" 2> "$scratch/wait.log" &
waiting=$!
within 5 has "$scratch/wait.log" "waiting" || fail "it does not say that it waits"
# Nothing runs while nothing happens.
ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
before=$(ticks $waiting)
sleep 3
want "waiting costs nothing ($(($(ticks $waiting) - before)) ticks in 3 s)" [ $(($(ticks $waiting) - before)) -le 3 ]
sim plug > /dev/null
sim wait_open 15000 > /dev/null || fail "it does not connect when the keyboard comes"
sim note_on 50 > /dev/null
want_status 0 "the keyboard that came is heard" finish $waiting 10

# Another program holds the raw device for a while: that is said, and the port is taken when it is free.
card=$(awk '/AKM322/ { print $1; exit }' /proc/asound/cards)
timeout 12 amidi -p "hw:$card,0,0" -d > "$scratch/amidi.log" 2>&1 &
holder=$!
within 5 grep -q "^Input" "/proc/asound/card$card/midi0"
sleep 1
want_status 4 "a port that is held is exit code 4" "$COMPOSER" monitor 2> "$scratch/busy.log"
want "and says where to look" has "$scratch/busy.log" "AKM322" "doctor"
"$COMPOSER" monitor --json --wait > "$scratch/held.out" 2> "$scratch/held.log" &
patient=$!
within 30 has "$scratch/held.out" '"event":"connected"' || fail "it never connects after the device was free"
echo "ok   a port that is held is tried until it is free"
want "and that it is held is told" has "$scratch/held.out" '"event":"refused"'
wait $holder
kill -INT $patient
want_status 0 "and it ends in good order" finish $patient 5
