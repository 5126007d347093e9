"""A small Coconet (Huang et al. 2017) to set beside ours: `make train-coconet JSB=FILE MINUTES=30`.

What the paper has, smaller: piano rolls of four voices with their masks, a residual stack of 3 x 3
convolutions over time and pitch, a softmax over the pitches of every voice; trained on random sets of
hidden cells of every size, the loss divided by their number. It is measured by the same protocol as
`composer evaluate`, on a random sample of the steps, since it takes a pass for every single cell.
"""

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

T = 64
LOW, HIGH = 36, 81  # what sounds in the corpus; silence is one class more
P = HIGH - LOW + 2


class Coconet(nn.Module):
    def __init__(self, layers=14, width=48):
        super().__init__()
        sizes = [8] + [width] * (layers - 1) + [4]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1, bias=i == layers - 1) for i, (a, b) in enumerate(zip(sizes, sizes[1:])))
        self.norms = nn.ModuleList(nn.BatchNorm2d(b) for b in sizes[1:-1])

    def forward(self, x):
        """`x`: [batch, 8, T, P], rolls with what is hidden blanked, and masks. Logits [batch, 4, T, P]."""
        kept = None
        for i, (convolution, norm) in enumerate(zip(self.convolutions, self.norms)):
            x = norm(convolution(x))
            if i % 2 == 0 and kept is not None:
                x = x + kept
            x = F.relu(x)
            kept = x if i % 2 == 0 else kept
        return self.convolutions[-1](x)


def load(path, split):
    pieces = [np.array(p) for p in json.load(open(path))[split]]
    return [np.where(p < 0, P - 1, np.clip(p - LOW, 0, P - 2)) for p in pieces]


def crop(piece, start):
    """T steps from `start` on, and which of them are inside."""
    index = np.arange(start, start + T)
    inside = (index >= 0) & (index < len(piece))
    return piece[np.clip(index, 0, len(piece) - 1)], inside


def see(symbols, hidden):
    """[batch, T, 4] symbols and what of them is hidden, as the network takes them."""
    symbols, hidden = torch.from_numpy(symbols), torch.from_numpy(hidden)
    roll = F.one_hot(symbols, P).float() * ~hidden[..., None]
    mask = hidden[..., None].expand(-1, -1, -1, P).float()
    return torch.cat([roll, mask], 2).transpose(1, 2)


def batch(pieces, size, rng):
    lengths = np.array([len(p) for p in pieces], float)
    symbols, hidden = np.zeros((size, T, 4), np.int64), np.ones((size, T, 4), bool)
    inside = np.zeros((size, T), bool)
    for i, k in enumerate(rng.choice(len(pieces), size, p=lengths / lengths.sum())):
        p = pieces[k]
        symbols[i], inside[i] = crop(p, int(rng.integers(0, max(1, len(p) - T + 1))))
        sung = symbols[i] < P - 1
        shift = int(rng.integers(-6, 6))
        low, high = (symbols[i][sung].min(), symbols[i][sung].max()) if sung.any() else (0, 0)
        symbols[i] = np.where(sung, symbols[i] + np.clip(shift, -low, P - 2 - high), symbols[i])
        cells = rng.permutation(4 * T)[: rng.integers(1, 4 * T + 1)]
        hidden[i] = np.isin(np.arange(4 * T).reshape(T, 4), cells)
    hidden |= ~inside[..., None]
    return symbols, hidden, inside


