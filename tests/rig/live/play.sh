#!/bin/bash
# play.sh - in the guest: for each length of a block in $BLOCKS composer is the instrument while the keyboard plays
# /rig/scenario.txt; `composer monitor` hears the same port. What leaves composer is written to a file on its way to
# the sound card, and the card is asked where it is.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

modprobe snd-dummy hrtimer=1 || fail "there is no snd-dummy"
# Not on 9p: a write there would hold up the audio thread.
heard=/dev/shm/heard.wav
cat > "$scratch/asound.conf" << CONF
pcm.!default { type file slave.pcm "hw:Dummy,0" file "$heard" format wav }
ctl.!default { type hw card Dummy }
CONF
export ALSA_CONFIG_PATH=/usr/share/alsa/alsa.conf:$scratch/asound.conf
card=$(awk '/Dummy/ { print $1; exit }' /proc/asound/cards)

for block in $BLOCKS; do
  out=/rig/$block
  mkdir -p "$out"
  "$COMPOSER" play --dry --instrument "square" --buffer "$block" --json > "$out/play.json" 2> "$scratch/play.log" &
  player=$!
  "$COMPOSER" monitor --json > "$scratch/monitor.json" 2> "$scratch/monitor.log" &
  monitor=$!
  within 20 listeners 2 || fail "nobody listens"
  # The line through the callbacks settles in the first seconds.
  sleep 3
  akm322-sim play /rig/scenario.txt &
  keyboard=$!
  for _ in 1 2 3 4 5 6 7 8; do
    tr '\n' ' ' < "/proc/asound/card$card/pcm0p/sub0/status"
    echo
    sleep 0.5
  done > "$scratch/position.txt"
  # The card's times are of the raw clock, which no one adjusts, the keyboard's of the usual one.
  /usr/bin/python3 -c 'import time; print("ahead", time.clock_gettime(time.CLOCK_MONOTONIC) - time.clock_gettime(time.CLOCK_MONOTONIC_RAW))' >> "$scratch/position.txt"
  want "the keyboard plays" wait $keyboard
  sleep 0.5
  kill -INT $player $monitor
  want "the player ends" finish $player 20
  want "the monitor ends" finish $monitor 20
  cp "$heard" "$scratch/monitor.json" "$scratch/position.txt" "$scratch/play.log" "$out"
done
