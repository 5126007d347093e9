#!/bin/bash
# composer play: the keyboard as an instrument, unplugged while a key is held; and a file sent to a MIDI port, which
# another program hears. The machine has no sound card: ALSA's null output takes the sound.
. "$(dirname "$0")/../lib.sh"

printf 'pcm.!default { type null }\nctl.!default { type null }\n' > "$scratch/asound.conf"
sounding() { ALSA_CONFIG_PATH=/usr/share/alsa/alsa.conf:$scratch/asound.conf "$COMPOSER" play "$@"; }

want_status 3 "without an output it says so" "$COMPOSER" play 2> "$scratch/none.log"
want "and what works without one" has "$scratch/none.log" "no audio output" "composer render"

sounding --json > "$scratch/live.out" 2> "$scratch/live.log" &
player=$!
sim wait_open 20000 > /dev/null || fail "composer play does not listen"
within 10 has "$scratch/live.log" "key to sound" || fail "it does not tell its latency"
echo "ok   it plays with nothing else said: $(grep 'key to sound' "$scratch/live.log")"
play <<< "tap 60 100 100
tap 64 100 100
cc 21 90
note_on 67 100
wait_drain" || fail "the keyboard does not play"
sim unplug > /dev/null
within 10 has "$scratch/live.log" "the keyboard is gone" || fail "the departure is not told"
sim plug > /dev/null
sim wait_open 20000 > /dev/null || fail "nobody listens after the return"
play <<< "tap 72 100 100
wait_drain"
sleep 0.5
pkill -INT -P "$player" 2> /dev/null || kill -INT "$player"
want_status 0 "Ctrl-C ends it in good order" finish "$player" 20
want_equal "every note was heard" 4 "$(json "$scratch/live.out" .notes)"

# A scale, written by another program and sent to a third.
/usr/bin/python3 - "$scratch/scale.mid" << 'PY'
import sys, mido
file, track = mido.MidiFile(ticks_per_beat=480), mido.MidiTrack()
file.tracks.append(track)
track.append(mido.Message("program_change", program=40))
for key in range(60, 72):
    track.append(mido.Message("note_on", note=key, velocity=80, time=40))
    track.append(mido.Message("note_off", note=key, velocity=64, time=80))
track.append(mido.Message("note_on", note=40, velocity=80, time=0))  # hangs
file.save(sys.argv[1])
PY
aseqdump > "$scratch/heard" 2>&1 &
listener=$!
within 10 grep -q aseqdump /proc/asound/seq/clients || fail "aseqdump does not listen"
want_status 0 "a file is sent to a MIDI port" "$COMPOSER" play "$scratch/scale.mid" --midi-out aseqdump 2> "$scratch/out.log"
sleep 0.5
kill "$listener"
want_equal "every note, in order" "60 61 62 63 64 65 66 67 68 69 70 71 40" \
  "$(awk '/Note on/ { gsub(",", ""); printf "%s%s", n++ ? " " : "", $6 }' "$scratch/heard")"
want_equal "as many note-offs: nothing hangs" 13 "$(grep -c 'Note off' "$scratch/heard")"
want "the instrument" grep -q 'Program change.*program 40' "$scratch/heard"
aseqdump > /dev/null 2>&1 &
listener=$!
within 10 grep -q aseqdump /proc/asound/seq/clients || fail "aseqdump does not listen"
"$COMPOSER" play "$scratch/scale.mid" --speed 25 --midi-out aseqdump 2> "$scratch/gone.log" &
player=$!
sleep 2
kill "$listener"
want_status 3 "a port that goes while it plays ends it" finish "$player" 20
want "with a message" has "$scratch/gone.log" "the MIDI output is gone" "composer devices"
want_status 3 "a port that is not there is exit code 3" "$COMPOSER" play "$scratch/scale.mid" --midi-out nowhere 2> "$scratch/port.log"
