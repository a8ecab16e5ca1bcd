import json

import numpy as np
import pandas as pd
import pytest

from core.data.leads import Leads
from core.errors import LeadRankError, NotComputable, RunError
from core.evaluation import Missing
from core.lift.lineup import Lineup, RunScores, columns, read_run_scores
from core.scores import Scores
from tests.lineups import lined_up, owned_leads, run_scores
from tests.made import make_leads


def part(run: RunScores, ids: set[str], name: str) -> RunScores:
    frame = run.scores[run.model].frame
    kept = frame[frame["lead_id"].isin(ids)]
    scores = Scores.ranked(kept["lead_id"], kept["score"].to_numpy(), kept["probability"].to_numpy())
    return RunScores(name, {name: scores})


def test_scores_stand_in_the_order_of_the_leads_and_baselines_come_last() -> None:
    found = lined_up()
    frame = found.scores["model"].frame.set_index("lead_id")
    assert found.models == ("model", "simple") and found.baselines == ("simple",)
    assert found.score()[7] == frame.loc[found.leads.lead_id[7], "score"]
    assert found.probability()[3] == frame.loc[found.leads.lead_id[3], "probability"]
    assert found.converted == int(found.leads.converted.sum())
    assert found.days == pytest.approx(599 / 24)


def test_leads_without_outcome_or_without_a_score_of_every_model_are_left_out_and_counted() -> None:
    leads = owned_leads(100)
    converted = leads.converted.copy()
    converted[:7] = np.nan
    open_leads = Leads(leads.roles.assign(converted=converted), leads.features, leads.schema)
    whole = run_scores(leads)
    ids = set(leads.lead_id[4:90])
    found = Lineup.of(open_leads, [whole, part(whole, ids, "second")])
    assert len(found) == 83 and found.unknown == 3 and found.apart == 14
    assert found.models == ("model", "second", "simple")
    assert found.leads.lead_id.tolist() == leads.lead_id[7:90].tolist()


def test_runs_that_cannot_be_lined_up_say_why() -> None:
    leads = owned_leads(60)
    whole = run_scores(leads)
    halves = [part(whole, set(leads.lead_id[:30]), "a"), part(whole, set(leads.lead_id[30:]), "b")]
    with pytest.raises(NotComputable, match="tested on different leads"):
        Lineup.of(leads, halves)
    with pytest.raises(LeadRankError, match="names of their own"):
        Lineup.of(leads, [whole, whole])
    unknown = Leads(leads.roles.assign(converted=np.nan), leads.features, leads.schema)
    with pytest.raises(NotComputable, match="outcome of none of the 60"):
        Lineup.of(unknown, [whole])


def test_a_baseline_has_no_chances_and_an_unknown_model_is_named() -> None:
    found = lined_up(100)
    with pytest.raises(NotComputable, match="simple gives scores, but no chances"):
        found.probability("simple")
    with pytest.raises(LeadRankError, match="model must be one of"):
        found.score("other")


def test_days_are_none_where_there_are_no_dates() -> None:
    leads = make_leads(50)
    undated = Leads(
        leads.roles.assign(snapshot_time=pd.to_datetime(pd.Series([""] * 50))), leads.features, leads.schema
    )
    assert Lineup.of(undated, [run_scores(leads)]).days is None


def test_the_scores_of_a_run_folder_come_with_the_baselines_that_the_card_names(tmp_path) -> None:
    leads = make_leads(40)
    run = run_scores(leads)
    frame = run.scores["model"].frame.assign(pointwise_logit=0.5)
    frame["simple"] = run.scores["simple"].aligned(frame["lead_id"])["score"].to_numpy()
    frame.to_parquet(tmp_path / "test_scores.parquet")
    card = json.loads('{"comparison": {"baselines": ["simple", "gone"]}}')
    found = read_run_scores(tmp_path, "Shown name", card)
    assert list(found.scores) == ["Shown name", "simple"] and found.baselines == ("simple",)
    assert set(found.lead_ids) == set(leads.lead_id)
    pd.testing.assert_series_equal(found.scores["Shown name"].frame["score"], run.scores["model"].frame["score"])
    assert list(read_run_scores(tmp_path, "x", {"comparison": None}).scores) == ["x"]
    with pytest.raises(RunError, match="no scores of its test part"):
        read_run_scores(tmp_path / "nowhere", "x", card)
    frame.drop(columns="probability").to_parquet(tmp_path / "test_scores.parquet")
    with pytest.raises(RunError, match="lack \\['probability'\\]"):
        read_run_scores(tmp_path, "x", card)


def test_of_the_scores_no_column_is_read_that_nobody_needs(tmp_path, monkeypatch) -> None:
    """A run from elsewhere may carry any others, of any size."""
    leads = make_leads(40)
    run_scores(leads).scores["model"].frame.assign(huge="x" * 1000).to_parquet(tmp_path / "test_scores.parquet")
    read: list[list[str]] = []
    whole = pd.read_parquet

    def reading(*given, **named):
        frame = whole(*given, **named)
        read.append(list(frame.columns))
        return frame

    monkeypatch.setattr(pd, "read_parquet", reading)
    read_run_scores(tmp_path, "x", {"comparison": {"baselines": ["gone"]}})
    assert read == [["lead_id", "score", "probability"]]


def test_a_missing_figure_keeps_its_reason_as_a_column() -> None:
    assert columns("auc", Missing("why")) == {"auc": None, "auc_low": None, "auc_high": None, "auc_reason": "why"}
