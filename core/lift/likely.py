"""What came of earlier leads with about the same chance, as a range: how far the chance of one lead can be trusted.

The range speaks of the mean chance of leads with such a chance. It says nothing of what one lead among them will do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from core.data.leads import Leads
from core.errors import LeadRankError, NotComputable
from core.evaluation import wilson
from core.lift.lineup import read_run_scores

SIDE, NARROW = 100, 0.06
"""Leads taken on either side of the chance, the nearest below and above; of few leads at most this share of all, since
further ones are hardly like it. Source: ours; the test of coverage holds them."""
WIDEST = 0.1
"""Most leads taken on either side where fewer promise too few orders, as a share of all."""
LEAST_LEADS = 40
"""Fewest leads near by of which anything is said."""
LEAST_ORDERS = 3
"""Fewest orders that their chances promise, as well. Not that came: the range would then be told only where more came
than should, and would lie too high."""
LITTLE = "Too little data to say"


@dataclass(frozen=True)
class Likely:
    """Earlier leads of about one chance, and what came of them."""

    leads: int
    orders: int
    low: float
    """Ends of Wilson's 95% interval of the share that ordered, 0..1."""
    high: float

    @property
    def words(self) -> str:
        """
        Example:
            >>> Likely(200, 11, 0.031, 0.096).words
            'Of 100 leads like that, 3 to 10 order: of the 200 earlier leads with the nearest chances, 11 did.'
        """
        low, high = self.per_hundred
        return (
            f"Of 100 leads like that, {low} to {high} order: of the {self.leads:,} earlier leads with the nearest "
            f"chances, {self.orders:,} did."
        )

    @property
    def per_hundred(self) -> tuple[str, str]:
        """Both ends of 100 leads; with a decimal where whole numbers would say little.

        Example:
            >>> Likely(200, 11, 0.031, 0.096).per_hundred, Likely(1000, 8, 0.0041, 0.0157).per_hundred
            (('3', '10'), ('0.4', '1.6'))
        """
        form = "{:.1f}" if 100 * self.high < 3 else "{:.0f}"
        return form.format(100 * self.low), form.format(100 * self.high)


@dataclass(frozen=True)
class TooLittle:
    """Nothing can be said, and why."""

    why: str

    @property
    def words(self) -> str:
        return f"{LITTLE} how far this chance can be trusted: {self.why}."


@dataclass(frozen=True)
class Past:
    """Leads of known outcome with the chance that a model gave them before it knew."""

    chance: np.ndarray
    """Shape (n,), 0..1."""
    ordered: np.ndarray
    """1 or 0, shape (n,)."""
    missing: str = ""
    """That leads which the model was tested on are not among these, as words; "" where all are."""

    @cached_property
    def _sorted(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Chances, low first (n,), and before each place how many orders came and were promised, (n + 1,) both."""
        order = np.argsort(self.chance, kind="stable")
        chance, ordered = self.chance[order], self.ordered[order]
        orders, promised = (np.concatenate([[0], np.cumsum(each)]) for each in (ordered, chance))
        return chance, orders, promised

    def near(self, chance: float) -> Likely | TooLittle:
        """What came of the leads nearest in chance, as many below as above, so that their mean is near it too.

        `SIDE` on either side, more while they promise fewer than `LEAST_ORDERS` orders, fewer towards either end. Leads
        of the same chance as the outermost one are taken with it.
        """
        chances, orders, promised = self._sorted
        n = len(chances)
        if not n:
            return TooLittle("no earlier lead of known outcome has a chance from this model")
        below, above = int(np.searchsorted(chances, chance)), int(np.searchsorted(chances, chance, "right"))
        high = "high" if 2 * below > n else "low"
        if below == above in (0, n):
            return TooLittle(f"no earlier lead had so {high} a chance")
        room, side = min(below, n - above), max(1, min(SIDE, int(NARROW * n)))
        while True:
            start, end = self._around(below, above, min(side, room))
            enough = promised[end] - promised[start] >= LEAST_ORDERS
            if enough or side >= min(room, WIDEST * n):
                break
            side = min(2 * side, int(WIDEST * n) + 1)
        if end - start < LEAST_LEADS:
            lie = "lead lies" if end - start == 1 else "leads lie"
            return TooLittle(f"only {end - start:,} earlier {lie} around so {high} a chance")
        if not enough:
            return TooLittle(f"hardly any order can be expected of the {end - start:,} earlier leads nearest in chance")
        came = int(orders[end] - orders[start])
        found = wilson(came, end - start)
        return Likely(end - start, came, found.low, found.high)

    def _around(self, below: int, above: int, side: int) -> tuple[int, int]:
        """From and up to which place, with all leads of the outermost chances. `below` to `above`: of this very one."""
        chances = self._sorted[0]
        start = int(np.searchsorted(chances, chances[below - side])) if side else below
        end = int(np.searchsorted(chances, chances[above + side - 1], "right")) if side else above
        return start, end


def past_of(folder: Path, card: Mapping[str, Any], leads: Leads) -> Past:
    """The leads that a run was tested on, as far as they are among `leads` and their outcome is known.

    Raises:
        RunError: the run's test scores cannot be read.
        NotComputable: it has tested none of these leads, or its outcomes are not known.
    """
    if card.get("tested_on") == "calibration":
        raise NotComputable("this model was tested on leads that it had learned from, so its chances are untried")
    run = read_run_scores(folder, "model", card)
    tested = run.scores["model"].frame.set_index("lead_id")["probability"]
    chance = tested.reindex(leads.lead_id.astype(object)).to_numpy(dtype=float)
    outcome = leads.converted  # final: leads too young for that are in no test, see `core.data.splitting`
    known = np.isfinite(chance) & np.isfinite(outcome)
    missing = _missing(int(np.isfinite(chance).sum()), int(np.isfinite(tested).sum()))
    if not known.any():
        raise NotComputable(missing or "no lead that this model was tested on has a known outcome here")
    return Past(chance[known], outcome[known], missing)


def _missing(here: int, tested: int) -> str:
    """
    Example:
        >>> _missing(0, 500), _missing(500, 500)
        ('none of the 500 leads that the model was tested on are in this file; give the one that it was trained on', '')
    """
    if here >= tested:
        return ""
    of = f"{f'only {here:,}' if here else 'none'} of the {tested:,} leads that the model was tested on"
    return f"{of} are in this file; give the one that it was trained on"


def likely_of(folder: Path, card: Mapping[str, Any], leads: Leads, chance: float) -> Likely | TooLittle:
    """`Past.near` of the leads that a run was tested on; where there are none, why nothing can be said."""
    try:
        past = past_of(folder, card, leads)
        found = past.near(chance)
        # Of a part of the tested leads "no earlier lead" would not be true.
        return TooLittle(past.missing) if isinstance(found, TooLittle) and past.missing else found
    except LeadRankError as error:
        return TooLittle(str(error))
