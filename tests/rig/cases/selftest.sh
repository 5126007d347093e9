#!/bin/bash
# The rig's own test: the emulated keyboard does what a keyboard does, as other programs see it.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
received() { sim status | grep -q 'received=[1-9]'; }
heard=$scratch/heard.log

want "lsusb shows the keyboard" grep -q AKM322 <(lsusb -d 1acc:1533)
want "its serial number is in /sys" grep -qx MIDIPLUS-CC-1533-00AKM322 /sys/bus/usb/devices/1-1/serial
want "the sequencer has its port" port_is_there
want "rawmidi has its port" grep -q "AKM322 MIDI 1" <(amidi -l)

stdbuf -oL aseqdump -p "$(sequencer_client):0" > "$heard" &
listener=$!
want "another program opens the port" sim wait_open 10000
play <<< "note_on 60 100
note_off 60
cc 21 64
pitch 12000
pkt 09903c64 09904064 09904364
sysex f0$(for i in $(seq 100); do printf '%02x' "$i"; done)f7"
want "note on" within 5 grep -q 'Note on .*note 60, velocity 100' "$heard"
want "note off" within 5 grep -q 'Note off .*note 60' "$heard"
want "control change" within 5 grep -q 'controller 21, value 64' "$heard"
want "pitch bend" within 5 grep -q 'Pitch bend .*3808' "$heard"
want "a chord in one transfer" within 5 grep -q 'Note on .*note 67' "$heard"
want "102 bytes of SysEx" within 5 has "$heard" "F0 01 02" "63 64 F7"

want "unplug" sim unplug
want "its port leaves" within 5 port_is_gone
want "and the bus is empty" test -z "$(lsusb -d 1acc:1533)"
want_status 1 "what is unplugged cannot send" sim note_on 60
want "plug" sim plug
want "its port comes back" within 5 port_is_there
kill $listener 2> /dev/null

amidi -p hw:0,0,0 -S B0697F
want "the computer's messages reach it" within 5 received
want "yank (the cable torn out)" sim yank
want "its port leaves" within 5 port_is_gone
want "plug" sim plug
want "its port comes back" within 5 port_is_there

printf 'MThd\0\0\0\6\0\0\0\1\1\340MTrk\0\0\0\15\0\220\74\144\203\140\200\74\100\0\377\57\0' > "$scratch/one-note.mid"
want_equal "another program reads MIDI files" "0.000000 on 0 60 100
0.500000 off 0 60 64
0.500000 end" "$(midi "$scratch/one-note.mid")"
