"""Quick likelihoods while training, in nats a step; `composer evaluate` has the full protocol."""

import numpy as np
import torch
import torch.nn.functional as F

import data
from model import CAUSAL, CLASSES, HIDDEN, LEFT, ORDERLESS, REST

STRIDE = 64


@torch.no_grad()
def validate(model, pieces, seed=0):
    """Chain rule on the true earlier voices, in time order, with nothing given and with the soprano given,
    and an unbiased estimate of the random order from one set of hidden steps a window."""
    model.eval()
    out = {}
    for name in ("chronological", "atb_given_s", "random"):
        rng = np.random.default_rng(seed)
        rows = [(p, s) for p in pieces for s in range(0, max(1, len(p) - STRIDE), STRIDE)]
        total, count = 0.0, 0
        for i in range(0, len(rows), 32):
            nats, n = score(model, rows[i:i + 32], name, rng)
            total, count = total + nats, count + n
        out[name] = round(total / count, 4)
    model.train()
    return out


def score(model, rows, name, rng):
    windows = [data.window(p, s, data.T) for p, s in rows]
    symbols, onset, fermata, inside, beat, bar, bar_length = (np.stack(x) for x in zip(*windows))
    body = slice(LEFT, LEFT + data.T)
    given = np.zeros(symbols.shape, bool)
    counted = inside[:, body].copy()
    for i, (_, s) in enumerate(rows):
        if s > 0:
            counted[i, :STRIDE] = False
    if name == "atb_given_s":
        given[:, :, 0] = True
    if name == "random":
        given[:] = (rng.random(symbols.shape[:2]) < rng.random((len(rows), 1)))[..., None]
        counted = inside[:, body] & ~given[:, body, 0]
    ahead = np.where(given, symbols, HIDDEN)
    past = ahead if name == "random" else symbols
    rank = np.where(given[:, body], -1, rng.random((len(rows), data.T, 4)).argsort(-1))
    t = {k: torch.from_numpy(np.ascontiguousarray(v)) for k, v in dict(
        past=past, ahead=ahead, past_onset=onset * 0, ahead_onset=onset * 0, beat=beat, bar=bar * 0,
        bar_length=bar_length * 0, fermata=fermata * 0).items()}
    x = torch.from_numpy(np.ascontiguousarray(symbols[:, body]))
    with torch.autocast("cpu", torch.bfloat16):
        z = model.trunk(**t, mode=ORDERLESS if name == "random" else CAUSAL)
        logits, _ = model.head(z, x, x * 0, torch.from_numpy(rank))
    cell = F.cross_entropy(logits.float().reshape(-1, CLASSES), x.clamp(max=REST).reshape(-1), reduction="none")
    weight = torch.from_numpy(counted[..., None] & ~given[:, body]).float()
    nats = (cell.view(weight.shape) * weight).sum((1, 2))
    if name == "random":
        # The mean over hidden steps of a window estimates its mean step, whatever the number hidden.
        steps = weight[..., 0].sum(1)
        inside_steps = torch.from_numpy(inside[:, body].sum(1)).float()
        ok = steps > 0
        return float((nats[ok] / steps[ok] * inside_steps[ok]).sum()), float(inside_steps[ok].sum())
    return float(nats.sum()), int(counted.sum())
