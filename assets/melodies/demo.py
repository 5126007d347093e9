#!/usr/bin/env python3
"""Writes demo.mid, the melody that `--virtual` plays. Needs nothing but Python.

Eight bars of the theme of Beethoven's Ninth Symphony (1824, in the public domain), set by this
project for the 32 keys of the AKM322 (F2 to C5): the tune above, a bass note every half bar below.
"""
import pathlib

PPQ, BPM = 480, 120  # the tempo that a take is given when the player names none
TUNE = ("E4 1 E4 1 F4 1 G4 1 | G4 1 F4 1 E4 1 D4 1 | C4 1 C4 1 D4 1 E4 1 | E4 1.5 D4 .5 D4 2 | "
        "E4 1 E4 1 F4 1 G4 1 | G4 1 F4 1 E4 1 D4 1 | C4 1 C4 1 D4 1 E4 1 | D4 1.5 C4 .5 C4 2")
BASS = ("C3 2 G2 2 | C3 2 G2 2 | A2 2 E3 2 | G2 2 G2 2 | "
        "C3 2 G2 2 | C3 2 G2 2 | A2 2 E3 2 | G2 2 C3 2")
STEPS = dict(C=0, D=2, E=4, F=5, G=7, A=9, B=11)


def voice(text, loud, hold):
    """(tick, status, key, velocity) of each note; bars' first beats a little louder, phrases rising."""
    at, out = 0.0, []
    words = text.replace("|", " ").split()
    for name, beats in zip(words[::2], map(float, words[1::2])):
        key = STEPS[name[0]] + 12 * (int(name[1]) + 1)
        accent = 9 if at % 4 == 0 else 4 if at % 2 == 0 else 0
        swell = round(8 * (1 - abs(at % 16 - 8) / 8))
        out.append((round(at * PPQ), 0x90, key, loud + accent + swell))
        out.append((round((at + beats * hold) * PPQ), 0x80, key, 64))
        at += beats
    return out, round(at * PPQ)


def vlq(n):
    out = [n & 127]
    while n := n >> 7:
        out.insert(0, n & 127 | 128)
    return bytes(out)


def chunk(kind, body):
    return kind + len(body).to_bytes(4, "big") + body


tune, end = voice(TUNE, 78, .94)
bass, _ = voice(BASS, 54, .98)
# Note-offs before note-ons at the same tick, so that repeated notes sound again.
events = sorted(tune + bass, key=lambda e: (e[0], e[1]))
body, last = b"", 0
body += b"\0\xff\x03" + vlq(10) + b"Ode to Joy"
body += b"\0\xff\x51\x03" + round(60e6 / BPM).to_bytes(3, "big") + b"\0\xff\x58\x04\x04\x02\x18\x08"
for tick, *message in events:
    body += vlq(tick - last) + bytes(message)
    last = tick
body += vlq(end - last) + b"\xff\x2f\0"
data = chunk(b"MThd", bytes([0, 0, 0, 1]) + PPQ.to_bytes(2, "big")) + chunk(b"MTrk", body)
pathlib.Path(__file__).with_name("demo.mid").write_bytes(data)
