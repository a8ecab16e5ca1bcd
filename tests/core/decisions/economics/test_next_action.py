import numpy as np
import pandas as pd
import pytest

from core.decisions.economics.next_action import Rules, next_best_action
from core.errors import ConfigError, NotComputable, ValidationError
from core.funnel import PRESETS

# The mean chance is 4%: hot from 6%, cold below 1%.
CASES = [
    ("lock_in", 0.04, 2, "wait", "it has ordered"),
    ("lost", 0.09, 9, "drop", "it is lost"),
    ("call", 0.005, 30, "drop", "chance 0.5%, 0.1 times the mean; last contact 30 days ago"),
    ("call", 0.005, 29, "call now", "last contact 29 days ago"),
    ("call", 0.005, None, "call now", "0.1 times the mean; never contacted"),
    ("test_drive", 0.12, 1, "wait", "last contact 1 day ago; leave it 3 days"),
    ("test_drive", 0.12, 0, "wait", "last contact today"),
    ("test_drive", 0.06, 3, "send offer", "chance 6.0%, 1.5 times the mean; stage test drive"),
    ("store_visit", 0.03, 5, "call now", "chance 3.0%, 0.8 times the mean; last contact 5 days ago"),
    ("call", 0.08, None, "book test drive", "2.0 times the mean; stage call"),
    ("", 0.08, 40, "call now", "2.0 times the mean; last contact 40 days ago"),
]


def leads() -> pd.DataFrame:
    frame = pd.DataFrame(CASES, columns=["stage", "probability", "days_since_contact", "action", "reason"])
    filler = {"stage": "call", "probability": 0.001, "days_since_contact": 9, "action": "", "reason": ""}
    frame = pd.concat([frame, pd.DataFrame([filler] * 5)], ignore_index=True)
    return frame.assign(lead_id=[f"L{n}" for n in frame.index])


def test_each_rule_in_its_turn() -> None:
    frame = leads()
    assert frame["probability"].mean() == pytest.approx(0.04)
    found = next_best_action(frame)
    assert found["lead_id"].tolist() == frame["lead_id"].tolist()
    for (*_, action, reason), row in zip(CASES, found.itertuples(), strict=False):
        assert (row.action, reason in str(row.reason)) == (action, True), (row, reason)


def test_steps_of_another_trade() -> None:
    rules = Rules(PRESETS["property"], steps={"viewing": "book second viewing"})
    frame = pd.DataFrame({"lead_id": [1, 2], "stage": ["viewing", "call"], "probability": [0.5, 0.1]})
    found = next_best_action(frame.assign(days_since_contact=np.nan), rules)
    assert found["action"].tolist() == ["book second viewing", "call now"]


def test_leads_without_any_chance_are_all_alike() -> None:
    frame = pd.DataFrame({"lead_id": [1], "stage": ["call"], "probability": [0.0], "days_since_contact": [99]})
    assert next_best_action(frame)["action"].tolist() == ["call now"]


def test_impossible_input_is_told() -> None:
    frame = leads().iloc[:3]
    with pytest.raises(ValidationError) as caught:
        next_best_action(frame.assign(stage=["won", "", "lost"], days_since_contact=["-1", "soon", "3"]))
    said = str(caught.value)
    for part in ("such as 'won' (row 2); write one of lost, call", "such as '-1' (row 2)", "such as 'soon' (row 3)"):
        assert part in said
    with pytest.raises(ValidationError, match=r"outside 0\.\.1"):
        next_best_action(frame.assign(probability=[0.1, 1.2, 0.3]))
    with pytest.raises(ValidationError, match="'stage': there is no such column"):
        next_best_action(frame[["lead_id", "probability", "days_since_contact"]])
    with pytest.raises(NotComputable):
        next_best_action(frame.iloc[:0])
    for wrong in ({"cold": 2.0}, {"hot": 0.0, "cold": 0.0}, {"rest_days": 40.0}, {"steps": {"call back": "call"}}):
        with pytest.raises(ConfigError):
            Rules(**wrong)
