#!/bin/bash
# The audio output on ALSA alone, with two cards of the kernel (snd-dummy): the default one is pulled out while composer
# plays and comes back, and one that was never there. ALSA reads its configuration each time, which takes seconds here.
# rig: -n
. "$(dirname "$0")/../lib.sh"

modprobe snd-dummy enable=1,1 index=1,2 id=One,Two hrtimer=1,1 || fail "there is no snd-dummy"
driver=/sys/bus/platform/drivers/snd_dummy
default() { printf 'defaults.pcm.card %s\ndefaults.ctl.card %s\n' "$1" "$1" > "$HOME/.asoundrc"; }
running() { grep -q RUNNING "/proc/asound/card$1/pcm0p/sub0/status" 2> /dev/null; }
closed() { grep -q closed "/proc/asound/card$1/pcm0p/sub0/status" 2> /dev/null; }
start() {
  "$COMPOSER" play --virtual="$scratch/keys.txt" --json "$@" > "$scratch/play.out" 2> "$scratch/play.log" &
  player=$!
}
printf 'at 200\ntap 60 100 200\nat 600000\n' > "$scratch/keys.txt"

default 1
start
want "it plays on the default card" within 60 running 1
echo snd_dummy.0 > $driver/unbind
want "another card stands in when that is pulled out" within 60 running 2
want "that is told" within 60 has "$scratch/play.log" "gone" "sound goes on" "the system's default output is not there"
echo snd_dummy.0 > $driver/bind
want "the default is taken when it is back" within 60 running 1
want "and the other left" within 60 closed 2
kill -INT $player
want_status 0 "Ctrl-C ends it" finish $player 20
want_equal "the notes were heard" 1 "$(json "$scratch/play.out" .notes)"

default 9
start
want "where the default is no card, there is sound all the same" within 60 running 1
kill -INT $player
want_status 0 "and it ends" finish $player 20

start --output 'hw:CARD=Two,DEV=0'
want "a card that is named plays" within 60 running 2
echo snd_dummy.1 > $driver/unbind
want "it is waited for" within 60 has "$scratch/play.log" "waiting for an output"
sleep 2
want "and no other stands in" closed 1
echo snd_dummy.1 > $driver/bind
want "until it is back" within 60 running 2
kill -INT $player
want_status 0 "and it ends as well" finish $player 20
