#!/bin/bash
# composer record: 200 scripted notes and one of every other kind of message, all there, in order.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

take=$scratch/take.mid
record "$take" --bpm 100 --time-signature 3/4
awk 'BEGIN {
  print "mark"
  for (i = 0; i < 200; i++)
    printf "at %d\nnote_on %d %d\nat %d\nnote_off %d %d\n", i * 10, 36 + i % 61, 1 + i * 37 % 127, i * 10 + 6, 36 + i % 61, i % 128
  print "wait_drain"
}' > "$scratch/scenario"
want "the keyboard plays 200 notes" play < "$scratch/scenario"
want "and everything else" play <<< "pitch 12000
cc 1 77
cc 21 3
prog 5
touch 99
raw a03c21
sysex f07d0102030405060708090af7
wait_drain"
sleep 0.3
want_status 0 "Ctrl-C ends the take" stop
want "and it says where the take is" has "$scratch/record.log" "$take"

midi "$take" > "$scratch/midi" || fail "mido cannot read the file"
awk '$1 == "note_on" { print "on", $2, $3 } $1 == "note_off" { print "off", $2, $3 }' "$scratch/scenario" > "$scratch/sent"
awk '$2 == "on" || $2 == "off" { print $2, $4, $5 }' "$scratch/midi" > "$scratch/recorded"
want "every note, velocity and release velocity, in order" diff "$scratch/sent" "$scratch/recorded"
want "the controllers" has "$scratch/midi" "control 0 1 77" "control 0 21 3"
want "the SysEx" has "$scratch/midi" "sysex 7d 01 02 03 04 05 06 07 08 09 0a"
want "the rest" has "$scratch/midi" pitchwheel program_change aftertouch polytouch
midicsv "$take" > "$scratch/csv" || fail "midicsv cannot read the file"
want "format 1: a tempo track and the take" grep -q "0, 0, Header, 1, 2, 960" "$scratch/csv"
want "tempo and time signature" has "$scratch/csv" "Tempo, 600000" "Time_signature, 3, 2"
want_equal "pitch bend, pressure and program as sent" "12000 99 5 60 33" "$(awk -F ', ' '
  $3 == "Pitch_bend_c" { p = $5 } $3 == "Channel_aftertouch_c" { c = $5 } $3 == "Program_c" { n = $5 } $3 == "Poly_aftertouch_c" { k = $5 " " $6 }
  END { print p, c, n, k }' "$scratch/csv")"
"$COMPOSER" info --json "$take" > "$scratch/info.json"
want_equal "composer info counts the notes" 200 "$(json "$scratch/info.json" .notes)"
want_equal "and has no warnings" 0 "$(json "$scratch/info.json" '.warnings | length')"
want "the device's name is in the file" has "$scratch/midi" "device AKM322"
want_equal "no other file is left beside it" "take.mid" "$(cd "$scratch" && find . -name '*take*' -printf '%f\n')"
want "and no journal" test -z "$(find "$HOME" -name '*.journal*')"

before=$(sha256sum < "$take")
"$COMPOSER" record "$take" --duration 1s > /dev/null 2> "$scratch/again.log"
want "what exists is not overwritten, and the message says how it can be (exit code $?)" has "$scratch/again.log" "--force"
want_equal "it is as it was" "$before" "$(sha256sum < "$take")"
record "$take" --force
sim tap 61 100 10
want_status 0 "but with --force" stop
want_equal "by the finished take" 61 "$(midi "$take" | keys)"
exit 0
