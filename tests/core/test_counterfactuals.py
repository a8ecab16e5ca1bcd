"""What would move a lead: planted effects are found, bounds are kept, and reading is counted."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core import scoring
from core.counterfactuals import (
    LEAST_MOVE,
    MOST_READINGS,
    MOST_TOGETHER,
    STEP_READINGS,
    Change,
    Choice,
    applied,
    find_moves,
    least,
)
from core.data.changing import Unit
from core.data.leads import Leads
from core.data.next_turns import SENTENCES
from core.data.plausible import plausible_values
from core.errors import LeadRankError, NotComputable
from core.scores import Attribution, Contribution, Scores
from core.telling_moves import as_text, headline, set_to_show, table, to_dict
from tests.made import make_leads

LEADS = make_leads(300)
EVERYTHING = Choice()
PLAUSIBLE = {name: plausible_values(LEADS.features[name]) for name in ("a", "city")}


class Planted:
    """Scores `a`, 1 for the city z, 2 for a booked test drive, -3 for a no, and nothing for all else."""

    name = "planted"

    def __init__(self, schema=LEADS.schema):
        self.schema = schema

    def score(self, leads, watch=None):
        said = leads.dialogue.str
        score = leads.features["a"].fillna(0.0) + (leads.features["city"] == "z") - 3.0 * said.contains("No thanks")
        score = (score + 2.0 * said.contains("booked|试驾")).to_numpy(dtype=float)
        return Scores.ranked(leads.lead_id, score, 1 / (1 + np.exp(-score)))


def lead_of(dialogue: str = "Specialist: Hello to you\nCustomer: No thanks, never.", **fields) -> Leads:
    one = LEADS.take(np.array([0]))
    values: dict[str, Any] = {"a": 0.0, "city": "x"} | fields
    return replace(one, roles=one.roles.assign(dialogue=dialogue), features=one.features.assign(**values))


def found(lead: Leads, choice: Choice = EVERYTHING, plausible=PLAUSIBLE, reasons=None):
    rescorer = scoring.rescorer(Planted(), lead)
    return find_moves(rescorer, rescorer.lead, plausible, choice, reasons)


def place(move: float) -> int:
    return max(1, 100 - round(10 * move))


def test_the_planted_field_turn_and_sentence_move_it_in_the_said_direction():
    moves = found(lead_of())
    best = {move.changes[0].unit: move for move in moves.best()}
    assert set(best) == {("field", "a"), ("field", "city"), ("turn", "turn 2"), ("said", "one turn more")}
    assert best["turn", "turn 2"].score == pytest.approx(3) and best["said", "one turn more"].score == pytest.approx(2)
    assert best["field", "city"].changes[0] == Change("field", "city", "z", "x")
    assert best["field", "a"].score == pytest.approx(max(PLAUSIBLE["a"].worth_a_try))
    down = found(lead_of(), Choice(up=False))
    assert [m.changes[0].unit for m in down.best()] == [("field", "a")]
    assert down.best()[0].score == pytest.approx(min(PLAUSIBLE["a"].worth_a_try))


def test_sets_add_up_and_the_least_that_is_enough_is_told():
    moves = found(lead_of())
    assert [len(step.changes) for step in moves.steps] == [1, 2, 3] and MOST_TOGETHER == 3
    assert [step.score for step in moves.steps[:2]] == pytest.approx([3, 5])
    assert len({change.unit for change in moves.steps[-1].changes}) == 3
    assert least(moves, place, 70) == moves.steps[0] and least(moves, place, 50) == moves.steps[1]
    assert least(moves, place, 5) is None and "nor would 3 together" in headline(moves, place, 5)
    assert set_to_show(moves, place, 5) == moves.steps[-1]
    assert headline(moves, place, 50) == ("Two changes together would lift it from rank 100 to 50, among the first 50.")


def test_where_the_goal_is_reached_it_says_so_and_tells_what_would_raise_and_lower_the_chance():
    moves = found(lead_of())
    assert "already: the goal is reached" in headline(moves, place, 100) and set_to_show(moves, place, 100) is None
    assert to_dict(moves, place, 100)["least"] is None
    told = as_text(moves, place, 100)
    raised, lowered = told.split("What would raise its chance most:")[1].split("What would lower its chance most:")
    assert "One change alone" not in told and "never" in raised.splitlines()[1] and "A: 0 → -" in lowered
    up, down = moves.chances(True), moves.chances(False)
    assert [m.probability for m in up] == sorted((m.probability for m in up), reverse=True)
    assert up and down and up[-1].probability > moves.probability > down[0].probability
    still = found(lead_of(), Choice(fields=False, said=False))
    assert "Nothing that was tried would lower its chance." in as_text(still, place, 100)


def test_nobody_is_advised_to_leave_out_a_filler():
    tried = found(lead_of("Specialist: Mm.\nCustomer: 嗯，好\nCustomer: 太贵了。\nCustomer: No thanks, never."))
    assert {m.changes[0].turn for m in tried.singles if m.changes[0].kind == "turn"} == {2, 3}


def test_nothing_is_proposed_that_no_lead_of_the_data_has():
    rare = LEADS.features.assign(city=["q", *LEADS.features["city"][1:]], a=LEADS.features["a"].round(1))
    plausible = {name: plausible_values(rare[name]) for name in rare}
    moves = found(lead_of(), plausible=plausible)
    values = {name: {m.changes[0].value for m in moves.singles if m.changes[0].name == name} for name in rare}
    assert values["city"] == {"y", "z"} and values["a"] <= set(rare["a"]) and len(values["a"]) == 5
    assert max(values["a"]) < rare["a"].max() and min(values["a"]) > rare["a"].min()


def test_a_missing_field_can_become_known_and_an_unknown_one_is_left():
    moves = found(lead_of(a=float("nan"), city=""), plausible={"a": PLAUSIBLE["a"]})
    assert moves.singles and all(m.changes[0].before is None for m in moves.singles)
    assert not any(m.changes[0].name == "city" for m in moves.singles)


def test_what_may_not_change_does_not():
    kinds = {m.changes[0].unit for m in found(lead_of(), Choice(fixed=("a",), said=False)).singles}
    assert kinds == {("field", "city"), ("turn", "turn 1"), ("turn", "turn 2")}
    nothing = found(lead_of(), Choice(fields=False, said=False, left_out=False))
    assert nothing.singles == nothing.steps == () and "No change that was tried" in headline(nothing, place, 5)


def test_without_a_dialogue_something_can_be_said():
    moves = found(lead_of(""))
    assert moves.best()[0].changes == (Change("said", "one turn more", SENTENCES["English"][0], speaker="Customer"),)


def test_a_chinese_talk_goes_on_in_chinese():
    moves = found(lead_of("专家: 您好，考虑什么时候订车？\n客户: 太贵了。"), Choice(own="我下周付定金"))
    said = [m.changes[0] for m in moves.singles if m.changes[0].kind == "said"]
    assert {c.value for c in said} == {"我下周付定金", *SENTENCES["Chinese"]} and {c.speaker for c in said} == {"客户"}
    assert moves.best()[0].changes[0].value == SENTENCES["Chinese"][0]


def test_changes_are_made_together_to_the_letter():
    lead = lead_of("Specialist:  Hello\nCustomer: one\nCustomer: two", a=1.0)
    made = [
        Change("turn", "turn 1", "Hello", turn=0),
        Change("field", "a", 7.0, 1.0),
        Change("said", "one turn more", "three", speaker="Customer"),
        Change("turn", "turn 2", "one", turn=1),
    ]
    changed = applied(lead, made)
    assert changed.dialogue.iat[0] == "Customer: two\nCustomer: three" and changed.features["a"].iat[0] == 7
    assert applied(lead, made[2:3]).dialogue.iat[0] == f"{lead.dialogue.iat[0]}\nCustomer: three"
    with pytest.raises(LeadRankError, match="turn"):
        applied(lead, [Change("turn", "turn 9", "", turn=8)])


class Dear:
    """A rescorer for which each change costs a reading of half the lead."""

    def __init__(self, lead: Leads):
        self.lead = lead
        self.asked: list[int] = []

    def score(self, changed: Leads) -> pd.DataFrame:
        self.asked.append(len(changed))
        return Planted().score(changed).aligned(changed.lead_id)

    def blanked(self, units: Sequence[Unit], text: str) -> pd.DataFrame:
        raise NotComputable("no language model reads this lead")

    def readings(self, changed: Leads) -> np.ndarray:
        return np.full(len(changed), 0.5)

    def unmet(self, changed: Leads) -> list[tuple[str, ...]]:
        return [("a",) if a > 1 else () for a in changed.features["a"]]


def test_reading_is_bounded_and_what_holds_the_lead_back_is_tried_first():
    lines = [*(f"Customer: hm hm {n}" for n in range(40)), "Customer: No thanks, never."]
    lines = [lines[-1], *lines[:-1]]
    rescorer = Dear(lead_of("\n".join(lines)))
    moves = find_moves(rescorer, rescorer.lead, PLAUSIBLE, Choice())
    single, *more = rescorer.asked[1:]
    assert single == MOST_READINGS / 0.5 and len(more) == 2 and max(more) <= STEP_READINGS / 0.5
    assert moves.untried == 6 + 7 + 41 - single and moves.readings <= MOST_READINGS + 2 * STEP_READINGS
    assert not any(m.changes[0].turn == 0 for m in moves.singles)  # the dearest to leave out
    no = Contribution("turn", "turn 1", "No thanks.", -3.0, 0, "Customer")
    reasons = Attribution("L", "pairwise", 0, 0, 0, True, 1, (), (no,), ())
    told = find_moves(rescorer, rescorer.lead, PLAUSIBLE, Choice(), reasons)
    assert told.best()[0].changes[0].turn == 0


def test_an_answer_is_told_with_its_doubts():
    rescorer = Dear(lead_of())
    moves = find_moves(rescorer, rescorer.lead, PLAUSIBLE, Choice())
    far = next(m for m in moves.singles if m.unmet)
    assert far.changes[0].name == "a" and float(far.changes[0].value) > 1
    document = to_dict(moves, place, 50)
    assert document["least"]["rank"] <= 50 and document["rank"] == 100 and "no promise" in document["view"]
    assert any("Hardly any lead" in one["note"] and one["hardly_met"] == ["a"] for one in document["single"])
    shown = table(moves, place)
    assert len(shown) == len(moves.singles) and shown["Rank then"].is_monotonic_increasing
    assert "no promise" in as_text(moves, place, 50) and "rank 100 → 70" in as_text(moves, place, 50)
    assert all(abs(m.score) >= LEAST_MOVE for m in moves.best())
