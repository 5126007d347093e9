#!/bin/bash
# composer monitor sees every message as it was sent, and composer learn finds out what a control sends.
. "$(dirname "$0")/../lib.sh"

# monitor ARGS...: in the background, until it listens.
monitor() {
  "$COMPOSER" monitor "$@" > "$scratch/monitor.out" 2> "$scratch/monitor.log" &
  monitor=$!
  sim wait_open 15000 > /dev/null || fail "composer monitor $* does not listen"
}

monitor --json --count 8
play > /dev/null <<'END'
note_on 60 100
note_off 60 3
cc 107 127
pitch 0
prog 5
touch 9
sysex F07E7F0601F7
note_on 61 1 9
END
want_status 0 "it ends after 8 messages" finish "$monitor" 20
kinds=$(jq -r 'select(.event == "message") | .kind' "$scratch/monitor.out" | paste -sd ' ')
want_equal "every kind of message is decoded" \
  "note-on note-off control pitch-bend program channel-pressure sys-ex note-on" "$kinds"
want_equal "the AKM322 is recognised" true "$(jq -r 'select(.event == "connected") | .akm322' "$scratch/monitor.out")"
want_equal "the port has an id that lasts" akm322-0 "$(jq -r 'select(.event == "connected") | .id' "$scratch/monitor.out")"
want_equal "its controls have their names" Rec "$(jq -r 'select(.kind == "control") | .name' "$scratch/monitor.out")"
want_equal "the bytes are those that were sent" "F0 7E 7F 06 01 F7" "$(jq -r 'select(.kind == "sys-ex") | .bytes' "$scratch/monitor.out")"
want_equal "channels count from 1" 10 "$(jq -r 'select(.key == 61) | .channel' "$scratch/monitor.out")"

monitor --only notes --channel 1 --raw --port akm
play > /dev/null <<'END'
cc 1 5
note_on 62 90 3
tap 64 90 10
END
within 10 has "$scratch/monitor.out" "note off" || fail "the note did not come"
kill -TERM "$monitor"
want_status 0 "SIGTERM ends it in good order" finish "$monitor" 5
want "filters let through what they name" has "$scratch/monitor.out" "E4" "90 40 5A"
want "and nothing else" lacks "$scratch/monitor.out" "D4"
want "a pipe gets no colours" lacks "$scratch/monitor.out" $'\e'

# The same message for two controls is said; the second one learned is kept all the same.
learn() {
  "$COMPOSER" learn "$@" > "$scratch/learn.out" 2> "$scratch/learn.log" &
  learner=$!
  sim wait_open 15000 > /dev/null || fail "composer learn $* does not listen"
}
learn play --json
play > /dev/null <<'END'
tap 60
cc 20 127
sleep 20
cc 20 0
END
want_status 0 "a button is learned" finish "$learner" 10
want_equal "by what it sent most" "cc 20" "$(json "$scratch/learn.out" '.controls[0].message')"
learn stop
sim cc 20 127 > /dev/null
want_status 0 "another is learned" finish "$learner" 10
want "that it has the same message is said" has "$scratch/learn.log" "cc 20 is what Play sends too"
"$COMPOSER" learn --reset stop --json > "$scratch/list.json"
want_equal "what was learned is kept" true "$(json "$scratch/list.json" '.controls[] | select(.control == "play") | .learned')"
want_equal "what was reset is as delivered" "cc 106" "$(json "$scratch/list.json" '.controls[] | select(.control == "stop") | .message')"
