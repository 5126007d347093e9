"""How fast we are beside PyTorch with the same weights, in one run and in turns: `make bench-model`.

A pass: 128 steps of a sixteenth through the trunk and the head of all four voices, on one thread, in single precision.
Then what a user waits for: `composer compose` from start to file, and its memory.
"""

import argparse
import os
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open

import data
from model import LEFT, Model

ROUNDS, PASSES = 8, 25


def pytorch(weights):
    with safe_open(weights, "pt") as file:
        sizes = {k: int(v) for k, v in file.metadata().items() if v.isdigit() and k in ("d", "layers", "heads", "inner")}
        model = Model(**sizes, e=int(file.metadata()["near"])).eval()
        model.load_state_dict({name: file.get_tensor(name).float() for name in file.keys()}, strict=False)
    t = np.arange(128)
    piece = data.Piece(np.stack([67 + t // 4 % 7, 64 - t // 8 % 3, 57 + t // 2 % 4, 48 - t // 16], 1).tolist())
    symbols, onset, fermata, inside, beat, bar, bar_length = data.window(piece, 0, 128)
    b = lambda x: torch.from_numpy(np.ascontiguousarray(x))[None]
    inputs = dict(past=b(symbols), ahead=b(np.where(inside[:, None], 62, 61) + 0 * symbols), past_onset=b(onset * 0),
                  ahead_onset=b(onset * 0), beat=b(beat), bar=b(bar * 0), bar_length=b(bar_length * 0), fermata=b(fermata * 0))
    body, rank = b(symbols[LEFT:LEFT + 128]), torch.arange(4).expand(1, 128, 4)

    def once():
        with torch.inference_mode():
            return model.head(model.trunk(**inputs), body, body * 0, rank)

    return once


def ours():
    """Milliseconds of each of PASSES passes."""
    command = ["cargo", "bench", "--quiet", "--locked", "--bench", "pass", "--", str(PASSES)]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=1800).stdout
    return [float(x) for x in re.findall(r"^\d+\.\d+$", out, re.M)]


def melody(path, bars):
    """A Standard MIDI File of one track, quarters at 120 a minute."""
    tune = [67, 67, 69, 71, 72, 71, 69, 67, 71, 71, 72, 74, 74, 72, 71, 69]
    events = b"".join(bytes([0, 0x90, tune[i % 16], 90, 0x83, 0x60, 0x80, tune[i % 16], 64]) for i in range(4 * bars))
    track = events + b"\x00\xff\x2f\x00"
    path.write_bytes(b"MThd\0\0\0\6\0\0\0\1\x01\xe0" + b"MTrk" + len(track).to_bytes(4, "big") + track)


def watch(pid):
    """Megabytes that a process had at most. Its usage, told in the end, would count this one's, too, from before it began."""
    most = 0
    while True:
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return most
        if "VmHWM" not in status:
            return most
        if Path(f"/proc/{pid}/comm").read_text().strip() == "composer":
            most = max(most, int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024)
        time.sleep(0.005)


def composing(program, bars, times):
    """Seconds by the clock and of the processor, start to file, and megabytes."""
    clock, processor, memory = [], [], 0
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "melody.mid"
        melody(source, bars)
        for i in range(times):
            began = time.perf_counter()
            child = subprocess.Popen([program, "compose", source, "-o", Path(folder) / f"{i}.mid"],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            memory = max(memory, watch(child.pid))
            _, status, usage = os.wait4(child.pid, 0)
            clock.append(time.perf_counter() - began)
            processor.append(usage.ru_utime + usage.ru_stime)
            if status != 0:
                raise SystemExit(f"error: {program} compose ended with status {status}")
    return statistics.median(clock), sorted(clock)[int(0.95 * (times - 1))], statistics.median(processor), memory


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("weights", type=Path)
    args.add_argument("program", type=Path, help="composer")
    args = args.parse_args()
    torch.set_num_threads(1)
    once = pytorch(args.weights)
    ours()
    for _ in range(5):
        once()
    here, there = [], []
    for _ in range(ROUNDS):
        here += ours()
        for _ in range(PASSES):
            began = time.perf_counter()
            once()
            there.append(1e3 * (time.perf_counter() - began))
    # The least disturbed passes of both sides: other programs may be busy.
    best = lambda times: statistics.quantiles(times, n=10)[0]
    print(f"a pass over 128 sixteenths, one thread, ms     composer {best(here):6.2f}   PyTorch {torch.__version__} {best(there):6.2f}"
          f"   ratio {best(there) / best(here):.2f}   (medians {statistics.median(here):.2f}, {statistics.median(there):.2f})")
    for bars, times in ((4, 11), (16, 21), (64, 7)):
        clock, late, processor, memory = composing(args.program, bars, times)
        print(f"composer compose, {bars:2} bars, start to file: median {clock:.2f} s, 95th percentile {late:.2f} s,"
              f" processor {processor:.2f} s, {memory:.0f} MB")
    print(f"load while measuring: {' '.join(f'{x:.1f}' for x in os.getloadavg())}")


if __name__ == "__main__":
    main()
