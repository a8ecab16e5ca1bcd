"""Why one lead stands above another: the difference of their ranking scores, split over fields and turns of both.

    s_A - s_B  =  (s_A - neutral_A)      fields and turns of A, as A's own reasons have them
               -  (s_B - neutral_B)      those of B with the sign turned: what speaks for B speaks against "A above B"
               +  (neutral_A - neutral_B)    shape: what is left once neither says anything

Both neutral ends are made with the same neutral token, so that the last part is the leads' own: their conversations
are of different length, or other things are not told. A field is one contribution, with both values.

Source: method 5.2, point 6; HPRO (arXiv 2606.04387), equation 1, for the probability.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from core.scores import Attribution

TOLERANCE = 0.05
"""Most that contributions may miss the difference by, as a share of it. Source: method 5.2."""
LEAST_DIFFERENCE = 0.2
"""The error is relative to the difference, but to no less than this: between equals every error would be large. What
may be missed is then a hundredth of a point, the last figure that is shown."""
TURNED = {"a": "b", "b": "a", "both": "both"}
SHAPE = "how long the conversations are and what is not told"


@dataclass(frozen=True)
class Compared:
    """How much one part of the two leads speaks for A above B; negative: for B above A."""

    kind: str
    """`field`, `turn` or `shape`."""
    lead: str
    """Whose it is: `a`, `b` or `both`."""
    name: str
    """Field name; `turn 3`; or SHAPE."""
    text: str
    """Of a field both values, A's first; the words of the turn."""
    value: float
    """In units of the ranking score."""
    turn: int | None = None
    """0-based position in the whole dialogue, for turns."""
    speaker: str = ""


@dataclass(frozen=True)
class PairProof:
    """What the difference is once one part is really left out, of both leads where it is of both: computed."""

    kind: str
    lead: str
    name: str
    turn: int | None
    difference: float
    """s_A - s_B without it."""


@dataclass(frozen=True)
class TierPart:
    """How much of the difference pairs of one tier taught; negative: they taught the other order."""

    name: str
    words: str
    """What the tier teaches, such as `lock in over lost`; "" for what no tier accounts for."""
    value: float
    """In units of the ranking score; of pushes the shares alone tell something."""


@dataclass(frozen=True)
class PairReasons:
    """Two leads under the ranking head, each with its own reasons against neutral ends of the same kind."""

    a: Attribution
    b: Attribution
    queue_difference: float
    """Of the scores that the queue is ordered by, A's less B's."""
    rank_by: str
    """What the queue is ordered by: pairwise, which is explained here, pointwise or blend."""
    tiers: tuple[TierPart, ...] = ()
    """What pairs of each tier taught of this order; () where that is not known."""
    tiers_sum: bool = True
    """Whether they sum to the difference; else they are pushes at the end of training, see `core.neural.teaching`."""
    unknown: str = ""
    """Why the tiers are not known, and how they could be."""
    proofs: tuple[PairProof, ...] = ()
    """Of the strongest parts for either lead; () where none was tried."""

    @property
    def difference(self) -> float:
        """s_A - s_B."""
        return self.a.logit - self.b.logit

    @property
    def probability(self) -> float:
        """P(A above B) = sigmoid(s_A - s_B), as Bradley and Terry have it.

        That is HPRO's equation 1 without its margin: the margin asks more of pairs in training, and so shifts what is
        learned; it is no part of what the scores then say of two leads of which no tier is known.

        It is the rule that the head was trained by, not a measured share: nothing calibrates it on pairs of leads.
        """
        return 0.5 * (1 + math.tanh(self.difference / 2))

    @property
    def contributions(self) -> tuple[Compared, ...]:
        """Fields in their order, A's turns, B's turns, shape; they sum to the difference within the error."""
        told = [*self._fields(), *_turns("a", self.a, 1.0), *_turns("b", self.b, -1.0)]
        return (*told, Compared("shape", "both", SHAPE, "", self.a.baseline_logit - self.b.baseline_logit))

    @property
    def relative_error(self) -> float:
        """How far the contributions are from summing to the difference, as a share of it."""
        missed = sum(c.value for c in self.contributions) - self.difference
        return abs(missed) / max(abs(self.difference), LEAST_DIFFERENCE)

    @property
    def converged(self) -> bool:
        return self.relative_error <= TOLERANCE

    @property
    def against_queue(self) -> bool:
        """Whether the queue has the two the other way round than the ranking head, which is explained."""
        return self.difference * self.queue_difference < 0

    def turned(self) -> PairReasons:
        """The same two the other way round: every sign is turned."""
        return replace(
            self,
            a=self.b,
            b=self.a,
            queue_difference=-self.queue_difference,
            tiers=tuple(replace(part, value=-part.value) for part in self.tiers),
            proofs=tuple(
                replace(proof, lead=TURNED[proof.lead], difference=-proof.difference) for proof in self.proofs
            ),
        )

    def _fields(self) -> Iterator[Compared]:
        ours, theirs = ({c.name: c for c in each.fields} for each in (self.a, self.b))
        for name in dict.fromkeys([*ours, *theirs]):
            # A prompt is silent about a field that is not known.
            one, other = (each.get(name) for each in (ours, theirs))
            text = both_values(one.text if one else "", other.text if other else "")
            value = (one.value if one else 0.0) - (other.value if other else 0.0)
            yield Compared("field", "both", name, text, value)


def both_values(a: str, b: str) -> str:
    """The two values of a field as one text.

    >>> both_values("2", "30"), both_values("web", "web"), both_values("", "30")
    ('2 against 30', 'web in both', 'not known against 30')
    """
    if a == b:
        return f"{a or 'not known'} in both"
    return f"{a or 'not known'} against {b or 'not known'}"


def _turns(lead: str, attribution: Attribution, sign: float) -> Iterator[Compared]:
    for c in attribution.turns:
        yield Compared("turn", lead, c.name, c.text, sign * c.value, c.turn, c.speaker)
