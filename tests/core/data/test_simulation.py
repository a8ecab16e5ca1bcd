from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from core.data.market import BLOCK, MATURITY_DAYS
from core.data.schema import load_schema
from core.data.simulation import (
    Simulation,
    best_possible_auc,
    schema_for_sample,
    simulate,
    simulate_chunks,
    write_sample,
)
from core.data.validation import validate
from core.errors import ConfigError, NotComputable


@pytest.fixture(scope="module")
def raised() -> Simulation:
    return simulate(20_000, 3, base_rate=0.10, dialogue=False)


def test_same_seed_same_leads_and_another_seed_others() -> None:
    one, two, other = simulate(60, 5), simulate(60, 5), simulate(60, 6)
    pd.testing.assert_frame_equal(one.frame, two.frame)
    pd.testing.assert_frame_equal(one.truth, two.truth)
    assert (one.frame["dialogue"] != other.frame["dialogue"]).mean() > 0.9


@pytest.mark.parametrize("chunk_rows", [1000, BLOCK, 5001, 20_000])
def test_chunk_size_changes_nothing(chunk_rows: int) -> None:
    leads = BLOCK + 907
    whole = simulate(leads, 5, dialogue=False)
    chunks = list(simulate_chunks(leads, 5, chunk_rows=chunk_rows, dialogue=False))
    assert [len(chunk.frame) for chunk in chunks[:-1]] == [chunk_rows] * (len(chunks) - 1)
    for name in ("frame", "truth"):
        joined = pd.concat([getattr(chunk, name) for chunk in chunks], ignore_index=True)
        pd.testing.assert_frame_equal(joined, getattr(whole, name))


def test_chunks_carry_the_same_dialogues() -> None:
    whole = simulate(300, 5)
    chunks = list(simulate_chunks(300, 5, chunk_rows=128))
    assert [text for chunk in chunks for text in chunk.frame["dialogue"]] == whole.frame["dialogue"].tolist()
    assert all(chunk.frame["lead_id"].tolist() == chunk.truth["lead_id"].tolist() for chunk in chunks)


@pytest.mark.parametrize("base_rate", [0.0133, 0.10, 0.3])
def test_base_rate(base_rate: float) -> None:
    truth = simulate(40_000, 11, base_rate=base_rate, dialogue=False).truth
    assert truth["probability"].mean() == pytest.approx(base_rate, rel=0.04)
    error = 4 * np.sqrt(base_rate / 40_000)
    assert truth["converted_in_the_end"].mean() == pytest.approx(truth["probability"].mean(), abs=error)


def test_stages_follow_intent_as_far_as_they_are_aligned() -> None:
    def association(alignment: float) -> tuple[float, float]:
        market = simulate(8_000, 4, alignment=alignment, dialogue=False)
        lost = (market.truth["converted_in_the_end"] == 0).to_numpy()
        depth = market.truth["stage_in_the_end"].map({s: i for i, s in enumerate(schema_for_sample().funnel.stages)})
        intent = market.truth["intent"][lost].rank()
        stage, talk = (signal[lost].rank().corr(intent) for signal in (depth, market.frame["call_seconds"]))
        return float(stage), float(talk)

    for found in zip(*(association(alignment) for alignment in (0.0, 0.3, 0.6, 0.9)), strict=True):
        assert list(found) == sorted(found)
        assert abs(found[0]) < 0.05 and found[-1] > 0.4


def test_won_is_the_last_stage_and_young_leads_may_still_convert(raised: Simulation) -> None:
    frame, truth = raised.frame, raised.truth
    assert ((frame["stage"] == "lock_in") == (frame["converted"] == 1)).all()
    assert ((truth["stage_in_the_end"] == "lock_in") == (truth["converted_in_the_end"] == 1)).all()
    young = frame["snapshot_time"] > pd.Timestamp(date(2025, 1, 6)) + pd.Timedelta(days=330 - MATURITY_DAYS)
    pending = (truth["converted_in_the_end"] == 1) & (frame["converted"] == 0)
    assert pending[young].any() and not pending[~young].any()
    assert not ((frame["converted"] == 1) & (truth["converted_in_the_end"] == 0)).any()
    assert 0.05 < young.mean() < 0.15