@torch.no_grad()
def measure(model, pieces, count, seed=0):
    """Nats a step on a random sample of `count` steps: [chain rule, argmax written]."""
    model.eval()
    rng = np.random.default_rng(seed)
    steps = [(k, t) for k, p in enumerate(pieces) for t in range(len(p))]
    sample = [steps[i] for i in rng.permutation(len(steps))[:count]]
    nats = {"chronological": [], "atb_given_s": [], "random": []}
    for at in range(0, count, 32):
        some = sample[at:at + 32]
        for name in ("chronological", "atb_given_s", *["random"] * 5):
            symbols, known = np.zeros((len(some), T, 4), np.int64), np.zeros((len(some), T, 4), bool)
            where = np.full(len(some), T // 2)
            for i, (k, t) in enumerate(some):
                p = pieces[k]
                start = int(np.clip(t - T // 2, 0, max(0, len(p) - T)))
                where[i] = t - start
                symbols[i], inside = crop(p, start)
                # A random order of all steps, cut off where this one comes.
                earlier = rng.random(T) < rng.random() if name == "random" else np.arange(T) < where[i]
                known[i] = (earlier & inside)[:, None]
                known[i, where[i]] = False
                if name == "atb_given_s":
                    known[i, inside, 0] = True
            nats[name].append(score(model, symbols, known, where, 3 if name == "atb_given_s" else 4, rng))
    figures = {}
    for name in ("chronological", "atb_given_s"):
        figures[name] = np.concatenate(nats[name]).mean(0)
    orders = [np.concatenate(nats["random"][i::5]) for i in range(5)]
    figures["random_single"] = np.mean(orders, (0, 1))
    figures["random_lme5"] = -np.log(np.mean(np.exp(-np.stack(orders)), 0)).mean(0)
    model.train()
    return {k: [round(float(x), 4) for x in v] for k, v in figures.items()}


def score(model, symbols, known, where, voices, rng):
    rows = np.arange(len(symbols))
    order = np.argsort(rng.random((len(rows), voices)), 1) + 4 - voices
    sums = np.zeros((len(rows), 2))
    for way in range(2):
        seen, told = symbols.copy(), known.copy()
        for i in range(voices):
            v = order[:, i]
            logits = model(see(seen, ~told)).float()[rows, v, where]
            sums[:, way] += F.cross_entropy(logits, torch.from_numpy(symbols[rows, where, v]), reduction="none").numpy()
            told[rows, where, v] = True
            if way == 1:
                seen[rows, where, v] = logits.argmax(-1).numpy()
    return sums


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--data", type=Path, required=True)
    args.add_argument("--run", type=Path, required=True, help="folder for checkpoints and the log")
    args.add_argument("--cpu-minutes", type=float, default=60, help="processor time, all threads together")
    args.add_argument("--batch", type=int, default=16)
    args.add_argument("--lr", type=float, default=2e-3)
    args.add_argument("--sample", type=int, default=1024, help="steps of the validation split to measure in the end")
    args.add_argument("--threads", type=int, default=1)
    args.add_argument("--seed", type=int, default=1)
    args = args.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    args.run.mkdir(parents=True, exist_ok=True)
    train, valid = load(args.data, "train"), load(args.data, "valid")
    model, mean = Coconet(), Coconet()
    adam = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=0.01)
    step, spent, last = 0, 0.0, args.run / "last.pt"
    if last.exists():
        s = torch.load(last)
        model.load_state_dict(s["model"]), mean.load_state_dict(s["mean"]), adam.load_state_dict(s["adam"])
        step, spent = s["step"], s["spent"]
    else:
        mean.load_state_dict(model.state_dict())
    rng = np.random.default_rng(args.seed + step)
    began, limit = time.process_time() - spent, 60 * args.cpu_minutes
    print(f"{sum(p.numel() for p in model.parameters())} parameters, {len(train)} pieces", flush=True)
    losses = []
    while (spent := time.process_time() - began) < limit:
        symbols, hidden, inside = batch(train, args.batch, rng)
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(see(symbols, hidden))
        nats = F.cross_entropy(logits.float().permute(0, 3, 2, 1), torch.from_numpy(symbols), reduction="none")
        asked = torch.from_numpy(hidden & inside[..., None]).float()
        loss = 4 * ((nats * asked).sum((1, 2)) / asked.sum((1, 2)).clamp(min=1)).mean()
        loss.backward()
        for group in adam.param_groups:
            group["lr"] = args.lr * min(1, (step + 1) / 100) * min(1, 2 * (1 - spent / limit))
        adam.step()
        adam.zero_grad(set_to_none=True)
        step += 1
        keep = min(0.998, step / (step + 20))
        with torch.no_grad():
            for m, p in zip(mean.state_dict().values(), model.state_dict().values()):
                m.lerp_(p, 1 - keep) if m.dtype.is_floating_point else m.copy_(p)
        losses.append(loss.item())
        if step % 200 == 0:
            print(json.dumps({"step": step, "cpu_s": round(spent), "loss": round(float(np.mean(losses)), 4)}), flush=True)
            losses = []
            state = {"model": model.state_dict(), "mean": mean.state_dict(), "adam": adam.state_dict()}
            torch.save(state | {"step": step, "spent": spent}, last.with_suffix(".part"))
            os.replace(last.with_suffix(".part"), last)
    figures = measure(mean, valid, args.sample)
    line = {"step": step, "cpu_s": round(spent), "sample": args.sample, "chain rule, argmax written": figures}
    (args.run / "figures.json").write_text(json.dumps(line, indent=1) + "\n")
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
