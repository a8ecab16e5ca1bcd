"""The Compare page: what is asked for, the table while it runs, and the answer with all that it rests on."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.benchmark.results import Results
from core.benchmark.store import leave_out, write_json, write_test, write_trial
from core.data.problems import Report
from core.jobs import folders, processes, records
from core.jobs.benchmarks import FUTURE, benchmark_folder
from core.workspace.datasets import add_dataset
from core.workspace.store import Workspace
from core.workspace.tables import Dataset, Job
from tests.benchmarked import ARMS, HOSTILE, made_results
from tests.core.jobs.kept import with_open_leads
from tests.kept import keep_leads
from tests.made import make_leads
from tests.seen import button, metrics, sound, words

ROOT = Path(__file__).resolve().parents[2]
SECTIONS = ("Orders by calls", "All figures", "What it costs", "What it teaches", "How it was done")


@pytest.fixture
def dataset(ws: Workspace) -> Dataset:
    leads = with_open_leads(make_leads(240, words=False), 40)
    return add_dataset(ws, name="May", source_name="may.csv", leads=leads, report=Report(240, (), ()), by="x")


@pytest.fixture
def not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is started: the rows of jobs are what the page sees."""
    monkeypatch.setattr(processes, "start", lambda *_: 2**22 + 1)
    monkeypatch.setattr(records, "sweep", lambda ws: [])


def compare(role: str | None = None, **query: str) -> AppTest:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    if role:
        at.secrets["auth"] = {"x": "y"}
        at.secrets["roles"] = {"ana@example.com": role}
        at.user = {"is_logged_in": True, "email": "ana@example.com"}
    at = at.run().switch_page("pages/compare.py")
    for key, value in query.items():
        at.query_params[key] = value
    at.run()
    assert not at.exception, [e.message for e in at.exception]
    return at


def one_by_one(at: AppTest, dataset: Dataset, *arms: str) -> AppTest:
    at = sound(at.radio(key="compare_plan").set_value("own").run())
    return sound(at.multiselect(key=f"compare_arms_{dataset.id}").set_value(list(arms)).run())


def found_by(ws: Workspace, dataset: Dataset, results: Results, state: str = "done", **more) -> str:
    """A job of this state that left these results."""
    with ws.session() as session:
        job = Job(kind="benchmark", label="Comparison on May", by="bo", state=state, **more)
        job.request = {"dataset_id": dataset.id, "arms": list(results.arms)}
        job.result = {"arms": len(results.arms), "trainings": len(results.trials), "left_out": len(results.left_out)}
        session.add(job)
        session.flush()
        id = job.id
    out = benchmark_folder(ws, id)
    seeds_of = {key: [0] if key in ("newest", "lightgbm") else [0, 1, 2] for key in results.arms}
    arms = [asdict(arm) for arm in results.arms.values()]
    common = {"arms": arms, "seeds_of": seeds_of, "stages": list(results.stages), "capacity": results.capacity}
    write_json(out / "shared.json", {**results.shared, **common})
    write_test(out, results.test)
    for trial in results.trials:
        write_trial(out, trial)
    for arm, reason in results.left_out.items():
        leave_out(out, arm, reason)
    return id


def section(at: AppTest, name: str) -> AppTest:
    return sound(at.segmented_control(key="compare_section").set_value(name).run())


def test_without_leads_it_leads_to_the_leads(ws):
    at = compare()
    assert [s.value for s in at.subheader] == ["No leads to compare on yet"]
    assert "Bring in leads" in [b.label for b in at.button]


def test_leads_without_an_order_cannot_be_compared_on(folder):
    keep_leads(folder)
    at = compare()
    assert "No order is known" in words(at) and "Compare" not in [b.label for b in at.button]


def test_it_is_for_analysts(ws, dataset):
    assert "You are signed in as manager" in words(compare("manager"))


def test_the_usual_comparison_is_asked_for_once(ws, dataset, not_begun):
    at = compare()
    told = at.radio(key="compare_plan").proto.captions
    assert "ways to rank" in told[0] and "roughly" in told[0]
    at = sound(button(at, "Compare").click().run())
    (job,) = records.jobs(ws, kind="benchmark")
    assert job.request == {
        "dataset_id": dataset.id,
        "arms": ["default"],
        "seeds": 3,
        "trials": 5,
        "capacity": 0.05,
        "known_stage": "",
        "recency": "",
        "allow": [],
        "preset": "cpu-quick",
        "settings": {"backbone": "smollm2-135m"},
        "minutes": None,
    }
    assert at.query_params["job"] == job.id and "Comparison on May" in words(at)
    sound(button(compare(), "Compare").click().run())
    assert len(records.jobs(ws, kind="benchmark")) == 1


