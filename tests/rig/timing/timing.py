#!/usr/bin/python3
"""timing.py scenario NOTES MEAN_MS    - a scenario for the emulated keyboard, the same every time
timing.py compare DIR TAKE PEER [--drift]    - DIR/scenario.txt against the note times in two MIDI files

Times are compared after the shift that centres a file on the script (the median of the differences), by the same
rule for both files: when a recording began is no fault of its clock. Exit status 1 when a target is missed, 3 when
the emulated keyboard itself was too late for the result to mean anything (DIR/sim.log).
"""

import random
import statistics
import sys

import mido

# Milliseconds; from the project's targets.
WORST, MEDIAN, DRIFT, SHARE_OF_PEER = 1.0, 0.25, 1.0, 0.5
# How late the keyboard may be for the result to count.
KEYBOARD_LATE = 0.1


def scenario(notes, mean):
    # Intervals off every grid, so that no file's resolution happens to fit them.
    dice = random.Random(322)
    at = 50.0
    print("mark")
    for i in range(notes):
        key, velocity = 36 + i % 61, 1 + i * 37 % 127
        print(f"at {at:.3f}\nnote_on {key} {velocity}")
        print(f"at {at + mean * dice.uniform(0.2, 0.45):.3f}\nnote_off {key}")
        at += mean * dice.uniform(0.5, 1.5)
    print("wait_drain")


def scripted(path):
    at, notes = 0.0, []
    for line in open(path):
        words = line.split()
        if words[0] == "at":
            at = float(words[1])
        elif words[0] == "note_on":
            notes.append((at, int(words[1]), int(words[2])))
    return notes


def recorded(path):
    at, notes = 0.0, []
    for message in mido.MidiFile(path):
        at += message.time * 1000
        if message.type == "note_on" and message.velocity > 0:
            notes.append((at, message.note, message.velocity))
    return notes


def sent(path):
    """What the keyboard did send, by its own log."""
    lines = (line.split() for line in open(path))
    return [(float(w[0]) * 1000, int(w[4], 16), int(w[5], 16)) for w in lines if w[1] == "IN" and w[3] == "90" and w[5] != "00"]


def errors(name, script, notes):
    if [n[1:] for n in notes] != [n[1:] for n in script]:
        sys.exit(f"{name}: {len(notes)} notes for {len(script)} in the script, or others, or in another order")
    differences = [n[0] - s[0] for n, s in zip(notes, script)]
    shift = statistics.median(differences)
    late = [d - shift for d in differences]
    # Where the end lies when the beginning is laid on the script's.
    edge = max(1, len(late) // 100)
    return statistics.median(map(abs, late)), max(map(abs, late)), statistics.median(late[-edge:]) - statistics.median(late[:edge])


def compare(folder, take, peer, drift):
    script = scripted(f"{folder}/scenario.txt")
    ours = errors("composer", script, recorded(f"{folder}/{take}"))
    theirs = errors("arecordmidi", script, recorded(f"{folder}/{peer}"))
    keyboard = errors("the keyboard", script, sent(f"{folder}/sim.log"))
    if not drift and keyboard[1] > KEYBOARD_LATE:
        print(f"the emulated keyboard was up to {keyboard[1]:.3f} ms late: this run says nothing")
        return 3
    print(f"{len(script)} notes in {script[-1][0] / 1000:.1f} s   median      worst  {'drift over the run' if drift else ''}")
    for name, (median, worst, end) in (("the keyboard itself", keyboard), ("composer", ours), ("arecordmidi", theirs)):
        print(f"  {name:22} {median:7.3f} ms {worst:7.3f} ms {f'{end:+10.3f} ms' if drift else ''}")
    print(f"  {'composer/arecordmidi':22} {ours[0] / theirs[0]:7.2f}     {ours[1] / theirs[1]:7.2f}")
    if drift:
        targets = [("drift", abs(ours[2]), DRIFT)]
    else:
        targets = [
            ("median", ours[0], MEDIAN),
            ("worst", ours[1], WORST),
            ("median beside arecordmidi's", ours[0], theirs[0] * SHARE_OF_PEER),
            ("worst beside arecordmidi's", ours[1], theirs[1] * SHARE_OF_PEER),
        ]
    missed = [f"{name} {got:.3f} ms, to be at most {limit:.3f} ms" for name, got, limit in targets if got > limit]
    for fault in missed:
        print(f"  MISSED {fault}")
    return 1 if missed else 0


if sys.argv[1:2] == ["scenario"] and len(sys.argv) == 4:
    scenario(int(sys.argv[2]), float(sys.argv[3]))
elif sys.argv[1:2] == ["compare"] and len(sys.argv) in (5, 6):
    sys.exit(compare(*sys.argv[2:5], "--drift" in sys.argv))
else:
    sys.exit(__doc__)
