"""Makes the training set from the music21 package's corpus: `make train-data`.

What it writes (JSON, one file): `train` and `valid`, each a list of pieces, each piece a list of
steps of a sixteenth, each step the MIDI pitches of [soprano, alto, tenor, bass], -1 for silence.
`details` holds, piece by piece in the same order, what that grid cannot say:
`onset` (per step a bit a voice, 1 = soprano: a note begins here), `bar` (sixteenths since the bar
line), `bar_length` (sixteenths), `fermata` (0 or 1, soprano).
Beside it goes a manifest: every piece with source, licence, hash, and why it was left out.

Exclusions: only pieces that stand in `chorales-train.txt` are taken. They are those of the corpus
that the usual benchmark's *training* split contains too, so nothing of its validation and test
splits is ever learned from.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

import music21
from joblib import Parallel, delayed
from music21 import chord, corpus, expressions, note

LICENCE = "music: public domain; encoding: music21 corpus, BSD-3-Clause package, no other mark in the file"


def sixteenths(quarter_length):
    """Rounded to the nearest step; notes shorter than a step may vanish."""
    return int(round(float(quarter_length) * 4 + 1e-6))


def voice_of(part, length):
    pitches, onsets, fermata = [-1] * length, [0] * length, [0] * length
    for n in part.flatten().notesAndRests:
        if isinstance(n, note.Rest) or n.duration.isGrace:
            continue
        pitch = max(p.midi for p in n.pitches) if isinstance(n, chord.Chord) else n.pitch.midi
        # What sounds at the very beginning of a step fills it.
        begin, end = float(n.offset) * 4, float(n.offset + n.quarterLength) * 4
        first = int(-(-begin // 1))
        last = int(-(-end // 1))
        hold = any(isinstance(e, expressions.Fermata) for e in n.expressions)
        for t in range(max(first, 0), min(last, length)):
            pitches[t] = pitch
            fermata[t] = int(hold)
        if (n.tie is None or n.tie.type == "start") and first < min(last, length):
            onsets[first] = 1
    return pitches, onsets, fermata


def bars_of(part, length):
    position, lengths = [0] * length, [16] * length
    for m in part.getElementsByClass("Measure"):
        begin = sixteenths(m.offset)
        whole = max(1, sixteenths(m.barDuration.quarterLength))
        padding = sixteenths(m.paddingLeft)
        if padding == 0 and begin == 0 and sixteenths(m.duration.quarterLength) < whole:
            padding = whole - sixteenths(m.duration.quarterLength)
        for i in range(sixteenths(m.duration.quarterLength)):
            if begin + i < length:
                position[begin + i] = (padding + i) % whole
                lengths[begin + i] = whole
    return position, lengths


def read(path):
    """One chorale, or the reason why it is of no use."""
    raw = Path(path).read_bytes()
    facts = {"file": Path(path).name, "sha256": hashlib.sha256(raw).hexdigest(), "licence": LICENCE}
    try:
        score = corpus.parse(path)
        parts = list(score.parts)
        if len(parts) != 4:
            return facts | {"left_out": f"{len(parts)} parts"}
        length = max(sixteenths(p.highestTime) for p in parts)
        voices = [voice_of(p, length) for p in parts]
        if any(all(x < 0 for x in v[0]) for v in voices):
            return facts | {"left_out": "an empty part"}
        bar, bar_length = bars_of(parts[0], length)
        return facts | {
            "id": Path(path).name.split(".mxl")[0].split(".xml")[0],
            "steps": [list(s) for s in zip(*(v[0] for v in voices))],
            "onset": [sum(bit << i for i, bit in enumerate(s)) for s in zip(*(v[1] for v in voices))],
            "bar": bar,
            "bar_length": bar_length,
            "fermata": voices[0][2],
        }
    except Exception as e:  # noqa: BLE001 - a file that cannot be read is a fact for the manifest
        return facts | {"left_out": f"unreadable: {type(e).__name__}: {e}"}


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--out", type=Path, required=True, help="folder for chorales.json and manifest.json")
    args.add_argument("--list", type=Path, default=Path(__file__).with_name("chorales-train.txt"))
    args.add_argument("--all", action="store_true", help="every readable chorale, whatever the list says")
    args = args.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    paths = sorted(str(p) for p in corpus.getComposer("bach"))
    pieces = Parallel(n_jobs=2)(delayed(read)(p) for p in paths)
    wanted = None if args.all else {
        line.split("#")[0].strip() for line in args.list.read_text().splitlines() if line.split("#")[0].strip()
    }
    kept, manifest = [], []
    for p in pieces:
        if "steps" in p and wanted is not None and p["id"] not in wanted:
            p["left_out"] = "not in the list: in the benchmark's validation split, or perhaps in its test split"
        if "left_out" not in p:
            kept.append(p)
        manifest.append({k: p.get(k) for k in ("file", "id", "sha256", "licence", "left_out")})
    missing = sorted((wanted or set()) - {p["id"] for p in kept})
    if missing:
        sys.exit(f"error: the corpus of music21 {music21.__version__} lacks {', '.join(missing)}\n"
                 "  try: the version that training/requirements.txt names")
    data = {
        "format": "composer.chorales/1",
        "train": [p["steps"] for p in kept],
        "valid": [],
        "details": {"train": [{k: p[k] for k in ("id", "onset", "bar", "bar_length", "fermata")} for p in kept]},
    }
    (args.out / "chorales.json").write_text(json.dumps(data, separators=(",", ":")))
    (args.out / "manifest.json").write_text(
        json.dumps({"source": f"music21 {music21.__version__}", "pieces": manifest}, indent=1) + "\n")
    print(f"{len(kept)} chorales, {sum(len(p['steps']) for p in kept)} steps, into {args.out}", file=sys.stderr)


if __name__ == "__main__":
    main()
