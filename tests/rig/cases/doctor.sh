#!/bin/bash
# rig: -t 180
# composer doctor: what it says of a healthy machine, of the udev rule before and after its installation
# (with a real udevd), and of each broken link of the chain.
# shellcheck disable=SC2317  # functions are called by name, through want and within
# shellcheck source=tests/rig/lib.sh
. "$(dirname "$0")/../lib.sh"
cd "$(dirname "$0")/../../.." || exit
# The guest's files are the host's, which may be a container; the guest is none.
rm -f /.dockerenv /run/.containerenv

# doctor [COMMAND...]: examines (as COMMAND puts it), and keeps the document and the status.
doctor() { "$@" "$COMPOSER" doctor --json > "$scratch/doctor.json" 2> "$scratch/doctor.log"; status=$?; }
status_of() { json "$scratch/doctor.json" ".checks[] | select(.id == \"$1\") | .status"; }
evidence_of() { json "$scratch/doctor.json" ".checks[] | select(.id == \"$1\") | .evidence + \" | \" + (.remedy // \"\")"; }
is() { # is ID STATUS TEXT...
  local id=$1 expected=$2 text
  shift 2
  want_equal "$id: $expected" "$expected" "$(status_of "$id")"
  for text in "$@"; do
    case $(evidence_of "$id") in
      *"$text"*) echo "ok   $id says: $text" ;;
      *) fail "$id says: $(evidence_of "$id"), not: $text" ;;
    esac
  done
}

echo "-- as plugged in"
doctor
want_equal "no failures, but the rule is missing: exit code 1" 1 "$status"
for id in usb-device usb-driver seq-module seq-permission midi-port port-busy usb-permission sandbox; do is "$id" ok; done
is usb-device ok "recognised by its USB id 1acc:1533"
is udev-rule warning "not installed" "make install"

echo "-- the udev rule"
install -D -m 644 udev/70-composer-akm322.rules /etc/udev/rules.d/70-composer-akm322.rules
doctor
is udev-rule warning "/etc/udev/rules.d/70-composer-akm322.rules" "not applied" "udevadm trigger"
# The very command that the doctor tells to type.
udevadm control --reload
udevadm trigger --action=add --attr-match=idVendor=1acc
udevadm settle
doctor
is udev-rule ok "in force"
want_equal "the node is not world-writable" 664 "$(stat -c %a /dev/bus/usb/001/002)"
want "udev knows the tag" sh -c 'udevadm info -q all -n /dev/bus/usb/001/002 | grep -q "TAGS=.*:uaccess:"'
sim unplug > /dev/null && within 5 port_is_gone
sim plug > /dev/null && within 10 port_is_there
udevadm settle
doctor
is udev-rule ok "in force"
want "udevadm finds no fault in the rule" sh -c \
  '! udevadm test /sys/bus/usb/devices/1-1 2>&1 | grep -iE "70-composer.*(invalid|unknown|error)"'

echo "-- a key press"
(sim wait_open 20000; sim tap 60 100 50) > /dev/null &
listen() { "$COMPOSER" doctor --listen "$1" > "$scratch/listen.txt" 2> "$scratch/listen.log"; }
want_status 1 "--listen hears a key" listen 20
want "its bytes and its name" has "$scratch/listen.txt" "90 3c 64 (note on C4, velocity 100, channel 1)"
"$COMPOSER" devices > "$scratch/devices.txt"
want "the last message is remembered" has "$scratch/devices.txt" "90 3c 64 (note on C4"
want_status 2 "--listen says when nothing comes" listen 1
want "nothing came" has "$scratch/listen.txt" "nothing came from AKM322 MIDI 1"

echo "-- somebody who may not"
doctor setpriv --reuid=65534 --regid=65534 --clear-groups
want_equal "failures: exit code 2" 2 "$status"
is seq-permission failure "mode 660, group audio" "usermod -aG audio"
is midi-port failure "usermod -aG audio"
is usb-permission warning "not permitted (mode 664)"
doctor setpriv --reuid=65534 --regid=65534 --groups="$(getent group audio | cut -d: -f3)"
is seq-permission ok

echo "-- held by another program"
amidi -p hw:0,0,0 -d > "$scratch/amidi.txt" & amidi=$!
within 5 grep -q "Owner PID" /proc/asound/card0/midi0
doctor
is port-busy failure "amidi (process $amidi) holds hw:0,0" "kill $amidi"
want_status 2 "and indeed nothing can be heard then" listen 1
want "which is told" has "$scratch/listen.txt" "failure  listen"
kill "$amidi"; wait "$amidi" 2> /dev/null
aseqdump -p "$(sequencer_client):0" > "$scratch/aseqdump.txt" & aseqdump=$!
within 5 grep -q "Owner PID" /proc/asound/card0/midi0
doctor
is port-busy ok "shared through the sequencer with aseqdump"
kill "$aseqdump"; wait "$aseqdump" 2> /dev/null

echo "-- a report"
report() { "$COMPOSER" doctor --report "$scratch/report.txt" "$@" > /dev/null 2> "$scratch/report.log"; }
want_status 1 "--report writes a file" report
want "with the chain in it" has "$scratch/report.txt" "usb-device" "1acc" "snd-usb-audio"
want "without the serial number" lacks "$scratch/report.txt" "CC-1533"
want "without the home folder" lacks "$scratch/report.txt" "$HOME"
want_status 6 "a file that exists is not replaced" report
want_status 1 "but with --force" report --force

echo "-- no driver"
for interface in 1-1:1.0 1-1:1.1; do
  [ ! -e /sys/bus/usb/drivers/snd-usb-audio/$interface ] || echo $interface > /sys/bus/usb/drivers/snd-usb-audio/unbind
done
doctor
want_equal "exit code" 2 "$status"
is usb-device ok
is usb-driver failure "not bound" "re-plug"
is midi-port skipped "without its driver"
sim unplug > /dev/null
sim plug > /dev/null && within 10 port_is_there
doctor
is usb-driver ok "snd-usb-audio is bound"

echo "-- no sequencer port"
# Opening the sequencer loads the module by itself, except where somebody has forbidden it.
echo "install snd_seq_midi /bin/false" > /etc/modprobe.d/no-seq-midi.conf
want "the module goes" rmmod snd_seq_midi
within 5 port_is_gone
doctor
is usb-driver ok
is midi-port failure "snd_seq_midi is not loaded" "modprobe snd-seq-midi"

echo "-- no sequencer"
rmmod snd_seq_midi_event snd_seq_dummy 2> /dev/null
want "the module goes" rmmod snd_seq
rm -f /dev/snd/seq
doctor
is seq-module failure "is missing" "modprobe snd-seq"
is seq-permission skipped
is midi-port failure "/dev/snd/seq is missing" "modprobe snd-seq"

echo "-- unplugged"
sim unplug > /dev/null
within 5 sh -c '! test -e /sys/bus/usb/devices/1-1'
doctor
want_equal "exit code" 2 "$status"
is usb-device failure "none of them a MIDI keyboard" "composer devices --watch"
is usb-driver skipped
is port-busy skipped
exit 0
