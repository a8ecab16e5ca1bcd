import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from core.data.leads import Leads
from core.data.problems import Report
from core.data.schema import Split
from core.jobs import ledger, processes, records
from core.jobs.rankings import choose_rows
from core.queue.build import build_queue
from core.scores import Scores
from core.workspace.actions import record_action
from core.workspace.datasets import add_dataset
from core.workspace.scorings import add_scoring, new_scoring_path
from core.workspace.store import open_workspace
from core.workspace.tables import Scoring
from pages._text import literal
from tests.kept import fake_scores, keep_leads, keep_run, keep_scoring
from tests.made import make_leads

APP = Path(__file__).resolve().parents[2] / "app.py"


def today() -> AppTest:
    at = AppTest.from_file(str(APP), default_timeout=60).run()
    assert not at.exception, [e.message for e in at.exception]
    return at


@pytest.fixture
def ranked(folder):
    ws, dataset, leads = keep_leads(folder)
    run = keep_run(ws)
    return ws, dataset, leads, run, keep_scoring(ws, dataset, leads, run)


def figures(at: AppTest) -> dict[str, str]:
    return {m.label: m.value for m in at.metric}


def test_without_leads_it_leads_to_them(folder):
    at = today()
    assert [s.value for s in at.subheader] == ["No leads yet"]
    assert [b.label for b in at.button] == ["Bring in leads"] and not at.metric


def test_without_a_model_it_leads_to_one(folder):
    keep_leads(folder)
    at = today()
    assert [s.value for s in at.subheader] == ["These leads have no scores yet", "No model is in use"]
    assert not at.metric and not at.error


def test_without_scores_the_model_in_use_can_make_them(folder):
    ws, _, _ = keep_leads(folder)
    keep_run(ws)
    at = today()
    assert [b.label for b in at.button] == ["Score the leads"] and not at.metric


def test_the_figures_are_those_of_the_scores(ranked):
    _, _, leads, _, _ = ranked
    at = today()
    chance = fake_scores(leads).frame["probability"].to_numpy()
    told = figures(at)
    assert told["Leads to call"] == "60"
    assert told["Expected orders"] == f"{chance[:40].sum():.1f}"
    assert told["Against random"] == f"{chance[:40].mean() / chance.mean():.1f} times"
    at.number_input[0].set_value(5).run()
    assert figures(at)["Expected orders"] == f"{chance[:5].sum():.1f}"
    assert all(m.help for m in at.metric)


def test_the_first_ten_are_those_with_the_highest_score(ranked):
    _, _, leads, _, _ = ranked
    at = today()
    best = fake_scores(leads).frame["lead_id"].head(10).tolist()
    shown = [t.value for t in at.text]
    assert [value for value in shown if value in set(leads.lead_id)] == best
    assert [b.key for b in at.button if b.label == "Why"] == [f"why_{lead}" for lead in best]


def test_whoever_was_called_makes_room_for_the_next(ranked):
    ws, dataset, leads, _, _ = ranked
    order = fake_scores(leads).frame["lead_id"].tolist()
    record_action(ws, dataset.id, order[:2], "called", by="ana")
    at = today()
    assert figures(at)["Leads to call"] == "58"
    assert [b.key for b in at.button if b.label == "Why"] == [f"why_{lead}" for lead in order[2:12]]


def test_when_everybody_was_called_it_says_so(ranked):
    ws, dataset, leads, _, _ = ranked
    record_action(ws, dataset.id, leads.lead_id.tolist(), "lost", by="ana")
    at = today()
    assert [s.value for s in at.subheader] == ["Nobody left to call"] and not at.metric


def test_a_model_without_chances_leaves_out_only_what_needs_them(folder):
    ws, dataset, leads = keep_leads(folder)
    run = keep_run(ws)
    scores = fake_scores(leads)
    id, path = new_scoring_path(ws)
    build_queue(path, Scores(scores.frame.assign(probability=np.nan)), leads)
    add_scoring(ws, id, run_id=run.id, dataset_id=dataset.id, part="open", reason="first", by="x", leads=len(leads))
    at = today()
    assert figures(at) | {"Age of the model": ""} == {
        "Leads to call": "60",
        "Expected orders": "not known",
        "Against random": "not known",
        "Age of the model": "",
    }
    assert not at.error and len([b for b in at.button if b.label == "Why"]) == 10


def test_only_leads_to_call_may_still_move_on(ranked):
    ws, _, _, _, _ = ranked
    assert any("may still move on" in c.value for c in today().caption)
    with ws.session() as session:
        session.execute(update(Scoring).values(part="test", slot=None))
    at = today()
    assert any("By the stage in the file" in c.value for c in at.caption)
    assert not any("may still move on" in c.value for c in at.caption)


def test_where_no_lead_is_open_and_none_was_kept_for_a_test_it_says_so(folder):
    made = make_leads(60)  # every outcome is known
    leads = replace(made, schema=replace(made.schema, split=Split(train_share=1.0, maturity_days=0.0)))
    ws = open_workspace(folder)
    dataset = add_dataset(ws, name="May", source_name="may.csv", leads=leads, report=Report(60, (), ()), by="x")
    run = keep_run(ws)
    at = today()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes, "start", lambda *_: 1)
        next(b for b in at.button if b.label == "Score the leads").click().run()
    (job,) = records.jobs(ws, kind="score")
    asked = choose_rows(leads, job.request["part"])  # what the job does with it
    assert (asked.part, len(asked.rows)) == ("all", 60)
    assert ledger.end(ws, job.id, "done", "", expected=("queued",))
    id, path = new_scoring_path(ws)
    build_queue(path, fake_scores(leads), leads)
    add_scoring(ws, id, run_id=run.id, dataset_id=dataset.id, part="all", reason="first", by="x", leads=60)
    at = today()
    assert any("All leads of this file are ranked" in i.value for i in at.info)
    at = at.switch_page("pages/queue.py").run()
    assert not at.exception and any("All leads of this file are ranked" in i.value for i in at.info)


def test_text_of_the_leads_stays_text(folder):
    made = make_leads(30)
    evil = "<script>alert(1)</script> **x** :red[y] $z$"
    roles = made.roles.assign(lead_id=[evil, *made.lead_id[1:]], owner=evil, converted=np.nan)
    leads = Leads(roles, made.features.assign(city=evil), made.schema)
    ws = open_workspace(folder)
    dataset = add_dataset(ws, name=evil, source_name=evil, leads=leads, report=Report(30, (), ()), by="x")
    run = keep_run(ws, evil)
    id, path = new_scoring_path(ws)
    zero = np.zeros(30)
    scores = Scores.ranked(leads.lead_id, zero, zero + 0.5, **{"part:a": zero, "part:city": zero + 1})
    build_queue(path, scores, leads)
    add_scoring(ws, id, run_id=run.id, dataset_id=dataset.id, part="open", reason="first", by="x", leads=30)
    at = today()
    assert not at.error and not at.html
    for element in (*at.markdown, *at.caption, *at.subheader):
        assert evil not in element.value
    assert any(literal(evil)[:20] in c.value for c in at.caption)  # the reason, escaped
    assert any(evil in t.value for t in at.text)  # st.text reads no Markdown


def test_the_page_needs_no_torch(ranked):
    script = "import sys; from pages import _shared, _scored, _queue_head, _words; print('torch' in sys.modules)"
    root = APP.parent
    told = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
