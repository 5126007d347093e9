#!/bin/bash
# test.sh [CASE...] - runs cases/*.sh (or those named) in the guest, each in a machine of its own.
#
# The program under test is $COMPOSER (default: target/release/composer). A case may ask for options of run.sh in a
# line "# rig: -i -s scenario.txt -n"; a scenario's path counts from the folder of the cases. Everything that a failed
# case left is kept in target/rig/CASE.
set -euo pipefail
rig=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$rig/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
export COMPOSER=${COMPOSER:-$target/release/composer}
[ -x "$COMPOSER" ] || { echo "test.sh: no program at $COMPOSER: type 'make rig-test'" >&2; exit 125; }
COMPOSER=$(realpath "$COMPOSER")

if [ $# = 0 ]; then
  mapfile -t cases < <(find "$rig/cases" -name '*.sh' -printf '%f\n' | sed 's/\.sh$//' | sort)
else
  cases=("$@")
fi

now() { date +%s%N; }
seconds() { awk -v ns="$(($(now) - $1))" 'BEGIN { printf "%.1f", ns / 1e9 }'; }

echo "running ${#cases[@]} rig cases"
passed=0 failed=() began=$(now)
cd "$rig/cases"
for name in "${cases[@]}"; do
  [ -f "$name.sh" ] || { echo "test.sh: no case $name in $rig/cases" >&2; exit 125; }
  results=$target/rig/$name
  rm -rf "$results"
  mkdir -p "$results"
  read -ra options < <(sed -n 's/^# rig: *//p;10q' "$name.sh"; echo)
  case_began=$(now) status=0
  "$rig/run.sh" ${options[@]+"${options[@]}"} -e "COMPOSER=$COMPOSER" -o "$results" -- bash "$name.sh" > /dev/null 2> "$results/run.err" || status=$?
  # The guest powers off at once when the command has ended, and may not; only its status counts.
  if [ $status = 0 ]; then
    passed=$((passed + 1))
    echo "test rig::$name ... ok ($(seconds "$case_began") s)"
    rm -rf "$results"
  else
    failed+=("$name")
    echo "test rig::$name ... FAILED (status $status, $(seconds "$case_began") s)"
  fi
done

for name in ${failed[@]+"${failed[@]}"}; do
  printf '\n---- rig::%s, also in %s\n' "$name" "$target/rig/$name"
  tail -n 60 "$target/rig/$name/console.log" || true
  cat "$target/rig/$name/run.err"
done
outcome=ok
[ ${#failed[@]} = 0 ] || outcome=FAILED
printf '\ntest result: %s. %d passed; %d failed; finished in %s s\n' "$outcome" "$passed" ${#failed[@]} "$(seconds "$began")"
[ ${#failed[@]} = 0 ]
