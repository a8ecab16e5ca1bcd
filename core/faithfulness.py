"""Whether reasons are the model's: figures over leads, and the gate that reasons have to pass; see `removals`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol

import numpy as np
from scipy import stats

from core.errors import NotComputable, RunError
from core.ranking import LEVEL, Figure
from core.removals import TOPS

DROPPED = 0.2
"""Share that is left out to see whether the lead falls from the top of the list."""
MOST_ERROR = 0.05
LEAST_AGREEMENT = 0.6
"""Of the gate. Source: method 5.3."""
MOST_ALIKE = 0.3
"""Mean size of the rank correlation with reasons of a shuffled model. Chance alone gives 0.15 for 30 fields and turns,
0.27 for ten. Source: ours."""
RESAMPLES = 2000


class Removed(Protocol):
    """What one lead's logit does without its strongest units and with them alone, under a way to leave them out."""

    @property
    def comprehensiveness(self) -> float: ...

    @property
    def sufficiency(self) -> float: ...

    @property
    def random_comprehensiveness(self) -> float:
        """Mean over random orders of the same lead's units."""
        ...

    @property
    def random_sufficiency(self) -> float: ...


@dataclass(frozen=True)
class Deleted:
    """`Removed` where units are really left out: a turn not said, a field not known."""

    comprehensiveness: float
    sufficiency: float
    random_comprehensiveness: float
    random_sufficiency: float


@dataclass(frozen=True)
class Told:
    """One lead under one method; `Removed` where a neutral token stands for the words of a unit."""

    comprehensiveness: float
    sufficiency: float
    random_comprehensiveness: float
    random_sufficiency: float
    infidelity: float
    error: float
    """Relative, of the sum."""
    agreement: float | None
    """Jaccard of the strongest units against two baselines; None without a second one."""
    sensitivity: float | None
    falls: Mapping[str, bool]
    """By share of the list ("0.05"): whether the lead falls out of it; leads that are in it alone."""
    passes: float
    """Readings of the lead, forwards and backwards."""
    seconds: float
    deleted: Deleted | None = None


@dataclass(frozen=True)
class Removal:
    """A method over all leads under a way to leave units out. Intervals: bootstrap over leads, paired by lead."""

    comprehensiveness: Figure
    over_random: Figure
    """Comprehensiveness less that of random orders."""
    sufficiency: Figure
    under_random: Figure
    """Sufficiency of random orders less this one's: above 0 is good."""


@dataclass(frozen=True)
class MethodFigures:
    """A method over all leads; the first four figures as in `Removal`, a neutral token in place of a unit's words."""

    name: str
    sums: bool
    comprehensiveness: Figure
    over_random: Figure
    sufficiency: Figure
    under_random: Figure
    over_gradient: Figure | None
    """Comprehensiveness less that of gradient x input; None where that was not measured."""
    infidelity: float
    """Medians over leads, as the next three."""
    error: float
    sensitivity: float | None
    seconds: float
    agreement: float | None
    """Mean over leads."""
    passes: float
    falls: Mapping[str, tuple[int, int]]
    """By share of the list: how many of the leads in it fall out, of how many."""
    deleted: Removal | None = None
    """Where units are really left out, as a proof does; None where that was not measured."""

    @property
    def per_second(self) -> float:
        """Faithfulness a second: comprehensiveness over random orders, for each second of a lead."""
        return self.over_random.value / self.seconds

    @property
    def gate(self) -> dict[str, bool]:
        """What is asked before reasons are shown, and whether it holds.

        Where no text is read nothing stands for words not said, so there is no agreement to ask for.
        """
        asked = {"over_random": self.over_random.low > 0}
        if self.deleted is not None:
            asked["deleted"] = self.deleted.over_random.low > 0
        if self.agreement is not None:
            asked["agreement"] = self.agreement >= LEAST_AGREEMENT
        return asked | ({"error": self.error <= MOST_ERROR} if self.sums else {})

    @property
    def passes_gate(self) -> bool:
        return all(self.gate.values())


