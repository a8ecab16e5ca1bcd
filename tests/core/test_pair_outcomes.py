"""Who was right is told by what came afterwards, and not by what could be seen before."""

import numpy as np
import pandas as pd

from core.pair_outcomes import who_was_right

OUTCOMES = pd.DataFrame(
    {"outcome": [1.0, 0.0, 0.0, np.nan], "stage": [4, 2, 1, -1]}, index=pd.Index(list("abcd"), name="lead_id")
)


def corrections(*pairs: str, scores: tuple[float, float] = (0.0, 1.0), known: bool = False) -> pd.DataFrame:
    made = {"chosen": [p[0] for p in pairs], "rejected": [p[1] for p in pairs]}
    return pd.DataFrame(made).assign(chosen_score=scores[0], rejected_score=scores[1], known_before=known)


def test_an_order_decides_then_the_stage() -> None:
    table = who_was_right(corrections("ab", "ba", "bc", "cb", "ad", "ax"), OUTCOMES).table
    assert table["analyst"].tolist() == ["right", "wrong", "right", "wrong", "", ""]
    assert table["model"].tolist() == ["wrong", "right", "wrong", "right", "", ""]
    assert table["ended"].tolist()[:3] == [
        "the one put above ordered",
        "the one put below ordered",
        "the one put above came further",
    ]
    assert table["ended"].tolist()[4] == "not known yet"


def test_both_that_ordered_decide_nothing_and_a_model_without_scores_is_not_judged() -> None:
    both = OUTCOMES.assign(outcome=1.0)
    assert who_was_right(corrections("ab"), both).table["analyst"].tolist() == [""]
    blind = who_was_right(corrections("ab", scores=(np.nan, np.nan)), OUTCOMES).table
    assert (blind["analyst"].iat[0], blind["model"].iat[0]) == ("right", "")


def test_the_sentence_has_an_interval_or_says_that_it_is_too_early() -> None:
    assert "too early" in who_was_right(corrections("ad"), OUTCOMES).verdict
    assert "too few to say" in who_was_right(corrections("ab", "bc"), OUTCOMES).verdict
    told = who_was_right(corrections(*["ab"] * 9, *["ba"] * 5), OUTCOMES).verdict
    assert told.startswith("Of 14 corrections whose outcome is known the analyst was right in 9, the model in 5.")
    assert "between 39% and 84%; that does not tell the two apart yet" in told
    sure = who_was_right(corrections(*["ab"] * 30), OUTCOMES).verdict
    assert "not tell" not in sure


def test_what_was_known_before_proves_nothing() -> None:
    found = who_was_right(corrections("ab", "cb", known=True), OUTCOMES)
    assert "too early" in found.verdict
    assert found.aside == "2 corrections not counted: an outcome was known already. 1 of them agree with it."
    assert who_was_right(corrections("ab"), OUTCOMES).aside == ""


def test_both_are_judged_on_the_same_corrections() -> None:
    told = corrections(*["ab"] * 6, *["ba"] * 6)
    told.loc[3:8, ["chosen_score", "rejected_score"]] = np.nan
    found = who_was_right(told, OUTCOMES)
    assert found.verdict.startswith(
        "Of 6 corrections whose outcome is known the analyst was right in 3, the model in 3"
    )
    assert found.aside == "6 corrections not counted: the model had not put the two in an order."
    assert "it cannot be said" in who_was_right(corrections("ab", scores=(np.nan, np.nan)), OUTCOMES).verdict
