"""The Compare page: what is asked for, and that it is what is done."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from core.jobs import folders, records
from core.jobs.benchmarks import FUTURE
from core.workspace.tables import Dataset, Job
from tests.compare_page import ROOT, compare
from tests.kept import keep_leads
from tests.seen import button, sound, words


def one_by_one(at: AppTest, dataset: Dataset, *arms: str) -> AppTest:
    at = sound(at.radio(key="compare_plan").set_value("own").run())
    return sound(at.multiselect(key=f"compare_arms_{dataset.id}").set_value(list(arms)).run())


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
    at = sound(at.switch_page("pages/compare.py").run())
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


def test_an_address_of_other_work_is_told(ws, dataset):
    with ws.session() as session:
        job = Job(kind="train", label="Train", request={}, by="bo", state="done", result={})
        session.add(job)
        session.flush()
        id = job.id
    assert "names other work" in words(compare(job=id))
