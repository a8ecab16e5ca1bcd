"""Two sentences, the tiers and the notes of a comparison, and its JSON."""

import json
from dataclasses import replace

import pytest

from core.comparing import as_text, from_dict, notes, sentences, shown, taught, to_dict
from core.errors import LeadRankError
from core.pair_reasons import PairReasons, TierPart
from tests.core.test_pair_reasons import two

TIERS = (TierPart("global", "lock in over lost", 1.5), TierPart("key", "test drive over call", 0.7))


def test_two_sentences_name_what_decides_and_how_often() -> None:
    said = sentences(two())
    assert said == [
        "Lead A stands above lead B mainly because of calls (2 against 30), what Customer said "
        '("I\'d like to sign this week") and the length of the conversations and what is not told.',
        "The model rates the chance that A is the better lead at 88%, a figure that was not checked against outcomes.",
    ]


def test_the_lead_that_comes_first_is_named_first_whichever_was_asked_for() -> None:
    found = two()
    turned = found.turned()
    assert turned.difference == -found.difference and turned.turned() == found
    assert sentences(turned) == sentences(found)
    assert 'what Customer of lead B said ("maybe next year")' in as_text(turned)


def test_the_other_leads_words_are_told_as_its_own() -> None:
    found = two()
    strong = replace(found.b, turns=(replace(found.b.turns[0], value=-3.0),))
    assert 'because of what Customer of lead B said ("maybe next year")' in sentences(replace(found, b=strong))[0]


def test_a_narrow_lead_is_told_as_nearly_a_tie() -> None:
    found = two()
    close = replace(found, a=replace(found.a, logit=found.b.logit + 0.1))
    assert 0.5 < close.probability < 0.6
    assert sentences(close)[0].startswith("It is nearly a tie: lead A stands above lead B by little, because of calls")


def test_equals_are_told_as_equals() -> None:
    found = two()
    same = PairReasons(found.a, replace(found.a, lead_id="C"), 0.0, "pairwise")
    first, sure = sentences(same)
    assert "sees leads A and C as equal" in first and "at 50%, a figure that was not checked" in sure
    # What each said is told all the same; a field that both have alike is nothing.
    assert {c.kind for c in shown(same, 5)} == {"turn"}


def test_tiers_are_told_by_their_share_and_what_spoke_against() -> None:
    assert (
        taught(two(tiers=TIERS))
        == taught(two(tiers=TIERS).turned())
        == "This order was taught mainly by pairs of past leads: lock in over lost (68% of what pairs taught for it), "
        "test drive over call (32%)."
    )
    contrary = (TIERS[0], TierPart("soft", "longer over shorter calls", -0.4), TierPart("(rest)", "", 0.01))
    told = taught(two(tiers=contrary))
    assert "lock in over lost (99% of what" in told and "Pairs of longer over shorter calls taught the opposite" in told
    assert taught(two(unknown="Not known, for a reason.")) == "Not known, for a reason."


def test_pushes_are_not_told_as_what_taught_it() -> None:
    told = taught(two(tiers=TIERS, tiers_sum=False))
    assert told.endswith("lock in over lost (68% of their push towards it), test drive over call (32%).")
    contrary = taught(two(tiers=(TIERS[0], replace(TIERS[1], value=-0.5)), tiers_sum=False))
    assert contrary.endswith("Pairs of test drive over call push the other way.") and "taught mainly" not in contrary


def test_notes_tell_what_changes_the_reading() -> None:
    assert notes(two()) == []
    (note,) = notes(two(queue_difference=-0.5, rank_by="blend"))
    assert "The queue has lead B above the other all the same" in note and "each lead's own chance" in note
    assert sentences(two(queue_difference=-0.5))[0].startswith("Lead A would come before lead B")
    found = two()
    rough = replace(found, a=replace(found.a, fields=(), truncated_turns=2))
    assert any("off by" in line for line in notes(rough)) and any("2 oldest turns of lead A" in n for n in notes(rough))


def test_a_queue_by_another_score_is_told_with_how_far_apart_it_has_the_two() -> None:
    (note,) = notes(two(rank_by="blend"))
    assert "the model's score for pairs, in which the two are 2.00 apart; in the rank score they are 1.00" in note
    assert "since the queue also counts each lead's own chance" in note
    assert notes(two(rank_by="blend").turned()) == [note]
    assert notes(two(rank_by="blend", queue_difference=2.0)) == []


def test_what_is_not_listed_stands_in_one_line_so_that_all_adds_up() -> None:
    lines = as_text(two(), top=2).splitlines()
    assert lines[-1] == "  +0.20  everything else" and "points of the model's score for pairs" in lines[2]
    assert "everything else" not in as_text(two())


def test_json_has_what_programs_read_and_comes_back() -> None:
    found = two(tiers=TIERS)
    document = json.loads(json.dumps(to_dict(found)))
    assert document["difference"] == 2.0 and document["convergence"]["converged"] is True
    assert {"kind", "lead", "name", "turn", "text", "value"} <= document["contributions"][0].keys()
    assert from_dict(document) == found


@pytest.mark.parametrize("gone", ["explained", "tiers", "rank_by"])
def test_a_damaged_comparison_is_told(gone: str) -> None:
    document = to_dict(two())
    del document[gone]
    with pytest.raises(LeadRankError, match="compare again"):
        from_dict(document)
