#!/bin/bash
# both.sh - in the guest: composer and arecordmidi record the same port while the keyboard plays /rig/scenario.txt.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

"$COMPOSER" record /rig/composer.mid > "$scratch/composer.log" 2>&1 &
composer=$!
arecordmidi -p "$(sequencer_client):0" /rig/arecordmidi.mid > "$scratch/arecordmidi.log" 2>&1 &
peer=$!
want "both listen" within 20 listeners 2
sleep 0.5
want "the keyboard plays" akm322-sim play /rig/scenario.txt
sleep 0.5
kill -INT $composer $peer
want "composer ends" finish $composer 10
finish $peer 10
want "arecordmidi has written its file" test -s /rig/arecordmidi.mid
