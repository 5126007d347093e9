#!/usr/bin/python3
"""svg.py SCREEN PICTURE.svg - a terminal's screen, with its colours (as `tmux capture-pane -e` writes it), as a picture."""

import io
import sys

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

# rich's own frame names fonts on the web; a picture in a README must come without.
FRAME = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" xml:space="preserve">
<style>
.{unique_id}-matrix {{ font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: {char_height}px; line-height: {line_height}px; white-space: pre; }}
.{unique_id}-title {{ font-family: sans-serif; font-size: 18px; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""

screen = open(sys.argv[1], encoding="utf-8").read().rstrip("\n")
lines = screen.split("\n")
# The prompt that waits at the end is no part of the picture.
if len(lines) > 1 and lines[-1].strip() == "$":
    lines.pop()
console = Console(record=True, width=100, file=io.StringIO(), force_terminal=True, color_system="standard")
for line in lines:
    console.print(Text.from_ansi(line), soft_wrap=True)
title = Text.from_ansi(lines[0]).plain.removeprefix("$ ")
svg = console.export_svg(title=title, theme=MONOKAI, code_format=FRAME, unique_id="screen")
open(sys.argv[2], "w", encoding="utf-8").write(svg)
