"""Turns a checkpoint into the weights that ship (safetensors, f16), and reference logits for the parity test."""

import argparse
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import torch

import data
from model import CAUSAL, EVERYWHERE, HIDDEN, LEFT, Model


def write(path, config, tensors, dtype):
    header = {"__metadata__": {k: str(v) for k, v in config.items()} | {"format": "pt"}}
    parts, at = [], 0
    for name, tensor in tensors.items():
        raw = tensor.numpy().astype(dtype).tobytes()
        header[name] = {"dtype": {"<f2": "F16", "<f4": "F32", "<i4": "I32"}[dtype], "shape": list(tensor.shape),
                        "data_offsets": [at, at + len(raw)]}
        parts.append(raw)
        at += len(raw)
    body = b"".join(parts)
    header["__metadata__"]["crc32"] = f"{zlib.crc32(body):08x}"
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    path.write_bytes(struct.pack("<Q", len(head)) + head + body)


@torch.no_grad()
def reference(model, pitches):
    """Logits for one score in every way of reading; `tests` read it as JSON."""
    piece = data.Piece(pitches)
    t = len(piece)
    symbols, onset, fermata, inside, beat, bar, bar_length = data.window(piece, 0, t)
    out = {"pitches": pitches}
    rng = np.random.default_rng(5)
    for name in ("causal", "everywhere", "sorted"):
        given = np.zeros(symbols.shape, bool)
        if name == "causal":
            given[:, 0] = True
        if name == "everywhere":
            given[:] = (~inside | (rng.random(len(symbols)) < 0.5))[:, None]
        ahead = np.where(given, symbols, HIDDEN)
        past = ahead if name == "everywhere" else symbols
        order = np.where(inside, rng.random(len(symbols)).argsort(), -1) if name == "sorted" else None
        rank = np.where(given[LEFT:LEFT + t], -1, np.arange(4))
        b = lambda x: torch.from_numpy(np.ascontiguousarray(x))[None]
        z = model.trunk(past=b(past), ahead=b(ahead), past_onset=b(onset * 0), ahead_onset=b(onset * 0), beat=b(beat),
                        bar=b(bar), bar_length=b(bar_length), fermata=b(fermata), order=None if order is None else b(order),
                        mode=EVERYWHERE if name == "everywhere" else CAUSAL)
        logits, attacks = model.head(z, b(symbols[LEFT:LEFT + t]), b(onset[LEFT:LEFT + t] * 0), b(rank))
        some = list(range(0, t, 7))
        out[name] = {"given": given[LEFT:LEFT + t, 1].astype(int).tolist(), "steps": some,
                     "logits": [[[round(float(x), 4) for x in v] for v in logits[0, s]] for s in some],
                     "attacks": [[round(float(x), 4) for x in attacks[0, s]] for s in some]}
        if order is not None:
            out[name]["ranks"] = order[LEFT:LEFT + t].tolist()
    return out


def tiny():
    """Weights that have learned nothing, in none of which there is a zero."""
    torch.manual_seed(3)
    model = Model(d=32, layers=2, heads=1, inner=32, e=8)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, parameter.shape[-1] ** -0.5)
    return {"model": model.state_dict(), "config": model.config(), "at": "random"}


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("checkpoint", type=Path, help="of train.py; `random`: a tiny model of random numbers, for tests")
    args.add_argument("weights", type=Path)
    args.add_argument("--reference", type=Path, help="where to write reference logits (JSON)")
    args.add_argument("--data", type=Path, help="chorales.json: the reference reads the beginning of its first piece")
    args = args.parse_args()
    checkpoint = tiny() if args.checkpoint.name == "random" else torch.load(args.checkpoint, map_location="cpu")
    config = checkpoint["config"]
    tensors = {k: v.detach().half() for k, v in checkpoint["model"].items()}
    write(args.weights, config, tensors, "<f2")
    if args.reference:
        sizes = {k: config[k] for k in ("d", "layers", "heads", "inner")} | {"e": config["near"]}
        model = Model(**sizes).eval()
        model.load_state_dict({k: v.float() for k, v in tensors.items()})
        steps = json.load(open(args.data))["train"][0] if args.data else [[67 + t // 4 % 7, 64, 57 + t % 4, 48] for t in range(64)]
        pitches = steps[:64]
        args.reference.write_text(json.dumps(reference(model, pitches), separators=(",", ":")))
    print(json.dumps(config), args.weights.stat().st_size, "bytes", checkpoint.get("at"))


if __name__ == "__main__":
    main()
