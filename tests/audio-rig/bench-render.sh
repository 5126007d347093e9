#!/bin/bash
# Render speed: the same SoundFont and the same dense file of 16 parts through composer and FluidSynth, 48 kHz, to a file.
# CPU seconds decide, so that a busy machine disturbs it little; wall time on two cores shows how the work is shared.
# usage: bench-render.sh COMPOSER [RUNS=3]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
composer=$1 runs=${2:-3}
font=${FONT:-/usr/share/sounds/sf2/TimGM6mb.sf2}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
/usr/bin/python3 "$here/dense_midi.py" "$work/dense.mid" 180

# one NAME CORES COMMAND...: the median of wall and CPU seconds
one() {
  local name=$1 cores=$2
  shift 2
  for _ in $(seq "$runs"); do
    TIMEFORMAT='%R %U %S'
    { time taskset -c "$cores" "$@" > /dev/null 2>&1; } 2>> "$work/$name"
  done
  sort -n -k2 "$work/$name" | awk '{ w[NR] = $1; c[NR] = $2 + $3 } END { k = int((NR + 1) / 2); print w[k], c[k] }'
}
read -r _ fluid < <(one fluidsynth 0 fluidsynth -ni -q -r 48000 -o synth.cpu-cores=1 -F "$work/f.wav" "$font" "$work/dense.mid")
render=("$composer" render "$work/dense.mid" --soundfont "$font" --force)
read -r wall1 own < <(one composer 0 "${render[@]}" "$work/1.wav" --threads 1)
read -r wall2 _ < <(one composer2 0,1 "${render[@]}" "$work/2.wav" --threads 2)
cmp "$work/1.wav" "$work/2.wav" || { echo "FAIL: two threads render something else than one"; exit 1; }
awk -v f="$fluid" -v o="$own" -v w1="$wall1" -v w2="$wall2" 'BEGIN {
  printf "FluidSynth  %6.2f s of CPU, one core\ncomposer    %6.2f s of CPU, one core: %.2f x FluidSynth\n", f, o, f / o
  printf "composer    %6.2f s on one core, %.2f s on two: %.2f x (bit-identical)\n", w1, w2, w1 / w2
  if (f / o < 1.5) { print "FAIL: below 1.5 x FluidSynth"; exit 1 }
  print "ok"
}'
