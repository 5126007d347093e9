#!/usr/bin/env python3
"""make.py FOLDER - makes the window's two font files from Inter 3.19 (Debian: fonts-inter; FOLDER holds its .otf files).

Keeps Latin, Greek, Cyrillic and a few signs, lets figures have one width (a running clock must not tremble), drops
what no program here asks for, and gives the family a name of its own, so that a system's Inter is not taken for it.
Needs fonttools (pip install fonttools).
"""
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

FAMILY = "Composer Sans"
UNICODES = [
    *range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x370, 0x400), *range(0x400, 0x460),
    *range(0x2010, 0x2028), 0x2030, 0x2032, 0x2033, 0x2039, 0x203A, 0x2044, 0x20AC, 0x2122,
    *range(0x2190, 0x2194), 0x2212, 0x2260, 0x2264, 0x2265, 0x2303, 0x21E7, 0x2318, 0x2713,
]


def make(source: Path, target: Path, style: str) -> None:
    options = subset.Options()
    options.layout_features = ["kern", "mark", "mkmk", "ccmp", "locl", "tnum"]
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.hinting = False
    font = subset.load_font(str(source), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=UNICODES)
    subsetter.subset(font)
    figures = {}
    table = font["GSUB"].table
    for record in table.FeatureList.FeatureRecord:
        if record.FeatureTag == "tnum":
            for index in record.Feature.LookupListIndex:
                for part in table.LookupList.Lookup[index].SubTable:
                    part = getattr(part, "ExtSubTable", part)
                    figures.update(getattr(part, "mapping", {}))
    for cmap in font["cmap"].tables:
        for code in [*range(0x30, 0x3A), 0x2B, 0x2D, 0x2E, 0x3A, 0x2212]:
            if cmap.cmap.get(code) in figures:
                cmap.cmap[code] = figures[cmap.cmap[code]]
    for record in font["name"].names:
        if record.nameID in (1, 16):
            record.string = FAMILY
        elif record.nameID in (2, 17):
            record.string = style
        elif record.nameID in (3, 4):
            record.string = f"{FAMILY} {style}"
        elif record.nameID == 6:
            record.string = f"{FAMILY}-{style}".replace(" ", "")
    font.save(target)


here = Path(__file__).parent
folder = Path(sys.argv[1])
make(folder / "Inter-Regular.otf", here / "ComposerSans-Regular.otf", "Regular")
make(folder / "Inter-SemiBold.otf", here / "ComposerSans-SemiBold.otf", "SemiBold")
