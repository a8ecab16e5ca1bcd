from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.attribution import as_text, from_dict, notes, reasons, to_dict
from core.data.changing import Unit, changed_lead, one_table, without
from core.data.leads import Leads
from core.errors import LeadRankError, NotComputable
from core.proofs import MOST_TRIED, SURE, Places, consequence, dropped, holds, proof_of, prove, refuted, sureness
from core.retelling import for_and_against, reasons_apart
from core.scores import Attribution, Contribution
from tests.made import make_leads

LINES = ["Specialist: Hello", "Customer: I order it", "Customer: too dear", *(f"Customer: hm {n}" for n in range(10))]


def lead_of(lines: list[str]) -> Leads:
    one = make_leads(3).take(np.array([1]))
    return Leads(one.roles.assign(dialogue="\n".join(lines)), one.features.assign(a=2.0, city="x"), one.schema)


class Planted:
    """Scores 2 for an order, -1 for a price that is too high, half of `a`, and nothing for all else."""

    def __init__(self, lines: list[str] = LINES, heads: bool = True) -> None:
        self.lead, self.heads, self.asked = lead_of(lines), heads, 0

    def score(self, changed: Leads) -> pd.DataFrame:
        self.asked += len(changed)
        said = changed.dialogue
        score = 2.0 * said.str.contains("order") - said.str.contains("dear") + 0.5 * changed.features["a"].fillna(0)
        logits = {"pairwise_score": score, "pointwise_logit": score - 3} if self.heads else {}
        frame = pd.DataFrame({"score": 10 * score, "probability": 1 / (1 + np.exp(3 - score)), **logits})
        return frame.set_index(np.arange(len(frame))[::-1])  # its order counts, not its index

    def blanked(self, units: Sequence[Unit], text: str) -> pd.DataFrame:
        """A turn that says nothing is the same as none; of `a` half is left, of the price more than all."""
        assert text
        gone = [without(self.lead, unit) for unit in units]
        half = [
            changed_lead(self.lead, {"a": 1.0}) if unit.name == "a" else lead
            for unit, lead in zip(units, gone, strict=True)
        ]
        frame = self.score(one_table(half))
        dear = [self.heads and unit.turn == 2 for unit in units]
        return frame.assign(pairwise_score=frame["pairwise_score"] - 1.5 * np.array(dear)) if self.heads else frame

    def readings(self, changed: Leads) -> np.ndarray:
        return np.ones(len(changed))

    def unmet(self, changed: Leads) -> list[tuple[str, ...]]:
        return [()] * len(changed)


def turn(number: int, value: float) -> Contribution:
    speaker, words = LINES[number].split(": ")
    return Contribution("turn", f"turn {number + 1}", words, value, number, speaker)


def found(*units: Contribution, head: str = "pairwise") -> Attribution:
    fields, turns = (tuple(c for c in units if c.kind == kind) for kind in ("field", "turn"))
    return Attribution("L0001", head, 2.0, 0.0, 0.0, True, 32, fields, turns, ())


ORDER, DEAR, A = turn(1, 1.5), turn(2, -0.8), Contribution("field", "a", "2", 1.1)
HELLO, CITY, WRONG = turn(0, 2.5), Contribution("field", "city", "x", -0.9), turn(2, 0.9)


@pytest.mark.parametrize("head", ["pairwise", "pointwise"])
def test_a_reason_is_proved_by_what_the_model_says_without_it(head: str) -> None:
    proved = prove(Planted(), found(ORDER, DEAR, A, head=head))
    shift = -3 if head == "pointwise" else 0
    assert [(p.name, p.turn, p.logit - shift) for p in proved.proofs] == [
        ("turn 2", 1, 0.0),
        ("a", None, 1.0),
        ("turn 3", 2, 3.0),
    ]
    assert proved.unchanged is not None and proved.unchanged.score == 20.0
    assert all(holds(proved, c) for c in (ORDER, A, DEAR)) and dropped(proved) == 0
    assert [c.unit for c in reasons_apart(proved)[0]] == [ORDER, A] and len(for_and_against(proved)[1]) == 1


def test_what_moves_nothing_or_the_other_way_is_no_reason() -> None:
    estimated = found(HELLO, ORDER, CITY, WRONG, A)
    assert len(reasons(estimated)) == 5
    proved = prove(Planted(), estimated)
    assert [line.split(" — ")[0] for line in reasons(proved)] == ['Customer said "I order it"', "a: 2"]
    assert dropped(proved) == 3 and "3 others look like reasons" in " ".join(notes(proved))
    assert "Hello" not in as_text(proved) and "Without this turn its rank score falls by 20.00" in as_text(proved)
    assert proof_of(proved, HELLO) is not None and not holds(proved, HELLO)
    assert [r.words for side in reasons_apart(proved) for r in side] == [*for_and_against(proved)[0]]


