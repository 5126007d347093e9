"""Sets our renders beside FluidSynth's, note by note.

usage: likeness.py RENDERER FONT FOLDER        (RENDERER: the built example synth_render)

Writes the five scores, has both render them dry, and prints for each score the worst and the median of
  onset     milliseconds between the moments when a note first reaches a fiftieth of its peak
  pitch     cents between the strongest partials from 0.1 to 0.9 s after the note-on
  level     decibels
  envelope  correlation of the level in steps of 10 ms, from one note to the next
and below them each preset alone. Needs numpy, scipy, mido and fluidsynth.
"""
import subprocess
import sys
import warnings

import mido
import numpy as np
from scipy.io import wavfile

warnings.filterwarnings("ignore")
RATE = 48_000


def load(path):
    rate, sound = wavfile.read(path)
    assert rate == RATE
    return sound.astype(float).mean(axis=1)


def notes(path):
    now, found, program = 0.0, [], {}
    for message in mido.MidiFile(path):
        now += message.time
        if message.type == "program_change":
            program[message.channel] = message.program
        if message.type == "note_on" and message.velocity:
            label = f"drum {message.note}" if message.channel == 9 else f"program {program.get(message.channel, 0)}"
            found.append((now, label))
    return found


def onset(sound):
    # What still rings from the note before is no onset.
    before = np.abs(sound[:240]).max()
    loud = np.abs(sound[240:240 + RATE // 2])
    places = np.nonzero(loud > max(loud.max() / 50, 3 * before))[0]
    return places[0] if len(places) else None


def pitch(sound):
    part = sound[RATE // 10:RATE * 9 // 10]
    part = part * np.hanning(len(part))
    spectrum = np.abs(np.fft.rfft(part, 1 << 18))
    k = int(spectrum[300:].argmax()) + 300
    a, b, c = np.log(spectrum[k - 1:k + 2] + 1e-20)
    return (k + 0.5 * (a - c) / (a - 2 * b + c)) * RATE / (1 << 18)


def envelope(sound):
    frames = sound[:len(sound) // 480 * 480].reshape(-1, 480)
    return np.sqrt((frames ** 2).mean(axis=1))


def compare(theirs, ours, start, end):
    a, b = (s[int(start * RATE) - 240:int(end * RATE)] for s in (theirs, ours))
    on = onset(a), onset(b)
    if None in on or min(len(a), len(b)) < RATE // 2:
        return None
    shift = on[0] - on[1]
    a, b = a[240 + max(shift, 0):], b[240 + max(-shift, 0):]
    n = min(len(a), len(b))
    a, b = a[:n], b[:n]
    ratio = 20 * np.log10(np.sqrt((b ** 2).mean() / (a ** 2).mean()))
    likeness = np.corrcoef(envelope(a), envelope(b))[0, 1]
    cents = 1200 * np.log2(pitch(b) / pitch(a)) if n > RATE * 9 // 10 else np.nan
    return -shift / RATE * 1000, cents, ratio, likeness


def line(name, rows):
    rows = np.array(rows)
    worst = lambda x: x[np.nanargmax(np.abs(x))] if np.isfinite(x).any() else np.nan
    on, cents, level, env = rows.T
    print(f"{name:12} {len(rows):5}   {np.median(on):6.2f} {worst(on):6.2f}   {np.nanmedian(np.abs(cents)):6.2f} {worst(cents):6.2f}"
          f"   {np.median(level):6.2f} {worst(level):6.2f}   {np.median(env):6.4f} {env.min():6.4f}")


def main(renderer, font, folder):
    subprocess.run([sys.executable, __file__.replace("likeness.py", "scores.py"), folder], check=True)
    presets = []
    print("             notes   onset ms        pitch cents     level dB        envelope\n"
          "                     median  worst   median  worst   median  worst   median  worst")
    for score in ["piano", "touch", "presets", "drums", "moves"]:
        midi = f"{folder}/{score}.mid"
        fluid, own = f"{folder}/{score}.fluid.wav", f"{folder}/{score}.wav"
        flags = "-ni -q -r 48000 -R 0 -C 0 -O float -T wav -F".split()
        subprocess.run(["fluidsynth", *flags, fluid, font, midi], check=True, capture_output=True)
        subprocess.run([renderer, midi, font, own, "0"], check=True, capture_output=True)
        theirs, ours = load(fluid), load(own)
        starts = notes(midi)
        rows = []
        for (start, label), following in zip(starts, [*starts[1:], (starts[-1][0] + 1.0, "")]):
            row = compare(theirs, ours, start, following[0])
            if row is None:
                print(f"  {score}: {label} at {start:.2f} s cannot be measured alone")
                continue
            rows.append(row)
            if score == "presets":
                presets.append((label, row))
        line(score, rows)
    print("\npreset         onset ms  cents  level dB  envelope")
    for label, (on, cents, level, env) in presets:
        print(f"{label:14} {on:8.2f} {cents:6.2f} {level:9.2f} {env:9.4f}")


main(*sys.argv[1:])
