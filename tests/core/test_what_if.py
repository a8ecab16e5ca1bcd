import numpy as np
import pytest

from core import scoring
from core.data.changing import changed_lead
from core.data.dialogue import Turn
from core.errors import LeadRankError
from core.scores import Scores
from core.what_if import what_if
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
    found = what_if(scoring.rescorer(scorer, LEAD), changed)
    assert found.changed_score == len("Customer: I buy") + 100
    assert found.score == pytest.approx(len(str(LEAD.dialogue.iat[0])) + LEAD.features["a"].sum())
    assert found.changed_probability == found.changed_score / 1000 and len(scorer.seen) == 1
    assert LEAD.content_hash == before and changed.features["city"].iat[0] == "q"


def test_a_rescorer_answers_in_the_order_in_which_it_was_asked():
    rescorer = scoring.rescorer(ByLength(), LEAD)
    said = rescorer.score(make_leads(12).take(np.array([7, 3, 11])))
    alone = [rescorer.score(make_leads(12).take(np.array([row])))["score"].iat[0] for row in (7, 3, 11)]
    assert said["score"].tolist() == alone and "rank" not in said


def test_a_rescorer_is_made_for_one_lead():
    with pytest.raises(LeadRankError, match="got 2 leads"):
        scoring.rescorer(ByLength(), make_leads(2))