@pytest.mark.parametrize("weight, proved", [(0.5, [ORDER, A]), (-2.0, [A]), (-1.0, [A])])
def test_a_reason_for_the_place_has_to_move_what_orders_the_queue(weight: float, proved: list[Contribution]) -> None:
    class Blend(Planted):
        """Its queue also counts a head that sees orders in another way: `weight` times as this one does."""

        def score(self, changed: Leads) -> pd.DataFrame:
            frame, other = super().score(changed), 2.0 * weight * changed.dialogue.str.contains("order")
            return frame.assign(score=frame["pairwise_score"] + other.to_numpy(dtype=float))

    place = prove(Blend(), found(ORDER, A))
    assert [unit for unit in (ORDER, A) if holds(place, unit)] == proved
    assert [unit for unit in (ORDER, A) if refuted(place, unit)] == [u for u in (ORDER, A) if u not in proved]
    chance = prove(Blend(), found(ORDER, A, head="pointwise"))
    assert holds(chance, ORDER) and holds(chance, A)  # what the chance is made of is not what orders this queue
    assert not refuted(place, HELLO) and not refuted(found(ORDER), ORDER)  # not tried


def test_the_next_strongest_is_tried_where_a_reason_fails() -> None:
    idle = [turn(n, 5.0 + n) for n in range(3, 7)]
    rescorer = Planted()
    proved = prove(rescorer, found(*idle, ORDER, A, DEAR), top=3)
    assert len(reasons(proved)) == 3 and dropped(proved) == 4
    assert rescorer.asked == 1 + 7 + 7


def test_no_more_than_twelve_are_tried() -> None:
    many = found(*(turn(n, 9.0 - n / 10) for n in range(3, 13)), HELLO, CITY, A)
    rescorer = Planted()
    proved = prove(rescorer, many)
    assert len(proved.proofs) == MOST_TRIED and rescorer.asked == 1 + 2 * MOST_TRIED
    assert reasons(proved) == reasons(proved, 99) and "nothing in it moves" not in as_text(proved)
    nothing = prove(Planted(), found(HELLO))
    assert reasons(nothing) == [] and "1 other looks like a reason and is not shown" in as_text(nothing)


def test_ranks_are_told_where_there_is_a_queue() -> None:
    proved = prove(Planted(), found(ORDER, DEAR, A))
    assert consequence(proved, ORDER, Places(12, 1240)) == "Without this turn the lead falls from rank 12 to 1,240."
    assert consequence(proved, DEAR, Places(40, 12)) == "Without this turn the lead rises from rank 40 to 12."
    assert consequence(proved, A, Places(4, 9)) == "If this were not known, the lead would fall from rank 4 to 9."
    same = consequence(proved, A, Places(4, 4))
    assert same == "If this were not known, the lead would keep rank 4; its rank score would fall by 10.00."
    assert consequence(proved, HELLO, Places(4, 4)) == ""
    chance = prove(Planted(), found(ORDER, head="pointwise"))
    assert consequence(chance, ORDER) == "Without this turn its chance falls from 26.9% to 4.7%."
    told = "Without this turn the lead falls from rank 12 to 1,240; its chance falls from 26.9% to 4.7%."
    assert consequence(chance, ORDER, Places(12, 1240)) == told  # a queue that goes by the chance
    assert consequence(chance, ORDER, Places(4, 4)) == "Without this turn its chance falls from 26.9% to 4.7%."


def test_confidence_is_words_with_a_meaning() -> None:
    assert {sureness(found(A), replace(A, second=s)) for s in (1.0, 0.2, -0.2)} == set(SURE)
    text = as_text(prove(Planted(), found(replace(ORDER, second=1.4))))
    assert "speaks for this lead (+1.50), sure" in text
    _, scales, mark, first, *_ = text.splitlines()
    assert "points of the pairwise score" in scales and "rank score (on another scale) and chance" in scales
    assert mark.startswith("Sure: two ways of doing without it") and first.startswith("  ") and "Unsure:" not in text


def test_every_proved_reason_has_a_mark_from_two_ways_of_doing_without_it() -> None:
    proved = prove(Planted(), found(ORDER, A, DEAR))
    # The order gone or blank: 2 points each; `a` gone: 1, at its average: a half; no price: -1 gone, 0.5 blank.
    assert [sureness(proved, c) for c in (ORDER, A, DEAR, HELLO)] == ["sure", "sure", "unsure", ""]
    assert [p.blank for p in proved.proofs] == [0.0, 1.5, 1.5]
    # Two baselines that disagree outweigh it.
    assert sureness(proved, replace(ORDER, second=-0.1)) == "unsure"
    assert sureness(replace(proved, proofs=tuple(replace(p, blank=None) for p in proved.proofs)), ORDER) == ""


def test_proofs_are_kept_and_read_back_and_old_files_are_read() -> None:
    proved = prove(Planted(), replace(found(replace(ORDER, second=0.2), A), method="midpoint"))
    document = to_dict(proved)
    assert from_dict(document) == proved
    for name in ("proofs", "unchanged", "method"):
        del document[name]
    for part in ("fields", "turns"):
        for entry in document[part]:
            del entry["second"]
    old = from_dict(document)
    assert old.proofs == () and old.unchanged is None and old.method == "integrated gradients"
    assert len(reasons(old)) == 2 and dropped(old) == 0 and consequence(old, ORDER) == ""


def test_what_cannot_be_proved_says_why() -> None:
    with pytest.raises(NotComputable, match="no heads"):
        prove(Planted(heads=False), found(ORDER))
    with pytest.raises(LeadRankError, match="one of the 1 turns"):
        prove(Planted(LINES[:1]), found(ORDER))
