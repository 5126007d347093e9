#!/bin/bash
# Our synthesiser's render speed beside FluidSynth's, by CPU time on one pinned core, in turns, 3 runs each.
# usage: speed.sh RENDERER IN.mid FONT.sf2 FOLDER     (RENDERER: the built example synth_render)
set -eu
renderer=$1 midi=$2 font=$3 out=$4
mkdir -p "$out"
cpu() { # name, command...: CPU seconds
  local name=$1; shift
  /usr/bin/time -a -o "$out/$name.times" -f "%U %S" taskset -c 0 "$@" > "$out/$name.log" 2>&1
}
rm -f "$out"/*.times
fluid="fluidsynth -ni -q -r 48000 -o synth.cpu-cores=1"
for _ in 1 2 3; do
  cpu fluid $fluid -F "$out/fluid.wav" "$font" "$midi"
  cpu ours "$renderer" "$midi" "$font" "$out/ours.wav" 1
  cpu fluid-dry $fluid -R 0 -C 0 -F "$out/fluid.wav" "$font" "$midi"
  cpu ours-dry "$renderer" "$midi" "$font" "$out/ours.wav" 0
done
median() { awk '{print $1 + $2}' "$out/$1.times" | sort -n | sed -n 2p; }
for kind in "" -dry; do
  f=$(median fluid$kind) o=$(median ours$kind)
  awk -v k="${kind:- with effects}" -v f="$f" -v o="$o" 'BEGIN {printf "%-14s FluidSynth %.2f s, ours %.2f s of CPU: %.2f times as fast\n", k, f, o, f / o}'
done