@dataclass(frozen=True)
class Faithfulness:
    """What was measured of one model's reasons."""

    head: str
    leads: int
    top_leads: int
    """Leads among them from the top twentieth, whose reasons are read most."""
    draws: int
    explains: str
    """The method of the full reasons."""
    first: str
    """The method of first reasons."""
    methods: tuple[MethodFigures, ...]
    made_anew: Mapping[str, float]
    """By part that was shuffled, with all before it: mean size of the rank correlation of the reasons with the trained
    model's; {} where it was not measured."""
    measured: str
    """When, ISO."""

    def method(self, name: str) -> MethodFigures | None:
        """Its figures; None where it was not measured."""
        return next((one for one in self.methods if one.name == name), None)

    @property
    def forgets(self) -> bool | None:
        """Whether reasons change with each part of the model that is shuffled; None where it was not measured."""
        return max(self.made_anew.values()) <= MOST_ALIKE if self.made_anew else None

    @property
    def passed(self) -> bool:
        """Whether full and first reasons both pass the gate, and do not survive a model that knows nothing."""
        both = map(self.method, (self.explains, self.first))
        return all(found is not None and found.passes_gate for found in both) and bool(self.forgets)


def over_leads(
    told: Mapping[str, Sequence[Told]], sums: Mapping[str, bool], gradient: str, seed: int = 0
) -> tuple[MethodFigures, ...]:
    """Each method's figures over the same leads, in the same order in each.

    Args:
        sums: whether the method's values promise to sum to the difference.
        gradient: the method that others are held against.

    Raises:
        NotComputable: fewer than two leads.
    """
    found = []
    for name, leads in told.items():
        hushed, deleted = _removal(leads, seed), [one.deleted for one in leads if one.deleted is not None]
        full = np.array([one.comprehensiveness for one in leads])
        held = np.array([one.comprehensiveness for one in told[gradient]]) if gradient in told else None
        found.append(
            MethodFigures(
                name,
                sums[name],
                hushed.comprehensiveness,
                hushed.over_random,
                hushed.sufficiency,
                hushed.under_random,
                None if held is None or name == gradient else mean_of(full - held, seed),
                float(np.median([one.infidelity for one in leads])),
                float(np.median([one.error for one in leads])),
                _known(np.median, [one.sensitivity for one in leads]),
                float(np.median([one.seconds for one in leads])),
                _known(np.mean, [one.agreement for one in leads]),
                float(np.mean([one.passes for one in leads])),
                {
                    key: (sum(one.falls[key] for one in inside), len(inside))
                    for key in map(str, TOPS)
                    for inside in [[one for one in leads if key in one.falls]]
                },
                _removal(deleted, seed) if len(deleted) == len(leads) else None,
            )
        )
    return tuple(found)


def _removal(leads: Sequence[Removed], seed: int) -> Removal:
    full, alone, by_chance, chance_alone = (
        np.array([getattr(one, key) for one in leads])
        for key in ("comprehensiveness", "sufficiency", "random_comprehensiveness", "random_sufficiency")
    )
    return Removal(*(mean_of(one, seed) for one in (full, full - by_chance, alone, chance_alone - alone)))


def mean_of(values: np.ndarray, seed: int = 0) -> Figure:
    """Mean over leads (n,) with its bootstrap interval, percentile. Raises NotComputable for fewer than two."""
    if len(values) < 2:
        raise NotComputable(f"an interval over leads needs at least 2 of them, however: got={len(values)}")
    found = stats.bootstrap(
        (values,), np.mean, n_resamples=RESAMPLES, confidence_level=LEVEL, method="percentile", rng=seed
    ).confidence_interval
    return Figure(float(values.mean()), float(found.low), float(found.high))


def _known(figure: Any, values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(figure(known)) if known else None


def from_dict(document: Any) -> Faithfulness:
    """What `core.answers.as_json` made of it, read back.

    Raises:
        RunError: it is something else.
    """
    try:
        methods = tuple(_method(entry) for entry in document["methods"])
        plain = {f.name: document[f.name] for f in fields(Faithfulness)}
        return Faithfulness(**{**plain, "methods": methods, "made_anew": dict(plain["made_anew"])})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunError(
            f"expected the check of a model's reasons as it was kept, however: {error!r} in it is missing or wrong; "
            "check the reasons again"
        ) from error


def _method(entry: Mapping[str, Any]) -> MethodFigures:
    figures = ("comprehensiveness", "over_random", "sufficiency", "under_random", "over_gradient")
    read: dict[str, Any] = {name: Figure(**entry[name]) if entry[name] is not None else None for name in figures}
    if (deleted := entry.get("deleted")) is not None:  # older versions did not measure it
        read["deleted"] = Removal(**{name: Figure(**figure) for name, figure in deleted.items()})
    falls = {share: (int(out), int(of)) for share, (out, of) in entry["falls"].items()}
    return MethodFigures(**{**entry, **read, "falls": falls})
