#!/bin/bash
# Render speed: the same SoundFont and the same dense file of 16 parts through composer and FluidSynth, 48 kHz, to a file.
# CPU seconds decide, so that a busy machine disturbs it little. Wall time shows how two cores share the work: one run on
# one core, one on two, and two at once, again and again. By the medians two cores are to be 0.8 of so many times as fast as
# one as the machine gives: 1.6 times, where two programs at once do not slow each other down.
# usage: bench-render.sh COMPOSER [RUNS=5]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
composer=$1 runs=${2:-5}
font=${FONT:-/usr/share/sounds/sf2/TimGM6mb.sf2}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
/usr/bin/python3 "$here/dense_midi.py" "$work/dense.mid" 180

# timed NAME CORES COMMAND...: a line with its wall and CPU seconds goes to the file NAME
timed() {
  local name=$1 cores=$2 TIMEFORMAT='%R %U %S'
  shift 2
  { time taskset -c "$cores" "$@" > /dev/null 2>&1; } 2>> "$work/$name"
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
wall() { awk '{ print $1 }' "$work/$1" | median; }
cpu() { awk '{ print $2 + $3 }' "$work/$1" | median; }

render=("$composer" render "$work/dense.mid" --soundfont "$font" --force)
printf '#!/bin/sh\ntaskset -c 0 %s --threads 1 & taskset -c 1 %s --threads 1\nwait\n' \
  "${render[*]} $work/3.wav" "${render[*]} $work/4.wav" > "$work/both"
chmod +x "$work/both"
for _ in $(seq "$runs"); do
  timed fluidsynth 0 fluidsynth -ni -q -r 48000 -o synth.cpu-cores=1 -F "$work/f.wav" "$font" "$work/dense.mid"
  timed one 0 "${render[@]}" "$work/1.wav" --threads 1
  timed two 0,1 "${render[@]}" "$work/2.wav" --threads 2
  timed both.time 0,1 "$work/both"
done
cmp "$work/1.wav" "$work/2.wav" || { echo "FAIL: two threads render something else than one"; exit 1; }
gain=$(paste "$work/one" "$work/two" | awk '{ print $1 / $4 }' | median)
given=$(paste "$work/one" "$work/both.time" | awk '{ print 2 * $1 / $4 }' | median)
awk -v f="$(cpu fluidsynth)" -v o="$(cpu one)" -v w1="$(wall one)" -v w2="$(wall two)" -v gain="$gain" -v given="$given" -v runs="$runs" 'BEGIN {
  printf "medians of %d runs\n", runs
  printf "FluidSynth  %6.2f s of CPU, one core\ncomposer    %6.2f s of CPU, one core: %.2f x FluidSynth\n", f, o, f / o
  printf "composer    %6.2f s on one core, %.2f s on two: %.2f x (bit-identical)\n", w1, w2, gain
  printf "two at once: the machine gives %.2f cores\n", given
  if (f / o < 1.5) { print "FAIL: below 1.5 x FluidSynth"; exit 1 }
  if (gain < 0.8 * given) { print "FAIL: two cores are below 0.8 of what the machine gives"; exit 1 }
  print "ok"
}'
