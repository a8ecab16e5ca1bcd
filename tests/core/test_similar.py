"""Leads like another: near ones come first; the lead itself, its customer and unknown outcomes never come."""

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.data.leads import Leads
from core.errors import NotComputable
from core.similar import similar_leads
from tests.made import make_leads


def changed(leads: Leads, **roles: Any) -> Leads:
    return replace(leads, roles=leads.roles.assign(**roles))


def one(leads: Leads, row: int) -> Leads:
    return leads.take(np.array([row]))


def test_a_twin_comes_first_and_likeness_falls() -> None:
    leads = make_leads(120)
    ids = pd.Series(["TWIN"], dtype="str")
    twin = changed(one(leads, 7), lead_id=ids, customer_id=ids)
    found = similar_leads(twin, leads, k=4)
    assert found["lead_id"].iat[0] == "L0007" and found["likeness"].iat[0] == pytest.approx(1, abs=1e-5)
    assert found["likeness"].is_monotonic_decreasing and found["likeness"].between(0, 1).all() and len(found) == 4
    assert found["converted"].iat[0] == leads.converted[7]
    assert found["stage"].iat[0] == leads.schema.funnel.stages[leads.stage[7]]


def test_neither_the_customers_own_nor_leads_of_unknown_outcome_come() -> None:
    leads = make_leads(60)
    customer = leads.roles["customer_id"].mask(leads.roles.index < 20, "C0000").astype("str")
    converted = np.where(leads.roles.index < 40, leads.converted, np.nan)
    given = changed(leads, customer_id=customer, converted=converted)
    found = similar_leads(one(given, 3), given, k=100)
    assert set(found["lead_id"]) == set(leads.lead_id[20:40])


def test_fields_or_words_alone_will_do() -> None:
    for leads in (make_leads(80, words=False), make_leads(80, fields=False)):
        assert similar_leads(one(leads, 5), leads)["likeness"].max() > 0.9
    chinese = make_leads(40, fields=False)
    said = pd.Series(["客户: 我想买车", "客户: 充电太慢"] * 20, dtype="str")
    chinese = changed(chinese, dialogue=said)
    found = similar_leads(one(chinese, 0), chinese, k=19)
    assert found["likeness"].min() > 0.9 and all(int(lead[1:]) % 2 == 0 for lead in found["lead_id"])


def test_what_cannot_be_compared_is_said() -> None:
    mute = make_leads(40, words=False, fields=False)
    with pytest.raises(NotComputable, match=r"'L0000' has neither.*nothing compares"):
        similar_leads(one(mute, 0), mute)
    unknown = changed(make_leads(40), converted=np.nan)
    with pytest.raises(NotComputable, match="known outcome"):
        similar_leads(one(unknown, 0), unknown)
    with pytest.raises(NotComputable, match="known outcome"):
        similar_leads(one(unknown, 0), unknown.take(np.array([], dtype=int)))


def test_four_thousand_leads_take_about_a_second() -> None:
    leads = make_leads(4000)
    began = time.process_time()
    similar_leads(one(leads, 100), leads)
    assert time.process_time() - began < 2
