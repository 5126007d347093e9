#!/bin/bash
# rig: -i -c 0 -m 512 -t 120
# The studio's window: what is played is lit on its keys; a departure and a return are shown within a second. Drawing by
# the processor needs one of at least a third of a usual one's speed (-c).
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

command -v Xvfb > /dev/null || fail "there is no Xvfb (Debian: xvfb), which make rig-test installs"
mkdir -p "$scratch/display" /tmp/.X11-unix
Xvfb :7 -screen 0 1180x740x24 -nolisten tcp -fbdir "$scratch/display" > "$scratch/xvfb.log" 2>&1 &
within 20 test -e /tmp/.X11-unix/X7 || fail "there is no display"
# Nobody looks for sound here, and none is needed.
DISPLAY=:7 "$COMPOSER" > "$scratch/window.out" 2> "$scratch/window.log" &
window=$!

# The display's memory is a file: whoever reads it sees what is shown.
seen() { /usr/bin/python3 "$rig/screen.py" "$scratch/display/Xvfb_screen0" "$@"; }

sim wait_open 30000 > /dev/null || fail "the window does not listen to the keyboard"
want "the window says that the keyboard is there" seen plugged 20
sim note_on 60 100 > /dev/null
want "a key that is down is lit" seen lit 20
sim note_off 60 0 > /dev/null
want "and no longer when it is up" seen unlit 20

for way in unplug yank; do
  sim note_on 60 100 > /dev/null
  want "$way: a key is held" seen lit 20
  took=$(seen unplugged 20 akm322-sim send "$way") || fail "$way: the departure is not shown"
  want "$way: the departure is shown within a second ($took ms)" [ "$took" -lt 1000 ]
  want "$way: what was held is not lit any more" seen unlit 20
  took=$(seen plugged 20 akm322-sim send plug) || fail "$way: the return is not shown"
  want "$way: the return is shown within a second ($took ms)" [ "$took" -lt 1000 ]
  sim wait_open 10000 > /dev/null || fail "$way: nobody listens after the return"
done
kill -TERM "$window"
want_status 0 "and it ends in good order" finish "$window" 20
