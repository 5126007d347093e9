#!/bin/bash
# bench.sh - how far recorded note times are from the scripted ones, for composer and for arecordmidi on the same port
# in the same run, in virtual time. Exit status 1 when a target (head of timing.py) is missed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
export COMPOSER=${COMPOSER:-$target/release/composer}
COMPOSER=$(realpath "$COMPOSER")

measure() { # NAME NOTES MEAN_MS [--drift]
  local results=$target/rig/timing-$1 status
  for _ in 1 2 3 4 5; do
    rm -rf "$results"
    mkdir -p "$results"
    /usr/bin/python3 "$here/timing.py" scenario "$2" "$3" > "$results/scenario.txt"
    if ! "$here/../run.sh" -i -t 300 -e "COMPOSER=$COMPOSER" -o "$results" -- bash "$here/both.sh" > /dev/null; then
      cat "$results/console.log"
      exit 1
    fi
    status=0
    /usr/bin/python3 "$here/timing.py" compare "$results" composer.mid arecordmidi.mid "${@:4}" || status=$?
    # A machine that stalled the keyboard proves nothing: try again.
    [ $status = 3 ] || break
  done
  return $status
}

missed=0
measure notes 200 10 || missed=1
# 10,000 messages in a minute.
measure drift 5000 12 --drift || missed=1
exit $missed
