#!/bin/bash
# Two recordings of the same keyboard at once do not disturb each other.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

"$COMPOSER" record "$scratch/first.mid" > /dev/null 2> "$scratch/first.log" &
first=$!
record "$scratch/second.mid"
want "both listen" within 20 listeners 2
want "notes" play <<< "tap 60 100 20
tap 62 100 20
tap 64 100 20
wait_drain"
sleep 0.7
"$COMPOSER" recover list > "$scratch/recover.log" 2>&1
want "takes that are being recorded are not offered for recovery" lacks "$scratch/recover.log" "restore"
want_status 0 "the second ends" stop
want "a note for the first alone" sim tap 65 100 20
sleep 0.3
kill -INT $first
want_status 0 "the first ends" finish $first 10
want_equal "the first has everything" "60 62 64 65" "$(midi "$scratch/first.mid" | keys)"
want_equal "the second what was its" "60 62 64" "$(midi "$scratch/second.mid" | keys)"
exit 0
