"""Evidence for reasons: each one is taken out of the lead, and the model is asked again. Computed, never estimated.

A reason is an estimate of what a field or a turn does to the logit. Its proof is what the model really says of the lead
without it. Only a reason whose proof agrees is shown as a reason.

Beside it the model is asked a second time, with the reason still in its place, but saying nothing. Where both ways to
do without it come to the same, the reason is sure; so is an estimate that two baselines agree on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import pandas as pd

from core.data.changing import Unit, one_table, without
from core.errors import NotComputable
from core.removals import COLUMNS
from core.scores import Attribution, Contribution, Proof, Rescorer

LEAST_SHOWN = 0.005
"""Contributions that would read 0.00 are no reasons."""
LEAST_MOVE = 0.005
"""A reason is proved where leaving it out moves the logit by at least this, in the said direction: what would read 0.00
is no move. A rescorer computes in fp32, where a prompt that is read from another place differs by 1e-5 at most, a
five-hundredth of it: no rounding proves anything. A reason for the place has to move the queue's score as far
and the same way: a blend also counts the other head, which may undo it. Whether the rank moves is told beside it, but
is no condition: at the thin ends of a queue a reason that counts moves nobody, and where it is dense a breath does."""
MOST_TRIED = 12
"""Most units left out for one lead, each by a forward pass of what follows it: see `prove`."""


NOTHING = ","
"""Says nothing, where it is not known what stood for words not said when the reasons were worked out."""


class _Valued(Protocol):
    @property
    def value(self) -> float: ...


Told = TypeVar("Told", bound=_Valued)


def strongest(contributions: Sequence[Told], top: int) -> list[Told]:
    """The `top` contributions of the largest size, largest first, those that read 0.00 left out."""
    shown = [c for c in contributions if abs(c.value) >= LEAST_SHOWN]
    return sorted(shown, key=lambda c: -abs(c.value))[:top]


def prove(rescorer: Rescorer, attribution: Attribution, top: int = 5) -> Attribution:
    """The same attribution with `proofs` of the strongest fields and turns, until `top` of them hold.

    Where a reason does not hold, the next strongest is tried, up to `MOST_TRIED` in all; the proofs of those that did
    not hold are kept, so that it can be told. Each costs two passes over what follows the unit in the prompt, one
    without it and one with words that say nothing in its place, and none where the language model does not read it.

    A turn goes out of the dialogue as the model reads it: were it taken out before names are masked, names that it
    gives away would be read elsewhere, and two things would have changed. Nor do its copies hold the turns that the
    token limit left out: the room that a unit leaves would let an older one in.

    Args:
        rescorer: of the lead that was explained.

    Raises:
        NotComputable: the model has no such head.
        LeadRankError: the lead has no such field or turn, so it is another one.
    """
    lead, unread = rescorer.lead, attribution.truncated_turns
    (unchanged,) = _proofs(rescorer.score(lead), [_WHOLE], attribution.head)
    found = replace(attribution, proofs=(), unchanged=unchanged)
    units = strongest((*attribution.fields, *attribution.turns), MOST_TRIED)
    while units and (wanted := top - (len(found.proofs) - dropped(found))) > 0:
        some, units = units[:wanted], units[wanted:]
        said = rescorer.score(one_table([without(lead, unit, unread=unread) for unit in some]))
        proofs = zip(_proofs(said, some, attribution.head), _blanks(rescorer, attribution, some), strict=True)
        found = replace(found, proofs=(*found.proofs, *(replace(proof, blank=logit) for proof, logit in proofs)))
    return found


def proof_of(attribution: Attribution, unit: Unit) -> Proof | None:
    """The proof of a field or turn; None where it was not tried."""
    found = (p for p in attribution.proofs if (p.kind, p.name, p.turn) == (unit.kind, unit.name, unit.turn))
    return next(found, None)


def holds(attribution: Attribution, unit: Contribution) -> bool:
    """Whether leaving the unit out moves the logit in the said direction; False where it was not tried.

    Of reasons for the place, under the `pairwise` head, the score that the queue is ordered by has to move with it.
    """
    proof, now = proof_of(attribution, unit), attribution.unchanged
    if proof is None or now is None:
        return False
    lost = [now.logit - proof.logit, *([now.score - proof.score] if attribution.head == "pairwise" else [])]
    return all((by if unit.value > 0 else -by) >= LEAST_MOVE for by in lost)


def refuted(attribution: Attribution, unit: Contribution) -> bool:
    """Whether it was tried and does not hold."""
    return proof_of(attribution, unit) is not None and not holds(attribution, unit)


def shown(attribution: Attribution, units: Sequence[Contribution], top: int) -> list[Contribution]:
    """Which of `units` are shown as reasons, strongest first: those that hold; where none was tried, the strongest."""
    if attribution.unchanged is None:
        return strongest(units, top)
    return strongest([unit for unit in units if holds(attribution, unit)], top)


def dropped(attribution: Attribution) -> int:
    """How many units looked like reasons until they were left out."""
    held = sum(holds(attribution, unit) for unit in (*attribution.fields, *attribution.turns))
    return len(attribution.proofs) - held


@dataclass(frozen=True)
class Places:
    """Ranks in a queue, before and after a unit was left out."""

    before: int
    after: int


def consequence(attribution: Attribution, unit: Unit, places: Places | None = None) -> str:
    """What becomes of the lead without the unit, as a sentence; "" where that was not tried.

    In ranks where `places` are given, else in points of the score and in chance; of the `pointwise` head in chance, and
    in ranks before it where `places` are given, since the queue is ordered by it.

    Example:
        >>> turn = Contribution("turn", "turn 2", "I order it.", 0.9, 1)
        >>> as_is, gone = Proof("lead", "", None, 2.5, 0.4, 2.5), Proof("turn", "turn 2", 1, 1.5, 0.252, 1.5)
        >>> found = Attribution("L1", "pairwise", 2.5, 0, 0, True, 1, (), (turn,), (), proofs=(gone,), unchanged=as_is)
        >>> consequence(found, turn, Places(12, 240))
        'Without this turn the lead falls from rank 12 to 240.'
        >>> consequence(found, turn)
        'Without this turn its rank score falls by 1.00 points and its chance from 40.0% to 25.2%.'
    """
    proof, now = proof_of(attribution, unit), attribution.unchanged
    if proof is None or now is None:
        return ""
    turn = unit.kind == "turn"
    begin = "Without this turn" if turn else "If this were not known,"
    verbs = _Verbs("falls", "rises", "keeps") if turn else _Verbs("would fall", "would rise", "would keep")
    pointwise = attribution.head == "pointwise"
    if pointwise and (places is None or places.before == places.after):
        return f"{begin} its chance {verbs.chance(now, proof)}."
    if places is None:
        move = proof.score - now.score
        by = f"{verbs.of(move)} by {abs(move):.2f} points"
        chance = verbs.chance(now, proof).removeprefix(verbs.of(move) + " ")
        return f"{begin} its rank score {by} and its chance {chance}."
    if places.before == places.after:
        move = proof.score - now.score
        return (
            f"{begin} the lead {verbs.keep} rank {places.before:,}; its rank score {verbs.of(move)} by {abs(move):.2f}."
        )
    moved = f"{begin} the lead {verbs.of(places.before - places.after)} from rank {places.before:,} to {places.after:,}"
    return f"{moved}; its chance {verbs.chance(now, proof)}." if pointwise else f"{moved}."


SURE = {
    "sure": "Two ways of doing without it come to about the same: it is left out, or says nothing.",
    "fairly sure": "Two ways of doing without it agree on the direction, but not on the size.",
    "unsure": "Done without in another way, this would speak the other way.",
}
"""Confidence marks and what they mean, for a hint."""


def sureness(attribution: Attribution, unit: Contribution) -> str:
    """`sure`, `fairly sure` or `unsure`, by whether two ways of doing without the unit agree; "" where one is known.

    Of a proved reason they are its proof and words that say nothing in its place; of an estimate, two baselines. Where
    both pairs are known the weaker mark counts.
    """
    pairs = [] if unit.second is None else [(unit.value, unit.second)]
    proof, now = proof_of(attribution, unit), attribution.unchanged
    if proof is not None and now is not None and proof.blank is not None:
        pairs.append((now.logit - proof.logit, now.logit - proof.blank))
    return max((agreement(*pair) for pair in pairs), key=list(SURE).index, default="")


def agreement(one: float, other: float) -> str:
    """The mark of two figures of the same reason: of one direction, and the smaller at least half the larger?

    Example:
        >>> [agreement(0.4, other) for other in (0.2, 0.1, -0.1)]
        ['sure', 'fairly sure', 'unsure']
    """
    if one * other <= 0:
        return "unsure"
    small, large = sorted((abs(one), abs(other)))
    return "sure" if 2 * small >= large else "fairly sure"


@dataclass(frozen=True)
class _Verbs:
    fall: str
    rise: str
    keep: str

    def of(self, move: float) -> str:
        return self.rise if move > 0 else self.fall

    def chance(self, now: Proof, then: Proof) -> str:
        before, after = f"{now.probability:.1%}", f"{then.probability:.1%}"
        if before == after:
            stay = "stays" if self.keep == "keeps" else "would stay"
            return f"{stay} at {before}"
        return f"{self.of(then.probability - now.probability)} from {before} to {after}"


_WHOLE = Contribution("lead", "", "", 0.0)


def _blanks(rescorer: Rescorer, attribution: Attribution, units: Sequence[Unit]) -> Sequence[float | None]:
    """The head's logit where each unit says nothing; None where the scorer cannot tell: a proof holds without it."""
    try:
        said = rescorer.blanked(units, attribution.neutral or NOTHING)
    except NotComputable:
        return [None] * len(units)
    return said[COLUMNS[attribution.head]].astype(float).tolist()


def _proofs(said: pd.DataFrame, units: Sequence[Unit], head: str) -> list[Proof]:
    """What a rescorer says without each unit."""
    if COLUMNS[head] not in said:
        raise NotComputable(f"reasons are proved by the logit of the {head} head, however: this model has no heads")
    rows = said[["score", "probability", COLUMNS[head]]].astype(float).to_numpy().tolist()
    return [Proof(unit.kind, unit.name, unit.turn, *row) for unit, row in zip(units, rows, strict=True)]
