#!/bin/bash
# rig: -n
# Started with no keyboard there: an error that says so, or patience.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

"$COMPOSER" record "$scratch/none.mid" 2> "$scratch/none.log"
want_equal "no keyboard: exit code 3" 3 $?
want "and what to do" has "$scratch/none.log" "--wait"
want "and no file" absent "$scratch/none.mid"

"$COMPOSER" record "$scratch/take.mid" --wait > /dev/null 2> "$scratch/record.log" &
recorder=$!
sleep 1
want "plug" sim plug
want "composer finds it" sim wait_open 10000
want "a note" sim tap 60 100 50
sleep 0.3
want_status 0 "Ctrl-C ends the take" stop
want_equal "the note is there" 60 "$(midi "$scratch/take.mid" | keys)"
exit 0
