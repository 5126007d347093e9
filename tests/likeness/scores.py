"""Writes the five scores of the likeness table. usage: scores.py FOLDER

Each is a list of single notes, far enough apart that each can be measured alone:
(seconds, channel, program, key, velocity, length). The last has controllers as well.
"""
import random
import sys

import mido

TICKS, TEMPO = 960, 500_000


def save(path, notes, extra=()):
    events = []
    for at, channel, program, key, velocity, length in notes:
        if channel != 9:
            events.append((at - 0.05, mido.Message("program_change", channel=channel, program=program)))
        events.append((at, mido.Message("note_on", channel=channel, note=key, velocity=velocity)))
        events.append((at + length, mido.Message("note_off", channel=channel, note=key, velocity=64)))
    events += extra
    events.sort(key=lambda e: e[0])
    track, last = mido.MidiTrack(), 0
    for at, message in events:
        tick = round(at * 1e6 / TEMPO * TICKS)
        track.append(message.copy(time=tick - last))
        last = tick
    file = mido.MidiFile(type=0, ticks_per_beat=TICKS)
    file.tracks.append(track)
    file.save(path)


def main(folder):
    chance = random.Random(322)
    piano = [(0.5 + 1.5 * n, 0, 0, key, 90, 0.8) for n, key in enumerate(range(24, 106, 5))]
    touch = [(0.5 + 1.5 * n, 0, 0, 60, velocity, 0.4) for n, velocity in enumerate(range(7, 128, 10))]
    programs = [0, 4, 6, 9, 11, 12, 16, 19, 21, 24, 27, 30, 32, 35, 40, 46, 48, 52, 56, 60, 65, 68, 73, 75, 80, 81, 88, 95, 104, 114]
    presets = [(0.5 + 2.0 * n, 0, p, 60, 100, 1.0) for n, p in enumerate(programs)]
    drums = [(0.5 + 1.0 * n, 9, 0, key, 100, 0.2) for n, key in enumerate(range(35, 60))]
    moves, extra = [], []
    for n in range(16):
        at = 0.5 + 2.0 * n
        moves.append((at, 1, [48, 0, 16, 73][n % 4], chance.randrange(48, 72), 100, 1.0))
        control = lambda d, c, v: extra.append((at + d, mido.Message("control_change", channel=1, control=c, value=v)))
        control(-0.2, 1, 64 if n % 3 == 1 else 0)
        control(-0.2, 7, [100, 60, 127][n % 3])
        control(-0.2, 10, [64, 0, 127, 30][n % 4])
        control(0.3, 11, [127, 50][n % 2])
        control(-0.2, 64, 127 if n % 4 == 2 else 0)
        bend = [0, 4096, -8192, 8191][n % 4]
        extra.append((at - 0.2, mido.Message("pitchwheel", channel=1, pitch=bend)))
    for name, notes, more in [("piano", piano, ()), ("touch", touch, ()), ("presets", presets, ()), ("drums", drums, ()), ("moves", moves, extra)]:
        save(f"{folder}/{name}.mid", notes, more)


main(sys.argv[1])
