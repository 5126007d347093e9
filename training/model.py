"""The chorale model in PyTorch. `src/compose/model.rs` computes the same from the same weights.

One token a step of a sixteenth. Two ways to read a piece, in one set of weights:

* `CAUSAL`: a token sees everything before it, and of its own step and the future only the cells that
  are *given* (a melody, bars that stay). One pass gives the exact likelihood of a whole piece.
* `ORDERLESS`: a token sees every cell that is not hidden, before and after.

What a token knows of its neighbours comes in through a gather over fixed offsets (the stem), the rest
through attention with rotary positions. A small head then takes the voices of a step one after another.
"""

import torch
import torch.nn.functional as F
from torch import nn

LOW, REST, OUTSIDE, HIDDEN, SYMBOLS, CLASSES = 30, 60, 61, 62, 63, 61
CAUSAL, ORDERLESS = 0, 1
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

    def forward(self, x, rope, mask, causal, drop):
        b, t, d = x.shape
        y = norm(x, self.norm1)
        w = torch.cat([self.q, self.k, self.v])
        q, k, v = F.linear(y, w).view(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        q, k = rotate(q, *rope), rotate(k, *rope)
        a = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal and mask is None)
        x = x + drop(F.linear(a.transpose(1, 2).reshape(b, t, d), self.o))
        return x + drop(F.linear(F.relu(F.linear(norm(x, self.norm2), self.up)).square(), self.down))


def look_up(tables, index):
    """Row `index[..., v]` of table `v`, for each of the four voices."""
    n = tables.shape[1]
    return F.embedding(index + torch.arange(4) * n, tables.reshape(4 * n, -1))


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], -1)


class Model(nn.Module):
    def __init__(self, d=256, layers=5, heads=8, inner=768, e=64, dropout=0.1):
        super().__init__()
        self.d, self.heads, self.dropout = d, heads, dropout
        small = lambda *s: nn.Parameter(torch.randn(*s) * 0.02)
        # The stem: narrow embeddings of all neighbours, wide ones of this step and the step before.
        self.near = nn.Parameter(torch.randn(4, SYMBOLS, e) * 0.5)
        self.near_onset, self.near_fermata = small(4, 3, e), small(3, e)
        fan = (len(PAST) + len(AHEAD)) * e
        self.stem = nn.Parameter(torch.randn(d, fan) * fan**-0.5)
        self.here, self.before = nn.Parameter(torch.randn(4, SYMBOLS, d) * 0.3), nn.Parameter(torch.randn(4, SYMBOLS, d) * 0.3)
        self.beat, self.bar, self.bar_length = small(4, d), small(BARS, d), small(BAR_LENGTHS, d)
        self.fermata, self.mode = small(3, d), small(2, d)
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
                "inner": self.blocks[0].up.shape[0], "near": self.near.shape[-1]}

    def rope(self, t, device):
        half = self.d // self.heads // 2
        angle = torch.arange(t, device=device)[:, None].double() * (0.5 ** (torch.arange(half, device=device).double() * (10 / half)))
        return angle.cos().float(), angle.sin().float()

    def drop(self, x):
        if not self.training or self.dropout == 0:
            return x
        keep = torch.rand(x.shape[0], 1, x.shape[2]) >= self.dropout
        return x * (keep.to(x.dtype) / (1 - self.dropout))

    def trunk(self, past, ahead, past_onset, ahead_onset, beat, bar, bar_length, fermata, mode, mask=None):
        """`past`, `ahead`, and their onsets: [batch, LEFT + T + RIGHT, 4]. `past` is what may be looked back
        on, `ahead` what may be seen from any side; `fermata` is as long; `beat`, `bar`, `bar_length`: [batch, T]."""
        t = past.shape[1] - LEFT - RIGHT
        ef = F.embedding(fermata, self.near_fermata)
        e_past = look_up(self.near, past).sum(2) + look_up(self.near_onset, past_onset).sum(2) + ef
        e_ahead = look_up(self.near, ahead).sum(2) + look_up(self.near_onset, ahead_onset).sum(2) + ef
        around = [e_past[:, LEFT + o:LEFT + o + t] for o in PAST] + [e_ahead[:, LEFT + o:LEFT + o + t] for o in AHEAD]
        x = F.linear(torch.cat(around, -1), self.stem)
        x = x + look_up(self.here, ahead[:, LEFT:LEFT + t]).sum(2) + look_up(self.before, past[:, LEFT - 1:LEFT - 1 + t]).sum(2)
        x = x + F.embedding(beat, self.beat) + F.embedding(bar, self.bar) + F.embedding(bar_length, self.bar_length)
        x = x + F.embedding(fermata[:, LEFT:LEFT + t], self.fermata) + self.mode[mode]
        rope = self.rope(t, x.device)
        for block in self.blocks:
            x = block(x, rope, mask, mode == CAUSAL, self.drop)
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
