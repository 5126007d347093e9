"""The chorale model in PyTorch. `src/compose/model.rs` computes the same from the same weights.

One token a step of a sixteenth. Three ways to read a piece, in one set of weights:

* `CAUSAL`: a token sees everything before it, and of its own step and the future only the cells that
  are *given* (a melody, bars that stay). One pass gives the exact likelihood of a whole piece.
* with an `order`: the same, with the steps sorted by any other order than that of time. One pass gives
  the likelihood in that order.
* `EVERYWHERE`: a token sees every cell that is not hidden, before and after. `train.py` does not train it any more.

What a token knows of its neighbours comes in through a gather over fixed offsets (the stem), the rest
through attention with rotary positions. A small head then takes the voices of a step one after another.
"""

import torch
import torch.nn.functional as F
from torch import nn

LOW, REST, OUTSIDE, HIDDEN, SYMBOLS, CLASSES = 30, 60, 61, 62, 63, 61
CAUSAL, EVERYWHERE = 0, 1
PAST = [-16, -12, -8, -7, -6, -5, -4, -3, -2, -1]
AHEAD = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32]
LEFT, RIGHT = 16, 32
BARS, BAR_LENGTHS = 33, 10


def norm(x, gain):
    return F.rms_norm(x, (x.shape[-1],), gain, 1e-6)


