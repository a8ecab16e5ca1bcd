import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.data.leads import Leads
from core.data.problems import Report
from core.data.schema import Features
from core.lift.capacity import at_capacity
from core.lift.lineup import Lineup, RunScores
from core.workspace.datasets import add_dataset
from core.workspace.runs import add_run, new_run_folder, use_run
from core.workspace.store import Workspace, open_workspace
from core.workspace.tables import Dataset, Run
from tests.lineups import owned_leads, run_scores

PAGE = str(Path(__file__).resolve().parents[2] / "pages" / "lift.py")
SECTIONS = (
    "How much better than calling at random",
    "At our capacity",
    "Do the chances come true",
    "By group",
    "Models side by side",
)


@pytest.fixture(autouse=True)
def fresh(tmp_path, monkeypatch):
    """A workspace of its own, and no answers of an earlier test."""
    monkeypatch.setenv("LEADRANK_WORKSPACE", str(tmp_path / "ws"))
    monkeypatch.delenv("LEADRANK_DATABASE", raising=False)
    st.cache_data.clear()
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


def keep_dataset(ws: Workspace, leads: Leads) -> Dataset:
    report = Report(len(leads), (), ())
    return add_dataset(ws, name="May", source_name="may.csv", leads=leads, report=report, by="x")


def keep_run(
    ws: Workspace, leads: Leads, name: str, run: RunScores, dataset_id: str | None, tested_on: str = "test"
) -> Run:
    """The parts of a run folder that this page reads: the card, and scores of the second half of the leads."""
    id, folder = new_run_folder(ws)
    tested = leads.lead_id[len(leads) // 2 :]
    frame = run.scores[run.model].aligned(tested)
    for baseline in run.baselines:
        frame[baseline] = run.scores[baseline].aligned(tested)["score"].to_numpy()
    frame.to_parquet(folder / "test_scores.parquet")
    card = {
        "data": {"sha256": leads.content_hash},
        "tested_on": tested_on,
        "comparison": {"baselines": list(run.baselines)} if run.baselines else None,
    }
    (folder / "card.json").write_text(json.dumps(card), "utf-8")
    return add_run(ws, id, name=name, dataset_id=dataset_id, by="x")


def shown(app: AppTest) -> str:
    """Every text on the page."""
    kinds = (app.text, app.caption, app.markdown, app.subheader, app.warning, app.info, app.error)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def figures(app: AppTest) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def titles(app: AppTest) -> list[str]:
    return [figure["layout"]["title"]["text"].replace("<br>", " ") for figure in figures(app)]


def opened() -> AppTest:
    app = AppTest.from_file(PAGE, default_timeout=60).run()
    assert not app.exception
    return app


def section(app: AppTest, name: str) -> AppTest:
    app.button_group(key="lift_section").set_value(name)
    app.run()
    assert not app.exception and not app.error
    return app


def test_each_section_shows_what_core_computes() -> None:
    ws, leads = open_workspace(), owned_leads()
    dataset = keep_dataset(ws, leads)
    use_run(ws, keep_run(ws, leads, "First", run_scores(leads), dataset.id).id, "x")
    expected = at_capacity(Lineup.of(leads.take(np.arange(300, 600)), [run_scores(leads)]), 30)
    app = opened()
    assert f"Tested on 300 leads of 12 days: {expected.converted} ordered" in shown(app)
    assert app.number_input[0].value == 30, "a tenth of the tested leads, to begin with"
    reached, lift = titles(app)
    assert reached.startswith("Calling the best 10% reaches") and "times as often as the average lead" in lift
    section(app, SECTIONS[1])
    assert app.metric[0].value == f"{expected.found:.0f} of {expected.converted}"
    assert titles(app)[0].startswith(f"Calling 30 leads finds {expected.found:.0f} of {expected.converted}")
    app.number_input[0].set_value(60).run()
    assert titles(app)[0].startswith("Calling 60 leads finds")
    assert len(titles(section(app, SECTIONS[2]))) == 2
    section(app, SECTIONS[3])
    assert titles(app)[0].startswith("By city:")
    app.selectbox(key="lift_group").set_value(0).run()
    assert titles(app)[0].startswith("By owner:")
    labels = figures(app)[0]["layout"]["yaxis"]["ticktext"]
    assert any(label.startswith("&lt;b&gt;x&lt;/b&gt;") for label in labels) and "<b>" not in str(figures(app))
    section(app, SECTIONS[4])
    assert titles(app) == ["First is ahead of simple, by more than chance"]
    assert "First is better here" in shown(app)


def test_calls_a_day_are_counted_over_the_days_of_the_test() -> None:
    ws, leads = open_workspace(), owned_leads()
    keep_run(ws, leads, "First", run_scores(leads), keep_dataset(ws, leads).id)
    app = opened()
    app.button_group(key="lift_unit").set_value("A day").run()
    app.number_input[0].set_value(5).run()
    assert "5 a day over 12 days: the best 62 of 300 leads." in shown(app)


def test_models_of_the_same_leads_can_be_compared_under_hostile_names() -> None:
    ws, leads = open_workspace(), owned_leads()
    dataset = keep_dataset(ws, leads)
    hostile = "<b>New</b> *model* [x](http://y)"
    use_run(ws, keep_run(ws, leads, "First", run_scores(leads), dataset.id).id, "x")
    other = keep_run(ws, leads, hostile, run_scores(leads, seed=5), None)
    stranger = owned_leads(seed=9)
    keep_run(ws, stranger, "Other leads", run_scores(stranger), None)
    app = opened()
    box = app.multiselect(key="lift_with")
    assert len(box.options) == 1 and box.options[0].startswith("<b>New</b>"), "found by the content of the leads"
    box.set_value([other.id]).run()
    section(app, SECTIONS[4])
    told = str(figures(app))
    assert "&lt;b&gt;New&lt;/b&gt;" in told and "<b>" not in told
    assert not any("<b>" in str(element.value) for element in app.markdown)


def test_of_groups_with_equal_words_the_chosen_one_is_drawn() -> None:
    ws, made = open_workspace(), owned_leads()
    features = pd.DataFrame({"a": made.features["a"], "home_city": made.features["city"]})
    features["home city"] = np.where(np.arange(600) % 2, "north", "south")
    schema = replace(made.schema, features=Features(("a",), ("home_city", "home city")))
    leads = Leads(made.roles, features, schema)
    keep_run(ws, leads, "First", run_scores(leads), keep_dataset(ws, leads).id)
    app = section(opened(), SECTIONS[3])
    box = app.selectbox(key="lift_group")
    assert sorted(box.options) == ["home city", "home city (2)", "owner"]
    app.selectbox(key="lift_group").set_value(box.options.index("home city (2)")).run()
    second = str(figures(app)[0]["layout"]["yaxis"]["ticktext"])
    app.selectbox(key="lift_group").set_value(box.options.index("home city")).run()
    first = str(figures(app)[0]["layout"]["yaxis"]["ticktext"])
    assert ("north" in first) != ("north" in second)


def test_a_model_without_simple_methods_has_nothing_beside_it() -> None:
    ws, leads = open_workspace(), owned_leads()
    alone = RunScores("m", {"m": run_scores(leads).scores["model"]})
    keep_run(ws, leads, "First", alone, keep_dataset(ws, leads).id, "calibration")
    app = opened()
    assert "too good" in shown(app)
    app.button_group(key="lift_section").set_value(SECTIONS[4])
    app.run()
    assert not app.exception and "nothing to compare with" in shown(app)


def test_without_a_model_the_page_leads_to_training() -> None:
    app = opened()
    assert "No model yet" in shown(app) and [button.label for button in app.button] == ["Train a model"]


def test_without_the_leads_of_the_model_the_page_says_what_to_do() -> None:
    ws, leads = open_workspace(), owned_leads()
    keep_run(ws, leads, "First", run_scores(leads), None)
    app = opened()
    assert "The leads of this model are not here" in shown(app)
    assert [button.label for button in app.button] == ["Bring in leads"]


def test_damaged_scores_and_unknown_outcomes_are_told_in_words() -> None:
    ws, leads = open_workspace(), owned_leads()
    run = keep_run(ws, leads, "First", run_scores(leads), keep_dataset(ws, leads).id)
    (ws.folder / "runs" / run.id / "test_scores.parquet").write_bytes(b"no table")
    app = opened()
    assert len(app.error) == 1 and "no scores of its test part" in app.error[0].value
    assert str(ws.folder) not in app.error[0].value
    unknown = Leads(leads.roles.assign(converted=np.nan), leads.features, leads.schema)
    use_run(ws, keep_run(ws, unknown, "Open", run_scores(unknown), keep_dataset(ws, unknown).id).id, "x")
    app = opened()
    assert len(app.error) == 1 and "outcome of none of the 300" in app.error[0].value.replace("\\", "")


def test_leads_without_dates_or_groups() -> None:
    ws, made = open_workspace(), owned_leads()
    roles = made.roles.assign(snapshot_time=pd.to_datetime(pd.Series([""] * 600)), owner="")
    leads = Leads(roles, made.features.assign(city="x"), made.schema)
    keep_run(ws, leads, "First", run_scores(leads), keep_dataset(ws, leads).id)
    app = opened()
    assert "Tested on 300 leads:" in shown(app) and len(app.button_group) == 1, "no calls a day without dates"
    app.button_group(key="lift_section").set_value(SECTIONS[3])
    app.run()
    assert not app.exception and "no column to group by" in shown(app)
