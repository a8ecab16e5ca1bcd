"""The Train page: the form made from core.config, jobs that several people see, and honest figures at the end."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.config import PRESETS, settings
from core.data.problems import Report
from core.jobs import processes, records
from core.workspace.datasets import add_dataset
from core.workspace.ids import utc_now
from core.workspace.people import set_role
from core.workspace.runs import add_run, new_run_folder, run_in_use, runs
from core.workspace.tables import Job, JobEvent
from pages._cards import interval
from pages._standing import standing
from tests.kept import keep_leads, keep_scoring
from tests.made import make_leads

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "sample_data" / "model"
CARD = json.loads((MODEL / "card.json").read_text("utf-8"))


@pytest.fixture
def dataset(ws):
    leads = make_leads(120)
    return add_dataset(ws, name="May", source_name="may.csv", leads=leads, report=Report(120, (), ()), by="x")


@pytest.fixture
def not_begun(monkeypatch):
    """No process is started: the rows of jobs are what the page sees."""
    monkeypatch.setattr(processes, "start", lambda *_: 2**22 + 1)
    monkeypatch.setattr(records, "sweep", lambda ws: [])


def train(role: str | None = None, **query: str) -> AppTest:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    if role:
        at.secrets["auth"] = {"x": "y"}
        at.secrets["roles"] = {"ana@example.com": role}
        at.user = {"is_logged_in": True, "email": "ana@example.com"}
    at = at.run().switch_page("pages/train.py")
    for key, value in query.items():
        at.query_params[key] = value
    return sound(at.run())


def sound(at: AppTest) -> AppTest:
    assert not at.exception, [e.message for e in at.exception]
    return at


def button(at: AppTest, label: str):
    return next(b for b in at.button if b.label == label)


def words(at: AppTest) -> str:
    kinds = (at.text, at.caption, at.markdown, at.error, at.warning, at.info, at.success)
    return "\n".join(str(each.value) for kind in kinds for each in kind).replace("\\", "").replace("\u2060", "")


def finished(ws, dataset, card: dict) -> str:
    """A training that ended: its row, its history from the sample model, and its run with this card."""
    run_id, folder = new_run_folder(ws)
    (folder / "card.json").write_text(json.dumps(card), "utf-8")
    add_run(ws, run_id, name="Trained", dataset_id=dataset.id, by="x")
    history = json.loads((MODEL / "history.json").read_text("utf-8"))
    figures = {"validation_auc": 0.75, "tokens_per_second": 1234.0, "memory_gb": 1.26}
    with ws.session() as session:
        job = Job(kind="train", label="Training May", request={}, by="bo", state="done", figures=figures)
        job.result = {"run_id": run_id, "scoring_id": None}
        session.add(job)
        session.flush()
        session.add_all(
            JobEvent(job_id=job.id, phase="fine-tune", done=entry["step"], total=150, figures=entry)
            for entry in history
        )
        return job.id


def test_without_leads_it_leads_to_the_leads(ws):
    at = train()
    assert [s.value for s in at.subheader] == ["No leads to learn from yet"]
    assert "Bring in leads" in [b.label for b in at.button]


def test_a_training_that_was_killed_is_not_said_to_run(ws, dataset):
    long_ago = utc_now() - timedelta(minutes=10)
    with ws.session() as session:
        job = Job(kind="train", label="Training May", request={}, by="bo", state="running", host="elsewhere", pid=1)
        job.heartbeat = job.started = long_ago
        session.add(job)
    assert "was interrupted" in words(train())


def test_leads_without_an_order_cannot_train(folder):
    keep_leads(folder)
    at = train()
    assert "No order is known" in words(at) and button(at, "Start training").disabled


def test_every_setting_is_there_with_its_meaning(dataset):
    at = train()
    said = words(at)
    for key, value, meaning in settings(PRESETS["cpu-quick"]):
        if key in ("preset", "backbone"):
            continue
        widget: Any = at.get_by_key(f"set_cpu-quick_{key}")
        assert widget.value == (value if isinstance(value, bool) else plain(value))
        assert meaning in said
    assert "From 1 to 512." in said


def plain(value) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def test_a_preset_changes_what_the_settings_start_from(dataset):
    at = train()
    at = sound(at.radio(key="preset").set_value("paper").run())
    assert at.text_input(key="set_paper_lora.learning_rate").value == "5e-06"
    assert at.selectbox(key="set_paper_readout").value == "last"


@pytest.mark.parametrize(
    ("key", "typed", "said"),
    [
        ("epochs", "two", "epochs must be a whole number, however: got='two'"),
        ("lora.dropout", "0.95", "dropout must be at most 0.9"),
        ("learning_rate", "nan", "learning_rate must be a number"),
        ("loss.pointwise", "0", ""),
    ],
)
def test_a_wrong_setting_is_told_and_nothing_typed_is_lost(dataset, key, typed, said):
    at = train()
    at.text_input(key="set_cpu-quick_depth").set_value("8")
    at.text_input(key=f"set_cpu-quick_{key}").set_value(typed)
    at = sound(at.run())
    if said:
        assert said in words(at) and button(at, "Start training").disabled
    else:
        assert not at.error and not button(at, "Start training").disabled
    at = sound(at.run())
    assert at.text_input(key=f"set_cpu-quick_{key}").value == typed
    assert at.text_input(key="set_cpu-quick_depth").value == "8"


def test_settings_that_do_not_go_together_are_told(dataset):
    at = train()
    at.toggle(key="set_cpu-quick_probe").set_value(False)
    at = sound(at.run())
    assert "trains nothing" in words(at) and button(at, "Start training").disabled


def test_another_language_model_has_to_be_named(dataset):
    at = train()
    at = sound(at.segmented_control(key="backbone_kind").set_value("other").run())
    assert button(at, "Start training").disabled
    at = sound(at.text_input(key="backbone_name").set_value("Qwen/Qwen2.5-1.5B").run())
    assert not button(at, "Start training").disabled


def test_a_training_starts_once_and_two_people_see_the_same(ws, dataset, not_begun):
    at = train()
    at.text_input(key="set_cpu-quick_depth").set_value("8")
    at = sound(button(at, "Start training").click().run())
    (job,) = records.jobs(ws, kind="train")
    assert job.request == {
        "dataset_id": dataset.id,
        "name": "May, quick",
        "preset": "cpu-quick",
        "settings": {"depth": "8", "backbone": "smollm2-135m"},
    }
    assert at.query_params["job"] == job.id
    other = train(job=job.id)
    assert at.progress[0].text == other.progress[0].text
    assert [s.value.replace("\\", "") for s in other.subheader] == ["Training May, quick"]
    again = train()
    again.text_input(key="set_cpu-quick_depth").set_value("8")
    sound(button(again, "Start training").click().run())
    assert len(records.jobs(ws, kind="train")) == 1
    assert "waits to start" in words(train())


def test_a_training_is_cancelled_and_resumed_from_the_page(ws, dataset, not_begun):
    at = sound(button(train(), "Start training").click().run())
    (job,) = records.jobs(ws, kind="train")
    sound(button(at, "Cancel").click().run())
    assert records.job(ws, job.id).state == "cancelled"
    at = train(job=job.id)
    assert "can go on from where it was" in words(at)
    sound(button(at, "Resume").click().run())
    assert (records.job(ws, job.id).state, records.job(ws, job.id).attempt) == ("queued", 2)


def test_the_end_tells_the_figures_of_the_card_and_the_curves(ws, dataset):
    at = train(job=finished(ws, dataset, CARD))
    assert at.dataframe[0].value.equals(standing(CARD))
    assert CARD["comparison"]["verdict"] in words(at)
    said = {metric.label: metric.value for metric in at.metric}
    assert said["Reading speed"] == "1,234 tokens/s" and said["Memory in use"] == "1.3 GB"
    assert said["Right order on held-back leads"] == "0.750"
    assert len(at.get("plotly_chart")) == 3
    assert run_in_use(ws) is None
    sound(button(at, "Use this model").click().run())
    (run,) = runs(ws)
    assert run.in_use


def test_it_is_said_when_a_simple_model_wins(ws, dataset):
    card = json.loads(json.dumps(CARD))
    best = max(card["comparison"]["baselines"], key=lambda name: card["comparison"]["figures"][name]["auc"]["value"])
    card["comparison"]["figures"][best]["auc"]["value"] = 0.95
    card["comparison"]["differences"][best]["auc"] |= {"value": 0.16, "low": 0.1, "high": 0.2, "p_holm": 0.001}
    at = train(job=finished(ws, dataset, card))
    assert at.dataframe[0].value["Model"].iloc[0] == best
    assert at.warning[0].proto.title == "A simple model ranks better"


def test_without_simple_models_beside_it_every_figure_of_the_card_is_told():
    (alone,) = standing(CARD | {"comparison": None}).to_dict("records")
    assert (
        alone["Orders among the top 5%"] == interval(CARD["metrics"]["precision_at"]["0.05"], ".0%") != interval(None)
    )
    assert interval(None) not in standing(CARD)["Orders among the top 5%"].tolist()


def test_the_queue_is_opened_with_the_ranking_that_the_training_made(ws, dataset):
    id = finished(ws, dataset, CARD)
    (run,) = runs(ws)
    scoring = keep_scoring(ws, dataset, make_leads(120), run)
    with ws.session() as session:
        session.get_one(Job, id).result = {"run_id": run.id, "scoring_id": scoring.id}
    at = sound(button(train(job=id), "Open the queue").click().run())
    assert dict(at.query_params.items()) == {"dataset": dataset.id, "scoring": scoring.id}
    assert at.title[0].value == "Queue"


def test_an_address_of_other_work_is_told(ws, dataset):
    with ws.session() as session:
        job = Job(kind="score", label="Score May", request={}, by="bo", state="done", result={"scoring_id": "x"})
        session.add(job)
        session.flush()
        id = job.id
    at = train(job=id)
    assert "is no training" in words(at) and "Something went wrong" not in words(at)


def test_the_log_is_for_administrators(ws, dataset):
    id = finished(ws, dataset, CARD)
    at = train("analyst", job=id)
    at.session_state[f"log_{id}"] = True
    assert "An administrator can read it" in words(sound(at.run()))


def test_an_address_of_no_job_is_told(ws):
    assert "no such job" in words(train(job="../../etc/passwd"))


def test_a_right_taken_away_stops_the_start(ws, dataset, not_begun):
    assert "You are signed in as manager" in words(train("manager"))
    set_role(ws, "ana@example.com", "analyst", "x")
    at = train("analyst")
    set_role(ws, "ana@example.com", "viewer", "x")
    at = sound(button(at, "Start training").click().run())
    assert records.jobs(ws, kind="train") == [] and "You are signed in as viewer" in words(at)
