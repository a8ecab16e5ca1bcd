"""Train, calibration and test by time: a model is judged on leads that came after those it learned from.

    |------------ train ------------|-- calibration --|   gap   |------------- test -------------|  too young  |
    oldest                                             maturity_days                              maturity_days  newest

The gap is there because on the day the test begins, the outcomes of the last `maturity_days` were not known. Customers
whose leads fall into several parts keep those of the latest part. Without dates the order of the file stands for time.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from core.data.leads import Leads
from core.data.schema import Split
from core.errors import ValidationError


@dataclass(frozen=True)
class Parts:
    """Row positions, ascending, of three disjoint parts; leads in none of them take no part."""

    train: np.ndarray
    calibration: np.ndarray
    test: np.ndarray
    boundaries: dict[str, tuple[str, str]] = field(default_factory=dict)
    """First and last snapshot of each part, ISO, UTC; empty where the file order stands for time."""
    notes: tuple[str, ...] = ()
    """What was left out or moved, and how many, in sentences."""


def split_by_time(leads: Leads, schema_split: Split | None = None) -> Parts:
    """Divide leads by `snapshot_time`; deterministic. `schema_split` stands in for the schema's own.

    Leads without outcome or date, and those younger than `maturity_days` before the newest snapshot, are left out.
    Leads of one time are never divided: a boundary moves to the nearer end of such a tie.

    Raises:
        ValidationError: nothing mature, one date for all, a gap that eats most of training, a part with one class.
    """
    split = schema_split or leads.schema.split
    notes: list[str] = []
    time = leads.roles["snapshot_time"]
    dated = bool(time.notna().any())
    if dated:
        order = _eligible(leads, split, notes)
        clock = time.to_numpy()[order]
    else:
        order = np.flatnonzero(np.isfinite(leads.converted))
        clock = np.arange(len(order))
        notes.append(
            "There is no snapshot time: the order of the file stands for time, oldest first, and there is no maturity "
            "gap. Name roles.snapshot_time if the file has dates."
        )
    if not len(order):
        raise ValidationError(("no lead has a known outcome: training and test need roles.converted filled in",))
    start = _boundary(clock, split.train_share, "test", dated, notes) if split.train_share < 1 else len(order)
    before, test = order[:start], order[start:]
    if not len(test):
        notes.append("train_share = 1: there is no test part.")
    elif dated:
        before = _with_gap(before, clock[:start], clock[start], split, notes)
    # As numbers: pandas looks texts up one by one in Python, a minute for six million.
    customer = np.asarray(pd.factorize(leads.roles["customer_id"])[0])
    before = _without_customers(before, test, customer, "test", notes)
    if not len(before):
        raise ValidationError(
            ("no lead is left to train on: every customer of the training part also has leads in the test part",)
        )
    clock = time.to_numpy()[before] if dated else np.arange(len(before))
    start = _boundary(clock, 1 - split.calibration_share, "calibration", dated, notes)
    train, calibration = before[:start], before[start:]
    train = _without_customers(train, calibration, customer, "calibration", notes)
    parts = {"train": train, "calibration": calibration} | ({"test": test} if len(test) else {})
    _check_classes(parts, leads.converted)
    spans = {name: (time.iloc[rows].min(), time.iloc[rows].max()) for name, rows in parts.items()} if dated else {}
    boundaries = {name: (_iso(first), _iso(last)) for name, (first, last) in spans.items()}
    return Parts(np.sort(train), np.sort(calibration), np.sort(test), boundaries, tuple(notes))


def open_rows(leads: Leads) -> np.ndarray:
    """Positions, ascending, of the leads to call: the outcome is unknown, or "no" but not final yet, as the snapshot
    lies less than `maturity_days` before the newest. Without dates only unknown outcomes count.

    Shape: (open leads,), int64; empty where all outcomes are final.
    """
    young = _young(leads.roles["snapshot_time"], leads.schema.split)
    return np.flatnonzero(~np.isfinite(leads.converted) | (young & (leads.converted != 1)))


def final_outcomes(leads: Leads) -> np.ndarray:
    """1 where a lead ordered, 0 where it did not, NaN where that may still change: see `open_rows`. Shape (n,)."""
    outcome = leads.converted.copy()
    outcome[open_rows(leads)] = np.nan
    return outcome


def as_open(leads: Leads) -> Leads:
    """These open leads without stage 0: where every lead begins says nothing yet of one that is still open, and its
    name, such as `lost`, would mislead."""
    stage = leads.roles["stage"]
    return Leads(leads.roles.assign(stage=stage.mask(stage == 0, -1)), leads.features, leads.schema)


def young_rows(leads: Leads) -> np.ndarray:
    """Positions, ascending, of the leads that lie less than `maturity_days` before the newest, whatever is known."""
    return np.flatnonzero(_young(leads.roles["snapshot_time"], leads.schema.split))


def _young(time: pd.Series, split: Split) -> np.ndarray:
    """Shape (n,), bool: later than `maturity_days` before the newest; never without a date."""
    return (time > time.max() - pd.Timedelta(days=split.maturity_days)).to_numpy(dtype=bool)


def _eligible(leads: Leads, split: Split, notes: list[str]) -> np.ndarray:
    """Positions of dated, mature leads with a known outcome, oldest first, ties in file order."""
    time, known = leads.roles["snapshot_time"], np.isfinite(leads.converted)
    newest = time.max()
    young = _young(time, split)
    undated = time.isna().to_numpy()
    if not (known & ~undated & ~young).any() and (known & young).any():
        raise ValidationError(
            (
                f"all {int((known & young).sum()):,} leads with an outcome and a date lie within maturity_days = "
                f"{split.maturity_days:g} before the newest snapshot, {_iso(newest)} (the oldest: {_iso(time.min())}): "
                "no outcome counts as known yet; set split.maturity_days lower, or take roles.snapshot_time out to go "
                "by the order of the file",
            )
        )
    _note(notes, known & undated, "without a date {} left out")
    _note(notes, ~known, "without an outcome {} left out")
    what = f"younger than maturity_days = {split.maturity_days:g} before the newest snapshot, {_iso(newest)},"
    _note(notes, known & young, what + " {} left out: the outcome is not known yet")
    rows = np.flatnonzero(known & ~undated & ~young)
    return rows[np.argsort(time.to_numpy()[rows], kind="stable")]


def _boundary(clock: np.ndarray, share: float, part: str, dated: bool, notes: list[str]) -> int:
    """Where the later part starts in the sorted `clock`: nearest to `share` without dividing leads of one time."""
    wished = min(max(round(share * len(clock)), 1), max(len(clock) - 1, 1))
    if wished >= len(clock) or clock[0] == clock[-1]:
        what = f"all {len(clock):,} of them have the time {_iso(clock[0])}" if dated else "there is but one"
        raise ValidationError(
            (
                f"the leads cannot be divided to make a {part} part, as {what}; give leads of more days, or take "
                "roles.snapshot_time out to go by the order of the file",
            )
        )
    first = int(np.searchsorted(clock, clock[wished], side="left"))
    last = int(np.searchsorted(clock, clock[wished], side="right"))
    if first == wished:
        return wished
    start = first if first > 0 and (wished - first <= last - wished or last == len(clock)) else last
    notes.append(
        f"{last - first:,} leads share the time {_iso(clock[wished])} and stay together: the {part} part starts "
        f"{abs(start - wished):,} leads {'earlier' if start < wished else 'later'} than its share says."
    )
    return start


def _with_gap(
    before: np.ndarray, clock: np.ndarray, start: np.datetime64, split: Split, notes: list[str]
) -> np.ndarray:
    late = clock > start - pd.Timedelta(days=split.maturity_days).to_timedelta64()
    if late.sum() > len(before) / 2:
        raise ValidationError(
            (
                f"the maturity gap of {split.maturity_days:g} days before the test part, which starts {_iso(start)}, "
                f"would leave out {int(late.sum()):,} of {len(before):,} leads of the training part, which starts "
                f"{_iso(clock[0])}; set split.maturity_days lower, or give leads of a longer time",
            )
        )
    _note(notes, late, f"of the training part within {split.maturity_days:g} days before the test part {{}} left out")
    return before[~late]


def _without_customers(
    earlier: np.ndarray, later: np.ndarray, customer: np.ndarray, part: str, notes: list[str]
) -> np.ndarray:
    both = np.isin(customer[earlier], customer[later])
    _note(notes, both, f"of the training part {{}} left out, as their customers have leads in the {part} part")
    return earlier[~both]


def _check_classes(parts: dict[str, np.ndarray], converted: np.ndarray) -> None:
    problems = []
    for name, rows in parts.items():
        won = int(converted[rows].sum())
        if not 0 < won < len(rows):
            problems.append(
                f"the {name} part needs converted and unconverted leads, however: {won:,} of {len(rows):,} converted; "
                "give more leads, or change train_share, calibration_share or maturity_days under [split]"
            )
    if problems:
        raise ValidationError(tuple(problems))


def _note(notes: list[str], mask: np.ndarray, sentence: str) -> None:
    if count := int(mask.sum()):
        leads = "1 lead" if count == 1 else f"{count:,} leads"
        notes.append(f"{leads} {sentence.format('is' if count == 1 else 'are')}.")


def _iso(moment: np.datetime64 | pd.Timestamp) -> str:
    stamp = pd.Timestamp(moment)
    return stamp.strftime("%Y-%m-%d" if stamp == stamp.normalize() else "%Y-%m-%dT%H:%M:%S")
