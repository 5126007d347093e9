#!/bin/bash
# rig: -i -t 200
# 3,000 messages a second for 10 s: none lost, memory flat.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

take=$scratch/take.mid
# Fifteen messages in one transfer every 5 ms, as a full-speed device packs them.
awk 'BEGIN {
  print "mark"
  for (i = 0; i < 2000; i++) {
    printf "at %d\npkt ", i * 5
    for (j = 0; j < 15; j++) {
      n = i * 15 + j
      key = 36 + int(n / 2) % 61
      printf n % 2 ? "0880%02x40" : "0990%02x64", key
    }
    print ""
  }
  print "wait_drain 20000"
}' > "$scratch/scenario"
memory() { awk -v key="$1:" '$1 == key { print $2 }' "/proc/$recorder/status"; }
record "$take"
sleep 0.5
before=$(memory RssAnon)
want "the keyboard sends 30,000 messages in 10 s" akm322-sim play "$scratch/scenario"
sleep 0.7
after=$(memory RssAnon)
whole=$(memory VmRSS)
want_status 0 "Ctrl-C ends the take" stop
want "and nothing was lost on the way in" lacks "$scratch/record.log" "lost"
sent=$(grep -o '09[89]0....\|0880....' "$scratch/scenario" | wc -l)
midicsv "$take" | awk -F ', ' '$3 == "Note_on_c" && $6 > 0 { print "on", $5 } $3 == "Note_off_c" || ($3 == "Note_on_c" && $6 == 0) { print "off", $5 }' > "$scratch/recorded"
awk 'BEGIN { for (n = 0; n < 30000; n++) print n % 2 ? "off" : "on", 36 + int(n / 2) % 61 }' > "$scratch/expected"
want "every message, in order ($(wc -l < "$scratch/recorded") of $sent)" cmp "$scratch/recorded" "$scratch/expected"
echo "memory of its own: $before kB before, $after kB after; with the pages of files $whole kB"
# Pages of the program itself come in as they are used; they are no growth.
want "memory of its own is flat (under 3 MB more)" test $((after - before)) -lt 3072
want "and all of it small (under 30 MB)" test "$whole" -lt 30720
exit 0
