"""Value: who calls whom, packages, priority and what changed; figures are counted again from the ranking's file."""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.data.schema import schema_from_dict
from core.decisions.economics.next_action import STEPS, Rules, next_best_action
from core.decisions.economics.packages import Wishes, package
from core.decisions.economics.qualify import qualify
from core.decisions.economics.wishes import nearest
from core.jobs.shipped import bring_in_sample
from core.scores import read_scores
from core.workspace.actions import record_action
from core.workspace.runs import use_run
from core.workspace.scorings import scoring_path
from pages._value_data import open_key, scored_leads
from tests.field_trials import SAMPLE, sample_leads
from tests.kept import keep_run, keep_scoring
from tests.seen import metrics, sound, table, words

APP = Path(__file__).resolve().parents[2] / "app.py"
CALLS, PACKAGES, PRIORITY, CHANGED = "Who calls whom", "Packages to sell", "Priority", "What changed"
MARGIN, CALL = 2_000.0, 20.0


def opened(section: str, **state) -> AppTest:
    at = AppTest.from_file(str(APP), default_timeout=120).run().switch_page("pages/value.py")
    at.session_state["value_section"] = section
    at.session_state["value_margin"], at.session_state["value_work"] = MARGIN, CALL
    for key, value in state.items():
        at.session_state[key] = value
    return sound(at.run())


def chosen(at: AppTest, label: str, value) -> AppTest:
    box = next(b for b in (*at.selectbox, *at.multiselect, *at.slider, *at.number_input) if b.label == label)
    return sound(box.set_value(value).run())


def ranked(kept) -> pd.DataFrame:
    ws, _, _, _, scoring = kept
    return pd.read_parquet(scoring_path(ws, scoring.id))


def test_the_plan_calls_the_leads_of_most_worth(kept):
    at = opened(CALLS)
    value = (ranked(kept)["probability"] * MARGIN - CALL).sort_values(ascending=False)
    people = table(at, "capacity")
    assert people["person"].tolist() == ["Ann", "Bo"] and people["capacity"].tolist() == [10, 10]
    assert metrics(at)["Worth of the plan"] == f"{value[:20].sum():,.0f} EUR"
    assert metrics(at)["More than best lead first"] == "0 EUR" and "each way is worth the same" in words(at)
    assert metrics(at)["Leads nobody calls"] == "40 of 60"
    steps = table(at, "action")
    assert len(steps) == 60 and steps["call"].str.contains(" of ").sum() == 20
    assert steps["value"][:20].sum() == pytest.approx(value[:20].sum())
    assert (steps["call"][20:] == "no call left for it").all()
    calls = steps.loc[steps["action"] == "call now", "reason"]
    assert len(calls) and calls.str.contains("no contact noted").all() and not (steps["action"] == "drop").any()


def test_a_dear_call_is_not_made(kept):
    at = opened(CALLS, value_work=700.0)
    worth = ranked(kept)["probability"] * MARGIN - 700
    steps = table(at, "action")
    dear = steps["call"] == "costs more than it brings"
    assert (dear == (steps["value"] <= 0)).all() and dear.sum() == (worth <= 0).sum() > 0


def test_the_next_step_is_that_of_the_rules_of_core(kept):
    ws, dataset, _, _, scoring = kept
    file = ranked(kept)
    file["field:a"] = file["field:a"].abs() * 10
    file.to_parquet(scoring_path(ws, scoring.id))
    funnel = schema_from_dict(dataset.schema).funnel
    leads = file[["lead_id", "stage", "probability"]].assign(days_since_contact=file["field:a"])
    leads["stage"] = leads["stage"].where(leads["stage"] != funnel.stages[0], "")  # where every lead begins
    rules = Rules(funnel, {stage: step for stage, step in STEPS.items() if stage in funnel.stages})
    expected = next_best_action(leads, rules).set_index("lead_id")["action"]
    at = opened(CALLS, **{f"plan_contact_{dataset.id}": "a"})
    assert table(at, "action").set_index("lead_id")["action"].to_dict() == expected.to_dict()
    assert {"wait", "call now"} <= set(expected)