def test_what_is_chosen_is_what_is_asked(ws, dataset, not_begun):
    at = one_by_one(compare(), dataset, "newest", "chain")
    at.number_input(key="compare_seeds").set_value(2)
    at.number_input(key="compare_minutes").set_value(30)
    at.selectbox(key=f"compare_stage_{dataset.id}").set_value("city")
    at.selectbox(key=f"compare_recency_{dataset.id}").set_value("a")
    at.multiselect(key=f"compare_allow_{dataset.id}").set_value(["a"])
    at = sound(at.run())
    assert "2 ways to rank, 3 trainings" in words(at)
    sound(button(at, "Compare").click().run())
    (job,) = records.jobs(ws, kind="benchmark")
    asked = {"arms": ["newest", "chain"], "seeds": 2, "minutes": 30, "known_stage": "city", "recency": "a"}
    assert job.request.items() >= {**asked, "allow": ["a"]}.items()


def test_nothing_chosen_cannot_start(ws, dataset):
    at = sound(compare().radio(key="compare_plan").set_value("own").run())
    assert button(at, "Compare").disabled


def test_the_capacity_is_that_of_the_queue(ws, dataset, not_begun):
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    at.session_state["chosen_capacity"] = "10"
    at = sound(at.run().switch_page("pages/compare.py").run())
    sound(button(at, "Compare").click().run())
    (job,) = records.jobs(ws, kind="benchmark")
    assert job.request["capacity"] == 0.25  # of 40 open leads


def test_a_real_comparison_from_the_form_to_the_answer(ws, dataset, at_once):
    at = one_by_one(compare(), dataset, "newest", "logistic")
    at = sound(button(at, "Compare").click().run())
    assert "The comparison is finished." in words(at)
    # The leads kept for this test hold few orders.
    assert at.header[0].value in ("Too few orders to tell", "Use Logistic regression (fields)")
    assert "was not among what was compared" in words(at)
    assert len(at.get("plotly_chart")) == 1
    at = compare()
    assert "finished, 2 ways to rank" in at.selectbox(key=f"past_{dataset.id}").options[0]
    before = words(at)
    at = sound(button(at, "Open this one").click().run())
    assert at.header and words(at) != before


def test_the_answer_comes_first_and_every_section_holds_what_it_says(ws, dataset):
    at = sound(compare(job=found_by(ws, dataset, made_results())))
    assert "LightGBM" in at.header[0].value
    assert {"Best usual method", "With the language model", "The language model brings"} <= set(metrics(at))
    seen = {name: section(at, name) for name in SECTIONS[:1]}
    assert len(seen["Orders by calls"].get("plotly_chart")) == 1
    at = section(at, "All figures")
    (shown,) = (d.value for d in at.dataframe)
    assert shown["Way to rank"].str.contains("best usual method").sum() == 1
    assert {"Seconds to train", "Seconds to score 1,000 leads"} <= set(shown.columns) and len(shown) == 8
    # They sort as numbers do.
    assert all(pd.api.types.is_numeric_dtype(shown[name]) for name in shown.columns[1:])
    relative = shown["Orders per 1,000 calls, best 10% of the leads: against the best usual method"]
    assert relative.tolist()[1] == 0 and relative.nunique() > 4
    at = sound(at.segmented_control(key="compare_table").set_value("Right order (AUC)").run())
    order = at.dataframe[0].value.set_index("Way to rank")
    text = order["AUC with text"].dropna()
    assert text.to_dict() == {"DeepFM": order["AUC"].to_dict()["DeepFM + text"]}
    assert (order["From"] < order["AUC"]).all()
    at = sound(at.segmented_control(key="compare_table").set_value("Against the best usual method").run())
    apart = at.dataframe[0].value.set_index("Way to rank")
    best = apart[apart["Difference from the best usual method"].isna()]
    assert len(best) == 1 and best.index[0].startswith("LightGBM")
    assert apart["Difference from its reference"].notna().sum() == 4
    at = section(at, "What it costs")
    assert len(at.get("plotly_chart")) == 1
    at = section(at, "What it teaches")
    assert "key: 100 pairs" in words(at) and "pulls the wrong way" in words(at) and "margins at zero" in words(at)
    at = section(at, "How it was done")
    assert "there is no accelerator" in words(at) and "last 30 days are left out" in words(at)
    assert {"How it was done", "What was compared"} <= {s.value for s in at.subheader}
    assert [getattr(d, "label", None) for d in at.get("download_button")][-4:] == [
        "Report (HTML)",
        "Report (Markdown)",
        "Figures (CSV)",
        "Figures (Parquet)",
    ]


