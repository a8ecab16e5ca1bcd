"""Padding waste: tokens that are computed for each token that a lead really has, by how leads are put into batches.

Arithmetic alone, on lengths as sales dialogues have them: log-normal, mean 383 tokens, none above 2,000. Ours are
those of a GPU, by the two layouts of core.neural.plans; a CPU reads each lead alone and computes no padding.

    python -m benchmarks.padding [--leads 20000] [--budgets 32768] [--seed 0] [--json] [--smoke]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from core.neural.batches import ROW_STEP, token_batches
from core.neural.packing import packed_rows
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


def our_passes(
    lengths: np.ndarray, budget: int, cut: Callable[[Sequence[int], int], list[np.ndarray]]
) -> list[np.ndarray]:
    """The passes in which `core.neural.states.encode` reads on a GPU: cut shard by shard, `budget` tokens in each."""
    shard = SHARD_LEADS["cuda"]
    return [
        start + rows
        for start in range(0, len(lengths), shard)
        for rows in cut(lengths[start : start + shard].tolist(), budget)
    ]


def waste(lengths: np.ndarray, batches: Iterable[np.ndarray]) -> float:
    """Computed over real tokens where each batch is padded to its longest lead; 1 = none is padding.

    Example:
        >>> waste(np.array([1, 3, 2]), [np.array([0, 1]), np.array([2])])
        1.3333333333333333
    """
    return float(sum(len(batch) * lengths[batch].max() for batch in batches) / lengths.sum())


def packed_waste(lengths: np.ndarray, rows: Iterable[np.ndarray]) -> float:
    """Computed over real tokens where each row is filled up to whole blocks of ROW_STEP tokens.

    Example:
        >>> packed_waste(np.array([100, 140]), [np.array([0, 1])])
        1.0666666666666667
    """
    return float(sum(-(-lengths[row].sum() // ROW_STEP) * ROW_STEP for row in rows) / lengths.sum())


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
    for budget in budgets:
        figures[f"bucketed_{budget}"] = waste(lengths, our_passes(lengths, budget, token_batches))
        figures[f"packed_{budget}"] = packed_waste(lengths, our_passes(lengths, budget, packed_rows))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=20_000)
    parser.add_argument("--budgets", type=int, nargs="+", default=[PASS_TOKENS["cuda"]], help="tokens per pass")
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
        print(f"{name.replace('_', ' '):<24}{value:7.3f} tokens computed per real token")


if __name__ == "__main__":
    main()
