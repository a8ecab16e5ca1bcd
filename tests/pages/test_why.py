"""The Why page: which lead it shows, where that stands, and the way on where there is none."""

import subprocess
import sys

from sqlalchemy import update

from core.workspace.actions import lead_status
from core.workspace.store import open_workspace
from core.workspace.tables import Scoring
from tests.kept import fake_scores, keep_leads, keep_run
from tests.why_page import ROOT, button, sound, why_page, words


def test_a_lead_with_its_place_chance_score_and_exact_reasons(kept):
    _, _, leads, _, _ = kept
    at = sound(why_page(lead="L0003"))
    place = int(fake_scores(leads).frame.set_index("lead_id")["rank"]["L0003"])
    assert at.header[0].value == "L0003 · Person 3" and at.metric[0].value == f"{place} of 60"
    assert [m.label for m in at.metric[:3]] == ["Rank", "Chance of an order", "Rank score"]
    assert f"{leads.features['a'].iat[3]:+.2f}".replace("-", "−") in words(at)
    assert "Sales person" in words(at) and "Bo" in words(at)


def test_without_a_lead_in_the_address_the_first_is_shown_and_neighbours_follow(kept):
    _, _, leads, _, _ = kept
    order = fake_scores(leads).frame["lead_id"].tolist()
    at = sound(why_page())
    assert at.header[0].value.startswith(order[0]) and button(at, "Previous").disabled
    button(at, "Next").click().run()
    assert sound(at).header[0].value.startswith(order[1]) and at.query_params["lead"] == order[1]
    at = sound(why_page(lead=order[-1]))
    assert button(at, "Next").disabled


def test_an_unknown_lead_is_said_and_the_first_one_shown(kept):
    at = sound(why_page(lead="<b>nobody</b>"))
    assert "is not in this ranking" in words(at) and at.metric[0].value == "1 of 60"
    assert not any("<b>" in str(e.value).replace("\\", "").replace("\u2060", "x") for e in at.html)


def test_a_lead_is_found_by_its_name(kept):
    at = sound(why_page())
    at.text_input(key="lead_search").set_value("person 17").run()
    at.selectbox(key="lead_found").set_value("L0017").run()
    assert sound(at).header[0].value.startswith("L0017")


def test_the_two_orders_are_compared_by_a_stated_rule(kept):
    """The chance follows the wish alone, the rank score `a`: the best by `a` without a wish stands far apart."""
    _, _, leads, _, _ = kept
    frame = fake_scores(leads).frame.assign(by_chance=lambda f: f["probability"].rank(ascending=False))
    apart = (frame["by_chance"] - frame["rank"]).abs()
    far, near = frame["lead_id"].iat[int(apart.argmax())], frame["lead_id"].iat[int(apart.argmin())]
    at = sound(why_page(lead=far))
    place = int(frame["by_chance"].to_numpy()[int(apart.argmax())])
    assert f"at {place:,}, by its rank score" in words(at) and "10% of the queue" in words(at)
    assert "by its rank score" not in words(sound(why_page(lead=near)))


def test_marking_works_as_in_the_queue(kept):
    ws, dataset, *_ = kept
    at = sound(why_page(lead="L0005"))
    button(at, "Won").click().run()
    assert lead_status(ws, dataset.id)[["lead_id", "status"]].values.tolist() == [["L0005", "won"]]
    assert sound(at).header[0].value.startswith("L0005") and "Won" in words(at)


def test_where_outcomes_are_known_no_stage_is_told(kept):
    ws, _, leads, _, _ = kept
    lead = leads.lead_id[leads.stage == 2].iat[0]
    assert "Stage" in words(sound(why_page(lead=lead)))
    with ws.session() as session:
        session.execute(update(Scoring).values(part="test", slot=None))
    assert "Stage" not in words(sound(why_page(lead=lead)))


def test_without_leads_and_without_a_ranking_the_way_leads_on(folder):
    ws = open_workspace(folder)
    assert "No leads yet" in words(sound(why_page()))
    ws.engine.dispose()


def test_unranked_leads_say_so(folder):
    ws, *_ = keep_leads(folder)
    keep_run(ws)
    at = sound(why_page())
    assert "not ranked yet" in words(at) and button(at, "Score these leads")


def test_neither_page_loads_torch_or_scikit_learn_before_they_are_needed():
    modules = (
        "_actions _explained _export _filters _history _lead_head _queue_head _reasons _scored _table _try _unmask "
        "_which_head"
    )
    script = "import sys, importlib; " + "; ".join(f"importlib.import_module('pages.{m}')" for m in modules.split())
    found = subprocess.run(
        [sys.executable, "-c", script + "; print({'torch', 'sklearn'} & {*sys.modules})"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert found.stdout.strip() == "set()", found.stderr[-500:]
