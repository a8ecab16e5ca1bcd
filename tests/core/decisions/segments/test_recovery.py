"""Hidden customers are found again, with intervals; a card that holds all; the arms tell an effect from none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.decisions.segments.kept import load_kept, save_kept
from core.decisions.segments.recovery import Hiding, recover, summary
from core.decisions.segments.telling import TWO_STAGE, plan_by
from core.decisions.segments.training import train_segments
from core.decisions.segments.world import RULES, World, make_world
from core.errors import ConfigError, NotComputable, RunError
from core.neural.segments.correction import Correcting
from core.neural.segments.material import Material


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(12_000, seed=5)


@pytest.fixture(scope="module")
def rows(world: World) -> pd.DataFrame:
    hiding = Hiding((0.4,), ("hill", "bce"), seeds=2)
    return recover(Material.of(world.leads, RULES), hiding, truth=world.truth == "campaign").rows


def test_hidden_customers_are_found_far_beyond_chance(world: World, rows: pd.DataFrame) -> None:
    assert len(rows) == 4 and set(rows["method"]) == {"hill", "bce"}
    assert (rows["recall_at_precision"] > 0.4).all()
    assert rows["label_share"].between(0.4, 0.85).all()
    found = rows[rows["filled"] > 0]
    assert (found["precision"] > 0.5).all() and len(found)


def test_the_summary_has_intervals_over_seeds(rows: pd.DataFrame) -> None:
    told = summary(rows)
    assert told["method"].tolist() == ["hill", "bce"] and (told["seeds"] == 2).all()
    assert (told["recall_low"] <= told["recall"]).all() and (told["recall"] <= told["recall_high"]).all()
    bce = rows["method"] == "bce"
    for seeds, words in (([], "no value"), ([0], "it was 1 of 2"), ([0, 1], "")):
        some = bce & rows["seed"].isin(seeds)
        made = rows.assign(filled=np.where(some, 9, 0), precision=np.where(some, 0.5, np.nan))
        one = summary(made[bce]).iloc[0]
        assert words in one["reason"] and (one["reason"] == "") == bool(np.isfinite(one["precision_low"]))


def test_few_customers_prove_nothing(world: World) -> None:
    few = world.leads.take(np.arange(0, 12_000, 12))
    with pytest.raises(NotComputable, match="the proof needs"):
        recover(Material.of(few, RULES), Hiding((0.2,), ("bce",), 1))
    some = Material.of(world.leads.take(np.arange(0, 12_000, 4)), RULES)
    found = recover(some, Hiding((0.1, 0.6), ("bce",), 1), Correcting(epochs=1))
    assert set(found.rows["hidden"]) == {0.6} and "with 10% hidden" in found.skipped[0.1]
    with pytest.raises(ConfigError, match="methods are among"):
        Hiding(methods=("magic",))
    with pytest.raises(ConfigError, match="between 0 and 1"):
        Hiding(shares=(1.0,))


def test_a_whole_training_with_its_card_and_its_folder(world: World, tmp_path: Path) -> None:
    hiding = Hiding((0.4,), ("bce",), 1)
    trained = train_segments(world.leads, RULES, Correcting(loss="hill", epochs=8, patience=2), hiding)
    card = trained.card
    assert sum(entry["leads"] for entry in card["counts"]) == len(world.leads) == len(trained.assigned)
    assert card["engaged"]["auc"] > 0.75 and card["recovery"][0]["method"] == "bce"
    assert card["engaged"]["error"] < 0.08 and len(card["engaged"]["groups"]) == 10
    arms = {row["name"]: row for row in card["arms"]["rows"]}
    assert arms["X-learner"]["qini"][1] > 0 and arms[TWO_STAGE]["qini"][1] > 0
    assert set(card["arms"]["curves"]) == set(arms) and plan_by(card) in ("segments", "uplift")
    came = (world.truth == "organic").astype(float)
    assert np.corrcoef(trained.assigned["anyway"], came)[0, 1] > 0.4
    save_kept(tmp_path / "kept", trained.kept)
    again = load_kept(tmp_path / "kept")
    chances = ["p_campaign", "p_low", "answer", "uplift", "anyway"]
    few = again.assign(world.leads.take(np.arange(100)))
    pd.testing.assert_frame_equal(few[chances], trained.assigned[chances].head(100))
    (tmp_path / "kept" / "uplift.json").write_text("{}", "utf-8")
    with pytest.raises(RunError, match="no uplift model"):
        load_kept(tmp_path / "kept")


def test_without_a_control_arm_the_card_says_why(world: World) -> None:
    reached = world.leads.take(np.flatnonzero((world.leads.features["mailed"] == "yes").to_numpy()))
    rules = replace(RULES, control=None)
    card = train_segments(
        reached, rules, Correcting(loss="hill", epochs=3, patience=1), Hiding((0.4,), ("bce",), 1)
    ).card
    assert card["arms"] is None and "left out by chance" in card["arms_why"] and not card["uplift_kept"]
