#!/bin/bash
# In the rig: types commands on a terminal of 100 columns and keeps what is on the screen, with its colours.
# shellcheck source=../../tests/rig/lib.sh
. tests/rig/lib.sh

# A machine as people have it: no container, a sound card, a display.
rm -f /.dockerenv /run/.containerenv
modprobe snd-dummy
echo "defaults.pcm.!card Dummy" > /etc/asound.conf
ln -s "$COMPOSER" /usr/local/bin/composer

export TERM=xterm-256color LANG=C.UTF-8 LC_ALL=C.UTF-8 WAYLAND_DISPLAY=wayland-0 HOME=/home/you
mkdir -p "$HOME/Music"
cd "$HOME" || exit 1
tmux -f /dev/null new-session -d -s screen -x 100 -y 48 "PS1='\$ ' exec bash --norc --noprofile"
tmux set -g status off
on_screen() { tmux capture-pane -p -t screen | grep -qE -- "$1"; }
type_line() { tmux send-keys -t screen "$1" Enter; }
keep() { tmux capture-pane -e -p -t screen > "/rig/$1.screen"; }
shell_waits() { [ "$(tmux capture-pane -p -t screen | sed '/^$/d' | tail -n 1)" = '$' ]; }
fresh() { tmux send-keys -t screen C-l; sleep 0.5; }

want "a shell" within 10 shell_waits
type_line "composer devices"
sleep 1
want "devices" within 20 shell_waits
keep devices

# Something for the doctor to find: another program holds the port, and the udev rule is not installed.
amidi -d -p hw:AKM322 > /dev/null &
holder=$!
fresh
type_line "composer doctor"
sleep 1
want "doctor" within 20 shell_waits
keep doctor
kill $holder

fresh
type_line "composer record evening.mid --bpm 96"
want "record listens" sim wait_open 15000
want "somebody plays" play <<< "sleep 500
tap 60 78 400
tap 64 70 400
tap 67 84 400
tap 72 90 600
note_on 55 80
note_on 60 72
note_on 64 88
wait_drain"
sleep 0.4
keep record
tmux send-keys -t screen C-c
want "it ends" within 10 shell_waits
exit 0
