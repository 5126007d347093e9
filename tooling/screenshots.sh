#!/bin/bash
# screenshots.sh - makes the README's pictures anew: composer runs on a terminal (tmux) in the rig, with the emulated
# keyboard; what stood on the screen becomes an SVG.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
composer=$(realpath "${COMPOSER:-${CARGO_TARGET_DIR:-$root/target}/release/composer}")
results=${CARGO_TARGET_DIR:-$root/target}/screenshots
rm -rf "$results"
mkdir -p "$results"
cd "$root"
tests/rig/run.sh -e "COMPOSER=$composer" -o "$results" -- bash tooling/screenshots/in-guest.sh > /dev/null ||
  { cat "$results/console.log"; exit 1; }
for screen in "$results"/*.screen; do
  name=$(basename "$screen" .screen)
  /usr/bin/python3 tooling/screenshots/svg.py "$screen" "assets/screenshots/$name.svg"
  echo "assets/screenshots/$name.svg"
done
