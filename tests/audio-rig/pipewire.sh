# pipewire.sh - a private PipeWire without hardware and without a session bus of the user's; read by the scripts that
# need one: . pipewire.sh. The manager of its graph (WirePlumber) wants a bus: run those under dbus-run-session.
# shellcheck shell=bash

# Nothing of the user's is touched: sockets, settings and what is remembered are in here.
XDG_RUNTIME_DIR=$(mktemp -d)
export XDG_RUNTIME_DIR XDG_CONFIG_HOME=$XDG_RUNTIME_DIR/config XDG_STATE_HOME=$XDG_RUNTIME_DIR/state
unset PIPEWIRE_REMOTE PULSE_SERVER
servers=()
trap 'stop_pipewire; rm -rf "$XDG_RUNTIME_DIR"' EXIT

# The machine's own sound cards and Bluetooth are left alone: WirePlumber 0.4 reads Lua, 0.5 reads the other.
mkdir -p "$XDG_CONFIG_HOME/wireplumber/"{main.lua.d,bluetooth.lua.d,wireplumber.conf.d}
echo 'alsa_monitor.enabled = false' > "$XDG_CONFIG_HOME/wireplumber/main.lua.d/51-no-cards.lua"
echo 'bluez_monitor.enabled = false' > "$XDG_CONFIG_HOME/wireplumber/bluetooth.lua.d/51-none.lua"
echo 'wireplumber.profiles = { main = { hardware.audio = disabled, hardware.bluetooth = disabled } }' \
  > "$XDG_CONFIG_HOME/wireplumber/wireplumber.conf.d/90-no-cards.conf"

# start_pipewire: the server, and WirePlumber where programs for ALSA are to be connected (WP=1).
start_pipewire() {
  pipewire > "$XDG_RUNTIME_DIR/pipewire.log" 2>&1 &
  servers=($!)
  until_ten pw-cli info 0 || { cat "$XDG_RUNTIME_DIR/pipewire.log" >&2; return 1; }
  [ "${WP:-}" != 1 ] || { wireplumber > "$XDG_RUNTIME_DIR/wireplumber.log" 2>&1 & servers+=($!); }
}
# stop_pipewire [SIGNAL]
stop_pipewire() { [ ${#servers[@]} = 0 ] || { kill "${1:--TERM}" "${servers[@]}"; wait "${servers[@]}"; servers=(); } 2> /dev/null; }

# A sink that goes nowhere, of this name.
add_sink() {
  pw-cli create-node adapter "{ factory.name=support.null-audio-sink node.name=$1 media.class=Audio/Sink object.linger=true audio.position=[FL FR] }" > /dev/null 2>&1
}
# Its number.
sink() { pw-cli ls Node 2> /dev/null | awk -v name="\"$1\"" '$1 == "id" { id = $2 } /node.name = / && $3 == name { sub(",", "", id); print id; exit }'; }

# until_ten COMMAND...: tries for ten seconds and more.
until_ten() {
  local end=$((SECONDS + ${PATIENCE:-10}))
  until "$@" > /dev/null 2>&1; do
    [ $SECONDS -le $end ] || return 1
    sleep 0.1
  done
}
