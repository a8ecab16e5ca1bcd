"""Padding waste: tokens that are computed for each token that a lead really has, by how leads are put into batches.

Arithmetic alone, on lengths as sales dialogues have them: log-normal, mean 383 tokens, none above 2,000.

    python -m benchmarks.padding [--leads 20000] [--budgets 2048 65536] [--seed 0] [--json] [--smoke]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence

import numpy as np

from core.neural.batches import token_batches
from core.neural.states import PASS_TOKENS, SHARD_LEADS

LONGEST = 2_000
"""Tokens to which a prompt is cut. Source: the paper."""
REFERENCE_LONGEST = 3_600
"""Tokens to which the published reference code pads every lead, its default."""
MEDIAN, SPREAD = 245.0, 1.0
"""Of the log-normal: with the cut at 2,000 its mean is 383 tokens."""


def dialogue_lengths(leads: int, seed: int) -> np.ndarray:
    """Tokens of each prompt, shape (leads,) int64."""
    drawn = np.random.default_rng(seed).lognormal(np.log(MEDIAN), SPREAD, leads)
    return np.clip(np.round(drawn), 16, LONGEST).astype(np.int64)


def random_batches(leads: int, size: int, seed: int) -> list[np.ndarray]:
    """Positions in shuffled batches of `size` leads, the last one smaller."""
    order = np.random.default_rng(seed).permutation(leads)
    return [order[start : start + size] for start in range(0, leads, size)]


def our_batches(lengths: np.ndarray, budget: int) -> list[np.ndarray]:
    """The batches in which `core.neural.states.encode` reads: sorted within each shard, `budget` tokens in each."""
    shard = SHARD_LEADS["cpu" if budget <= PASS_TOKENS["cpu"] else "cuda"]
    return [
        start + batch
        for start in range(0, len(lengths), shard)
        for batch in token_batches(lengths[start : start + shard].tolist(), budget)
    ]


def waste(lengths: np.ndarray, batches: Iterable[np.ndarray]) -> float:
    """Computed over real tokens where each batch is padded to its longest lead; 1 = none is padding.

    Example:
        >>> waste(np.array([1, 3, 2]), [np.array([0, 1]), np.array([2])])
        1.3333333333333333
    """
    return float(sum(len(batch) * lengths[batch].max() for batch in batches) / lengths.sum())


def measure(leads: int, budgets: Sequence[int], seed: int) -> dict[str, float]:
    """Waste by method, beside what was measured on."""
    lengths = dialogue_lengths(leads, seed)
    figures = {
        "leads": leads,
        "mean_tokens": float(lengths.mean()),
        "pad_to_3600": REFERENCE_LONGEST / float(lengths.mean()),
        "pad_to_2000": LONGEST / float(lengths.mean()),
        "random_batches_of_32": waste(lengths, random_batches(leads, 32, seed)),
    }
    return figures | {f"token_budget_{budget}": waste(lengths, our_batches(lengths, budget)) for budget in budgets}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=20_000)
    parser.add_argument("--budgets", type=int, nargs="+", default=sorted(PASS_TOKENS.values()), help="tokens per batch")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--smoke", action="store_true", help="few leads: only to see that it runs")
    arguments = parser.parse_args()
    result = measure(1_000 if arguments.smoke else arguments.leads, arguments.budgets, arguments.seed)
    if arguments.json:
        print(json.dumps({name: round(value, 4) for name, value in result.items()}))
        return
    print(f"{result.pop('leads'):,} leads of {result.pop('mean_tokens'):.0f} tokens on average")
    for name, value in result.items():
        print(f"{name.replace('_', ' '):<24}{value:6.2f} tokens computed per real token")


if __name__ == "__main__":
    main()
