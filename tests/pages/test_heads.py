"""Two heads, honestly: the section of the Lift page, and the range beside the chance on the Why page."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.lift.likely import LITTLE, Likely, TooLittle
from core.workspace.runs import run_folder
from pages import _lead_figures, _likely
from tests.kept import fake_scores, keep_leads, keep_run, keep_scoring
from tests.seen import words as seen_words
from tests.why_page import ROOT, sound, why_page


@pytest.fixture
def kept(folder):
    """400 leads with outcomes, on all of which the model that ranks them was tested."""
    ws, dataset, leads = keep_leads(folder, n=400, known=400)
    run = keep_run(ws)
    fake_scores(leads, tilt=1.0).frame.to_parquet(run_folder(ws, run.id) / "test_scores.parquet")
    return ws, dataset, leads, run, keep_scoring(ws, dataset, leads, run, tilt=1.0)


def test_the_range_stands_beside_the_chance_and_in_its_hint(kept, monkeypatch) -> None:
    _, dataset, leads, _, _ = kept
    monkeypatch.setattr(_likely, "home", lambda run: dataset.id)
    frame = fake_scores(leads, tilt=1.0).frame.sort_values("probability")
    at = sound(why_page(lead=str(frame["lead_id"].iat[200])))
    chance = next(m for m in at.metric if m.label == "Chance of an order")
    low, high = (int(number) for number in chance.delta.split(" of")[0].split(" to "))
    assert 0 < low < high < 100 and "of the " in chance.help and "earlier leads" in chance.help
    at = sound(why_page(lead=str(frame["lead_id"].iat[-1])))
    chance = next(m for m in at.metric if m.label == "Chance of an order")
    assert chance.delta == f"Range: {LITTLE.lower()}" and "only 1 earlier" in chance.help


def test_where_the_tested_leads_are_not_here_that_is_said(kept) -> None:
    chance = next(m for m in sound(why_page(lead="L0003")).metric if m.label == "Chance of an order")
    assert chance.delta == f"Range: {LITTLE.lower()}" and "not here" in chance.help


def test_without_a_chance_there_is_no_range() -> None:
    assert _lead_figures._range(None) is None and _lead_figures._range_hint(None) == ""
    assert _lead_figures._range(TooLittle("x")) and "Of 100" in _lead_figures._range_hint(Likely(200, 9, 0.02, 0.08))


def test_the_lift_page_tells_recent_months_and_both_orders(kept, monkeypatch) -> None:
    _, dataset, leads, _, _ = kept
    monkeypatch.setattr(_likely, "home", lambda run: dataset.id)
    from pages import _lift_parts

    monkeypatch.setattr(_lift_parts, "home", lambda run: dataset.id)
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    at.session_state["lift_section"] = "Lately, and two orders"
    at.switch_page("pages/lift.py").run()
    told = seen_words(sound(at))
    assert "In January 2025 the chances promised" in told and "The two orders" in told
    near = [table.value for table in at.dataframe if "By chance" in table.value]
    assert len(near) == 2 and all(len(table) <= 20 for table in near)
    assert (near[0]["By score"] < near[0]["By chance"]).all()
    assert (near[1]["By score"] > near[1]["By chance"]).all()
    known = np.isin(leads.lead_id, near[0]["Lead"].tolist())
    assert known.sum() == len(near[0])
