import math
from dataclasses import replace

import numpy as np
import pytest

from core.data.changing import MOST_CHARACTERS, changed_lead, one_table, without
from core.data.dialogue import Turn, parse_turns
from core.errors import LeadRankError
from core.scores import Contribution
from tests.made import make_leads

LEAD = make_leads(4).take(np.array([2]))


def turn(number):
    return Contribution("turn", f"turn {number + 1}", "", 1.0, number)


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


def test_a_turn_is_left_out_and_all_else_stays_to_the_letter():
    said = "专家: 您好  吧\n\n客户: " + "很" * MOST_CHARACTERS + "\n  Customer: one | two"
    lead = replace(LEAD, roles=LEAD.roles.assign(dialogue=said))
    before = lead.content_hash
    assert without(lead, turn(0)).dialogue.iat[0] == said[said.index("客户") :]
    assert without(lead, turn(1)).dialogue.iat[0] == "专家: 您好  吧\n  Customer: one | two"
    assert without(lead, turn(2)).dialogue.iat[0] == said[: said.index("\n  C")].replace("\n\n", "\n")
    assert lead.content_hash == before
    assert without(without(LEAD, turn(1)), turn(0)).dialogue.iat[0] == ""


def test_a_field_is_left_out_by_not_being_known():
    gone = without(LEAD, Contribution("field", "a", "1", 0.5))
    assert bool(gone.features["a"].isna().iat[0]) and gone.features["city"].equals(LEAD.features["city"])
    assert without(LEAD, Contribution("field", "city", "x", 0.5)).features["city"].iat[0] == ""


@pytest.mark.parametrize(
    "unit", [turn(2), turn(-1), Contribution("turn", "turn", "", 1.0), Contribution("field", "b", "", 1)]
)
def test_what_the_lead_lacks_cannot_be_left_out(unit):
    with pytest.raises(LeadRankError, match="however"):
        without(LEAD, unit)


def test_copies_of_one_lead_become_one_table_under_names_of_their_own():
    table = one_table([LEAD, without(LEAD, turn(0)), LEAD])
    assert table.lead_id.tolist() == ["0", "1", "2"] and table.schema == LEAD.schema
    whole, less, again = table.dialogue.tolist()
    assert less != whole == again
