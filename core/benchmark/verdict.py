"""The answer of a benchmark in plain words: which way to rank, how many orders more, and at what cost.

The two that are held against each other were chosen by validation: the best baseline, and the best form of the language
model. So there is one comparison, and its p stands uncorrected; whatever else the table shows is there to look at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.benchmark.lessons import lessons
from core.benchmark.table import Table
from core.benchmark.wording import NO_DIFFERENCE, between, duration, fewer_or_more, per_thousand, share
from core.errors import NotComputable
from core.evaluation import Missing, plain
from core.ranking import LEVEL, Figure


@dataclass(frozen=True)
class More:
    """Share of orders among the leads that the team can call: the language model's less the best baseline's."""

    value: float
    low: float
    high: float
    p: float
    leads_needed: int | None
    """Tested leads that would settle it; None where it is settled, or where more leads would not do."""
    settled_by: str
    """What would settle it, in words; empty where it is settled."""

    @property
    def shown(self) -> bool:
        """Whether this test set can show the difference."""
        return self.p < 1 - LEVEL


@dataclass(frozen=True)
class Verdict:
    """The answer. Keys are those of `Table.arms`; sentences name arms by their titles. Shares are 0..1."""

    use: str | None
    """The arm to use; None where none can be named."""
    reference: str | None
    """The best baseline, by validation."""
    language: str | None
    """The best form of the language model, by validation."""
    orders: dict[str, Figure | Missing]
    """Share of orders among the leads that the team can call, of the two."""
    more: More | Missing | None
    """None where there are not two to compare."""
    train_seconds: dict[str, float]
    score_seconds: dict[str, float]
    """For 1,000 leads; both with the language model's reading."""
    answer: tuple[str, ...]
    """What to do and why, the most important first."""
    cautions: tuple[str, ...]
    """What the answer hangs on."""
    lessons: dict[str, tuple[str, ...]]
    """What else was learnt, by topic: `tiers`, `text`, `ablations`."""

    @property
    def words(self) -> str:
        """The answer with its cautions, in one paragraph."""
        return " ".join((*self.answer, *self.cautions))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        more = asdict(self.more) | {"shown": self.more.shown} if isinstance(self.more, More) else plain(self.more)
        return {name: plain(value) for name, value in vars(self).items()} | {"more": more}


def verdict(table: Table) -> Verdict:
    """The answer that this table gives."""
    two = [arm for arm in (table.reference, table.language) if arm is not None]
    orders = {arm: table.row(arm, table.at_capacity).figure for arm in two}
    more = _more(table)
    ahead = isinstance(more, More) and more.shown and more.value > 0
    use = table.language if ahead or table.reference is None else table.reference
    costs = {arm: table.cost(arm) for arm in two}
    return Verdict(
        use=use,
        reference=table.reference,
        language=table.language,
        orders=orders,
        more=more,
        train_seconds={arm: cost.train_seconds for arm, cost in costs.items()},
        score_seconds={arm: cost.score_seconds for arm, cost in costs.items()},
        answer=(*_answer(table, use, more), *_costs(table, two, use)),
        cautions=_cautions(table),
        lessons=lessons(table),
    )


def _more(table: Table) -> More | Missing | None:
    if table.reference is None or table.language is None:
        return None
    try:
        one = table.contrast(table.at_capacity, {table.language: 1, table.reference: -1})
        gap, p = one.figure(), one.p()
    except NotComputable as error:
        return Missing(str(error))
    needed, settled_by = None, ""
    if p >= 1 - LEVEL:
        try:
            needed = one.leads_needed(table.leads)
            settled_by = f"about {_rounded(needed):,} tested leads would settle it"
        except NotComputable as error:
            settled_by = str(error)
    return More(gap.value, gap.low, gap.high, p, needed, settled_by)


