#!/bin/bash
# bench.sh - from a key's time stamp to its sample, through midir and cpal on real ports: the emulated keyboard behind
# snd-usb-audio and the sequencer, a PCM of the kernel (snd-dummy on a high-resolution timer) that reports its position,
# in virtual time. Exit status 1 where the head of live.py's targets are missed. NOTES (60), BLOCKS (milliseconds).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
export COMPOSER=${COMPOSER:-$target/release/composer}
COMPOSER=$(realpath "$COMPOSER")

results=$target/rig/live
rm -rf "$results"
mkdir -p "$results"
/usr/bin/python3 "$here/live.py" scenario "${NOTES:-60}" > "$results/scenario.txt"
# Two nanoseconds an instruction: a computer that is fast enough for blocks of 64 frames, and not faster than most.
export RIG_SHIFT=${RIG_SHIFT:-1}
if ! "$here/../run.sh" -i -t 600 -e "COMPOSER=$COMPOSER" -e "BLOCKS=${BLOCKS:-1.334 2.667 5 5.334}" -o "$results" \
  -- bash "$here/play.sh" > /dev/null; then
  cat "$results/console.log"
  exit 1
fi
/usr/bin/python3 "$here/live.py" compare "$results"