def test_regions_bind_and_planning_then_beats_the_simple_ways(kept):
    _, dataset, *_ = kept
    file = ranked(kept).assign(value=lambda frame: frame["probability"] * MARGIN - CALL)
    city = file["field:city"].iloc[0]
    people = pd.DataFrame({"person": ["Ann", "Bo"], "capacity": [15, 15], "regions": ["", city], "skills": ""})
    at = opened(CALLS, **{f"plan_people_{dataset.id}_typed": people, f"plan_region_{dataset.id}": "city"})
    there = sorted(file.loc[file["field:city"] == city, "value"], reverse=True)
    elsewhere = sorted(file.loc[file["field:city"] != city, "value"], reverse=True)
    # Every split of Ann's calls between the region that Bo shares with her and the others.
    totals = [sum(there[: 15 + 15 - n]) + sum(elsewhere[:n]) for n in range(16)]
    steps = table(at, "action")
    assert metrics(at)["Worth of the plan"] == f"{max(totals):,.0f} EUR"
    assert set(steps.loc[steps["call"].str.contains("of Bo"), "field:city"]) == {city}
    at = chosen(at, "Whose calls", "Bo")
    assert table(at, "action")["call"].str.contains("of Bo").all()


def test_a_name_that_looks_like_a_formula_stays_a_name_in_the_plan_and_its_file(kept, monkeypatch):
    _, dataset, *_ = kept
    made = []
    monkeypatch.setattr("pages._shared.download", lambda label, data, *more, **options: made.append((label, data)))
    people = pd.DataFrame({"person": ["=1+1", "Bo"], "capacity": [2, 2], "regions": "", "skills": ""})
    at = opened(CALLS, **{f"plan_people_{dataset.id}_typed": people})
    assert table(at, "action")["call"].str.contains("of =1+1", regex=False).sum() == 2
    written = next(make for label, make in made if label == "Plan as CSV")().decode("utf-8-sig")
    assert written.count('"\'=1+1"') == 2 and '"=1+1"' not in written


def test_fairness_evens_out_what_calls_are_worth(kept):
    at = opened(CALLS)
    assert (before := metrics(at)["Evenness"]) != "not known"
    at = chosen(at, "Fairness: a call of each person is worth at least (% of the team's average)", 95)
    after = metrics(at)["Evenness"]
    assert int(after.rstrip("%")) >= int(before.rstrip("%")) and int(after.rstrip("%")) >= 90


def test_the_table_of_people_outlives_another_section(kept):
    _, dataset, *_ = kept
    at = opened(CALLS)
    key = f"plan_people_{dataset.id}"
    at.session_state[key] = {"edited_rows": {0: {"capacity": 1}}, "added_rows": [], "deleted_rows": []}
    sound(at.run())
    assert metrics(at)["Leads nobody calls"] == "49 of 60"
    for section in (PRIORITY, CALLS):
        at.button_group(key="value_section").set_value(section)
        sound(at.run())
    assert metrics(at)["Leads nobody calls"] == "49 of 60"


def test_leads_that_were_called_are_not_planned_again(kept):
    ws, dataset, *_ = kept
    best = ranked(kept).nlargest(5, "probability")["lead_id"].tolist()
    record_action(ws, dataset.id, best, "called", by="x")
    steps = table(opened(CALLS), "action")
    assert len(steps) == 55 and not set(best) & set(steps["lead_id"])


def test_a_package_of_most_orders_is_that_of_the_best_chances(kept):
    at = opened(PACKAGES)
    best = ranked(kept)["probability"].nlargest(50)
    found = metrics(at)
    assert found["Leads"] == "50" and found["Orders on average"] == f"{best.sum():,.1f}"
    assert found["Price"] == f"{1000 * best.sum():,.0f} EUR" and found["Price of an order"] == "1,000 EUR"
    assert "none is better" in words(at) and "Choose groups above" in words(at)
    at.number_input(key="pack_leads").set_value(7.0)
    next(b for b in at.button if b.label == "Find the best package").click()
    assert metrics(sound(at.run()))["Orders on average"] == f"{best[:7].sum():,.1f}"