class Block(nn.Module):
    def __init__(self, d, heads, inner):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.Parameter(torch.ones(d)), nn.Parameter(torch.ones(d))
        self.q, self.k, self.v = (nn.Parameter(torch.randn(d, d) * d**-0.5) for _ in range(3))
        self.o = nn.Parameter(torch.zeros(d, d))
        self.up = nn.Parameter(torch.randn(inner, d) * d**-0.5)
        self.down = nn.Parameter(torch.zeros(d, inner))

    def forward(self, x, rope, causal, drop):
        b, t, d = x.shape
        y = norm(x, self.norm1)
        w = torch.cat([self.q, self.k, self.v])
        q, k, v = F.linear(y, w).view(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        q, k = rotate(q, *rope), rotate(k, *rope)
        # Written out: PyTorch's own attention takes a third of a training step here, backwards above all.
        scores = torch.matmul(q * (d // self.heads) ** -0.5, k.mT)
        if causal:
            scores = scores + torch.full((t, t), -torch.inf, dtype=scores.dtype, device=x.device).triu(1)
        a = torch.matmul(scores.softmax(-1), v)
        x = x + drop(F.linear(a.transpose(1, 2).reshape(b, t, d), self.o))
        return x + drop(F.linear(F.relu(F.linear(norm(x, self.norm2), self.up)).square(), self.down))


def look_up(tables, index):
    """Row `index[..., v]` of table `v`, for each of the four voices."""
    n = tables.shape[1]
    return F.embedding(index + torch.arange(4, device=index.device) * n, tables.reshape(4 * n, -1))


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], -1)


class Model(nn.Module):
    def __init__(self, d=256, layers=5, heads=8, inner=768, e=64, dropout=0.1, voices=4):
        super().__init__()
        self.d, self.heads, self.dropout = d, heads, dropout
        # 1: what it learned were tunes, its soprano over three voices that are silent. The sums are the same.
        self.voices = voices
        small = lambda *s: nn.Parameter(torch.randn(*s) * 0.02)
        # The stem: narrow embeddings of all neighbours, wide ones of this step and the step before.
        self.near = nn.Parameter(torch.randn(4, SYMBOLS, e) * 0.5)
        self.near_onset, self.near_fermata = small(4, 3, e), small(3, e)
        fan = (len(PAST) + len(AHEAD)) * e
        self.stem = nn.Parameter(torch.randn(d, fan) * fan**-0.5)
        self.here, self.before = nn.Parameter(torch.randn(4, SYMBOLS, d) * 0.3), nn.Parameter(torch.randn(4, SYMBOLS, d) * 0.3)
        self.beat, self.bar, self.bar_length = small(4, d), small(BARS, d), small(BAR_LENGTHS, d)
        self.fermata, self.mode, self.any_order = small(3, d), small(2, d), small(d)
        self.blocks = nn.ModuleList(Block(d, heads, inner) for _ in range(layers))
        self.norm = nn.Parameter(torch.ones(d))
        # The head.
        self.lift = nn.Parameter(torch.randn(d, d) * d**-0.5)
        self.known, self.ask = nn.Parameter(torch.randn(4, SYMBOLS, d) * 0.3), small(5, d)
        self.known_onset = small(4, 3, d)
        self.mix = nn.Parameter(torch.randn(d, d) * d**-0.5)
        self.out, self.out_bias = nn.Parameter(torch.zeros(4, CLASSES, d)), nn.Parameter(torch.zeros(4, CLASSES))
        self.onset, self.onset_bias = nn.Parameter(torch.zeros(4, d)), nn.Parameter(torch.zeros(4))

    def config(self):
        return {"d": self.d, "layers": len(self.blocks), "heads": self.heads,
                "inner": self.blocks[0].up.shape[0], "near": self.near.shape[-1],
                "voices": self.voices}

    def rope(self, t, device):
        half = self.d // self.heads // 2
        angle = torch.arange(t, device=device)[:, None].double() * (0.5 ** (torch.arange(half, device=device).double() * (10 / half)))
        return angle.cos().float(), angle.sin().float()

    def drop(self, x):
        if not self.training or self.dropout == 0:
            return x
        keep = torch.rand(x.shape[0], 1, x.shape[2], device=x.device) >= self.dropout
        return x * (keep.to(x.dtype) / (1 - self.dropout))

    def trunk(self, past, ahead, past_onset, ahead_onset, beat, bar, bar_length, fermata, mode=CAUSAL,
              order=None):
        """`past`, `ahead`, and their onsets: [batch, LEFT + T + RIGHT, 4]. `past` is what may be looked back
        on, `ahead` what may be seen from any side; `fermata` is as long; `beat`, `bar`, `bar_length`: [batch, T].
        With `order`, as long as `past`, a step sees of `past` the steps of lower order, of the others `ahead`."""
        t = past.shape[1] - LEFT - RIGHT
        rope = self.rope(t, past.device)
        if order is not None:
            return self.ordered(past, ahead, past_onset, ahead_onset, beat, bar, bar_length, fermata, order, rope)
        ef = F.embedding(fermata, self.near_fermata)
        e_past = look_up(self.near, past).sum(2) + look_up(self.near_onset, past_onset).sum(2) + ef
        e_ahead = look_up(self.near, ahead).sum(2) + look_up(self.near_onset, ahead_onset).sum(2) + ef
        around = [e_past[:, LEFT + o:LEFT + o + t] for o in PAST] + [e_ahead[:, LEFT + o:LEFT + o + t] for o in AHEAD]
        x = F.linear(torch.cat(around, -1), self.stem)
        x = x + look_up(self.here, ahead[:, LEFT:LEFT + t]).sum(2) + look_up(self.before, past[:, LEFT - 1:LEFT - 1 + t]).sum(2)
        x = x + F.embedding(beat, self.beat) + F.embedding(bar, self.bar) + F.embedding(bar_length, self.bar_length)
        x = x + F.embedding(fermata[:, LEFT:LEFT + t], self.fermata) + self.mode[mode]
        for block in self.blocks:
            x = block(x, rope, mode == CAUSAL, self.drop)
        return F.linear(norm(x, self.norm), self.lift)

    def ordered(self, past, ahead, past_onset, ahead_onset, beat, bar, bar_length, fermata, order, rope):
        """Any order as if it were time: tokens sorted, each with the neighbours that come before it in that order."""
        b, w = order.shape
        t = w - LEFT - RIGHT
        body = slice(LEFT, LEFT + t)
        ef = F.embedding(fermata, self.near_fermata)
        e_past = look_up(self.near, past).sum(2) + look_up(self.near_onset, past_onset).sum(2) + ef
        e_ahead = look_up(self.near, ahead).sum(2) + look_up(self.near_onset, ahead_onset).sum(2) + ef
        here = order[:, body]
        around = []
        for o in PAST + AHEAD:
            there = slice(LEFT + o, LEFT + o + t)
            around.append(torch.where((order[:, there] < here)[..., None], e_past[:, there], e_ahead[:, there]))
        x = F.linear(torch.cat(around, -1), self.stem)
        last = slice(LEFT - 1, LEFT - 1 + t)
        before = torch.where((order[:, last] < here)[..., None], past[:, last], ahead[:, last])
        x = x + look_up(self.here, ahead[:, body]).sum(2) + look_up(self.before, before).sum(2)
        x = x + F.embedding(beat, self.beat) + F.embedding(bar, self.bar) + F.embedding(bar_length, self.bar_length)
        x = x + F.embedding(fermata[:, body], self.fermata) + self.any_order
        by = here.argsort(1)
        x = x.gather(1, by[..., None].expand_as(x))
        rope = tuple(r[by][:, None] for r in rope)
        for block in self.blocks:
            x = block(x, rope, True, self.drop)
        back = by.argsort(1)
        x = x.gather(1, back[..., None].expand_as(x))
        return F.linear(norm(x, self.norm), self.lift)

    def head(self, z, symbols, onsets, rank):
        """Logits [batch, T, 4, CLASSES] of every voice given those of lower rank in its step, and the
        logits of a new onset given all pitches. `symbols`, `onsets`, `rank`: [batch, T, 4]; rank -1 = given."""
        table = look_up(self.known, symbols)
        lower = (rank[..., None, :] < rank[..., :, None]).to(table.dtype)
        given = ((rank < 0)[..., None] * look_up(self.known_onset, onsets)).sum(2)
        base = z + given
        ask = base[..., None, :] + torch.matmul(lower, table) + self.ask[:4]
        last = base + table.sum(2) + self.ask[4]
        u = F.relu(torch.cat([ask, last[..., None, :]], 2))
        u = u + F.relu(F.linear(u, self.mix))
        logits = torch.einsum("btvd,vcd->btvc", u[..., :4, :], self.out.to(u.dtype)) + self.out_bias
        return logits, F.linear(u[..., 4, :], self.onset, self.onset_bias)
