"""What the language model brings over the best usual method at the team's capacity, and what would settle it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.benchmark.spread import POWER, Contrast
from core.benchmark.table import Table
from core.benchmark.wording import per_thousand
from core.errors import NotComputable
from core.evaluation import Missing
from core.ranking import LEVEL

WORTH = 0.1
"""Share of the usual method's orders that a difference must reach to matter. Source: about what the paper's field trial
brought, 9.5%."""
LEAST_TESTED = 50
"""Orders among the tested leads below which nothing is advised. Source: ours; with so many an AUC of 0.75 still has a
range of 0.08 to each side (Hanley & McNeil 1982)."""
LEAST_CHOSEN = 25
"""The same among the leads by which settings and methods were chosen; half as many, since a choice within its error
falls to the simplest."""


@dataclass(frozen=True)
class More:
    """Share of orders among the leads that the team can call: the language model's less the best baseline's."""

    value: float
    low: float
    high: float
    p: float
    leads_needed: int | None
    """Tested leads that would show as large a difference in 8 of 10 tests; None where it is shown, or none would."""
    settled_by: str
    """What would settle it, a sentence; empty where it is settled."""

    @property
    def shown(self) -> bool:
        """Whether this test set can show the difference."""
        return self.p < 1 - LEVEL


def advantage(table: Table) -> More | Missing | None:
    """None where there are not two to compare."""
    if table.reference is None or table.language is None:
        return None
    try:
        one = table.contrast(table.at_capacity, {table.language: 1, table.reference: -1})
        gap, p = one.figure(), one.p()
        base = table.contrast(table.at_capacity, {table.reference: 1}).value
    except NotComputable as error:
        return Missing(str(error))
    if p < 1 - LEVEL:
        return More(gap.value, gap.low, gap.high, p, None, "")
    try:
        needed = one.leads_needed(table.leads)
        words = f"If the difference is as large as seen, {_shown_by(needed)}."
    except NotComputable:
        needed, words = None, _worth_showing(one, WORTH * base, table.leads)
    return More(gap.value, gap.low, gap.high, p, needed, words)


def _worth_showing(one: Contrast, worth: float, leads: int) -> str:
    """Where the difference seen tells nothing of what would settle it: what would show one that matters."""
    gap = one.figure()
    if worth <= 0:
        return "Neither brings an order at this capacity, so more leads with orders are needed to compare them."
    calls = f"{per_thousand(worth)} of 1,000 calls"
    if max(abs(gap.low), abs(gap.high)) <= worth:
        return f"Whichever is better, it is by less than a tenth of the orders ({calls}): take the cheaper one."
    try:
        return f"Were one better by a tenth of the orders ({calls}), {_shown_by(one.leads_needed(leads, worth))}."
    except NotComputable:
        return f"How much the trainings differ would hide a tenth of the orders ({calls}) in any test: run more seeds."


def _shown_by(leads: int) -> str:
    return f"about {rounded(leads):,} tested leads would show it in {10 * POWER:.0f} of 10 tests"


def rounded(number: float) -> int:
    """To two digits: more would claim too much.

    Example:
        >>> rounded(41873)
        42000
    """
    return int(float(f"{number:.1e}"))


@dataclass(frozen=True)
class Orders:
    """Whether there are orders enough to advise anything."""

    tested: int
    chosen: int | None
    """Among the leads by which settings were chosen; None where it is not known."""
    leads: int
    """In the whole file."""

    @staticmethod
    def of(table: Table) -> Orders:
        """Those of a benchmark."""
        shared = table.results.shared
        chosen = shared.get("converted", {}).get("calibration")
        return Orders(table.converted, None if chosen is None else int(chosen), int(shared.get("leads", table.leads)))

    @property
    def enough(self) -> bool:
        return self.tested >= LEAST_TESTED and (self.chosen is None or self.chosen >= LEAST_CHOSEN)

    @property
    def words(self) -> str:
        """Why they are too few, and how many leads would do."""
        part = f"it takes at least {LEAST_TESTED} among the tested leads (there are {self.tested})"
        if self.chosen is not None and self.chosen < LEAST_CHOSEN:
            part += f", and {LEAST_CHOSEN} among those held back for choosing settings (there are {self.chosen})"
        times = max(LEAST_TESTED / self.tested, 0 if self.chosen is None else LEAST_CHOSEN / max(self.chosen, 1))
        # Rounded up, so that the next file is not short of a few.
        needed = int(np.ceil(1.05 * times * self.leads))
        return f"{part}. About {rounded(needed):,} leads like these would do; here are {self.leads:,}."
