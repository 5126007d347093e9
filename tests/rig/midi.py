#!/usr/bin/python3
"""midi.py FILE... - the channel messages and markers of MIDI files, as mido reads them and not as composer does.

A line a message, in the order of time: SECONDS on|off CHANNEL KEY VELOCITY, SECONDS control CHANNEL NUMBER VALUE,
SECONDS marker TEXT, SECONDS sysex BYTES, SECONDS device NAME, SECONDS end.
"""

import sys

import mido


def lines(path):
    seconds = 0.0
    for message in mido.MidiFile(path):
        seconds += message.time
        at = f"{seconds:.6f}"
        if message.type == "note_on" and message.velocity > 0:
            yield f"{at} on {message.channel} {message.note} {message.velocity}"
        elif message.type in ("note_on", "note_off"):
            yield f"{at} off {message.channel} {message.note} {message.velocity}"
        elif message.type == "control_change":
            yield f"{at} control {message.channel} {message.control} {message.value}"
        elif message.type == "marker":
            yield f"{at} marker {message.text}"
        elif message.type == "device_name":
            yield f"{at} device {message.name}"
        elif message.type == "sysex":
            yield f"{at} sysex {' '.join(f'{b:02x}' for b in message.data)}"
        elif not message.is_meta:
            yield f"{at} {message.type} {message.channel}"
    yield f"{seconds:.6f} end"


for path in sys.argv[1:]:
    try:
        print("\n".join(lines(path)))
    except (OSError, ValueError, EOFError, KeyError) as e:
        sys.exit(f"midi.py: {path}: {e}")
