"""Planted talk, fields, outcomes and drift are found; what is not there is not; what cannot be told says why."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp

from core.errors import LeadRankError, NotComputable, RunError
from core.talk import collecting
from core.talk.fields import RISES
from core.talk.findings import read_findings, write_findings
from core.talk.looking import look
from core.talk.outcomes import AGREE, LIKED_ALONE
from core.talk.sentences import alone, drifting, headline, told
from core.talk.weighing import Weighing
from tests.core.talk.talking import DRIVE, Ranker, Reasons, talking_leads, with_dialogues


def found_in(leads, folder, size=120, reasons=None, **more):
    return look(Ranker(leads.schema), leads, folder, size, model="m", reasons=reasons or Reasons(), **more)


@pytest.fixture(scope="module")
def drives():
    return np.random.default_rng(3).random(240) < 0.25


@pytest.fixture(scope="module")
def found(tmp_path_factory, drives):
    return found_in(talking_leads(drive=drives), tmp_path_factory.mktemp("talk"))


def planted(found):
    """The row of the kind of talk that was planted."""
    rows = found.kinds[found.kinds["talk"].str.contains("drive|wonderful|this week")]
    assert len(rows) == 1, found.kinds["talk"].tolist()
    return rows.iloc[0]


def test_a_planted_phrase_becomes_a_kind_of_talk_with_its_direction_and_its_leads(found, drives):
    kind = planted(found)
    assert kind["side"] == "customer" and kind["conversations"] == drives.sum()
    assert kind["share"] == pytest.approx(drives.mean()) and kind["share_low"] < kind["share"] < kind["share_high"]
    assert kind["low"] < kind["value"] < kind["high"] and kind["low"] > 0.8 and kind["high"] < 1.2
    assert found.kinds["kind"].iat[0] == kind["kind"] and kind["p_holm"] < 0.001
    others = found.kinds[found.kinds["kind"] != kind["kind"]]
    assert (others["p_holm"] > 0.05).all()
    examples = found.examples[found.examples["kind"] == kind["kind"]]
    assert set(examples["words"]) == {f"{DRIVE}."}
    assert not found.kinds["talk"].str.contains(r"\d").any()
    assert any("lifts the score by" in line and kind["talk"] in line for line in headline(found))


def test_a_planted_field_leads_the_fields_and_its_direction_is_told(found):
    field = found.fields.iloc[0]
    assert (field["name"], field["direction"]) == ("a", RISES) and field["main"] > 0.9
    assert field["low"] < field["importance"] < field["high"]
    curve = found.curves[found.curves["name"] == "a"]
    assert curve["mean"].is_monotonic_increasing and curve["mean"].iat[0] < 0 < curve["mean"].iat[-1]
    assert found.fields.set_index("name")["direction"]["city"] == ""


def test_shuffled_reasons_tell_nothing(tmp_path, drives):
    found = found_in(talking_leads(drive=drives), tmp_path, reasons=Reasons(shuffled=True))
    kind = planted(found)
    assert kind["low"] < 0 < kind["high"]
    assert (found.kinds["p_holm"] > 0.05).all()


def test_talk_that_moves_scores_but_not_orders_is_said_and_talk_that_moves_both_is_not(tmp_path):
    row = np.arange(900)
    made = talking_leads(900, drive=row % 4 == 0)
    loses = np.where(row % 4 == 0, row % 16 == 0, row % 3 == 0).astype(float)  # a quarter of them order, else a third
    leads = replace(made, roles=made.roles.assign(converted=loses))
    lone = found_in(leads, tmp_path / "a")
    assert lone.outcomes["verdict"].tolist().count(LIKED_ALONE) == 1 and DRIVE.split()[1] in alone(lone)[0]
    assert "orders do not" in " ".join(headline(lone))
    buys = np.where(row % 4 == 0, row % 8 == 0, row % 9 == 0).astype(float)
    sells = found_in(replace(made, roles=made.roles.assign(converted=buys)), tmp_path / "b")
    told_of = sells.outcomes.set_index("kind").loc[planted(sells)["kind"]]
    assert told_of["verdict"] == AGREE and told_of["ratio_low"] > 1 and not alone(sells)
    moved = sells.moved[(sells.moved["what"] == "talk") & (sells.moved["kind"] == planted(sells)["kind"])].iloc[0]
    assert moved["low"] > 0


def test_drift_is_found_where_it_was_planted_and_only_there(tmp_path, found):
    assert not found.trends["drifts"].any() and not drifting(found)
    more = np.random.default_rng(0).random(600) < np.linspace(0.05, 0.6, 600)
    grown = found_in(talking_leads(600, drive=more), tmp_path)
    kind = planted(grown)["kind"]
    trend = grown.trends.set_index("kind").loc[kind]
    assert trend["drifts"] and trend["first"] < 0.15 and trend["last"] > 0.45
    assert "more often" in drifting(grown)[0]
    months = grown.months[grown.months["kind"] == kind]
    assert len(months) == 6 and (months["low"] <= months["share"]).all() and (months["share"] <= months["high"]).all()


def test_chinese_talk_is_named_by_its_characters(tmp_path, drives):
    other = ("最近天气一直不太好", "孩子在学校门口等我", "旧车上个月已经卖掉")
    lines = [
        f"专家: 您好请问方便吗\n客户: {'我想这周末预约试驾' if drive else other[row % 3]}"
        for row, drive in enumerate(drives)
    ]
    found = found_in(with_dialogues(talking_leads(drive=drives), lines), tmp_path)
    best = found.kinds.iloc[0]
    assert best["side"] == "customer" and best["low"] > 0.5 and best["conversations"] == drives.sum()
    assert all(len(phrase) > 1 and phrase in "我想这周末预约试驾" for phrase in best["talk"].split(", "))


def test_what_cannot_be_told_says_why_and_the_rest_is_told(tmp_path):
    with pytest.raises(NotComputable, match="10 leads at least"):
        found_in(talking_leads(3), tmp_path / "few")
    silent = found_in(with_dialogues(talking_leads(120), [""] * 120), tmp_path / "silent", size=60)
    assert "no lead has a conversation" in silent.untold["kinds"] and silent.kinds.empty
    assert silent.fields["name"].iat[0] == "a" and len(headline(silent)) == 2
    made = talking_leads(120)
    undated = replace(
        made, roles=made.roles.assign(snapshot_time=pd.Series(pd.NaT, index=made.roles.index), converted=np.nan)
    )
    bare = found_in(undated, tmp_path / "bare", size=60)
    assert "dates" in bare.untold["months"] and len(bare.kinds)
    assert "won and lost" in bare.untold["outcomes"] and "0 won" in bare.untold["moved"]
    short = found_in(talking_leads(120, months=2), tmp_path / "short", size=60)
    assert "3 months" in short.untold["months"]


def test_groups_have_figures_where_they_are_large_and_none_where_they_are_small(found):
    kind = planted(found)["kind"]
    own = found.groups[(found.groups["kind"] == kind) & (found.groups["column"] == "city")]
    assert set(own["value"]) == {"x", "y", "z"}
    assert (own["mean"].isna() == (own["leads"] < 10)).all()
    assert own["conversations"].sum() == 240


def test_findings_are_read_back_as_they_were_written(tmp_path, found):
    path = tmp_path / "new" / "findings.zip"
    assert read_findings(path) is None
    write_findings(replace(found, facts={}), path)
    write_findings(found, path)
    back = read_findings(path)
    assert list(path.parent.iterdir()) == [path]
    assert back is not None and back.facts == found.facts
    pd.testing.assert_frame_equal(back.kinds, found.kinds, check_dtype=False)
    assert json.loads(json.dumps(back.to_dict(), allow_nan=False))["kinds"][0]["talk"] == found.kinds["talk"].iat[0]
    assert any("spread" in line for line in told(found))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(LeadRankError, match=r"'findings\.zip', however: this file is damaged"):
        read_findings(path)


def test_a_second_process_in_the_same_folder_is_refused_and_the_first_goes_on(tmp_path):
    leads = talking_leads(120)

    class Twice(Reasons):
        def __call__(self, *arguments):
            if self.calls == 3:
                with pytest.raises(RunError, match="being worked out"):
                    found_in(leads, tmp_path, 20)
            return super().__call__(*arguments)

    first = Twice()
    found_in(leads, tmp_path, 20, first)
    again = Reasons()
    found_in(leads, tmp_path, 20, again)
    assert (first.calls, again.calls) == (20, 0)


def test_few_leads_have_a_mean_but_no_chance_and_more_that_of_a_t_test():
    x = np.random.default_rng(4).normal(0.4, 1.0, size=(24, 2))
    weighing = Weighing.of(np.ones(24), np.zeros(24))
    among = np.column_stack([np.arange(24) < 15, np.ones(24, dtype=bool)])
    found = weighing.means(x, among)
    assert np.isfinite(found.value).all() and np.isnan(found.p[0])
    assert found.p[1] == pytest.approx(ttest_1samp(x[:, 1], 0).pvalue, rel=0.35)


def test_work_that_was_stopped_goes_on_and_a_larger_sample_adds_to_it(tmp_path, monkeypatch):
    monkeypatch.setattr(collecting, "KEPT_EVERY", 4)
    leads, ranker = talking_leads(), None

    class Stopping(Reasons):
        def __call__(self, *arguments):
            if self.calls == 30:
                raise KeyboardInterrupt
            return super().__call__(*arguments)

    first = Stopping()
    with pytest.raises(KeyboardInterrupt):
        found_in(leads, tmp_path, 60, first)
    second, ranker = Reasons(), Ranker(leads.schema)
    whole = collecting.collect(ranker, leads, tmp_path, 60, model="m", reasons=second)
    assert (first.calls, second.calls) == (30, 30) and ranker.given == []
    fresh = collecting.collect(Ranker(leads.schema), leads, tmp_path / "other", 60, model="m", reasons=Reasons())
    pd.testing.assert_frame_equal(whole.units, fresh.units)
    pd.testing.assert_frame_equal(whole.leads, fresh.leads)
    third = Reasons()
    more = collecting.collect(Ranker(leads.schema), leads, tmp_path, 90, model="m", reasons=third)
    assert len(more.leads) == 90 and third.calls < 90
    with pytest.raises(RunError, match="holds others"):
        collecting.collect(ranker, leads, tmp_path, 60, model="another", reasons=second)
