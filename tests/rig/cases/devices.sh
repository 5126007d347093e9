#!/bin/bash
# composer devices: the keyboard joined through all links, its state without a driver, and comings and goings.
# shellcheck disable=SC2317  # functions are called by name, through want and within
# shellcheck source=tests/rig/lib.sh
. "$(dirname "$0")/../lib.sh"

list() { "$COMPOSER" devices --json "$@" > "$scratch/devices.json" 2> "$scratch/devices.log"; }
field() { json "$scratch/devices.json" "$1"; }

want "devices --json" list
want_equal "the schema" composer.devices/1 "$(field .schema)"
want_equal "one keyboard" 1 "$(field '.keyboards | length')"
want_equal "recognised by" usb-id "$(field '.keyboards[0].akm322')"
want_equal "USB" "1acc 1533 MIDIPLUS AKM322 0.0b full 100 1-1" \
  "$(field '.keyboards[0].usb | [.vendor_id, .product_id, .manufacturer, .product, .release, .speed, .max_power_ma, .path] | join(" ")')"
want_equal "endpoints of the MIDI interface" "out bulk, in bulk" \
  "$(field '[.keyboards[0].usb.interfaces[1].endpoints[] | .direction + " " + .transfer] | join(", ")')"
want_equal "driver" snd-usb-audio "$(field '.keyboards[0].usb.interfaces[1].driver')"
want_equal "card" "0 AKM322 1-1" "$(field '.keyboards[0].card | [.index, .id, .usb_path] | join(" ")')"
want_equal "port" "AKM322 MIDI 1" "$(field '.keyboards[0].inputs[0].name')"
want_equal "nothing is missing" null "$(field '.keyboards[0].missing')"
want_equal "the other port" "Midi Through Port-0" "$(field '.other_inputs[0].name')"
want_equal "no problem of USB or ports" 0 "$(field '[.problems[] | select(.part != "audio")] | length')"

want_equal "the serial number is masked" "(masked)" "$(field '.keyboards[0].usb.serial')"
list --serials
want_equal "unless asked for" MIDIPLUS-CC-1533-00AKM322 "$(field '.keyboards[0].usb.serial')"

want "no line on standard error" sh -c "[ ! -s '$scratch/devices.log' ]"
"$COMPOSER" devices > "$scratch/devices.txt"
want "the listing" has "$scratch/devices.txt" "AKM322, recognised by its USB id 1acc:1533" "full speed" snd-usb-audio "AKM322 MIDI 1"
want "no colours into a pipe" lacks "$scratch/devices.txt" $'\e'

aseqdump -p "$(sequencer_client):0" > "$scratch/aseqdump.txt" & aseqdump=$!
sim wait_open 10000 > /dev/null
sim tap 60 100 10 > /dev/null
within 5 grep -q "Note off" "$scratch/aseqdump.txt"
list
want "bytes that came are counted" [ "$(field '.keyboards[0].received_bytes')" -ge 4 ]
want_equal "who listens" aseqdump "$(field '.keyboards[0].listeners[0]')"
kill "$aseqdump"; wait "$aseqdump" 2> /dev/null
list
want "and are not forgotten when it stops" [ "$(field '.keyboards[0].received_bytes')" -ge 4 ]

# Here all links are there, so every key is; docs/json.md must know it.
undocumented=$(jq -r '[paths | map(if type == "number" then "[]" else . end) | join(".") | gsub("\\.\\[]"; "[]")] | unique[]' \
  "$scratch/devices.json" | sed -E 's/^(keyboards\[]\.|other_)(in|out)puts\[]\.//' | while read -r key; do
    grep -qF -e "| \`$key\` " -e "| \`${key}[]\` " "$(dirname "$0")/../../../docs/json.md" || echo "$key"
  done | grep -v '\[]$')
want_equal "every key is documented" "" "$undocumented"

"$COMPOSER" devices --watch --json > "$scratch/watch.json" 2> "$scratch/watch.log" & watch=$!
seen() { jq -se "any(.event == \"$1\" and .kind == \"$2\" and (.name | startswith(\"AKM322\")))" "$scratch/watch.json" > /dev/null; }
want "the keyboard is there when the watch begins" within 30 seen present input
sim unplug > /dev/null
want "its port leaves" within 30 seen left input
want "its USB device leaves" within 30 seen left keyboard
sim plug > /dev/null
want "its USB device arrives" within 30 seen arrived keyboard
want "its port arrives" within 30 seen arrived input
kill -INT "$watch"
finish "$watch" 5
want_equal "Ctrl-C ends the watch as it should" 0 $?
every_line() { jq -se 'all(.schema == "composer.devices.event/1")' "$scratch/watch.json" > /dev/null; }
want "every line is a document" every_line

# The driver lets go: the device is still listed, with the reason.
for interface in 1-1:1.0 1-1:1.1; do
  [ ! -e /sys/bus/usb/drivers/snd-usb-audio/$interface ] || echo $interface > /sys/bus/usb/drivers/snd-usb-audio/unbind
done
want "its port goes" within 30 port_is_gone
list
want_equal "USB could be looked at" "" "$(field '[.problems[] | select(.part == "usb") | .message] | join(" ")')"
want_equal "the missing link" driver "$(field '.keyboards[0].missing.link')"
"$COMPOSER" devices > "$scratch/devices.txt"
want "and why" has "$scratch/devices.txt" "missing: snd-usb-audio is loaded, but not bound"

sim unplug > /dev/null
within 5 sh -c '! test -e /sys/bus/usb/devices/1-1'
listing() { "$COMPOSER" devices > "$scratch/devices.txt"; }
want_status 0 "nothing plugged in is no failure" listing
want "but said, and what to do" has "$scratch/devices.txt" "none on the USB bus" "composer doctor"
exit 0
