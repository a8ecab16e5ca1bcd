"""Bootstrap intervals: the same leads drawn again and again, each figure computed anew with its own threshold.

Leads are never sorted again: a resample is a row of counts over score cells (`ranking.Ranking`), and many rows are one
array, made in blocks of bounded memory. Percentile intervals; source: Efron & Tibshirani 1993.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from core.errors import NotComputable
from core.ranking import TAIL, Figure, Ranking, cells, checked, ranking

Metric = Callable[[Ranking], np.ndarray]
"""A figure of a ranking, over the last axis: `Ranking.auc`, or `lambda r: r.precision_at(0.01)`."""

BLOCK = 500_000
"""Counts held at once: 4 MB an array, and about ten arrays."""
BUNDLES = 20_000
"""Above so many leads (or customers) of a kind, they are drawn in this many random bundles of about equal size. An
interval's expected width stays, and varies by 1 / sqrt(2 * BUNDLES) = 0.5%, less than with 2,000 resamples anyway."""


def bootstrap(
    outcome: ArrayLike,
    score: ArrayLike,
    metric: Metric,
    resamples: int = 2000,
    seed: int = 0,
    clusters: np.ndarray | None = None,
) -> Figure:
    """One figure with its stratified bootstrap interval. Shapes (n,), (n,), clusters (n,) or None.

    Raises:
        NotComputable: as `ranking.ranking`, or fewer than two leads (customers, with `clusters`) of either kind.

    Example:
        >>> figure = bootstrap([0, 1] * 50, list(range(100)), Ranking.auc, resamples=200)
        >>> figure.low < figure.value == 0.51 < figure.high
        True
    """
    drawn = resampled(outcome, [score], {"it": metric}, resamples, seed, clusters)["it"]
    return percentile(float(metric(ranking(outcome, score))), drawn[:, 0])


def paired_bootstrap(
    outcome: ArrayLike,
    score_a: ArrayLike,
    score_b: ArrayLike,
    metric: Metric,
    resamples: int = 2000,
    seed: int = 0,
    clusters: np.ndarray | None = None,
) -> tuple[Figure, float]:
    """The figure of a less that of b on the same resamples, with interval and two-sided p. Raises as `bootstrap`."""
    drawn = resampled(outcome, [score_a, score_b], {"it": metric}, resamples, seed, clusters)["it"]
    value = float(metric(ranking(outcome, score_a)) - metric(ranking(outcome, score_b)))
    return difference(value, drawn[:, 0] - drawn[:, 1])


