"""What would move a lead, on the Why page: asked once, told as the model's view, filled into the boxes."""

from dataclasses import replace

import numpy as np
import pytest

from core.data.leads import Leads
from core.data.problems import Report
from core.jobs.rankings import keep_explanation
from core.scores import Attribution, Contribution, Scores
from core.workspace.datasets import add_dataset, datasets, leads_of
from core.workspace.runs import runs
from core.workspace.store import open_workspace
from pages import _would_move as would_move
from tests.kept import fake_scores, keep_leads, keep_run, keep_scoring
from tests.why_page import button, sound, why_page, words

ASK = "What would move this lead"


class Fake:
    """The model that made the ranking, at the seam."""

    name = "fake"

    def __init__(self, schema):
        self.schema, self.scored = schema, 0

    def score(self, leads: Leads, watch=None) -> Scores:
        self.scored += len(leads)
        return fake_scores(replace(leads, features=leads.features.assign(a=leads.features["a"].fillna(0.0))), tilt=1.0)


@pytest.fixture
def kept(folder, monkeypatch):
    """The model, the leads from the best to the last, and the best of `a`."""
    ws, dataset, leads = keep_leads(folder, dialogue="Specialist: Hi, this is Oskar at Orin.\nCustomer: Hm.")
    keep_scoring(ws, dataset, leads, keep_run(ws))
    fake = Fake(leads.schema)
    monkeypatch.setattr("core.scoring.load_scorer", lambda run: fake)
    return fake, fake_scores(leads).frame["lead_id"].tolist(), leads.features["a"]


def opened(lead: str):
    return sound(why_page("Try a change", lead=lead))


def way(at):
    return next(control for control in at.segmented_control if control.label == "Which way")


def test_changes_are_found_once_and_told_as_the_models_view(kept):
    fake, order, a = kept
    at = opened(order[40])
    assert not fake.scored and "no promise" not in words(at)
    button(at, ASK).click().run()
    told, asked = words(sound(at)), fake.scored
    assert "from rank 41 to" in told and "among the first 20" in told and "no promise" in told and asked
    shown = next(d.value for d in at.dataframe if "Rank then" in d.value)
    assert shown["Rank now"].eq(41).all() and shown["Rank then"].is_monotonic_increasing
    best = float(np.quantile(a, 0.95, method="inverted_cdf"))
    assert shown["Change"].iat[0].startswith("A: ") and shown["Change"].iat[0].endswith(f"{best:.3g}")
    at = opened(order[40])
    assert "among the first 20" in words(at) and fake.scored == asked  # kept by content and choice


def test_a_change_is_filled_in_and_scored(kept):
    _, order, a = kept
    at = opened(order[40])
    button(at, ASK).click().run()
    at.button(key="would_move_0").click().run()
    value = next(n for n in sound(at).number_input if n.label == "A").value
    assert value == pytest.approx(np.quantile(a, 0.95, method="inverted_cdf"))
    after = {m.label: m.value for m in at.metric[3:]}
    assert (
        after["Rank"] == next(d.value for d in at.dataframe if "Rank then" in d.value)["Rank then"].astype(str).iat[0]
    )
    at.run()
    assert len(sound(at).metric) == 3  # told once; the boxes stay
    assert next(n for n in at.number_input if n.label == "A").value == value


def test_a_turn_less_and_what_was_chosen_last(kept):
    at = opened("L0000")
    at.multiselect[0].set_value(["a"]).run()
    way(at).set_value(False).run()
    button(at, ASK).click().run()
    assert "moves it down" in words(sound(at)) or "take it down" in words(at)
    assert "Oskar" not in words(at) + " ".join(next(d.value for d in at.dataframe)["Change"])
    way(at).set_value(True).run()
    assert "no promise" not in words(sound(at))  # another choice is another question
    assert at.multiselect[0].value == ["a"]
    at.session_state["why_section"] = "History"
    at.run()
    at.session_state["why_section"] = "Try a change"
    assert sound(at.run()).multiselect[0].value == ["a"]


def test_reasons_that_are_kept_are_used_and_other_leads_are_another_question(folder, kept, monkeypatch):
    given, find = [], would_move.find_moves

    def watched(*asked):
        given.append(asked[-1])
        return find(*asked)

    monkeypatch.setattr(would_move, "find_moves", watched)
    would_move._kept.clear()
    ws = open_workspace(folder)
    (first,), (model,) = datasets(ws), runs(ws)
    lead = leads_of(ws, first.id, ["L0000"])  # as it was brought in, with names
    reasons = Attribution("L0000", "pairwise", 1.0, 0.0, 0.0, True, 1, (Contribution("field", "a", "1", 1.0),), (), ())
    keep_explanation(ws, model.id, lead, reasons)
    button(opened("L0000"), ASK).click().run()
    assert given == [reasons]
    fewer = leads_of(ws, first.id).take(np.arange(30))
    report = Report(30, (), ())
    other = add_dataset(ws, name="Fewer", source_name="x", leads=fewer, report=report, by="x")
    keep_scoring(ws, other, fewer, model)
    at = sound(why_page("Try a change", lead="L0000", dataset=other.id))
    assert "no promise" not in words(at)
    button(at, ASK).click().run()
    assert len(given) == 2 and "no promise" in words(sound(at))


def test_a_number_beyond_the_data_is_said(kept):
    _, order, _ = kept
    at = opened(order[40])
    next(n for n in at.number_input if n.label == "A").set_value(99.0)
    button(at, "See what changes").click().run()
    assert any("99 is beyond" in w.value.replace("\\", "") for w in sound(at).warning)
