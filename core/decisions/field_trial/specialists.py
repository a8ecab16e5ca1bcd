"""The people who call leads, the units that a trial draws into arms: a list of one's own checked, and what it tells.

One row a specialist, always these columns:
    specialist                             str, unique
    tier                                   str: how well they sell, "1" the best
    region                                 str, "" where unknown
    leads, orders                          int: mature leads of the pre-period, and those of them that ordered
    lock_ins_7, lock_ins_14, lock_ins_30   int: orders among the mature leads of the pre-period's last 7, 14, 30 days
    follow_ups                             float: volume of work in the pre-period, in units of its own
A lead is mature once its outcome is final: `schema.split.maturity_days` after its snapshot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.data.problems import Findings
from core.data.values import to_numbers, to_text
from core.decisions.field_trial.choices import MOST_LEADS
from core.errors import NotComputable

WINDOWS = (7, 14, 30)
"""Days, back from the newest mature moment, of which orders are counted. Source: the paper's field trial."""
COUNTS = ("leads", "orders", *(f"lock_ins_{days}" for days in WINDOWS))
COLUMNS = ("specialist", "tier", "region", *COUNTS, "follow_ups")
FEWEST = 4
"""Specialists that a trial needs: two in each arm, or there is no variance. Source: ours."""
LEAST_ICC = 0.001
"""Likeness that smoothing takes for granted: rates are shrunk by at most 999 leads. Source: ours."""
WITHIN = (("orders", "leads"), ("lock_ins_7", "lock_ins_14"), ("lock_ins_14", "lock_ins_30"))
"""Counts of which the first is part of the second."""


@dataclass(frozen=True)
class Measured:
    """What planning needs to know of the specialists, as the pre-period showed it."""

    base_rate: float
    """Orders per lead, 0..1."""
    leads_per_specialist: float
    """Mean over the specialists, in the pre-period."""
    cv: float
    """Standard deviation of leads per specialist over its mean."""
    icc: float
    """Intra-class correlation: the share of the variance of outcomes that lies between specialists; 0 at least."""


def read_specialists(frame: pd.DataFrame) -> pd.DataFrame:
    """A list that a person made, checked and with every column. Shape (n, m) -> (n, 9), in the given order.

    Only `specialist` is demanded. A count that has no column is 0, a tier "1", a region ""; other columns are left out.

    Raises:
        ValidationError: every problem, with its column and rows (the header is row 1).
    """
    found = Findings()
    if "specialist" not in frame.columns:
        has = ", ".join(map(str, frame.columns))
        found.note(
            "error", "specialist", f"there is no such column; the table has {has}", "name the column of names so"
        )
    elif frame.empty:
        found.note("error", "specialist", "there is nobody in the table", "give one row a specialist")
    found.refuse()
    frame = frame.reset_index(drop=True)
    texts = {"tier": "1", "region": ""}
    read = pd.DataFrame({"specialist": to_text(frame["specialist"])})
    for name, otherwise in texts.items():
        read[name] = to_text(frame[name]) if name in frame.columns else otherwise
    for name in (*COUNTS, "follow_ups"):
        read[name] = _numbers(frame[name], found) if name in frame.columns else 0.0
    _check_rows(read, [pair for pair in WITHIN if set(pair) <= set(frame.columns)], found)
    found.refuse()
    return read[list(COLUMNS)].astype(dict.fromkeys(COUNTS, np.int64))


def measured(specialists: pd.DataFrame) -> Measured:
    """Rate, size and likeness of the specialists' leads. Shape (n, >= 3): columns specialist, leads, orders.

    Raises:
        NotComputable: fewer than two specialists have leads, none has two, or none or all of the leads ordered.

    Source: ANOVA estimator of the intra-class correlation (Donner & Eliasziw 1994).
    """
    leads, orders = (specialists[name].to_numpy(dtype=np.float64) for name in ("leads", "orders"))
    total, busy = leads.sum(), leads > 0
    if busy.sum() < 2 or total == busy.sum() or not 0 < orders.sum() < total:
        raise NotComputable(
            "how alike one specialist's leads are shows where two specialists or more have several leads, and some of "
            f"the leads ordered, others not, however: {orders.sum():,.0f} of {total:,.0f} leads of {busy.sum():,} "
            "specialists ordered; give leads of a longer time, or the columns leads and orders"
        )
    return Measured(
        base_rate=float(orders.sum() / total),
        leads_per_specialist=float(leads.mean()),
        cv=float(leads.std() / leads.mean()),
        icc=_icc(leads[busy], orders[busy]),
    )


def tiers_of(found: pd.DataFrame, tiers: int) -> pd.Series:
    """Groups of equal size by order rate, shrunk to the base rate as a beta prior of the measured likeness does it.

    Shape: (n, >= 2), columns leads and orders -> (n,) str, "1" the best; fewer where a group would hold less than two.

    Raises:
        NotComputable: as `measured`.
    """
    known = measured(found)
    icc = max(known.icc, LEAST_ICC)
    prior = (1 - icc) / icc
    rate = (found["orders"] + known.base_rate * prior) / (found["leads"] + prior)
    groups = min(tiers, len(found) // 2)
    place = rate.rank(ascending=False, method="first").astype(np.int64) - 1
    return (place * groups // len(found) + 1).astype(str)


def _icc(leads: np.ndarray, orders: np.ndarray) -> float:
    total, groups = leads.sum(), len(leads)
    rate, base = orders / leads, orders.sum() / total
    between = (leads * (rate - base) ** 2).sum() / (groups - 1)
    within = (leads * rate * (1 - rate)).sum() / (total - groups)
    size = (total - (leads**2).sum() / total) / (groups - 1)
    return max(0.0, float((between - within) / (between + (size - 1) * within)))


def _numbers(column: pd.Series, found: Findings) -> pd.Series:
    name = str(column.name)
    values, bad = to_numbers(column)
    found.rows("error", name, bad, "not a number", "write a plain number", cells=column)
    found.rows("error", name, values.isna() & ~bad, "the number is missing", "write it, 0 where there was none")
    found.rows("error", name, values < 0, "a negative number", "write 0 or more", cells=column)
    huge = values > MOST_LEADS
    found.rows("error", name, huge, f"a number above {MOST_LEADS:,}", "check the unit, or the column", cells=column)
    if name in COUNTS:
        found.rows("error", name, values % 1 > 0, "not a whole number", "write how many", cells=column)
    return values


def _check_rows(read: pd.DataFrame, within: list[tuple[str, str]], found: Findings) -> None:
    names = read["specialist"]
    found.rows("error", "specialist", names == "", "the name is empty", "give every specialist a name or a number")
    twice = names.duplicated(keep=False) & (names != "")
    found.rows("error", "specialist", twice, "a specialist stands in several rows", "keep one row each", cells=names)
    found.rows("error", "tier", read["tier"] == "", "the tier is empty", "write a tier in every row or leave it out")
    for part, whole in within:
        more = read[part] > read[whole]
        found.rows("error", part, more, f"more than {whole}", "check both columns", cells=read[part])