def _answer(table: Table, use: str | None, more: More | Missing | None) -> list[str]:
    title = {key: arm.title for key, arm in table.results.arms.items()}
    if use is None:
        return ["Nothing can be advised yet: neither a usual method nor the language model has finished."]
    found = _found(table, use)
    if table.language is None:
        return [f"Use {title[use]}: {found}.", _why_none(table)]
    if table.reference is None:
        return [f"{title[use]}: {found}.", "No usual method has run, so nothing tells whether it is worth its cost."]
    if not isinstance(more, More):
        reason = more.reason if more else ""
        return [
            f"Use {title[use]} as long as nothing speaks for the language model ({title[table.language]}): the two "
            "cannot be compared at your team's capacity.",
            f"{_sentence(reason)}.",
        ]
    gap = f"{fewer_or_more(more.value)} ({between(more.low, more.high)})"
    if use == table.language:
        return [
            f"Use the language model, {title[use]}: {found}.",
            f"That is {gap} than with the best usual method, {title[table.reference]}: more than chance.",
        ]
    against = f"The language model ({title[table.language]}) finds {gap}"
    if more.shown:
        return [f"Use {title[use]}: {found}.", f"{against}: worse, by more than chance."]
    start = f"Use {title[use]}, since nothing shows that the language model does better: {found}."
    return [start, f"{against}: {NO_DIFFERENCE}.", f"{_sentence(more.settled_by)}."]


def _found(table: Table, arm: str) -> str:
    figure = table.row(arm, table.at_capacity).figure
    calls = f"of 1,000 calls down to your team's capacity (the best {share(table.results.capacity)} of the leads)"
    if isinstance(figure, Missing):
        return f"what it finds at your team's capacity cannot be told ({figure.reason})"
    low, high = per_thousand(figure.low), per_thousand(figure.high)
    return f"{calls} {per_thousand(figure.value)} bring an order (likely between {low} and {high})"


def _why_none(table: Table) -> str:
    results = table.results
    asked = [key for key, arm in results.arms.items() if not arm.baseline]
    reasons = [results.left_out[key] for key in asked if key in results.left_out]
    if reasons:
        return f"The language model could not run: {reasons[0].rstrip('.')}."
    if any(key in results.waiting for key in asked):
        return "The language model has not run yet."
    return "The language model was not among what was compared."


def _costs(table: Table, two: Sequence[str], use: str | None) -> list[str]:
    """What the two take, the one to use first."""
    told = []
    for arm in sorted(two, key=lambda arm: arm != use):
        cost, title = table.cost(arm), table.arms[arm].title
        told.append(
            f"{title} takes {duration(cost.train_seconds)} to train and {duration(cost.score_seconds)} to score "
            "1,000 leads"
        )
    return [f"{'; '.join(told)}."] if told else []


def _cautions(table: Table) -> tuple[str, ...]:
    results = table.results
    found = []
    if results.shared.get("split", {}).get("test") == 0:
        found.append("There was no test part, so the figures are of the leads by which choices were made: too good.")
    if results.shared.get("reads") is False and table.language is not None:
        found.append(
            "These leads have no words to read: what stands under the language model's name here are its heads and "
            "losses, learned from the fields alone."
        )
    read = results.shared.get("read") or {}
    if read.get("train", 0) < read.get("of", 0) and table.language is not None and results.shared.get("reads"):
        found.append(
            f"What reads the talk learned from {read['train']:,} of the {read['of']:,} training leads (setting "
            "encode_limit), the usual methods from all: a difference between them may come from that."
        )
    if results.waiting:
        arms = "one way to rank is" if len(results.waiting) == 1 else f"{len(results.waiting)} ways to rank are"
        found.append(f"The answer may still change: {arms} not finished.")
    if max(len(results.of(arm)) for arm in table.arms) == 1:
        found.append("Each way was trained once, so how another training would do is not in the ranges: run 3 seeds.")
    elif any(len(results.of(arm)) == 1 for arm in (table.reference, table.language) if arm in results.waiting):
        found.append("One of the two was trained once so far, so its range covers the leads alone.")
    return (*found, *_ahead_after_the_fact(table))


def _ahead_after_the_fact(table: Table) -> list[str]:
    """The usual method that did best on the tested leads, where it is not the one chosen beforehand."""
    orders = {
        key: row.figure.value
        for key, arm in table.arms.items()
        if arm.baseline and isinstance((row := table.row(key, table.at_capacity)).figure, Figure)
    }
    if table.reference not in orders:
        return []
    best = max(orders, key=lambda key: (orders[key], key == table.reference))
    if best == table.reference:
        return []
    ahead, chosen = table.arms[best].title, table.arms[table.reference].title
    return [
        f"Of the usual methods {ahead} found most on the tested leads, {per_thousand(orders[best])} of 1,000 calls; "
        f"{chosen} was chosen before the test was looked at, as it did best on the leads that training was stopped by. "
        "The best of many on one test is partly luck: take it as a hint."
    ]


def _rounded(number: int) -> int:
    """To two digits: more would claim too much.

    Example:
        >>> _rounded(41873)
        42000
    """
    return int(float(f"{number:.1e}"))


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
