"""Trains the chorale model: `make train-model`. Stops at a given number of minutes, resumes after a kill.

Two optimisers: Muon (orthogonalised momentum) for the matrices inside, AdamW for tables and outputs.
The learning rate falls to zero over the second half of the run (--hold), so a longer run is a better run.
"""

import argparse
import json
import math
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

import data
from evaluate import validate
from model import CLASSES, REST, Model


def orthogonal(m, steps=5):
    """The nearest matrices with orthonormal rows or columns, roughly: Newton-Schulz of the fifth order."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = m.bfloat16()
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x
    x = x / (x.float().norm(dim=(-2, -1), keepdim=True) + 1e-7).bfloat16()
    for _ in range(steps):
        s = x @ x.mT
        x = a * x + (b * s + c * s @ s) @ x
    return (x.mT if tall else x).float()


class Muon:
    def __init__(self, params, momentum=0.95, decay=0.05):
        self.groups = {}
        for p in params:
            self.groups.setdefault(tuple(p.shape), []).append(p)
        self.momentum, self.decay = momentum, decay
        self.state = {s: torch.zeros(len(ps), *s, device=ps[0].device) for s, ps in self.groups.items()}

    @torch.no_grad()
    def step(self, lr):
        for shape, ps in self.groups.items():
            g = torch.stack([p.grad for p in ps])
            buf = self.state[shape].lerp_(g, 1 - self.momentum)
            u = orthogonal(g.lerp(buf, self.momentum)) * max(1, shape[0] / shape[1]) ** 0.5
            for p, d in zip(ps, u):
                p.mul_(1 - lr * self.decay).add_(d, alpha=-lr)


def loss_of(model, inputs, targets):
    z = model.trunk(**inputs)
    logits, onset = model.head(z, targets["symbols"], targets["onset"], targets["rank"])
    weight = targets["weight"]
    cell = F.cross_entropy(logits.float().reshape(-1, CLASSES), targets["symbols"].clamp(max=REST).reshape(-1),
                           reduction="none").view(weight.shape)
    pitch = 4 * (cell * weight).sum() / weight.sum().clamp(min=1)
    # Only where a pitch repeats is there anything to decide.
    repeated = weight * (targets["symbols"] == targets["before"]) * (targets["onset"] > 0) * (targets["symbols"] < REST)
    again = F.binary_cross_entropy_with_logits(onset.float(), (targets["onset"] == 2).float(), reduction="none")
    return pitch, (again * repeated).sum() / repeated.sum().clamp(min=1)


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--data", type=Path, required=True, help="chorales.json of prepare.py")
    args.add_argument("--valid", type=Path, help="file with a `valid` split to measure on (never learned from)")
    args.add_argument("--run", type=Path, required=True, help="folder for checkpoints and the log")
    args.add_argument("--minutes", type=float, default=60)
    args.add_argument("--until", type=float, help="Unix time to be ready at, instead of --minutes")
    args.add_argument("--steps", type=int, help="optimiser steps, instead of --minutes: the same run on any machine")
    args.add_argument("--batch", type=int, default=32)
    args.add_argument("--lr", type=float, default=0.015)
    args.add_argument("--hold", type=float, default=0.5, help="share of the run before the learning rate falls")
    args.add_argument("--causal", type=float, default=0.6, help="share of training steps in time order, the others in random orders")
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--threads", type=int, default=2)
    args.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="where PyTorch computes: a GPU where there is one")
    args.add_argument("--model", type=json.loads, default={}, help="JSON with sizes, as in Model()")
    args.add_argument("--init", type=Path, help="weights (safetensors) to begin with, of the sizes that --model says")
    args.add_argument("--pause-file", type=Path, help="while this file exists, training waits")
    args.add_argument("--validate-every", type=float, default=240, metavar="SECONDS")
    args = args.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    args.run.mkdir(parents=True, exist_ok=True)
    train = data.load(args.data, "train")
    valid = data.load(args.valid, "valid") if args.valid else []
    melody = all(p.is_melody() for p in train)
    args.model["voices"] = 1 if melody else 4
    model = Model(**args.model).to(args.device)
    ema = Model(**args.model).to(args.device)
    dropout = model.dropout
    inner = [p for n, p in model.named_parameters() if p.ndim == 2 and n.split(".")[-1] in
             ("q", "k", "v", "o", "up", "down", "stem", "lift", "mix")]
    ids = {id(p) for p in inner}
    rest = [p for p in model.parameters() if id(p) not in ids]
    muon, adam = Muon(inner), torch.optim.AdamW(rest, lr=1, betas=(0.9, 0.98), weight_decay=0.01)
    step, spent, frames = 0, 0.0, 0
    last = args.run / "last.pt"
    if last.exists():
        s = torch.load(last, map_location=args.device)
        model.load_state_dict(s["model"]), ema.load_state_dict(s["ema"]), adam.load_state_dict(s["adam"])
        muon.state, step, spent, frames = s["muon"], s["step"], s["spent"], s["frames"]
        rng = np.random.default_rng(args.seed + step)
    else:
        if args.init:
            begun = {name: tensor.float() for name, tensor in load_file(args.init).items()}
            # Weights from before there was any order: the nearest thing they know.
            begun.setdefault("any_order", begun["mode"][1].clone())
            model.load_state_dict(begun)
        ema.load_state_dict(model.state_dict())
    began = time.time() - spent
    end = args.until or began + 60 * args.minutes
    log = open(args.run / "log.jsonl", "a")
    seen, next_valid, best, sums = time.time(), time.time() + args.validate_every, math.inf, {}
    print(f"{sum(p.numel() for p in model.parameters())} parameters, {len(train)} pieces", flush=True)
    # Asked to stop, it keeps what it has learned.
    stop = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(True))
    while True:
        if stop:
            save(last, model, ema, adam, muon, step, time.time() - began, frames)
            sys.exit("stopped; the same command goes on from here")
        while args.pause_file and args.pause_file.exists():
            time.sleep(1)
            began += 1
        now = time.time()
        done = min(1, step / args.steps if args.steps else (now - began) / max(1, end - began))
        if done >= 1:
            break
        causal = melody or rng.random() < args.causal
        inputs, targets = ({k: v.to(args.device) for k, v in part.items()} for part in
                           data.batch(train, causal, args.batch, rng, melody))
        falling = min(1, (1 - done) / (1 - args.hold))
        scale = min(1, (step + 1) / 100) * falling
        # What is learned last is learned with everything at hand.
        model.dropout = dropout * falling
        with torch.autocast(torch.device(args.device).type, torch.bfloat16):
            pitch, again = loss_of(model, inputs, targets)
        (pitch + 0.25 * again).backward()
        norm = torch.nn.utils.clip_grad_norm_(rest, 1.0)
        muon.step(args.lr * scale)
        for g in adam.param_groups:
            g["lr"] = 0.15 * args.lr * scale
        adam.step()
        model.zero_grad(set_to_none=True)
        step, frames = step + 1, frames + args.batch * data.T
        keep = min(0.998, step / (step + 20))
        with torch.no_grad():
            torch._foreach_lerp_(list(ema.parameters()), list(model.parameters()), 1 - keep)
        s = sums.setdefault("causal" if causal else "sorted", [0, 0, 0])
        s[0] += pitch.item(); s[1] += again.item(); s[2] += 1
        if step % 100 == 0:
            line = {"step": step, "s": round(now - began), "s_step": round((time.time() - seen) / 100, 3), "done": round(done, 3)} | {
                m: [round(v[0] / v[2], 4), round(v[1] / v[2], 4)] for m, v in sums.items()}
            seen, sums = time.time(), {}
            print(json.dumps(line), flush=True), log.write(json.dumps(line) + "\n"), log.flush()
        if time.time() > next_valid:
            save(last, model, ema, adam, muon, step, time.time() - began, frames)
            if valid:
                line = {"step": step, "s": round(time.time() - began)} | validate(ema, valid)
                figure = sum(line.get(name, 0) for name in ("atb_given_s", "chronological"))
                if figure < best:
                    best = figure
                    torch.save({"model": ema.state_dict(), "config": ema.config(), "at": line}, args.run / "best.pt")
                print(json.dumps(line), flush=True), log.write(json.dumps(line) + "\n"), log.flush()
            next_valid = time.time() + args.validate_every
    save(last, model, ema, adam, muon, step, time.time() - began, frames)
    line = {"step": step, "s": round(time.time() - began), "frames": frames} | (validate(ema, valid) if valid else {})
    torch.save({"model": ema.state_dict(), "config": ema.config(), "at": line}, args.run / "final.pt")
    print(json.dumps(line), flush=True), log.write(json.dumps(line) + "\n")


def save(path, model, ema, adam, muon, step, spent, frames):
    part = path.with_suffix(".part")
    torch.save({"model": model.state_dict(), "ema": ema.state_dict(), "adam": adam.state_dict(), "muon": muon.state,
                "step": step, "spent": spent, "frames": frames}, part)
    os.replace(part, path)


if __name__ == "__main__":
    main()
