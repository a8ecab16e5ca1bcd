"""The Pairs page: what the model makes of its pairs, and what people say of them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.data.problems import Report
from core.data.schema import schema_to_dict
from core.jobs import processes, records
from core.queue.build import build_queue
from core.scores import Scores
from core.workspace.datasets import add_dataset
from core.workspace.reviews import reviews_of
from core.workspace.runs import add_run, new_run_folder
from core.workspace.scorings import add_scoring, new_scoring_path
from core.workspace.tables import Dataset, Run
from tests.kept import fake_scores, keep_leads, keep_run, keep_scoring
from tests.made import make_leads
from tests.seen import button, sound, table, words

ROOT = Path(__file__).resolve().parents[2]
LEADS = make_leads(160)


@pytest.fixture
def dataset(ws) -> Dataset:
    report = Report(len(LEADS), (), ())
    return add_dataset(ws, name="May", source_name="may.csv", leads=LEADS, report=report, by="x")


@pytest.fixture
def run(ws, dataset) -> Run:
    id, folder = new_run_folder(ws)
    (folder / "schema.json").write_text(json.dumps(schema_to_dict(LEADS.schema)), "utf-8")
    (folder / "card.json").write_text(json.dumps({"decisions": {"pairs": "tiers: set"}}), "utf-8")
    return add_run(ws, id, name="First model", dataset_id=dataset.id, by="x")


@pytest.fixture
def scored(ws, dataset, run) -> None:
    """All leads ranked by `a`, beside everybody's queue."""
    score = LEADS.features["a"].to_numpy()
    scores = Scores.ranked(LEADS.lead_id, score, np.full(160, 0.3), pairwise_score=2 * score)
    id, path = new_scoring_path(ws)
    build_queue(path, scores, LEADS)
    of = {"run_id": run.id, "dataset_id": dataset.id}
    add_scoring(ws, id, **of, part="all", reason="manual", by="x", leads=160, use=False)


def pairs(role: str | None = None) -> AppTest:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    if role:
        at.secrets["auth"] = {"x": "y"}
        at.secrets["roles"] = {"ana@example.com": role}
        at.user = {"is_logged_in": True, "email": "ana@example.com"}
    return at.run().switch_page("pages/pairs.py").run()


def test_empty_states_say_what_to_do(ws):
    assert [b.label for b in sound(pairs()).button] == ["Bring in leads"]
    keep_leads(ws.folder)
    assert [b.label for b in sound(pairs()).button] == ["Train a model"]


def test_leads_without_an_order_make_no_pairs(ws, run):
    keep_leads(ws.folder)
    at = sound(pairs())
    assert "No order is known in these leads" in words(at)


def test_a_manager_is_turned_away(ws):
    at = pairs("manager")
    assert "This is for" in words(at) and not at.dataframe


def test_without_scores_they_are_asked_for(ws, dataset, run, monkeypatch):
    monkeypatch.setattr(processes, "start", lambda *_: 2**22 + 1)
    at = sound(pairs())
    sound(button(at, "Score all these leads").click().run())
    (job,) = records.jobs(ws, kind="score")
    assert job.request["part"] == "all" and job.request["use"] is False


def test_the_test_that_training_left_is_shown_until_then(ws, dataset, run):
    test = pd.DataFrame({"lead_id": LEADS.lead_id, "score": LEADS.features["a"]})
    test.to_parquet(ws.folder / "runs" / run.id / "test_scores.parquet")
    at = sound(pairs())
    assert button(at, "Score all these leads") and len(table(at, "Which over which")) == 3
    assert "keeps them for its test" in words(at)


def test_every_kind_of_pair_with_its_interval_and_the_worst_side_by_side(ws, dataset, run, scored):
    at = sound(pairs())
    told = table(at, "Which over which")
    assert told["Which over which"].iat[0] == "Lock in over lost" and " to " in str(told["Far enough apart"].iat[0])
    assert at.get("plotly_chart")
    worst = table(at, "Short by")
    first = worst.iloc[0]
    assert first["Short by"] == pytest.approx(1 - (first["Score of A"] - first["Score of B"]))
    said = words(at)
    assert "The model puts A below B" in said and "reached lock in" in said.lower()
    assert str(first["A, should be first"]) in said


