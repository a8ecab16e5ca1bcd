"""What people said of pairs and leads that a model learns from, and how a training takes it.

    prefer      `chosen` should stand above `rejected`: one more pair, of a tier of its own
    skip_pair   `chosen` and `rejected` are not to be compared
    skip_lead   `lead_id` makes no pairs; its own outcome still teaches the chance of an order
    relabel     `lead_id` reached `stage`, or ordered or not (`converted` 1 or 0), whatever the file says

A later review of the same pair or lead stands in for the earlier one. Only leads of the training part are changed, so
that the figures of a model stay those of leads as the file has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.data.formulas import original
from core.data.leads import Leads
from core.data.pairs import Reviewed
from core.data.reading import read_table
from core.errors import LeadRankError
from core.funnel import Tier

OF_PAIRS, OF_LEADS = ("prefer", "skip_pair"), ("skip_lead", "relabel")
TIER = "reviewed"
FULL_WEIGHT = 50
"""Pairs from which on the reviewed tier has its whole weight: below, each counts a fiftieth of it, since a tier counts
by its mean, and a single pair would weigh as much as all others together."""
SHOWN_ROWS = 5


@dataclass(frozen=True)
class Review:
    """One thing that a person said. Raises LeadRankError where it is not whole."""

    action: str
    chosen: str = ""
    rejected: str = ""
    lead_id: str = ""
    stage: str = ""
    """Name of the stage; "" = as the file has it."""
    converted: float | None = None
    """1 or 0; None = as the file has it."""
    reason: str = ""
    by: str = ""

    def __post_init__(self) -> None:
        if self.action not in (*OF_PAIRS, *OF_LEADS):
            known = ", ".join((*OF_PAIRS, *OF_LEADS))
            raise LeadRankError(f"action must be one of {known}, however: got={self.action!r}")
        if self.action in OF_PAIRS and not (self.chosen and self.rejected and self.chosen != self.rejected):
            raise LeadRankError(
                f"'{self.action}' needs two different leads as chosen and rejected, however: "
                f"got={self.chosen!r} and {self.rejected!r}"
            )
        if self.action in OF_LEADS and not self.lead_id:
            raise LeadRankError(f"'{self.action}' needs a lead_id, however: it is empty")
        if self.converted is not None and self.converted not in (0, 1):
            raise LeadRankError(f"converted must be 1, 0 or empty, however: got={self.converted!r}")
        if self.action == "relabel" and not self.stage and self.converted is None:
            raise LeadRankError("'relabel' needs a stage or an outcome (converted), however: both are empty")


COLUMNS = tuple(f.name for f in fields(Review))


def to_frame(reviews: Sequence[Review]) -> pd.DataFrame:
    """One row a review: what `read_reviews` reads, once it is a file."""
    rows = [asdict(review) | {"converted": _as_text(review.converted)} for review in reviews]
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype="str")


def read_reviews(path: Path) -> tuple[Review, ...]:
    """Reviews in the order of the file, oldest first; columns as `Review` has them, `by` may be missing.

    Raises:
        ReadError: it is no table.
        LeadRankError: columns are missing, or rows are not whole; names them.
    """
    frame = read_table(path)
    missing = [name for name in COLUMNS if name != "by" and name not in frame]
    if missing:
        raise LeadRankError(
            f"'{path.name}': a file of reviews needs the columns {', '.join(COLUMNS)}, however: {missing} missing; "
            "download one on the page Pairs"
        )
    columns = {name: original(frame[name].fillna("").astype(str).str.strip()) for name in COLUMNS if name in frame}
    found, wrong = [], []
    for number, row in enumerate(pd.DataFrame(columns).to_dict("records"), start=2):
        try:
            found.append(_review({str(name): value for name, value in row.items()}))
        except LeadRankError as error:
            wrong.append(f"row {number}: {error}")
    if wrong:
        more = f"; and {len(wrong) - SHOWN_ROWS} more rows" if len(wrong) > SHOWN_ROWS else ""
        raise LeadRankError(f"'{path.name}': {'; '.join(wrong[:SHOWN_ROWS])}{more}")
    return tuple(found)


def _review(row: dict[str, Any]) -> Review:
    told = row.pop("converted")
    try:
        converted = float(told) if told else None
    except ValueError:
        raise LeadRankError(f"converted must be 1, 0 or empty, however: got={told!r}") from None
    return Review(**row, converted=converted)


def _as_text(converted: float | None) -> str:
    return "" if converted is None else f"{converted:g}"


@dataclass(frozen=True, eq=False)
class Applied:
    """Leads as a training takes them, and what was used of the reviews."""

    leads: Leads
    reviewed: Reviewed
    """By position in `leads`."""
    pairs: int
    exclusions: int
    relabels: int
    outside: int
    """Reviews left out, since a lead of theirs lies outside the training part."""
    unknown: int
    """Reviews left out, since a lead of theirs is not among these leads at all."""
    by: tuple[str, ...]
    """Who made those that are used."""

    @property
    def summary(self) -> str:
        """One sentence or two for a person."""
        used = [
            _counted(self.pairs, "pair"),
            _counted(self.exclusions, "exclusion"),
            _counted(self.relabels, "relabel"),
        ]
        who = f", by {', '.join(self.by)}" if self.by else ""
        left = [
            f"{self.outside:,} with a lead outside the training part" if self.outside else "",
            f"{self.unknown:,} with a lead that is not in this file" if self.unknown else "",
        ]
        rest = f" Left out: {', '.join(filter(None, left))}." if any(left) else ""
        return f"Reviews used: {', '.join(used)}{who}.{rest}"

    def to_dict(self) -> dict[str, Any]:
        """For a model card."""
        names = ("pairs", "exclusions", "relabels", "outside", "unknown")
        tier = {"margin": self.reviewed.tier.margin, "weight": self.reviewed.tier.weight}
        return {**{name: getattr(self, name) for name in names}, "by": list(self.by), **tier, "summary": self.summary}


def apply_reviews(
    leads: Leads, train: np.ndarray, reviews: Sequence[Review], *, margin: float = 0.5, weight: float = 1.0
) -> Applied:
    """What `reviews`, oldest first, change for a training on the rows `train`.

    A pair with a lead that is left out is no pair either.

    Raises:
        LeadRankError: a relabelled stage is not one of the funnel; names it.
    """
    last = {_subject(review): review for review in reviews}
    place = pd.Index(leads.lead_id.astype(object))
    inside = np.zeros(len(leads), dtype=bool)
    inside[train] = True
    used: list[tuple[Review, np.ndarray]] = []
    outside = unknown = 0
    for review in last.values():
        rows = place.get_indexer([review.chosen, review.rejected] if review.action in OF_PAIRS else [review.lead_id])
        unknown += bool((rows < 0).any())
        outside += bool((rows >= 0).all() and not inside[rows].all())
        if (rows >= 0).all() and inside[rows].all():
            used.append((review, rows))
    left_out = np.zeros(len(leads), dtype=bool)
    left_out[[rows[0] for review, rows in used if review.action == "skip_lead"]] = True
    pairs = _rows_of(used, "prefer")
    pairs = pairs[~left_out[pairs].any(axis=1)]
    without = _rows_of(used, "skip_pair")
    relabelled = [(review, int(rows[0])) for review, rows in used if review.action == "relabel"]
    tier = Tier(TIER, margin, weight=weight * min(1.0, max(len(pairs), 1) / FULL_WEIGHT))
    return Applied(
        _relabelled(leads, relabelled),
        Reviewed(pairs[:, 0], pairs[:, 1], without, left_out, tier),
        pairs=len(pairs),
        exclusions=len(without) + int(left_out.sum()),
        relabels=len(relabelled),
        outside=outside,
        unknown=unknown,
        by=tuple(sorted({review.by for review, _ in used if review.by})),
    )


def _subject(review: Review) -> tuple[str, ...]:
    """What a review is about; of two about the same the later holds."""
    if review.action in OF_PAIRS:
        return ("pair", *sorted((review.chosen, review.rejected)))
    return (review.action, review.lead_id)


def _rows_of(used: list[tuple[Review, np.ndarray]], action: str) -> np.ndarray:
    return np.array([rows for review, rows in used if review.action == action], dtype=np.int64).reshape(-1, 2)


def _relabelled(leads: Leads, relabelled: list[tuple[Review, int]]) -> Leads:
    """New leads where there is something to change; the given ones are never changed."""
    if not relabelled:
        return leads
    stages = leads.schema.funnel.stages
    stage, converted = leads.stage.copy(), leads.converted.copy()
    for review, row in relabelled:
        if review.stage:
            if review.stage not in stages:
                raise LeadRankError(
                    f"the review of lead '{review.lead_id}' names the stage '{review.stage}', which the funnel "
                    f"{list(stages)} does not hold; mend or withdraw it"
                )
            stage[row] = stages.index(review.stage)
        if review.converted is not None:
            converted[row] = review.converted
    return Leads(leads.roles.assign(stage=stage, converted=converted), leads.features, leads.schema)


def _counted(number: int, one: str) -> str:
    return f"{number:,} {one if number == 1 else one + 's'}"
