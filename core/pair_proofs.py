"""Evidence for why one lead stands above another: each part is left out, and both leads are scored again.

A turn goes out of the lead that has it, a field out of both. What is left once neither lead says anything (shape)
cannot be left out: it stays an estimate.
"""

from __future__ import annotations

from dataclasses import replace

from core.data.changing import without
from core.errors import NotComputable
from core.pair_reasons import Compared, PairProof, PairReasons
from core.proofs import LEAST_MOVE, MOST_TRIED, strongest
from core.removals import COLUMNS
from core.scores import Rescorer


def prove_pair(a: Rescorer, b: Rescorer, found: PairReasons, top: int = 3) -> PairReasons:
    """The same comparison with `proofs` of what speaks most for either lead, until `top` of each side hold.

    Where one does not hold, the next strongest is tried, up to `MOST_TRIED` in all.

    Args:
        a, b: of the two leads that were compared.

    Raises:
        NotComputable: the model has no head that compares leads.
        LeadRankError: a lead has no such field or turn, so it is another one.
    """
    sides = {"a": (a, found.a.truncated_turns), "b": (b, found.b.truncated_turns)}
    whole = {name: _logit(rescorer) for name, (rescorer, _) in sides.items()}
    proofs: list[PairProof] = []
    for side in (1.0, -1.0):
        held = 0
        speaking = [c for c in found.contributions if c.kind != "shape" and side * c.value > 0]
        for c in strongest(speaking, MOST_TRIED // 2):
            if held == top:
                break
            of = ("a", "b") if c.lead == "both" else (c.lead,)
            left = whole | {name: _logit(sides[name][0], c, sides[name][1]) for name in of}
            proofs.append(PairProof(c.kind, c.lead, c.name, c.turn, left["a"] - left["b"]))
            held += proves(found, proofs[-1], c)
    return replace(found, proofs=tuple(proofs))


def pair_proof_of(found: PairReasons, c: Compared) -> PairProof | None:
    """The proof of one part; None where it was not tried."""
    key = (c.kind, c.lead, c.name, c.turn)
    return next((p for p in found.proofs if (p.kind, p.lead, p.name, p.turn) == key), None)


def proves(found: PairReasons, proof: PairProof, c: Compared) -> bool:
    """Whether the difference shrinks without the part by a readable amount, in the said direction."""
    lost = found.difference - proof.difference
    return (lost if c.value > 0 else -lost) >= LEAST_MOVE


def proved(found: PairReasons, c: Compared) -> bool | None:
    """Whether the part holds; None where it was not tried."""
    proof = pair_proof_of(found, c)
    return None if proof is None else proves(found, proof, c)


def _logit(rescorer: Rescorer, c: Compared | None = None, unread: int = 0) -> float:
    said = rescorer.score(rescorer.lead if c is None else without(rescorer.lead, c, unread=unread))
    if COLUMNS["pairwise"] not in said:
        raise NotComputable("a comparison is proved by the score that compares leads, however: this model has none")
    return float(said[COLUMNS["pairwise"]].to_numpy(dtype=float)[0])
