#!/bin/bash
# The table of key-to-sound latencies, composer beside FluidSynth in the same run; fails where it misses what it should
# reach: a spread of at most 16 frames, and a 99th percentile at most 32 frames above FluidSynth's.
# usage: bench-latency.sh COMPOSER [NOTES=200]     (latrig's binaries in $BIN)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
composer=$1 notes=${2:-200}
font=/usr/share/sounds/sf2/TimGM6mb.sf2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
"$here/run-latency.sh" "$notes" '^composer:midi_in' '^composer:left' \
  "$composer" play --output jack --dry --soundfont "$font" | tee "$log"
awk '
  { for (i = 1; i < NF; i++) { if ($i == "p99" && !seen[NR]++) p = $(i + 1); if ($i == "spread") s = $(i + 1) } }
  / failed: / { bad = 1 }
  /^fluidsynth/ { peer[$2 $3] = p }
  /^app/ { if (s > 16 || p > peer[$2 $3] + 32) { bad = 1; print "missed: " $0 } }
  END { print bad ? "FAIL" : "ok: spread at most 16 frames, 99th percentile at most 32 above FluidSynth"; exit bad }
' "$log"
