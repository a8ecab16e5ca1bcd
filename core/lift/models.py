"""Several models on the same tested leads, at the team's capacity, and what the test lets one say about them."""

from __future__ import annotations

from core.comparison import Comparison, compare
from core.evaluation import RANKING_MEASURES, Measure, Missing
from core.lift.capacity import check_calls
from core.lift.lineup import Lineup
from core.ranking import Figure


def side_by_side(lineup: Lineup, calls: int, *, resamples: int = 2000, seed: int = 0) -> Comparison:
    """Every model and baseline against the first, with precision and recall at `calls` beside the usual figures.

    Raises:
        LeadRankError: fewer than two models, or `calls` is not between 1 and the number of tested leads.
    """
    check_calls(calls, len(lineup))
    here = (capacity_measure("precision_at", lineup, calls), capacity_measure("recall_at", lineup, calls))
    measures = tuple(dict.fromkeys((*here, *RANKING_MEASURES)))
    return compare(
        lineup.scores, lineup.leads, baselines=lineup.baselines, measures=measures, resamples=resamples, seed=seed
    )


def capacity_measure(kind: str, lineup: Lineup, calls: int) -> Measure:
    """The measure of `side_by_side` at so many calls: `kind` is `precision_at` or `recall_at`."""
    return Measure(kind, calls / len(lineup))


def plain_verdict(found: Comparison, metric: str) -> str:
    """Whether the first model is better than the best of the others by `metric`, in a sentence without jargon."""
    ours = found.figures[found.reference][metric]
    if isinstance(ours, Missing):
        return f"The models cannot be compared here: {ours.reason}."
    others = {name: f.value for name, row in found.figures.items() if isinstance(f := row[metric], Figure)}
    others.pop(found.reference)
    if not others:
        return "There is nothing to compare with: no other model has this figure."
    rival = max(others, key=lambda name: others[name])
    # Differences are the others' less ours; the sentence is about ours less theirs.
    gap = found.differences[rival][metric]
    what = f"the simple method {rival}" if rival in found.baselines else rival
    start = f"{found.reference}: {ours.value:.0%}, {what}: {others[rival]:.0%}"
    if isinstance(gap, Missing):
        return f"{start}. Whether that is chance cannot be said: {gap.reason}."
    low, high = -100 * gap.high, -100 * gap.low
    span = f"{-100 * gap.value:+z.0f} points, likely between {low:+z.0f} and {high:+z.0f}"
    if not gap.shown:
        return f"{start} ({span}). That is within chance: this test cannot tell the two apart."
    better = "better" if gap.value < 0 else "worse"
    return f"{start} ({span}). That is more than chance: {found.reference} is {better} here."
