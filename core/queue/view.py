"""Which leads of a queue are shown, and in which order: a frozen value that travels as the page's address."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from core.errors import LeadRankError

STATUSES = ("open", "called", "won", "lost", "not_now")
"""What people have done with a lead; `open` until they do something."""
LONGEST = 200
"""Characters of a search, and values of one filter, that are taken. Source: ours; an address holds no more anyway."""
ONLY = "only."
"""Before a column's name in an address: `only.field:region=north&only.field:region=south`."""


@dataclass(frozen=True)
class View:
    """The leads that are shown: those that pass every condition. `Queue` checks that the columns exist.

    Raises:
        LeadRankError: a value that cannot be: a share outside 0..1, an unknown status, a range from high to low.
    """

    search: str = ""
    """Found in the lead's id, its owner of now or a column shown for people; capital letters make no difference."""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Column of the queue (`owner`, `stage`, `trend`, `field:region`, ...) -> values, one of which the lead has;
    "" stands for unknown."""
    probability: tuple[float, float] | None = None
    """Lowest and highest, 0 to 1, both included; leaves out leads without a probability."""
    since: date | None = None
    """First day of `snapshot_time`; leaves out leads without one."""
    until: date | None = None
    """Last day, included."""
    statuses: tuple[str, ...] = ("open",)
    """Of STATUSES; () is all of them."""
    to_call: bool = False
    """Only the leads above the cut; the queue then needs a capacity."""
    sort: str = "rank"
    """A column of the queue, or `status`. Ties by rank; leads where it is unknown come last."""
    descending: bool = False

    def __post_init__(self) -> None:
        texts = [
            self.search,
            self.sort,
            *self.filters,
            *(value for values in self.filters.values() for value in values),
        ]
        for text in texts:
            if len(text) > LONGEST:
                raise LeadRankError(f"a search or filter may have {LONGEST} characters, however: got {len(text)}")
            if any("\ud800" <= sign <= "\udfff" for sign in text):
                raise LeadRankError("a search or filter must be plain text, however: it holds half a character")
        for column, values in self.filters.items():
            if not 0 < len(values) <= LONGEST:
                raise LeadRankError(
                    f"the filter on '{column}' must have 1 to {LONGEST} values, however: got {len(values)}"
                )
        if self.probability is not None:
            low, high = self.probability
            if not (math.isfinite(low) and math.isfinite(high) and 0 <= low <= high <= 1):
                raise LeadRankError(
                    f"the chance of an order must run from low to high in 0..1, however: {low} to {high}"
                )
        for day in (self.since, self.until):
            if day is not None and not 1900 <= day.year <= 2200:
                raise LeadRankError(f"a date must lie between 1900 and 2200, however: got {day}")
        if self.since is not None and self.until is not None and self.since > self.until:
            raise LeadRankError(f"the first day must not come after the last, however: {self.since} to {self.until}")
        unknown = [status for status in self.statuses if status not in STATUSES]
        if unknown:
            raise LeadRankError(f"a status must be one of {', '.join(STATUSES)}, however: got '{unknown[0][:40]}'")

    def to_query(self) -> dict[str, str | list[str]]:
        """Entries of an address, without those at their defaults.

        Example:
            >>> View(search="meyer", filters={"owner": ("Ann",)}, descending=True).to_query()
            {'search': 'meyer', 'only.owner': ['Ann'], 'order': 'descending'}
        """
        query: dict[str, str | list[str]] = {"search": self.search} if self.search else {}
        query |= {ONLY + column: list(values) for column, values in self.filters.items()}
        if self.probability is not None:
            query |= {"chance_from": repr(self.probability[0]), "chance_to": repr(self.probability[1])}
        if self.since is not None:
            query["since"] = self.since.isoformat()
        if self.until is not None:
            query["until"] = self.until.isoformat()
        if self.statuses != ("open",):
            query["status"] = list(self.statuses) or ["all"]
        if self.to_call:
            query["to_call"] = "yes"
        if self.sort != "rank":
            query["sort"] = self.sort
        if self.descending:
            query["order"] = "descending"
        return query

    @staticmethod
    def from_query(query: Mapping[str, str | list[str]]) -> View:
        """The view that an address names; entries that are no part of a view are passed over.

        Raises:
            LeadRankError: an entry that a view has, with a value that it cannot have.

        Example:
            >>> View.from_query({"status": "all", "dataset": "1f"}).statuses
            ()
        """
        statuses = tuple(dict.fromkeys(_all(query.get("status", "open"))))
        low, high = (_share(_one(query.get(name, "")), name) for name in ("chance_from", "chance_to"))
        return View(
            search=_one(query.get("search", "")),
            filters={
                name.removeprefix(ONLY): tuple(dict.fromkeys(_all(values)))
                for name, values in query.items()
                if name.startswith(ONLY)
            },
            probability=None if low is high is None else (0.0 if low is None else low, 1.0 if high is None else high),
            since=_day(_one(query.get("since", ""))),
            until=_day(_one(query.get("until", ""))),
            statuses=() if "all" in statuses else statuses,
            to_call=_one(query.get("to_call", "")) == "yes",
            sort=_one(query.get("sort", "")) or "rank",
            descending=_one(query.get("order", "")) == "descending",
        )


def _all(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else [str(item) for item in value]


def _one(value: str | list[str]) -> str:
    """The last, as Streamlit takes it where an entry comes twice."""
    return (_all(value) or [""])[-1]


def _share(text: str, name: str) -> float | None:
    if not text:
        return None
    try:
        return float(text)
    except ValueError as error:
        raise LeadRankError(f"'{name}' in the address must be a number from 0 to 1, however: '{text[:40]}'") from error


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise LeadRankError(f"a date in the address must look like 2026-11-23, however: '{text[:40]}'") from error
