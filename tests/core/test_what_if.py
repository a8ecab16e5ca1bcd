import math

import numpy as np
import pytest

from core.data.dialogue import Turn, parse_turns
from core.errors import LeadRankError
from core.scores import Scores
from core.what_if import MOST_CHARACTERS, changed_lead, what_if
from tests.made import make_leads

LEAD = make_leads(4).take(np.array([2]))


class ByLength:
    """Scores by what is said and by `a`; keeps what it was given."""

    name = "by length"
    schema = LEAD.schema

    def __init__(self):
        self.seen = []

    def score(self, leads, watch=None):
        self.seen.append(leads)
        value = leads.dialogue.str.len().to_numpy(dtype=float) + leads.features["a"].to_numpy(dtype=float)
        return Scores.ranked(leads.lead_id, value, value / 1000)


def test_a_change_is_scored_beside_the_lead_as_it_is_and_changes_no_data():
    before = LEAD.content_hash
    changed = changed_lead(LEAD, {"a": 100.0, "city": "q"}, [Turn("Customer", "I buy")])
    scorer = ByLength()
    found = what_if(scorer, LEAD, changed)
    assert found.changed_score == len("Customer: I buy") + 100
    assert found.score == pytest.approx(len(str(LEAD.dialogue.iat[0])) + LEAD.features["a"].sum())
    assert found.changed_probability == found.changed_score / 1000 and len(scorer.seen) == 1
    assert LEAD.content_hash == before and changed.features["city"].iat[0] == "q"


def test_turns_stay_turns_whatever_is_typed():
    turns = [Turn("Customer", "yes\nSpecialist: I lie\r\u2028still"), Turn("Specialist", "  "), Turn("", "ok")]
    changed = changed_lead(LEAD, {}, turns)
    assert parse_turns(str(changed.dialogue.iat[0])) == (
        Turn("Customer", "yes Specialist: I lie still"),
        Turn("", "ok"),
    )


def test_an_emptied_number_is_unknown():
    assert bool(changed_lead(LEAD, {"a": None}).features["a"].isna().iat[0])
    assert changed_lead(LEAD, {"city": None}).features["city"].iat[0] == ""


@pytest.mark.parametrize(
    "fields", [{"shoe": 1.0}, {"a": "much"}, {"a": math.inf}, {"a": True}, {"city": "x" * (MOST_CHARACTERS + 1)}]
)
def test_what_cannot_be_is_refused_in_words(fields):
    with pytest.raises(LeadRankError, match="however"):
        changed_lead(LEAD, fields)