@pytest.fixture
def others(ws) -> Dataset:
    """Leads that came later, of which the model has not learned."""
    report = Report(120, (), ())
    leads = make_leads(120, seed=5)
    return add_dataset(ws, name="June", source_name="june.csv", leads=leads, report=report, by="x")


def score_others(ws, run: Run, others: Dataset) -> AppTest:
    leads = make_leads(120, seed=5)
    id, path = new_scoring_path(ws)
    build_queue(path, Scores.ranked(leads.lead_id, leads.features["a"].to_numpy(), np.full(120, 0.3)), leads)
    of = {"run_id": run.id, "dataset_id": others.id}
    add_scoring(ws, id, **of, part="all", reason="manual", by="x", leads=120, use=False)
    return sound(pairs().selectbox(key="pairs_dataset").set_value(others.id).run())


def test_nobody_says_that_a_model_learned_from_other_leads(ws, dataset, run, others):
    at = score_others(ws, run, others)
    assert "learned from other leads than these" in words(at) and not at.get("button_group")[1:]
    assert "Score all these leads" not in [b.label for b in at.button]
    view = table(at, "Which over which")
    assert len(view) == 3 and "stages are others" not in words(at)


def test_the_tiers_are_the_models_own_or_it_is_said_whose(ws, dataset, run, scored, others):
    path = ws.folder / "runs" / run.id / "schema.json"
    schema = json.loads(path.read_text("utf-8"))
    schema["funnel"]["tiers"] = schema["funnel"]["tiers"][:1]
    path.write_text(json.dumps(schema), "utf-8")
    assert (
        len(table(sound(pairs().selectbox(key="pairs_dataset").set_value(dataset.id).run()), "Which over which")) == 1
    )
    schema["funnel"] = {"stages": ["first", "last"], "tiers": []}
    path.write_text(json.dumps(schema), "utf-8")
    at = score_others(ws, run, others)
    assert "those of this file" in words(at) and len(table(at, "Which over which")) == 3


def window(action: str, *ids: str, dataset_id: str, scoring: str = "") -> AppTest:
    """A window by itself: AppTest closes one that a page opened with the next click."""

    def script(action: str, ids: tuple[str, ...], dataset_id: str) -> None:
        from core.data.reviews import Review
        from core.workspace.datasets import dataset
        from pages import _correct_pair as windows
        from pages import _shared as shared

        data, model = dataset(shared.workspace(), dataset_id), shared.pick_run()
        assert model is not None
        seen = windows.Seen(model.id, (0.25, 0.75))
        if action == "prefer":
            windows.correct_order(data, ids[0], ids[1], seen)
        elif action == "queue":
            windows.correct_order(data, ids[0], ids[1], windows.looked_at(data, ids[0], ids[1]))
        elif action == "relabel":
            windows.relabel(data, ids[0], seen)
        elif action == "skip_pair":
            windows.leave_out(data, Review(action, chosen=ids[0], rejected=ids[1]), seen)
        else:
            windows.leave_out(data, Review(action, lead_id=ids[0]), seen)

    at = AppTest.from_function(script, kwargs={"action": action, "ids": ids, "dataset_id": dataset_id})
    if scoring:
        at.query_params["scoring"] = scoring
    return sound(at.run(timeout=60))


def test_each_button_opens_its_window(ws, dataset, run, scored):
    worst = table(pairs(), "Short by").iloc[0]
    a, b = worst["A, should be first"], worst["B, should come after"]
    for label, told in (
        ("B should be above A", f"**{b}** should stand above **{a}**"),
        ("Leave this pair out", f"**{a}** and **{b}** are not compared"),
        ("Leave this lead out", f"Lead **{a}** is in no pair"),
        ("The data are wrong", f"What is right for lead **{a}**"),
    ):
        assert told in words(sound(button(pairs(), label).click().run())), label


