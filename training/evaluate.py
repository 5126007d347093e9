"""Quick likelihoods while training, in nats a step; `composer evaluate` has the full protocol."""

import numpy as np
import torch
import torch.nn.functional as F

import data
from model import CLASSES, HIDDEN, LEFT, REST

STRIDE = 64


@torch.no_grad()
def validate(model, pieces, seed=0):
    """Chain rule on the true earlier voices, in time order with nothing given, with the soprano given, and
    in random orders: one, and the log mean exp of five."""
    model.eval()
    out = {}
    rows = [(p, s) for p in pieces for s in range(0, max(1, len(p) - STRIDE), STRIDE)]
    melody = all(p.is_melody() for p in pieces)
    for name, times in (("chronological", 1),) if melody else (("chronological", 1), ("atb_given_s", 1), ("random", 5)):
        rng = np.random.default_rng(seed)
        orders = [np.concatenate([score(model, rows[i:i + 32], name, rng) for i in range(0, len(rows), 32)])
                  for _ in range(times)]
        out[name] = round(float(np.mean(orders)), 4)
        if times > 1:
            out[f"lme{times}"] = round(float(-np.log(np.mean(np.exp(-np.stack(orders)), 0)).mean()), 4)
    model.train()
    return out


def score(model, rows, name, rng):
    """Nats of every step that counts: in a window that is not the first of its piece, the second half."""
    windows = [data.window(p, s, data.T) for p, s in rows]
    symbols, onset, fermata, inside, beat, bar, bar_length = (np.stack(x) for x in zip(*windows))
    body = slice(LEFT, LEFT + data.T)
    given = np.zeros(symbols.shape, bool)
    counted = inside[:, body].copy()
    half = data.T // 2
    for i, (p, s) in enumerate(rows):
        if name == "random":
            # A window in the middle of a piece has its middle counted: there is as much known on either side.
            counted[i, :half // 2 if s > 0 else 0] = False
            counted[i, half + half // 2 if s + data.T < len(p) else data.T:] = False
        elif s > 0:
            counted[i, :half] = False
    if name == "atb_given_s":
        given[:, :, 0] = True
    ahead = np.where(given, symbols, HIDDEN)
    rank = np.where(given[:, body], -1, rng.random((len(rows), data.T, 4)).argsort(-1))
    inputs = dict(past=symbols, ahead=ahead, past_onset=onset * 0, ahead_onset=onset * 0, beat=beat, bar=bar * 0,
                  bar_length=bar_length * 0, fermata=fermata * 0)
    if name == "random":
        inputs["order"] = np.where(inside, rng.random(inside.shape).argsort(1), -1)
    device = model.out.device
    tensor = lambda a: torch.from_numpy(np.ascontiguousarray(a)).to(device)
    inputs = {k: tensor(v) for k, v in inputs.items()}
    x = tensor(symbols[:, body])
    with torch.autocast(device.type, torch.bfloat16):
        z = model.trunk(**inputs)
        logits, _ = model.head(z, x, x * 0, tensor(rank))
    cell = F.cross_entropy(logits.float().reshape(-1, CLASSES), x.clamp(max=REST).reshape(-1), reduction="none")
    nats = (cell.view(given[:, body].shape) * tensor(~given[:, body]).float()).sum(2)
    return nats.cpu().numpy()[counted]
