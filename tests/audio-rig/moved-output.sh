#!/bin/bash
# The output changes while composer plays through ALSA's PipeWire plugin: another default is chosen, the default
# vanishes, the server dies and comes back. Each time the sound has to go where the system wants it.
# Where a part of PipeWire is missing it says SKIPPED, and ends with 77. usage: dbus-run-session -- moved-output.sh COMPOSER
set -uo pipefail
composer=$(realpath "$1")
for tool in pipewire wireplumber pw-cli pw-link wpctl pgrep; do
  command -v $tool > /dev/null || { echo "SKIPPED: there is no $tool"; exit 77; }
done
plugin=libasound_module_pcm_pipewire.so
compgen -G "/usr/lib*/alsa-lib/$plugin" > /dev/null || compgen -G "/usr/lib*/*/alsa-lib/$plugin" > /dev/null ||
  { echo "SKIPPED: ALSA has no plugin for PipeWire (Debian: pipewire-alsa)"; exit 77; }
WP=1
# shellcheck source=pipewire.sh
. "$(dirname "$0")/pipewire.sh"
PATIENCE=30 # a machine may be busy
home=$XDG_RUNTIME_DIR/home
mkdir -p "$home"
ALSA_CONFIG_PATH=/usr/share/alsa/alsa.conf:$(realpath "$(dirname "$0")")/alsa/pipewire.conf
export ALSA_CONFIG_PATH
player=

fail() {
  echo "FAIL $*"
  tail -n 20 "$home/err" "$home/out" "$XDG_RUNTIME_DIR"/*.log; pw-link -l
  [ -z "$player" ] || kill -9 "$player"
  exit 1
}
want() { local words=$1; shift; if until_ten "$@"; then echo "ok   $words"; else fail "$words"; fi; }
# heard_on SINK: composer's output goes there, and nowhere else.
heard_on() { [ "$(pw-link -l | awk '/^[^ ]/ { mine = /:output_/; next } mine { sub(":.*", "", $2); print $2 }' | sort -u)" = "$1" ]; }
says() { grep -q "$1" "$home/err"; }
is_there() { [ -n "$(sink "$1")" ]; }

start_pipewire || fail "there is no PipeWire"
add_sink first && add_sink second
want "two outputs are there" is_there second
want "the first is the default" wpctl set-default "$(sink first)"

printf 'at 500\ntap 60 100 200\nat 120000\n' > "$home/keys.txt"
HOME=$home timeout 100 "$composer" play --virtual="$home/keys.txt" --json > "$home/out" 2> "$home/err" < /dev/null &
player=$!
want "composer plays on the default" heard_on first
wpctl set-default "$(sink second)"
want "another default is followed" heard_on second
pw-cli destroy "$(sink second)" > /dev/null
want "a default that vanishes is left for the next" heard_on first
! says 'waiting for an output' || fail "the server moves the stream, and nothing is lost"

stop_pipewire -KILL
want "a server that dies is told" says 'waiting for an output'
start_pipewire || fail "PipeWire does not come back"
add_sink third
want "sound goes on when it is back" says 'sound goes on'
want "on the output that is there" heard_on third
pkill -INT -P "$player"
if wait "$player"; then echo "ok   Ctrl-C ends it in good order"; else fail "it ends with $?"; fi
