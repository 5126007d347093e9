#!/bin/bash
# A private PipeWire with a sink that goes nowhere, no session bus, no hardware. With WP=1 WirePlumber too, for ALSA programs.
# usage: pipewire-headless.sh program [args...]     for example: pipewire-headless.sh pw-jack ./app
# shellcheck source=pipewire.sh
. "$(dirname "$0")/pipewire.sh"
start_pipewire || exit 1
add_sink nullsink
[ "${WP:-}" != 1 ] || sleep 2 # until the sink is the default
"$@"