def test_an_order_is_corrected_listed_taken_back_and_held_against_what_came(ws, dataset, run, scored):
    at = window("prefer", "L0001", "L0002", dataset_id=dataset.id)
    at.text_area(key="review_note_prefer").set_value("=she asked twice")
    sound(button(at, "Keep this").click().run())
    (kept,) = reviews_of(ws, dataset.id)
    assert (kept.action, kept.chosen, kept.rejected, kept.by) == ("prefer", "L0001", "L0002", "local")
    assert (kept.chosen_score, kept.rejected_score, kept.run_id) == (0.25, 0.75, run.id)
    assert (kept.reason, kept.note, kept.decided) == ("talk", "=she asked twice", True)
    at = sound(pairs())
    assert "too early to say who was right" in words(at) and "an outcome was known already" in words(at)
    assert table(at, "Taken back")["What"].tolist() == ["L0001 above L0002"]
    assert "What people put in order" in table(at, "Which over which")["Which over which"].tolist()
    at = sound(at.selectbox(key=f"withdraw_{dataset.id}_1").set_value(kept.id).run())
    sound(button(at, "Take it back").click().run())
    assert reviews_of(ws, dataset.id) == []
    assert table(sound(pairs()), "Taken back")["Taken back"].tolist() == ["by local"]


def test_from_the_queue_the_scores_of_the_ranking_in_use_are_kept(ws, folder):
    _, dataset, leads = keep_leads(folder)
    model = keep_run(ws)
    keep_scoring(ws, dataset, leads, model)
    at = window("queue", "L0001", "L0002", dataset_id=dataset.id)
    sound(button(at, "Keep this").click().run())
    (kept,) = reviews_of(ws, dataset.id)
    assert (kept.chosen_score, kept.rejected_score) == tuple(leads.features["a"].iloc[1:3])
    assert kept.run_id == model.id and not kept.decided


def test_from_an_earlier_ranking_its_own_scores_are_kept(ws, folder):
    _, dataset, leads = keep_leads(folder)
    model = keep_run(ws)
    shown = keep_scoring(ws, dataset, leads, model, tilt=5.0)
    keep_scoring(ws, dataset, leads, model)
    at = window("queue", "L0001", "L0002", dataset_id=dataset.id, scoring=shown.id)
    sound(button(at, "Keep this").click().run())
    (kept,) = reviews_of(ws, dataset.id)
    assert (kept.chosen_score, kept.rejected_score) == tuple(
        fake_scores(leads, 5.0).aligned(leads.lead_id)["score"].iloc[1:3]
    )


def test_data_are_put_right_and_pairs_and_leads_left_out(ws, dataset, run, scored):
    worst = table(pairs(), "Short by").iloc[0]
    ids = worst["A, should be first"], worst["B, should come after"]
    sound(button(window("skip_pair", *ids, dataset_id=dataset.id), "Keep this").click().run())
    now = table(pairs(), "Short by").iloc[0]
    assert (now["A, should be first"], now["B, should come after"]) != ids, "one that was left out is not shown again"
    sound(button(window("skip_lead", now["A, should be first"], dataset_id=dataset.id), "Keep this").click().run())
    assert now["A, should be first"] not in table(pairs(), "Short by")["A, should be first"].tolist()
    at = window("relabel", "L0007", dataset_id=dataset.id)
    assert not [b for b in at.button if b.label == "Keep this"], "nothing is said yet"
    at = sound(at.selectbox(key="review_stage").set_value("test_drive").run())
    sound(button(at, "Keep this").click().run())
    said = {each.action: each for each in reviews_of(ws, dataset.id)}
    assert set(said) == {"skip_pair", "skip_lead", "relabel"}
    assert (said["relabel"].lead_id, said["relabel"].stage, said["relabel"].converted) == ("L0007", "test_drive", None)
    assert LEADS.content_hash == dataset.sha256


def test_another_reason_needs_words(ws, dataset, run):
    at = window("skip_pair", "L0001", "L0002", dataset_id=dataset.id)
    at = sound(at.selectbox(key="review_reason_skip_pair").set_value("other").run())
    at = button(at, "Keep this").click().run()
    assert any("write a few words" in e.value for e in at.error) and reviews_of(ws, dataset.id) == []


def test_the_train_page_offers_them(ws, dataset, run, monkeypatch):
    monkeypatch.setattr(processes, "start", lambda *_: 2**22 + 1)
    sound(button(window("skip_pair", "L0001", "L0002", dataset_id=dataset.id), "Keep this").click().run())
    at = sound(AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run().switch_page("pages/train.py").run())
    (box,) = [each for each in at.checkbox if "review" in each.label]
    at = sound(box.check().run())
    sound(button(at, "Start training").click().run())
    (job,) = records.jobs(ws, kind="train")
    assert job.request["reviews"] == [each.id for each in reviews_of(ws, dataset.id)]
