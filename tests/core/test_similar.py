"""Leads like another: near ones come first, and the lead itself, its customer and open leads never come."""

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core import similar
from core.data.leads import Leads
from core.errors import LeadRankError, NotComputable
from core.similar import similar_leads
from tests.made import make_leads


def changed(leads: Leads, **roles: Any) -> Leads:
    return replace(leads, roles=leads.roles.assign(**roles))


def test_a_twin_comes_first_and_likeness_falls() -> None:
    leads = make_leads(120)
    rows = np.append(np.arange(119), 7)  # the last lead is the eighth again, under another name
    twins = leads.take(rows)
    ids = pd.Series([*leads.lead_id[:119], "TWIN"], dtype="str")
    twins = changed(twins, lead_id=ids, customer_id=ids)
    found = similar_leads(twins, "TWIN", k=4)
    assert found["lead_id"].iat[0] == "L0007" and found["likeness"].iat[0] == pytest.approx(1, abs=1e-5)
    assert found["likeness"].is_monotonic_decreasing and found["likeness"].between(0, 1).all() and len(found) == 4
    assert found["converted"].iat[0] == leads.converted[7]
    assert found["stage"].iat[0] == leads.schema.funnel.stages[leads.stage[7]]


def test_neither_the_customers_own_nor_open_leads_come() -> None:
    leads = make_leads(60)
    customer = leads.roles["customer_id"].mask(leads.roles.index < 20, "C0000").astype("str")
    converted = np.where(leads.roles.index < 40, leads.converted, np.nan)
    found = similar_leads(changed(leads, customer_id=customer, converted=converted), "L0003", k=100)
    assert set(found["lead_id"]) == set(leads.lead_id[20:40])


def test_only_the_newest_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similar, "MOST", 10)
    leads = make_leads(60)
    found = similar_leads(leads.take(np.arange(60)[::-1]), "L0003", k=100)
    assert set(found["lead_id"]) == set(leads.lead_id[50:])
    dates = leads.roles["snapshot_time"].where(leads.roles.index < 30)  # what has no date counts as oldest
    assert set(similar_leads(changed(leads, snapshot_time=dates), "L0003", k=100)["lead_id"]) == set(
        leads.lead_id[20:30]
    )


def test_fields_or_words_alone_will_do() -> None:
    for leads in (make_leads(80, words=False), make_leads(80, fields=False)):
        assert similar_leads(leads, "L0005")["likeness"].max() > 0.9
    chinese = make_leads(40, fields=False)
    said = pd.Series(["客户: 我想买车", "客户: 充电太慢"] * 20, dtype="str")
    found = similar_leads(changed(chinese, dialogue=said), "L0000", k=19)
    assert found["likeness"].min() > 0.9 and all(int(lead[1:]) % 2 == 0 for lead in found["lead_id"])


def test_what_cannot_be_compared_is_said() -> None:
    with pytest.raises(NotComputable, match="nothing compares"):
        similar_leads(make_leads(40, words=False, fields=False), "L0000")
    with pytest.raises(NotComputable, match="known outcome"):
        similar_leads(changed(make_leads(40), converted=np.nan), "L0000")
    with pytest.raises(LeadRankError, match="did you mean"):
        similar_leads(make_leads(40), "L003")


def test_four_thousand_leads_take_about_a_second() -> None:
    leads = make_leads(4000)
    began = time.process_time()
    similar_leads(leads, "L0100")
    assert time.process_time() - began < 2
