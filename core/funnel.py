"""The sales funnel: stages from shallow to deep, and the preference tiers that make pairs out of them.

Source: HPRO (arXiv 2606.04387), section on hierarchical preferences; margins 1.0 / 0.5 / 0.1 from the authors' code.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from core.errors import SchemaError


@dataclass(frozen=True)
class Tier:
    """One kind of preference: which leads are chosen over which, and by how much.

    Exactly one of three kinds: by stage (`chosen` and `rejected` name stages), by signal (`by` names an outcome-window
    column whose top share is preferred to its bottom share within the same stage), or by outcome (converted over not).

    Example:
        >>> Tier("global_dominance", margin=1.0, chosen=("deal",), rejected=("lost",)).kind
        'stage'
        >>> Tier("conversion", margin=1.0).kind
        'outcome'
    """

    name: str
    margin: float
    chosen: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    by: str | None = None
    top: float = 0.333
    bottom: float = 0.333
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.margin < inf:
            raise SchemaError(f"tier '{self.name}': margin must be 0 or more, and finite, however: got={self.margin!r}")
        if not 0 < self.weight < inf:
            raise SchemaError(f"tier '{self.name}': weight must be above 0, and finite, however: got={self.weight!r}")
        if self.by is not None and (self.chosen or self.rejected):
            raise SchemaError(f"tier '{self.name}': give either 'by' or 'chosen' and 'rejected', not both")
        if bool(self.chosen) != bool(self.rejected):
            raise SchemaError(f"tier '{self.name}': 'chosen' and 'rejected' go together; one of them is missing")
        both = sorted(set(self.chosen) & set(self.rejected))
        if both:
            raise SchemaError(f"tier '{self.name}': {both} stand in both 'chosen' and 'rejected'")
        if self.by is not None and not (0 < self.top <= 0.5 and 0 < self.bottom <= 0.5):
            raise SchemaError(
                f"tier '{self.name}': top and bottom must lie in (0, 0.5], "
                f"however: got top={self.top}, bottom={self.bottom}"
            )

    @property
    def kind(self) -> str:
        """`stage`, `signal` or `outcome`."""
        if self.by is not None:
            return "signal"
        return "stage" if self.chosen else "outcome"

    @property
    def words(self) -> str:
        """What it teaches, in plain words.

        Example:
            >>> Tier("key_action", 0.5, chosen=("test_drive", "lock_in"), rejected=("lost", "call", "visit")).words
            'test drive or lock in over lost to visit'
        """
        if self.kind == "signal":
            return "longer over shorter calls"
        if self.kind == "outcome":
            return "ordered over not ordered"
        return f"{_stage_words(self.chosen)} over {_stage_words(self.rejected)}"


def _stage_words(stages: tuple[str, ...]) -> str:
    names = [stage.replace("_", " ") for stage in stages]
    return " or ".join(names) if len(names) < 3 else f"{names[0]} to {names[-1]}"


OUTCOME_TIER = Tier("conversion", margin=1.0)


@dataclass(frozen=True)
class Funnel:
    """Stages from shallow to deep and the tiers over them. Without tiers, pairs are converted over not converted."""

    stages: tuple[str, ...] = ()
    tiers: tuple[Tier, ...] = ()

    def __post_init__(self) -> None:
        if len(set(self.stages)) != len(self.stages):
            raise SchemaError(f"funnel.stages must be distinct, however: got={list(self.stages)}")
        names = [tier.name for tier in self.tiers]
        if len(set(names)) != len(names):
            raise SchemaError(f"funnel.tiers must have distinct names, however: got={names}")
        for tier in self.tiers:
            unknown = [stage for stage in (*tier.chosen, *tier.rejected) if stage not in self.stages]
            if unknown:
                raise SchemaError(
                    f"tier '{tier.name}' names stages {unknown} that funnel.stages {list(self.stages)} does not hold"
                )

    def effective_tiers(self) -> tuple[Tier, ...]:
        """The declared tiers, or the outcome alone where none is declared."""
        return self.tiers or (OUTCOME_TIER,)


SOFT_TIER = Tier("soft_signal", margin=0.1, by="call_seconds")


def three_tiers(stages: tuple[str, ...], key: int, soft: bool = True) -> Funnel:
    """The paper's three tiers over `stages` (0 = lost, last = won); `key` is the first stage that shows real intent.

    With fewer than three stages nothing lies between lost and won, so there is no key tier; `soft` needs call seconds.

    Example:
        >>> [tier.name for tier in three_tiers(("lost", "won"), key=1, soft=False).tiers]
        ['global_dominance']
    """
    tiers = [Tier("global_dominance", 1.0, chosen=stages[-1:], rejected=stages[:1])]
    if len(stages) > 2:
        tiers.append(Tier("key_action", 0.5, chosen=stages[key:], rejected=stages[1:key]))
    return Funnel(stages, (*tiers, SOFT_TIER) if soft else tuple(tiers))


def whole_funnel(stages: tuple[str, ...]) -> Funnel:
    """A tier for each boundary between stages: all leads beyond it over all before it, without margin.

    Each weighs twice the one before, so that the sale counts most and every step on the way to it something. On
    simulated leads neither this nor the paper's three tiers did better by more than chance (benchmarks/hpro.py).
    Source: ours.

    Example:
        >>> [(tier.name, tier.weight) for tier in whole_funnel(("lost", "call", "sold")).tiers]
        [('reached call', 1.0), ('reached sold', 2.0)]
    """
    boundaries = range(1, len(stages))
    tiers = (
        Tier(f"reached {stages[k]}", 0.0, chosen=stages[k:], rejected=stages[:k], weight=2.0 ** (k - 1))
        for k in boundaries
    )
    return Funnel(stages, tuple(tiers))


PRESETS: dict[str, Funnel] = {
    "automotive": three_tiers(("lost", "call", "store_visit", "test_drive", "lock_in"), key=3),
    "property": three_tiers(("lost", "call", "viewing", "second_viewing", "offer", "contract"), key=3),
    "b2b_software": three_tiers(("lost", "contacted", "demo", "proposal", "won"), key=3),
    "telemarketing": three_tiers(("no_answer", "answered", "interested", "sold"), key=2),
    "recruiting": three_tiers(("rejected", "screened", "interview", "offer", "hired"), key=2),
}
"""Ready-made funnels per industry; the first is the default."""
