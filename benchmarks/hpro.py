"""Does HPRO earn what the paper says it earns? Simulated leads at the paper's base rate, where the truth is known.

    python -m benchmarks.hpro [--worlds 3] [--seeds 2] [--alignments 0.9 0.5 0.1] [--train 33000] [--json] [--smoke]

Each world is a market of its own. `alignment` says how closely stages and calls follow what makes people buy. Fields
alone are read, so that a world takes minutes; the tested leads are many, as 0.1% of them have to be enough to count.
Every arm is the product's own (`core.benchmark.recipes.learn`): same split, sampler, early stopping and tuning.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from core.benchmark.arms import choose
from core.benchmark.recipes import Bench, learn
from core.config import Config
from core.data.leads import Leads
from core.data.simulation import schema_for_sample, simulate
from core.data.splitting import Parts, split_by_time
from core.data.validation import validate
from core.neural.rivals import Rivals
from core.progress import nobody
from core.ranking import ranking

ARMS = ("logistic", "lightgbm", "chain", "asllr-base", "hpro", "hpro-pointwise", "hpro-pairwise", "hpro-funnel")
SMOKE = ("logistic", "asllr-base", "hpro", "hpro-pairwise")
FIGURES = ("auc", "average_precision", "precision_at_0.1%", "precision_at_1%", "recall_at_5%")
PAPER = {"auc": 0.012, "precision_at_0.1%": 0.397, "precision_at_1%": 0.153, "recall_at_5%": 0.052}
"""Gains of HPRO over the same model without it, relative. Source: arXiv 2606.04387, on 340 k and 6.14 M leads."""


def world(seed: int, alignment: float, train: int, leads: int) -> tuple[Leads, Parts]:
    """A market's leads without words, and parts of which the earlier ones are cut to `train` leads."""
    frame = simulate(leads, seed, alignment=alignment, dialogue=False).frame
    found, _ = validate(frame, schema_for_sample())
    parts = split_by_time(found)
    rng = np.random.default_rng(seed)
    share = min(train / (len(parts.train) + len(parts.calibration)), 1.0)

    def cut(rows: np.ndarray) -> np.ndarray:
        return np.sort(rng.choice(rows, round(share * len(rows)), replace=False))

    return without_words(found), Parts(cut(parts.train), cut(parts.calibration), parts.test)


def without_words(leads: Leads) -> Leads:
    """The same leads, of which no text is read."""
    features = replace(leads.schema.features, text=())
    return Leads(leads.roles, leads.features, replace(leads.schema, features=features))


def figures(outcome: np.ndarray, score: np.ndarray) -> list[float]:
    """In the order of FIGURES."""
    one = ranking(outcome, score)
    found = (one.auc(), one.average_precision(), one.precision_at(0.001), one.precision_at(0.01), one.recall_at(0.05))
    return [float(value) for value in found]


def run(
    arms: Sequence[str], worlds: int, seeds: int, alignments: Sequence[float], train: int, leads: int, trials: int
) -> pd.DataFrame:
    """One row for each world, alignment, arm and seed."""
    rows = []
    for alignment in alignments:
        for number in range(1, worlds + 1):
            data, parts = world(number, alignment, train, leads)
            outcome = data.converted[parts.test]
            with tempfile.TemporaryDirectory() as work:
                rivals = Rivals(data, parts, parts.test, Config(mask=False), Path(work), trials, nobody)
                bench = Bench(data, parts, parts.test, rivals)
                for seed in range(seeds):
                    for arm in choose(arms, data.schema.funnel).values():
                        found = figures(outcome, learn(arm, bench, seed).test())
                        rows.append((alignment, number, arm.key, seed, *found))
                        print(*rows[-1][:4], *(f"{value:.4f}" for value in found), file=sys.stderr, flush=True)
    return pd.DataFrame(rows, columns=["alignment", "world", "arm", "seed", *FIGURES])


def gains(frame: pd.DataFrame) -> pd.DataFrame:
    """By alignment and arm: mean figures, and the relative gain over asLLR base, mean over worlds with its SE."""
    by_world = frame.groupby(["alignment", "arm", "world"], sort=False)[list(FIGURES)].mean()
    base = by_world.xs("asllr-base", level="arm")
    ratio = by_world.div(base, axis="index").reorder_levels(["alignment", "arm", "world"]) - 1
    grouped = ratio.groupby(["alignment", "arm"], sort=False)
    told = by_world.groupby(["alignment", "arm"], sort=False).mean()
    return told.join(grouped.mean().add_prefix("gain ")).join(grouped.sem().add_prefix("se "))


def markdown(found: pd.DataFrame) -> str:
    """Mean figures, with the gain over asLLR base and its standard error over worlds."""
    lines = [f"| alignment | arm | {' | '.join(FIGURES)} |", "|---|---|" + "---|" * len(FIGURES)]
    for place, row in found.iterrows():
        alignment, arm = place if isinstance(place, tuple) else (place, "")
        cells = [f"{row[name]:.4f} ({row['gain ' + name]:+.1%} ± {row['se ' + name]:.1%})" for name in FIGURES]
        lines.append(f"| {alignment} | {arm} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--alignments", type=float, nargs="+", default=[0.9, 0.5, 0.1])
    parser.add_argument("--train", type=int, default=33_000, help="leads of training and calibration together")
    parser.add_argument("--leads", type=int, default=360_000, help="simulated in all; about 28%% are tested")
    parser.add_argument("--trials", type=int, default=3)
    parser.add_argument("--out", type=Path, help="also write the rows as CSV")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--smoke", action="store_true", help="tiny, to see that it runs")
    options = parser.parse_args()
    size = (SMOKE, 1, 1, [0.9], 1_000, 5_000, 1) if options.smoke else None
    asked = (ARMS, options.worlds, options.seeds, options.alignments, options.train, options.leads, options.trials)
    frame = run(*(size or asked))
    if options.out:
        frame.to_csv(options.out, index=False)
    found = gains(frame)
    if options.json:
        print(json.dumps({"rows": frame.to_dict("records"), "paper": PAPER}))
    else:
        print(markdown(found))


if __name__ == "__main__":
    main()
