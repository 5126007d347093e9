"""Makes a training set of folk tunes from the music21 package's corpus: `make train-data`.

Three old tune books that volunteers typed in as ABC: James Aird's *Airs* (1782-1801), *Ryan's Mammoth
Collection* (1883) and O'Neill's *Music of Ireland* (1903). The format is that of `prepare.py`, with the
tune as soprano and three voices that are silent. What does not lie on a grid of sixteenths is left out,
and so is what stands in the books twice. Every twentieth tune is kept back: `valid`.
"""

import argparse
import hashlib
import json
import re
import sys
from pathlib import Path

import music21
from joblib import Parallel, delayed
from music21 import chord, converter

from prepare import bars_of

BOOKS = {
    "airdsAirs": "James Aird, A Selection of Scotch, English, Irish and Foreign Airs, 1782-1801",
    "ryansMammoth": "Ryan's Mammoth Collection, 1883",
    "oneills1850": "Francis O'Neill, O'Neill's Music of Ireland, 1903",
}
# A mark of terms of its own in an encoding: none of the three books carries one.
MARK = re.compile(r"copyright|\(c\)\s*(19|20)\d\d|©|licen[cs]e|permission|commercial|all rights", re.I)


def tunes_of(path):
    """The tunes of a file, as text: from `X:` to the next one."""
    text = path.read_text(errors="replace")
    starts = [m.start() for m in re.finditer(r"^X:", text, re.M)]
    return [text[a:b] for a, b in zip(starts, starts[1:] + [len(text)])]


def read(book, file, text):
    title = re.search(r"^T:\s*(.*)", text, re.M)
    facts = {"book": book, "file": file, "title": title.group(1).strip() if title else "",
             "sha256": hashlib.sha256(text.encode()).hexdigest(),
             "licence": f"music: public domain ({BOOKS[book]}); encoding: music21 corpus, no mark of terms in it"}
    if MARK.search(text):
        return facts | {"left_out": "its encoding has terms of its own"}
    try:
        part = converter.parse(text, format="abc").parts[0]
        notes = [n for n in part.flatten().notes if n.quarterLength > 0 and not n.duration.isGrace]
        length = int(round(float(part.highestTime) * 4))
        on_grid = sum(float(n.offset) * 4 % 1 == 0 for n in notes)
        if len(notes) < 24 or length < 64:
            return facts | {"left_out": "shorter than four bars"}
        if on_grid < 0.97 * len(notes):
            return facts | {"left_out": "in triplets, or finer than sixteenths"}
        pitches, onsets = [-1] * length, [0] * length
        for n in notes:
            first, last = (int(-(-float(x) * 4 // 1)) for x in (n.offset, n.offset + n.quarterLength))
            pitch = max(p.midi for p in n.pitches) if isinstance(n, chord.Chord) else n.pitch.midi
            for t in range(first, min(last, length)):
                pitches[t] = pitch
            if first < min(last, length) and (n.tie is None or n.tie.type == "start"):
                onsets[first] = 1
        if not all(p < 0 or 52 <= p <= 89 for p in pitches):
            return facts | {"left_out": "outside of a fiddle's range"}
        bar, bar_length = bars_of(part, length)
        return facts | {"steps": [[p, -1, -1, -1] for p in pitches], "onset": onsets, "bar": bar,
                        "bar_length": bar_length, "fermata": [0] * length}
    except Exception as e:  # noqa: BLE001 - a tune that cannot be read is a fact for the manifest
        return facts | {"left_out": f"unreadable: {type(e).__name__}"}


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--out", type=Path, required=True, help="folder for folk.json and folk-manifest.json")
    args = args.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    root = Path(music21.__file__).parent / "corpus"
    work = [(book, path.name, text) for book in BOOKS for path in sorted((root / book).glob("*.abc"))
            for text in tunes_of(path)]
    tunes = Parallel(n_jobs=2)(delayed(read)(*w) for w in work)
    kept, seen = {"train": [], "valid": []}, set()
    for tune in tunes:
        if "left_out" not in tune:
            # The same intervals in the same rhythm are the same tune, in whatever key and book.
            sung = [s[0] for s in tune["steps"] if s[0] >= 0]
            name = tuple(p - sung[0] for p in sung[:96])
            if name in seen:
                tune["left_out"] = "a tune that is there already"
            seen.add(name)
        if "left_out" not in tune:
            split = "valid" if int(tune["sha256"], 16) % 20 == 0 else "train"
            kept[split].append(tune)
            tune["split"] = split
    data = {"format": "composer.chorales/1"} | {s: [p["steps"] for p in kept[s]] for s in kept} | {
        "details": {s: [{k: p[k] for k in ("onset", "bar", "bar_length", "fermata")} for p in kept[s]] for s in kept}}
    (args.out / "folk.json").write_text(json.dumps(data, separators=(",", ":")))
    manifest = [{k: t.get(k) for k in ("book", "file", "title", "sha256", "licence", "split", "left_out")} for t in tunes]
    (args.out / "folk-manifest.json").write_text(
        json.dumps({"source": f"music21 {music21.__version__}", "tunes": manifest}, indent=1) + "\n")
    print(f"{len(kept['train'])} tunes, {sum(len(t['steps']) for t in kept['train'])} steps, and {len(kept['valid'])} "
          f"kept back, of {len(tunes)}, into {args.out}", file=sys.stderr)


if __name__ == "__main__":
    main()