def test_without_words_the_model_goes_by_its_name_and_what_is_partly_run_is_told(ws, dataset):
    whole = made_results({"lightgbm": 0.5, "hpro": 3.0}, left_out={"hpro": "its loss is no number"})
    trials = tuple(replace(one, reads=False) for one in whole.trials if one.seed < 2)
    at = sound(compare(job=found_by(ws, dataset, replace(whole, trials=trials))))
    assert at.header[0].value == "Use asLLR \\+ HPRO" and "asLLR \\+ HPRO brings" in metrics(at)
    assert "With the language model" not in metrics(at)
    assert "trained 2 times; then could not run: its loss is no number" in words(section(at, "How it was done"))


def test_one_order_gives_figures_without_ranges(ws, dataset):
    whole = made_results(leads=200)
    rare = replace(whole, test=whole.test.assign(converted=[int(n == 10) for n in range(200)]))
    at = sound(compare(job=found_by(ws, dataset, rare)))
    assert "none can be trusted" in words(at) and "of 1,000" in str(metrics(at)["Best usual method"])
    for name in SECTIONS:
        at = section(at, name)


def test_the_measure_of_the_chart_can_be_chosen(ws, dataset):
    at = sound(compare(job=found_by(ws, dataset, made_results())))
    at = sound(at.selectbox(key="compare_measure").set_value("AUC").run())
    assert "AUC" in at.get("plotly_chart")[0].proto.spec


def test_the_table_so_far_stands_there_while_it_runs(ws, dataset, not_begun):
    whole = made_results()
    few = replace(whole, trials=tuple(one for one in whole.trials if one.seed == 0), left_out={})
    at = compare(job=found_by(ws, dataset, few, "running"))
    shown = at.dataframe[0].value
    assert isinstance(shown, pd.DataFrame) and len(shown) == 8
    assert shown["Trained"].tolist()[:3] == ["1 of 1", "1 of 1", "1 of 3"]
    assert "8 of 23 trainings done; about" in words(at) and "Cancel" in [b.label for b in at.button]


def test_the_table_grows_as_trainings_end(ws, dataset, not_begun):
    whole = made_results()
    id = found_by(ws, dataset, replace(whole, trials=whole.trials[:1], left_out={}), "running")
    assert len(compare(job=id).dataframe[0].value) == 1
    write_trial(benchmark_folder(ws, id), whole.trials[1])
    assert len(compare(job=id).dataframe[0].value) == 2


def test_before_the_first_result_it_says_so(ws, dataset, not_begun):
    with ws.session() as session:
        job = Job(kind="benchmark", label="Comparison", by="bo", state="running", request={"dataset_id": dataset.id})
        session.add(job)
        session.flush()
        id = job.id
    assert "appears here with the first results" in words(compare(job=id))


def test_what_was_done_before_a_stop_is_shown_and_can_be_gone_on_with(ws, dataset, not_begun):
    whole = made_results()
    few = replace(whole, trials=tuple(one for one in whole.trials if one.seed == 0))
    id = found_by(ws, dataset, few, "interrupted", message="The budget of 5 minutes is spent after 8 of 20 trainings.")
    at = compare(job=id)
    assert "budget of 5 minutes is spent" in words(at) and "may still change" in words(at)
    sound(button(at, "Resume").click().run())
    assert (records.job(ws, id).state, records.job(ws, id).attempt) == ("queued", 2)


def test_columns_that_tell_the_future_can_be_vouched_for(ws, dataset, not_begun):
    with ws.session() as session:
        job = Job(kind="benchmark", label="Comparison", by="bo", state="failed", message="column 'a' must be known")
        job.request = {"dataset_id": dataset.id, "arms": ["newest"], "allow": []}
        session.add(job)
        session.flush()
        id = job.id
    folders.write_memory(ws, id, {FUTURE: {"a": "it alone tells the outcome"}})
    at = compare(job=id)
    assert "too good to be true" in words(at) and button(at, "Compare with them").disabled
    at = sound(at.multiselect(key=f"sure_{id}").set_value(["a"]).run())
    sound(button(at, "Compare with them").click().run())
    (new,) = (job for job in records.jobs(ws, kind="benchmark") if job.id != id)
    assert new.request == {"dataset_id": dataset.id, "arms": ["newest"], "allow": ["a"]}


def test_names_from_outside_are_shown_as_written(ws, dataset):
    arms = {key: replace(arm, title=f"{HOSTILE} {key}") for key, arm in ARMS.items()}
    at = sound(compare(job=found_by(ws, dataset, made_results(arms=arms))))
    assert HOSTILE in words(at) and "\\<script" in at.header[0].value
    for name in SECTIONS:
        at = section(at, name)
        assert not [m.value for m in at.markdown if m.allow_html]


def test_an_address_of_other_work_is_told(ws, dataset):
    with ws.session() as session:
        job = Job(kind="train", label="Train", request={}, by="bo", state="done", result={})
        session.add(job)
        session.flush()
        id = job.id
    assert "names other work" in words(compare(job=id))
