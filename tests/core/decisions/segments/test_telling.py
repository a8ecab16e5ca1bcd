"""What a card says in words: sizes, promise, proof, and whether an uplift model does better."""

import pytest

from core.decisions.segments.telling import TWO_STAGE, UPLIFT, arms_sentence, headline, notes, plan_by, proof_row, sizes

ROW = {
    "method": "splc",
    "hidden": 0.4,
    "precision": 0.76,
    "precision_low": 0.7,
    "precision_high": 0.82,
    "recall": 0.71,
    "recall_low": None,
    "recall_high": None,
}
CARD = {
    "leads": 100,
    "settings": {"loss": "splc", "precision": 0.8},
    "counts": [
        {"observed": "campaign", "segment": "campaign", "leads": 10},
        {"observed": "organic", "segment": "campaign", "leads": 5},
        {"observed": "organic", "segment": "organic", "leads": 15},
        {"observed": "low", "segment": "low", "leads": 63},
        {"observed": "", "segment": "organic", "leads": 7},
    ],
    "corrected": 5,
    "share": {"value": 1.0, "error": 0.0, "telling": True},
    "audited": 0,
    "log": [
        {"average_precision": 0.5, "corrected": 0.0, "reverted": 0.0},
        {"average_precision": 0.6, "corrected": 40.0, "reverted": 8.0},
        {"average_precision": 0.6, "corrected": 40.0, "reverted": 1.0},
    ],
    "engaged": None,
    "engaged_why": "too few",
    "recovery_leads": 900,
    "recovery_skipped": {"0.2": "too few of them"},
    "line": {"threshold": 0.3, "precision": 0.81},
    "recovery": [ROW, {**ROW, "hidden": 0.2, "recall": 0.1}, {**ROW, "method": "bce", "recall": 0.2}],
    "recovery_why": "",
}


def test_sizes_promise_and_proof():
    first, second, third = headline(CARD)
    assert sizes(CARD) == {"campaign": 15, "organic": 22, "low": 63}
    assert "15 belong to the campaign (10 known, 5 filled in, 0 by their chances), 22 came" in first
    assert "anyway (15 known, 7 by their chances), 63 did not" in first and "The response of 7" in first
    assert second.startswith("Of 100 labels filled in about 81 should be right")
    assert "hiding 40%" in third and "of 100 hidden ones 71 were found" in third
    assert "76 (likely 70 to 82) were hidden ones: so many were right" in third


def test_where_labels_were_missing_before_the_proof_says_what_to_expect():
    third = headline({**CARD, "share": {"value": 0.5, "error": 0.1, "telling": True}})[2]
    assert "were 80 of 100 right, about 23 would be hidden ones" in third  # 80 x 0.2 / 0.7


def test_notes_tell_what_was_taken_back_and_what_was_not_tested():
    chances, flips, skipped, leads = notes(CARD)
    assert "could not be tested: too few" in chances and "900 leads" in leads
    assert "in the last one 2.5 of 100 were taken back, in the worst 20.0" in flips
    assert skipped == "20% hidden was not tested: too few of them."


def test_without_evidence_of_missing_labels_none_is_promised():
    told = headline({**CARD, "share": {"value": 0.4, "error": 0.1, "telling": False}})[1]
    assert "nothing shows that any is missing" in told and "40" not in told


def test_a_campaign_is_planned_by_what_was_shown_to_be_better():
    for low, way in ((1.0, "uplift"), (-1.0, "segments")):
        rows = [{"name": TWO_STAGE, "against": None}, {"name": UPLIFT, "against": [3.0, low, 5.0]}]
        assert plan_by({"arms": {"rows": rows}, "uplift_kept": True}) == way
    assert plan_by({"arms": None, "uplift_kept": True}) == "segments"


def test_what_cannot_be_told_is_said():
    unsure = {**CARD, "line": {"threshold": None, "precision": None}, "recovery": [{**ROW, "precision": None}]}
    assert "No missing label is filled in" in headline(unsure)[1] and "none was found" in headline(unsure)[2]
    untested = {**CARD, "recovery": None, "recovery_why": "the proof needs more"}
    assert headline(untested)[2] == "That could not be tested: the proof needs more."
    assert proof_row({**CARD, "settings": {"loss": "hill", "precision": 0.8}}) is None


@pytest.mark.parametrize(
    "gap, words",
    [
        ([3.0, 1.0, 5.0], "fall short by 3.0 (likely 1.0 to 5.0). Plan by the uplift model."),
        ([-3.0, -5.0, -1.0], "do better by 3.0 (likely 1.0 to 5.0)."),
        ([1.0, -2.0, 4.0], "no difference that this test can show (likely −2.0 to +4.0)."),
    ],
)
def test_the_uplift_model_beside_the_segments(gap, words):
    own = {"name": TWO_STAGE, "qini": [8.0, 6.0, 10.0], "against": None}
    other = {"name": UPLIFT, "qini": [8.0 + gap[0], 0.0, 0.0], "against": gap}
    assert arms_sentence({"arms": {"rows": [own, other]}, "arms_why": ""}).endswith(words)


def test_without_arms_the_reason_is_told():
    assert "nobody left out" in arms_sentence({"arms": None, "arms_why": "nobody left out"})
