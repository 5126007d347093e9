#!/bin/bash
# rig: -i -t 200
# kill -9 while somebody plays: everything up to half a second before comes back.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# Seconds since the machine started, as in the keyboard's log; without a process, which would take its time.
uptime_now() { read -r "$1" _ < /proc/uptime; }
awk 'BEGIN {
  print "mark"
  for (i = 0; i < 400; i++) printf "at %d\nnote_on %d 100\nat %d\nnote_off %d\n", i * 20, 36 + i % 61, i * 20 + 15, 36 + i % 61
}' > "$scratch/scenario"

began=0 killed=0
for seconds in 0.4 1.0 1.73 2.5; do
  echo "-- killed after $seconds s"
  rm -rf "$HOME" && mkdir -p "$HOME"
  uptime_now began
  record "$scratch/take-$seconds.mid"
  akm322-sim play "$scratch/scenario" &
  player=$!
  sleep "$seconds"
  uptime_now killed
  kill -9 "$recorder"
  wait "$recorder" 2> /dev/null
  kill "$player" 2> /dev/null
  wait "$player" 2> /dev/null
  within 3 sh -c 'akm322-sim send status | grep -q in_urbs=0'
  want "no half file lies at the take's place" absent "$scratch/take-$seconds.mid"

  if [ "$seconds" = 0.4 ]; then
    "$COMPOSER" record "$scratch/next.mid" --duration 0.2s > /dev/null 2> "$scratch/next.log"
    want "the next start says that there is a take to recover" has "$scratch/next.log" "composer recover"
  fi
  want "composer recover lists it" "$COMPOSER" recover list
  want "and restores it" "$COMPOSER" recover restore
  file=$(find "$scratch" -name '*.mid' ! -name next.mid)
  midi "$file" > "$scratch/midi" || fail "mido cannot read what was restored: $file"
  keys "$scratch/midi" | tr ' ' '\n' > "$scratch/restored"
  awk -v from="$began" -v until="$killed" '$1 > from && $1 < until + 0.1 && $2 == "IN" && $4 == "90" { print $5 }' /run/rig/sim.log |
    while read -r key; do echo $((16#$key)); done > "$scratch/sent"
  due=$(awk -v from="$began" -v until="$killed" '$1 > from && $1 < until - 0.5 && $2 == "IN" && $4 == "90"' /run/rig/sim.log | wc -l)
  got=$(grep -c . "$scratch/restored")
  want "$got notes of $(wc -l < "$scratch/sent") are there, $due were due" test "$got" -ge "$due"
  want "the first of those that were played" diff <(head -n "$got" "$scratch/sent") <(grep . "$scratch/restored")
  want_equal "each is ended" "$got" "$(grep -c ' off ' "$scratch/midi")"
  rm -f "$file"
  # A note that was played when nobody listened any more waits in the keyboard, and would come with the next take.
  sim unplug > /dev/null
  within 10 port_is_gone || fail "the keyboard does not leave"
  sim plug > /dev/null
  within 10 port_is_there || fail "the keyboard does not come back"
done
exit 0
