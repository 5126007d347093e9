#!/bin/bash
# A private PipeWire with a sink that goes nowhere, no session bus, no hardware. With WP=1 WirePlumber too, for ALSA programs.
# usage: pipewire-headless.sh program [args...]     for example: pipewire-headless.sh pw-jack ./app
XDG_RUNTIME_DIR=$(mktemp -d)
export XDG_RUNTIME_DIR
pipewire > "$XDG_RUNTIME_DIR/pipewire.log" 2>&1 &
servers=($!)
trap 'kill "${servers[@]}" 2> /dev/null; rm -rf "$XDG_RUNTIME_DIR"' EXIT
sleep 1
pw-cli create-node adapter '{ factory.name=support.null-audio-sink node.name=nullsink media.class=Audio/Sink object.linger=true audio.position=[FL FR] }' > /dev/null 2>&1
if [ "${WP:-}" = 1 ]; then
  wireplumber > "$XDG_RUNTIME_DIR/wireplumber.log" 2>&1 &
  servers+=($!)
  sleep 2
fi
"$@"
