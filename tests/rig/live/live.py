#!/usr/bin/python3
"""live.py scenario NOTES    - a scenario for the emulated keyboard, the same every time
live.py compare DIR          - what was heard (DIR/BLOCK/heard.wav) against when it was played

Of each note three times are known: when the keyboard sent it (sim.log), which time stamp it had (`composer monitor`
on the same port, by the kernel's queue), and in which frame it began to sound. The sound card says at what time which
frame is heard (position.txt). Printed are, for each length of a block:
  spread    from time stamp to frame, the latest note less the earliest, in frames
  delay     from the keyboard sending to the note being loud (40 % of its peak), median, in milliseconds; unknown after
            an xrun, when the card counts anew
  told      what composer says of the delay, from time stamp to first frame
  too late  notes that came too late for their place; after a few of them all get more time
Exit status 1 when a spread is more than 16 frames, or what is told is more than a millisecond off.
"""

import array
import json
import pathlib
import random
import re
import statistics
import sys
import wave

SPREAD, OFF = 16, 1.0


def scenario(notes):
    dice = random.Random(322)
    at = 50.0
    print("mark")
    for _ in range(notes):
        print(f"at {at:.3f}\nnote_on 69 127\nat {at + 20:.3f}\nnote_off 69")
        # At any place of a block, and quiet enough in between.
        at += 100 + dice.uniform(0, 30)
    print("wait_drain")


def onsets(path):
    with wave.open(str(path)) as file:
        rate, channels, width = file.getframerate(), file.getnchannels(), file.getsampwidth()
        samples = array.array({2: "h", 4: "i"}[width], file.readframes(file.getnframes()))[::channels]
    loud = 0.4 * max(samples)
    found, quiet = [], rate
    for n, x in enumerate(samples):
        quiet += 1
        if abs(x) > loud:
            if quiet > rate / 100:
                found.append(n)
            quiet = 0
    return rate, found


def heard_at(path, rate):
    """The time at which frame 0 is heard, by the sound card."""
    zeros, ahead = [], 0.0
    for line in open(path):
        if line.startswith("ahead"):
            ahead = float(line.split()[1])
        found = re.search(r"tstamp *: ([0-9.]+).*hw_ptr *: (\d+)", line)
        if "RUNNING" in line and found:
            zeros.append(float(found[1]) - int(found[2]) / rate)
    return statistics.median(zeros) + ahead


def block(folder, sent):
    rate, frames = onsets(folder / "heard.wav")
    events = [json.loads(line) for line in open(folder / "monitor.json")]
    stamps = [e["t"] for e in events if e.get("kind") == "note-on"]
    told = json.load(open(folder / "play.json"))
    if not len(frames) == len(stamps) == len(sent):
        sys.exit(f"{folder}: {len(sent)} notes played, {len(stamps)} stamped, {len(frames)} heard")
    ways = [n - t * rate for n, t in zip(frames, stamps)]
    zero = heard_at(folder / "position.txt", rate)
    delays = [(zero + n / rate - t) * 1000 for n, t in zip(frames, sent)]
    return told, max(ways) - min(ways), statistics.median(delays)


def compare(root):
    root = pathlib.Path(root)
    # "SECONDS IN ... 90 KEY VELOCITY", each block's notes after those of the one before.
    lines = (line.split() for line in open(root / "sim.log"))
    sent = [float(w[0]) for w in lines if w[1] == "IN" and w[3] == "90" and w[5] != "00"]
    folders = sorted((p for p in root.iterdir() if p.is_dir()), key=lambda p: float(p.name))
    notes = len(sent) // len(folders)
    # The order in which they were played is that of the first stamps, which is the folders' own.
    folders.sort(key=lambda p: (p / "heard.wav").stat().st_mtime_ns)
    print(f"block         notes   spread frames   delay ms   told ms   xruns   too late   ({notes} notes each)")
    missed = 0
    for n, folder in enumerate(folders):
        told, spread, delay = block(folder, sent[n * notes:(n + 1) * notes])
        known = told["xruns"] == 0
        wrong = spread > SPREAD or known and abs(told["key_to_sound_ms"] - delay) > OFF
        missed += bool(wrong)
        print(f"{told['block_frames']:5} frames {told['notes']:7} {spread:15.1f} {f'{delay:.2f}' if known else '-':>10} "
              f"{told['key_to_sound_ms']:9.2f} {told['xruns']:7} {told['late']:10}{'   MISSED' if wrong else ''}")
    return 1 if missed else 0


if sys.argv[1:2] == ["scenario"] and len(sys.argv) == 3:
    scenario(int(sys.argv[2]))
elif sys.argv[1:2] == ["compare"] and len(sys.argv) == 3:
    sys.exit(compare(sys.argv[2]))
else:
    sys.exit(__doc__)
