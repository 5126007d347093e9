# lib.sh - what the cases share; each case reads it first: . "$(dirname "$0")/../lib.sh"
#
# A case runs in the guest as root, with the program under test in $COMPOSER. It ends with status 0 when everything
# was as it should be, and with another at the first thing that was not; $scratch is a folder for what it writes.
# shellcheck shell=bash

set -uo pipefail
COMPOSER=${COMPOSER:?the program under test}
rig=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d)

# Nobody's own settings, takes or colours have a say in a test.
export HOME=$scratch/home
mkdir -p "$HOME"
unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME COMPOSER_SETTINGS CLICOLOR_FORCE

# Ends the case.
fail() { echo "FAIL $*"; for log in "$scratch"/*.log; do [ ! -s "$log" ] || { echo "--- ${log##*/}"; tail -n 20 "$log"; }; done; exit 1; }

# want WORDS COMMAND...: it must succeed.
want() { local words=$1; shift; if "$@"; then echo "ok   $words"; else fail "$words: $*"; fi; }

# want_status STATUS WORDS COMMAND...: it must end with this status.
want_status() {
  local expected=$1 words=$2 got=0
  shift 2
  "$@" || got=$?
  if [ "$got" = "$expected" ]; then echo "ok   $words"; else fail "$words: status $got instead of $expected: $*"; fi
}

# want_equal WORDS EXPECTED GOT
want_equal() { if [ "$2" = "$3" ]; then echo "ok   $1"; else fail "$1: expected '$2', got '$3'"; fi; }

# within SECONDS COMMAND...: tries until it succeeds.
within() {
  local end=$((SECONDS + $1 + 1))
  shift
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.05
  done
}

# has FILE TEXT...: every text is in the file, in any order.
has() { local file=$1 text; shift; for text; do grep -qF -- "$text" "$file" || return 1; done; }
lacks() { ! grep -qF -- "$2" "$1"; }
absent() { [ ! -e "$1" ]; }

# json FILE PATH: a value out of a JSON document, by a jq path.
json() { jq -r "$2" "$1"; }

# The keyboard, and its address as a sequencer client.
sim() { akm322-sim send "$@"; }
play() { akm322-sim play -; }
sequencer_client() { aconnect -l | awk -F"[ :']+" '/AKM322.*type=kernel/ { print $2; exit }'; }
port_is_there() { grep -q '"AKM322 MIDI 1"' /proc/asound/seq/clients; }
# listeners NUMBER: so many programs listen to the port, at least. `sim wait_open` is content with any one.
listeners() { [ "$(grep -A3 '"AKM322 MIDI 1"' /proc/asound/seq/clients | grep -o '1[2-9][0-9]:[0-9]' | sort -u | wc -l)" -ge "$1" ]; }
port_is_gone() { ! port_is_there; }

# finish PID SECONDS: waits for it, and answers its status (124 when it went on for longer).
finish() {
  local pid=$1 end=$((SECONDS + $2 + 1))
  while kill -0 "$pid" 2> /dev/null; do
    [ $SECONDS -lt $end ] || return 124
    sleep 0.05
  done
  wait "$pid"
}

# record ARGS...: composer records in the background, its process in $recorder, its words in $scratch/record.log.
# Comes back when it listens to the keyboard.
record() {
  "$COMPOSER" record "$@" > "$scratch/record.out" 2> "$scratch/record.log" &
  recorder=$!
  sim wait_open 15000 > /dev/null || fail "composer record $* does not listen"
}

# stop [SIGNAL]: ends that recording, and answers its status.
stop() { kill -"${1:-INT}" "$recorder" && finish "$recorder" 20; }

# The one MIDI file in a folder.
only_file() {
  local files
  mapfile -t files < <(find "$1" -name '*.mid')
  [ ${#files[@]} = 1 ] || fail "one file should be in $1: ${files[*]:-there is none}"
  echo "${files[0]}"
}

# A MIDI file as another program (mido) reads it: "SECONDS on|off|control KEY VELOCITY", a line a message.
midi() { /usr/bin/python3 "$rig/midi.py" "$@"; }

# Of such lines: the keys struck, on one line.
keys() { awk '$2 == "on" { printf "%s%s", n++ ? " " : "", $4 } END { print "" }' "$@"; }
