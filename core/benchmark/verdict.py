"""The answer of a benchmark in plain words: which way to rank, how many orders more, and at what cost.

The two that are held against each other were chosen by validation: the best baseline, and the best form of the language
model. So there is one comparison, and its p stands uncorrected; whatever else the table shows is there to look at.
Unless the language model wins that comparison, the simplest usual method that did about as well as the best one by
validation is advised; with few orders nothing is.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from core.benchmark.advantage import More, Orders, advantage
from core.benchmark.cautions import cautions
from core.benchmark.lessons import lessons
from core.benchmark.spread import Point
from core.benchmark.table import Table, electable
from core.benchmark.wording import AS_MANY, NO_DIFFERENCE, between, duration, fewer_or_more, listed, per_thousand, share
from core.evaluation import Missing, plain
from core.ranking import Figure

TOO_FEW, NOTHING = "Too few orders to tell", "Nothing can be advised yet"


@dataclass(frozen=True)
class Verdict:
    """The answer. Keys are those of `Table.arms`; sentences name arms by their titles. Shares are 0..1."""

    headline: str
    """The answer in a few words."""
    use: str | None
    """The arm to use; None where none can be advised."""
    simplest: str | None
    """The simplest baseline that did about as well as the best one, by validation."""
    reference: str | None
    """The best baseline, by validation."""
    language: str | None
    """The best form of the language model, by validation."""
    orders: dict[str, Figure | Point | Missing]
    """Share of orders among the leads that the team can call, of these three."""
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
    named = [arm for arm in (table.simplest, table.reference, table.language) if arm is not None]
    more, enough = advantage(table), Orders.of(table).enough
    use = _use(table, more) if enough else None
    headline = TOO_FEW if not enough else NOTHING if use is None else f"Use {_called(table, use)}"
    costs = {arm: table.cost(arm) for arm in named}
    return Verdict(
        headline=headline,
        use=use,
        simplest=table.simplest,
        reference=table.reference,
        language=table.language,
        orders={arm: table.row(arm, table.at_capacity).figure for arm in named},
        more=more,
        train_seconds={arm: cost.train_seconds for arm, cost in costs.items()},
        score_seconds={arm: cost.score_seconds for arm, cost in costs.items()},
        answer=(*_answer(table, headline, use, more), *_costs(table, use)),
        cautions=cautions(table, use),
        lessons=lessons(table),
    )


def _use(table: Table, more: More | Missing | None) -> str | None:
    if table.reference is None:
        return None
    ahead = isinstance(more, More) and more.shown and more.value > 0
    return table.language if ahead else table.simplest


def _called(table: Table, arm: str) -> str:
    """Without words to read, a form of the language model goes by its title alone."""
    title = table.arms[arm].title
    return f"the language model, {title}" if arm == table.language and table.reads else title


def _answer(table: Table, headline: str, use: str | None, more: More | Missing | None) -> list[str]:
    if headline == TOO_FEW:
        first = [f"{headline}: {Orders.of(table).words}", *_meanwhile(table)]
    elif use is None:
        first = [f"{headline}: {_what_lacks(table)}"]
    elif use == table.language or not isinstance(more, More) or more.shown:
        first = [f"{headline}: {_found(table, use)}."]
    else:
        better = "the language model" if table.reads else table.arms[table.language or ""].title
        first = [f"{headline}, since nothing shows that {better} does better: {_found(table, use)}."]
    alike = [] if use is not None and use == table.language else _alike(table)
    return [*first, *alike, *_against(table, use, more)]


def _what_lacks(table: Table) -> str:
    if table.language is None:
        return "neither a usual method nor the language model has finished."
    return (
        f"no usual method has run, so nothing tells whether {_called(table, table.language)}, is worth its cost; "
        f"{_found(table, table.language)}."
    )


def _meanwhile(table: Table) -> list[str]:
    """What to do while there are too few orders."""
    if table.simplest is None:
        return ["Until then keep the way you rank now."]
    title, best = table.arms[table.simplest].title, "of the usual methods compared"
    return [
        f"Until then keep the way you rank now; {best}, {title} is the simplest that did about as well as any: "
        f"{_found(table, table.simplest)}."
    ]


def _alike(table: Table) -> list[str]:
    """The usual methods that validation cannot tell apart."""
    titles = [table.arms[key].title for key in table.as_good]
    if len(titles) < 2:
        return []
    return [
        f"On the leads held back for choosing, {len(titles)} usual methods cannot be told apart: "
        f"{listed(titles)}. {titles[0]} is the simplest of them."
    ]


def _against(table: Table, use: str | None, more: More | Missing | None) -> list[str]:
    """The language model beside the best usual method."""
    if table.language is None:
        return [_why_none(table)] if table.reference is not None else []
    if table.reference is None:
        return []
    title, best = table.arms[table.language].title, table.arms[table.reference].title
    named = f"The language model ({title})" if table.reads else title
    if not isinstance(more, More):
        why = more.reason if more else ""
        return [f"{named} and {best} cannot be compared at your team's capacity: {why}."]
    than = "as" if fewer_or_more(more.value) == AS_MANY else "than"
    found = f"{fewer_or_more(more.value)} orders in 1,000 calls"
    gap = f"{found} {than} the best usual method, {best} ({between(more.low, more.high)})"
    if use == table.language:
        return [f"It finds {gap}: more than chance."]
    if more.shown and more.value > 0:
        return [f"{named} finds {gap}: more than chance, but so few orders can mislead; take it as a hint."]
    if more.shown:
        return [f"{named} finds {gap}: worse, by more than chance."]
    return [f"{named} finds {gap}: {NO_DIFFERENCE}.", more.settled_by]


def _found(table: Table, arm: str) -> str:
    figure = table.row(arm, table.at_capacity).figure
    calls = f"of 1,000 calls down to your team's capacity (the best {share(table.results.capacity)} of the leads)"
    if isinstance(figure, Missing):
        return f"what it finds at your team's capacity cannot be told ({figure.reason})"
    if isinstance(figure, Point):
        return f"{calls} {per_thousand(figure.value)} bring an order"
    low, high = per_thousand(figure.low), per_thousand(figure.high)
    return f"{calls} {per_thousand(figure.value)} bring an order (likely between {low} and {high})"


def _why_none(table: Table) -> str:
    """Why there is no `Table.language`."""
    results = table.results
    asked = [key for key, arm in results.arms.items() if electable(arm)]
    held_up = [results.held_up[key] for key in asked if key in results.held_up]
    if held_up:
        return f"The language model has not run yet, as it was held up: {held_up[0].rstrip('.')}."
    if any(key in results.waiting for key in asked):
        return "The language model has not run yet."
    reasons = [results.left_out[key] for key in asked if key in results.left_out]
    if reasons:
        return f"The language model could not run: {reasons[0].rstrip('.')}."
    if any(arm.reads for arm in table.arms.values()):
        return (
            "Of the language model only variations were compared, which are there to explain and not to be used: "
            "compare it as it is too (family asllr)."
        )
    return "The language model was not among what was compared, so whether it is worth its cost is not told."


def _costs(table: Table, use: str | None) -> list[str]:
    """What the usual method and the language model take, the one to use first."""
    two = dict.fromkeys(arm for arm in (table.simplest, table.language) if arm is not None)
    told = []
    for arm in sorted(two, key=lambda arm: arm != use):
        cost, title = table.cost(arm), table.arms[arm].title
        told.append(
            f"{title} takes {duration(cost.train_seconds)} to train and {duration(cost.score_seconds)} to score "
            "1,000 leads"
        )
    return [f"{'; '.join(told)}."] if told else []