def test_groups_are_spread_and_what_cannot_be_had_is_said(kept):
    _, dataset, *_ = kept
    at = opened(PACKAGES, **{f"pack_region_{dataset.id}": "city"})
    at.number_input(key="pack_leads").set_value(10.0)
    at.number_input(key="pack_spread").set_value(60.0)
    press = next(b for b in at.button if b.label == "Find the best package")
    sound(press.click().run())
    groups = [each.nlargest(10).to_numpy() for _, each in ranked(kept).groupby("field:city")["probability"]]
    ways = (way for way in product(range(7), repeat=len(groups)) if sum(way) == 10)  # six of ten are 60%
    best = max(sum(each[:n].sum() for each, n in zip(groups, way, strict=True)) for way in ways)
    assert metrics(at)["Orders on average"] == f"{best:,.1f}"
    at.number_input(key="pack_orders").set_value(50.0)
    at = next(b for b in at.button if b.label == "Find the best package").click().run()
    assert not at.exception and "orders at most" in at.error[0].value


def test_priority_weighs_the_chance_and_a_column(kept):
    at = opened(PRIORITY)
    file = ranked(kept)
    rows = table(at, "priority")
    assert rows["lead_id"].iloc[0] == file.nlargest(1, "probability")["lead_id"].iloc[0]
    assert "With one question" in words(at)
    at = chosen(at, "Other questions, answered by these columns", ["a"])
    at = chosen(at, "Of these, less is better in", ["a"])
    at = chosen(at, "A", 10)
    chance, a = (file[name].rank(method="average") for name in ("probability", "field:a"))
    expected = 100 * (5 * (chance - 0.5) + 10 * (len(file) + 0.5 - a)) / 15 / len(file)
    rows = table(at, "priority").set_index("lead_id")
    assert rows["priority"].to_numpy() == pytest.approx(expected.set_axis(file["lead_id"])[rows.index].to_numpy())
    assert rows["priority"].is_monotonic_decreasing and (rows["low"] <= rows["priority"] + 1e-9).all()
    assert "a 67%, chance of an order 33%" in words(at)


def test_without_any_weight_there_is_no_priority(kept):
    at = chosen(opened(PRIORITY), "Chance of an order", 0)
    assert "a weight above 0" in words(at) and not at.dataframe


def test_the_first_ranking_has_nothing_to_compare_with(kept):
    assert "Nothing to compare with yet" in words(opened(CHANGED))


def test_a_second_ranking_tells_who_moved(kept):
    ws, dataset, leads, run, before = kept
    after = keep_scoring(ws, dataset, leads, run, tilt=2.0)
    at = opened(CHANGED)
    old, new = (pd.read_parquet(scoring_path(ws, each.id)).set_index("lead_id") for each in (before, after))
    moved = (old["rank"] != new["rank"].reindex(old.index)).sum()
    rows = table(at, "why")
    assert len(rows) == moved > 0 and set(rows["why"]) == {"other leads moved"}
    assert rows["rank_before"].tolist() == old["rank"].reindex(rows["lead_id"]).tolist()
    assert rows["rank_after"].tolist() == new["rank"].reindex(rows["lead_id"]).tolist()
    due = {"Due to be scored again": "0 of 60"}
    assert metrics(at) == {**due, "Chance risen": "0", "Chance fallen": "0", "New": "0", "Gone": "0"}