def test_leads_fit_the_schema(raised: Simulation) -> None:
    leads, _ = validate(simulate(300, 8, base_rate=0.2).frame, schema_for_sample())
    assert len(leads) == 300 and set(np.unique(leads.stage)) <= set(range(5)) and leads.dialogue.str.len().max() > 300
    frame = raised.frame
    assert frame["lead_id"].is_unique
    several = frame["customer_id"].value_counts()
    assert 0.05 < (several > 1).mean() < 0.2
    earlier = frame.sort_values("snapshot_time", kind="stable").groupby("customer_id").cumcount()
    assert (earlier.sort_index() == frame["duplicate_leads"]).mean() > 0.999  # the file's times are cut to minutes
    assert (frame["test_drives_cancelled_180d"] <= frame["test_drives_booked_180d"]).all()
    assert frame["mean_call_minutes"].isna()[frame["calls_30d"] == 0].all()
    for column in ("mean_call_minutes", "city_tier", "quoted_discount_percent"):
        assert 0.01 < frame[column].isna().mean() < 0.6


def test_the_truth_beats_all_else_and_no_field_decides(raised: Simulation) -> None:
    frame, truth = raised.frame, raised.truth
    y = truth["converted_in_the_end"]
    best = roc_auc_score(y, truth["probability"])
    assert 0.85 < best < 0.92
    assert best == pytest.approx(best_possible_auc(truth["probability"].to_numpy()), abs=0.015)
    said = truth.filter(like="said_").to_numpy()
    factors = truth[["need", "budget", "family", "fit", "preference"]].to_numpy()
    numbers = frame[list(schema_for_sample().features.numeric)]
    ranks = numbers.fillna(numbers.median()).rank(pct=True).to_numpy()
    half = len(y) // 2

    def held_out(x: np.ndarray) -> float:
        model = LogisticRegression(max_iter=1000).fit(x[:half], y[:half])
        return float(roc_auc_score(y[half:], model.decision_function(x[half:])))

    fields, talk, both = held_out(ranks), held_out(said), held_out(np.hstack([ranks, said]))
    assert 0.70 < fields < 0.80 < talk < both < best  # each knows something that the other does not
    assert held_out(factors) < best
    assert max(abs(roc_auc_score(y, column) - 0.5) for column in ranks.T) < 0.18


def test_write_sample(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    known = write_sample(tmp_path / "new", 250, 2, 0.2, on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(250, 250)]
    assert json.loads((tmp_path / "new" / "truth.json").read_text()) == known
    assert load_schema(tmp_path / "new" / "schema.toml") == schema_for_sample()
    expected = simulate(250, 2, base_rate=0.2)
    frame = pd.read_csv(tmp_path / "new" / "leads.csv", keep_default_na=False, dtype=str)
    assert frame["dialogue"].tolist() == expected.frame["dialogue"].tolist()
    assert frame["converted"].astype(int).tolist() == expected.frame["converted"].tolist()
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "new" / "truth.parquet"), expected.truth)


def test_the_shipped_sample_is_what_its_command_makes(tmp_path: Path) -> None:
    shipped = Path(__file__).parents[3] / "sample_data"
    write_sample(tmp_path, 4000, 7, 0.10)
    for name in ("leads.csv", "schema.toml", "truth.json"):
        assert (tmp_path / name).read_text(encoding="utf-8") == (shipped / name).read_text(encoding="utf-8")
    made, kept = (pd.read_parquet(folder / "truth.parquet") for folder in (tmp_path, shipped))
    pd.testing.assert_frame_equal(made, kept)


def test_large_samples_are_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.data.simulation.CSV_LIMIT", 100)
    write_sample(tmp_path, 120, 2)
    assert not (tmp_path / "leads.csv").exists()
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "leads.parquet"), simulate(120, 2).frame)


@pytest.mark.parametrize(
    ("leads", "seed", "base_rate", "alignment", "named"),
    [
        (0, 1, 0.1, 0.9, "leads"),
        (5, -1, 0.1, 0.9, "seed"),
        (5, 1, 0.0, 0.9, "base_rate"),
        (5, 1, 0.1, 1.1, "alignment"),
    ],
)
def test_impossible_settings(leads: int, seed: int, base_rate: float, alignment: float, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        simulate(leads, seed, base_rate=base_rate, alignment=alignment)


def test_best_possible_auc() -> None:
    assert best_possible_auc(np.full(10, 0.3)) == pytest.approx(0.5)
    rng = np.random.default_rng(0)
    p = rng.beta(1, 4, size=4000)
    drawn = np.mean([roc_auc_score(rng.random(4000) < p, p) for _ in range(40)])
    assert best_possible_auc(p) == pytest.approx(drawn, abs=0.004)
    with pytest.raises(NotComputable):
        best_possible_auc(np.array([0.5]))