def resampled(
    outcome: ArrayLike,
    scores: Sequence[ArrayLike],
    metrics: Mapping[str, Metric],
    resamples: int = 2000,
    seed: int = 0,
    clusters: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Every metric of every score on the same resamples, by name: shape (resamples, scores). Raises as `bootstrap`.

    Converted and other leads are drawn separately, so no resample has one class alone. With `clusters`, whole customers
    are drawn, those with a conversion separately from those without.
    """
    found: dict[str, list[np.ndarray]] = {name: [] for name in metrics}
    for rankings in _rankings(outcome, scores, resamples, seed, clusters):
        by_score = [[metric(one) for metric in metrics.values()] for one in rankings]
        for name, values in zip(metrics, zip(*by_score, strict=True), strict=True):
            found[name].append(np.column_stack(values))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def percentile(value: float, drawn: np.ndarray) -> Figure:
    """Value and percentile interval of its resamples, shape (resamples,). Raises NotComputable where one is NaN."""
    if not np.isfinite(drawn).all():
        raise NotComputable(
            "some resamples have no value, so there is no interval: too few leads or customers differ in outcome"
        )
    low, high = np.quantile(drawn, [TAIL, 1 - TAIL])
    return Figure(value, float(low), float(high))


def difference(value: float, drawn: np.ndarray) -> tuple[Figure, float]:
    """A difference, its percentile interval and the p at which that interval would just touch 0. Shape (resamples,)."""
    figure = percentile(value, drawn)
    beyond = min((drawn <= 0).sum(), (drawn >= 0).sum())
    return figure, float(min(1.0, 2 * (beyond + 1) / (len(drawn) + 1)))


def bundled(ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Codes 0.. for `ids`, at most BUNDLES of them. Shape (n,)."""
    names, code = np.unique(ids, return_inverse=True)
    return code if len(names) <= BUNDLES else (rng.permutation(len(names)) % BUNDLES)[code]


def draw(rng: np.random.Generator, size: np.ndarray, block: int) -> np.ndarray:
    """Draw size.sum() things of len(size) kinds with replacement: how often each came. (kinds,) -> (kinds, block)."""
    total, kinds = int(size.sum()), len(size)
    if total > 10 * kinds:
        return np.ascontiguousarray(rng.multinomial(total, size / total, size=block).T)
    # A multinomial takes a binomial for each kind; with few things a kind it is quicker to draw the things.
    drawn = rng.integers(0, total, size=(block, total))
    if total > kinds:
        drawn = np.repeat(np.arange(kinds), size)[drawn]
    return np.column_stack([np.bincount(one, minlength=kinds) for one in drawn])


def blocks(resamples: int, width: int) -> list[int]:
    """Split so many resamples into blocks of at most BLOCK counts."""
    block = max(1, min(resamples, BLOCK // max(width, 1)))
    return [min(block, resamples - start) for start in range(0, resamples, block)]


def _rankings(
    outcome: ArrayLike, scores: Sequence[ArrayLike], resamples: int, seed: int, clusters: np.ndarray | None
) -> Iterator[Iterator[Ranking]]:
    """Blocks of resamples: one Ranking of shape (block, cells) for each score, made when it is asked for."""
    pairs = [checked(outcome, score) for score in scores]
    won = pairs[0][0] == 1
    cell = [cells(truth, values) for truth, values in pairs]
    rng = np.random.default_rng(seed)
    # A lead belongs to a stratum: its outcome, or whether its customer has any conversion.
    among = won if clusters is None else np.isin(clusters, np.unique(clusters[won]))
    strata = []
    for stratum in (among, ~among):
        if clusters is None:
            unit, size = _kinds([one[stratum] for one in cell], rng)
        else:
            unit = bundled(clusters[stratum], rng)
            size = np.ones(unit.max(initial=-1) + 1, dtype=np.int64)
        if size.sum() == 1:
            unit_name = "lead" if clusters is None else "customer"
            raise NotComputable(
                f"an interval needs at least 2 {unit_name}s with a conversion and 2 without, however: there is but one "
                f"{unit_name} {'with' if stratum is among else 'without'}"
            )
        if len(size):
            strata.append((size, [_into(one, won, stratum, unit, size) for one in cell]))
    by_score = list(zip(*(matrices for _, matrices in strata), strict=True))
    widest = max(len(size) for size, _ in strata) + max(int(one.max()) + 1 for one in cell)
    for block in blocks(resamples, widest):
        weights = [draw(rng, size, block) for size, _ in strata]
        yield (_counted(pairs, weights) for pairs in by_score)


def _counted(pairs: Sequence[tuple[csr_array, csr_array]], weights: Sequence[np.ndarray]) -> Ranking:
    """One score's resamples: a pair of matrices (cells, units) and draws (units, block) for each stratum."""
    both = zip(*([matrix @ drawn for matrix in pair] for pair, drawn in zip(pairs, weights, strict=True)), strict=True)
    return Ranking(*(np.ascontiguousarray(np.sum(parts, axis=0).T) for parts in both))


def _kinds(cell: list[np.ndarray], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Leads of one outcome as kinds to draw, alike in every score: the kind of each lead, the leads of each kind."""
    kind = np.zeros(len(cell[0]), dtype=np.int64)
    for one in cell:
        kind = np.unique(kind * (one.max(initial=0) + 1) + one, return_inverse=True)[1]
    size = np.bincount(kind)
    if len(size) <= BUNDLES:
        return kind, size
    kind = bundled(np.arange(len(kind)), rng)
    return kind, np.ones(kind.max() + 1, dtype=np.int64)


def _into(
    cell: np.ndarray, won: np.ndarray, stratum: np.ndarray, unit: np.ndarray, size: np.ndarray
) -> tuple[csr_array, csr_array]:
    """Two matrices (cells, units): the converted and the other leads that one draw of a unit brings to each cell."""
    width, inside = int(cell.max()) + 1, cell[stratum]
    pair = []
    for part in (won[stratum], ~won[stratum]):
        # A unit of like leads brings one lead a draw, a customer or bundle all of its leads: whole numbers either way.
        shares = 1 / size[unit[part]]
        pair.append(csr_array((shares, (inside[part], unit[part])), shape=(width, len(size))))
    for matrix in pair:
        matrix.data = np.rint(matrix.data)
    return pair[0].astype(np.int64), pair[1].astype(np.int64)