def test_another_model_and_changed_fields_are_named(kept):
    ws, dataset, leads, run, before = kept
    path = scoring_path(ws, before.id)
    old = pd.read_parquet(path)
    keep_scoring(ws, dataset, leads, run)
    # As if the earlier file had told less of the first lead, and had not held the last.
    old.loc[0, "field:a"] = np.nan
    old.loc[0, "probability"] = 0.01
    old.iloc[:-1].to_parquet(path)
    rows = table(opened(CHANGED), "why")
    assert rows["lead_id"].iloc[0] in {old["lead_id"].iloc[0], old["lead_id"].iloc[-1]}
    why = rows.set_index("lead_id")["why"]
    assert why[old["lead_id"].iloc[0]].startswith("a: unknown to ") and why[old["lead_id"].iloc[-1]] == "new lead"


def test_how_much_work_a_lead_takes_is_learned_from_the_leads(ws):
    bring_in_sample(ws)
    at = opened(PRIORITY)
    box = next(one for one in at.multiselect if one.label == "Learned from your own leads")
    assert box.options == ["minutes of talk until the outcome"]  # no column for people holds the day of an order
    sound(box.set_value(["talk_minutes"]).run())
    points = table(at, "part:talk_minutes").set_index("lead_id")["part:talk_minutes"]
    chances = read_scores(SAMPLE / "open_scores.parquet").frame[["lead_id", "probability"]]
    minutes = qualify(sample_leads(), chances).frame.set_index("lead_id")["talk_minutes"]
    assert points.corr(minutes.reindex(points.index), method="spearman") < -0.99  # less work, more points


def test_leads_are_due_after_an_action_and_all_of_them_after_another_model(kept):
    ws, dataset, *_ = kept
    assert metrics(opened(CHANGED))["Due to be scored again"] == "0 of 60"
    lead = ranked(kept)["lead_id"].iloc[0]
    record_action(ws, dataset.id, [lead], "note", by="x", note="asked for a price")
    at = opened(CHANGED)
    assert metrics(at)["Due to be scored again"] == "1 of 60" and "1: last action: unknown to" in words(at)
    use_run(ws, keep_run(ws).id, "x")
    at = opened(CHANGED)
    assert metrics(at)["Due to be scored again"] == "60 of 60" and "new model (" in words(at)


def test_the_cheapest_leads_are_among_those_a_package_is_chosen_from():
    rng = np.random.default_rng(4)
    leads = pd.DataFrame({"lead_id": [f"L{n}" for n in range(400)], "probability": np.sort(rng.beta(1, 8, 400))[::-1]})
    leads["price"], leads["region"] = rng.uniform(1, 100, 400), rng.choice(["a", "b", "c"], 400, p=[0.8, 0.15, 0.05])
    for wishes in (
        Wishes("price", leads=15),
        Wishes("price", leads=15, min_probability=0.1, max_price=80.0),
        Wishes("price", leads=15, regions=("b", "c"), max_per_region=0.6),
        Wishes("orders", leads=15, max_per_region=0.4),
    ):
        near = nearest(leads, wishes, 60)
        assert len(near) <= 60 and near.index.is_monotonic_increasing
        few, all_of_them = package(near, wishes, draws=10), package(leads, wishes, draws=10)
        assert few.price == pytest.approx(all_of_them.price) or wishes.goal == "orders"
        assert few.expected_orders == pytest.approx(all_of_them.expected_orders) or wishes.goal == "price"
    none = Wishes("price", leads=15, max_price=0.5)
    assert len(nearest(leads, none, 60)) == 400, "so that the package says which wish is in the way"


def test_what_is_kept_between_clicks_is_told_by_which_leads_are_open(kept):
    ws, dataset, _, _, scoring = kept
    before = open_key(scored_leads(scoring), scoring)
    assert open_key(scored_leads(scoring), scoring) == before
    record_action(ws, dataset.id, ranked(kept)["lead_id"].iloc[:1].tolist(), "called", by="x")
    called = open_key(scored_leads(scoring), scoring)
    assert called != before
    record_action(ws, dataset.id, ranked(kept)["lead_id"].iloc[1:2].tolist(), "called", by="x")
    assert open_key(scored_leads(scoring), scoring) not in (before, called)
