"""The answer of a comparison with all that it rests on, and the table while it runs."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from core.benchmark.store import write_trial
from core.jobs import records
from core.jobs.benchmarks import benchmark_folder
from core.workspace.tables import Job
from tests.benchmarked import ARMS, HOSTILE, made_results
from tests.compare_page import SECTIONS, compare, found_by, section
from tests.seen import button, metrics, sound, words


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


def test_names_from_outside_are_shown_as_written(ws, dataset):
    arms = {key: replace(arm, title=f"{HOSTILE} {key}") for key, arm in ARMS.items()}
    at = sound(compare(job=found_by(ws, dataset, made_results(arms=arms))))
    assert HOSTILE in words(at) and "\\<script" in at.header[0].value
    for name in SECTIONS:
        at = section(at, name)
        assert not [m.value for m in at.markdown if m.allow_html]
