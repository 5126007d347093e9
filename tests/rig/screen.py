#!/usr/bin/env python3
"""screen.py FILE STATE SECONDS [COMMAND...] - waits until the studio's window shows something.

FILE is the memory of Xvfb's display (-fbdir), a window dump as xwd writes them; the window fills it, in its dark look.
STATE: plugged or unplugged (the sign at the left of the line at the foot), lit or unlit (a key of the piano).
With COMMAND that is run first, and what is printed are the milliseconds from the moment when the kernel's sequencer has
lost (unplugged) or got (plugged) the keyboard's port to the picture that says so."""

import struct
import subprocess
import sys
import time

# Of the dark look, which the window has where the system says nothing (src/gui/theme/look.rs).
SUCCESS, ACCENT = (0x66, 0xD1, 0x95), (0x3C, 0xCD, 0xB8)


def pixels(file, left, top, width, height):
    """How often each colour is in a rectangle; a negative top counts from the foot."""
    with open(file, "rb") as dump:
        header = struct.unpack(">25I", dump.read(100))
        size, rows, stride, colours = header[0], header[5], header[12], header[19]
        top = rows + top if top < 0 else top
        counts = {}
        for row in range(top, top + height):
            dump.seek(size + 12 * colours + row * stride + 4 * left)
            line = dump.read(4 * width)
            for at in range(0, len(line), 4):
                blue, green, red = line[at : at + 3]
                counts[red, green, blue] = counts.get((red, green, blue), 0) + 1
        return counts


def shows(file, state):
    if state in ("lit", "unlit"):
        lit = pixels(file, 100, -170, 1040, 1).get(ACCENT, 0) > 8
        return lit == (state == "lit")
    plugged = pixels(file, 16, -30, 24, 22).get(SUCCESS, 0) > 8
    return plugged == (state == "plugged")


def port_is_there():
    with open("/proc/asound/seq/clients", encoding="utf-8", errors="replace") as clients:
        return "AKM322" in clients.read()


def main():
    file, state, seconds, command = sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4:]
    fact = None
    if command:
        subprocess.Popen(command, stdout=subprocess.DEVNULL)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if command and fact is None and port_is_there() == (state == "plugged"):
            fact = time.monotonic()
        if shows(file, state):
            if command:
                print(round((time.monotonic() - (fact or time.monotonic())) * 1000))
            return 0
        time.sleep(0.005)
    return 1


sys.exit(main())
