"""Pieces as arrays, and the crops, masks and keys that training draws from them."""

import json

import numpy as np
import torch

from model import BAR_LENGTHS, BARS, HIDDEN, LEFT, LOW, OUTSIDE, REST, RIGHT

T = 128


class Piece:
    """Symbols, onsets (0 unknown, 1 held, 2 begins) and the frame's facts (0 = unknown where it can be)."""

    def __init__(self, steps, details=None):
        p = np.array(steps, dtype=np.int64)
        self.symbols = np.where(p < 0, REST, np.clip(p - LOW, 0, REST - 1))
        n = len(p)
        self.onset = np.zeros((n, 4), np.int64)
        self.bar, self.bar_length, self.fermata = (np.zeros(n, np.int64) for _ in range(3))
        self.beat = np.arange(n) % 4
        if details:
            bits = np.array(details["onset"], dtype=np.int64)
            self.onset = 1 + (bits[:, None] >> np.arange(4) & 1)
            bar = np.array(details["bar"], dtype=np.int64)
            self.bar = 1 + np.minimum(bar, BARS - 2)
            self.beat = bar % 4
            self.bar_length = np.minimum(np.array(details["bar_length"], dtype=np.int64) // 4, BAR_LENGTHS - 1)
            self.fermata = 1 + np.array(details["fermata"], dtype=np.int64)

    def __len__(self):
        return len(self.symbols)

    def is_melody(self):
        return bool((self.symbols[:, 1:] == REST).all())

    def shifts(self):
        """Transpositions, -6 to 5 at most, that keep soprano and bass where singers can reach them, or a tune
        where a fiddle can."""
        s, b = (self.symbols[:, v][self.symbols[:, v] < REST] for v in (0, 0 if self.is_melody() else 3))
        low, high = (55, 88) if self.is_melody() else (35, 82)
        return [k for k in range(-6, 6) if k == 0 or (s.max() + k <= high - LOW and b.min() + k >= low - LOW)]


def load(path, split):
    data = json.load(open(path))
    details = data.get("details", {}).get(split, [None] * len(data[split]))
    return [Piece(s, d) for s, d in zip(data[split], details) if len(s) >= 16]


def window(piece, start, length, shift=0):
    """Steps start-LEFT .. start+length+RIGHT, what is no part of the piece as OUTSIDE."""
    index = np.arange(start - LEFT, start + length + RIGHT)
    inside = (index >= 0) & (index < len(piece))
    at = np.clip(index, 0, len(piece) - 1)
    symbols = piece.symbols[at]
    symbols = np.where(symbols < REST, np.clip(symbols + shift, 0, REST - 1), symbols)
    symbols = np.where(inside[:, None], symbols, OUTSIDE)
    onset = np.where(inside[:, None], piece.onset[at], 0)
    fermata = np.where(inside, piece.fermata[at], 0)
    body = slice(LEFT, LEFT + length)
    beat = (piece.beat[0] + index - 0) % 4
    beat = np.where(inside, piece.beat[at], beat)
    return symbols, onset, fermata, inside, beat[body], np.where(inside, piece.bar[at], 0)[body], \
        np.where(inside, piece.bar_length[at], 0)[body]


def batch(pieces, causal, size, rng, melody=False):
    """One batch for `Model.trunk` and `Model.head`, with the weight of each cell in the loss."""
    weights = np.array([max(len(p), T) for p in pieces], float)
    rows = []
    for i in rng.choice(len(pieces), size, p=weights / weights.sum()):
        p = pieces[i]
        start = 0 if rng.random() < 0.1 else int(rng.integers(0, max(1, len(p) - T // 2)))
        rows.append(window(p, start, T, rng.choice(p.shifts())))
    symbols, onset, fermata, inside, beat, bar, bar_length = (np.stack(x) for x in zip(*rows))
    fermata *= rng.random((size, 1)) < 0.5
    bar_known = rng.random((size, 1)) < 0.5
    bar, bar_length = bar * bar_known, bar_length * bar_known
    onset = onset * (rng.random((size, 1, 1)) < 0.6)
    given = np.zeros(symbols.shape, bool)
    w = symbols.shape[1]
    for i in range(size):
        if melody:
            given[i] = melody_given(w, rng)
        else:
            given[i] = causal_given(w, rng) if causal else orderless_given(w, rng)
    ahead = np.where(given, symbols, HIDDEN)
    ahead_onset = np.where(given, onset, 0)
    gaps = (rng.random((size, 1, 1)) < 0.35) & (rng.random(symbols.shape) < 0.08) & ~given & causal
    past, past_onset = np.where(gaps, HIDDEN, symbols), np.where(gaps, 0, onset)
    body = slice(LEFT, LEFT + T)
    rank = np.where(given[:, body], -1, rng.random((size, T, 4)).argsort(-1))
    weight = ((~given[:, body]) & inside[:, body, None]).astype(np.float32)
    inputs = dict(past=past, ahead=ahead, past_onset=past_onset, ahead_onset=ahead_onset, beat=beat, bar=bar,
                  bar_length=bar_length, fermata=fermata)
    if not causal:
        order = rng.random((size, w)).argsort(1).argsort(1)
        # How long a piece is, is known from the beginning.
        inputs |= dict(order=np.where(inside, order, -1))
        # The steps that come late, with much around them known, are what an ensemble of orders is measured by.
        weight *= 0.2 + 4.0 * ((order[:, body, None] + 0.5) / w) ** 4
    targets = dict(symbols=symbols[:, body], onset=onset[:, body], rank=rank, weight=weight,
                   before=symbols[:, LEFT - 1:LEFT - 1 + T])
    return tuple({k: torch.from_numpy(np.ascontiguousarray(v)) for k, v in part.items()} for part in (inputs, targets))


def causal_given(w, rng):
    given = np.zeros((w, 4), bool)
    r = rng.random()
    if r < 0.38:
        pass
    elif r < 0.72:
        given[:, 0] = True
    elif r < 0.80:
        given[:, [0, 3]] = True
    elif r < 0.87:
        given[:, 3] = True
    else:
        given[:, rng.permutation(4)[:rng.integers(1, 4)]] = True
    if rng.random() < 0.15:
        begin = int(rng.integers(LEFT, w))
        given[begin:begin + int(rng.integers(4, 64))] = True
    return given


def melody_given(w, rng):
    """Of a tune that the other voices are silent is mostly told, and seldom a stretch of what comes."""
    given = np.zeros((w, 4), bool)
    given[:, 1:] = rng.random() < 0.8
    if rng.random() < 0.1:
        begin = int(rng.integers(LEFT, w))
        given[begin:begin + int(rng.integers(4, 64))] = True
    return given


def orderless_given(w, rng):
    given = np.zeros((w, 4), bool)
    r = rng.random()
    if r < 0.08:
        given[:, 0] = True
    elif r < 0.15:
        given[:, rng.permutation(4)[:rng.integers(1, 4)]] = True
    return given
