"""Both stages on customers whose truth is known: labels found again, chances right, folders exact."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.schema import Features
from core.data.segment_rules import SEGMENTS, Condition
from core.decisions.segments.world import CATEGORICAL as FIELDS
from core.decisions.segments.world import RULES, World, make_world
from core.errors import ConfigError, NotComputable, RunError
from core.neural.segments import segmenter
from core.neural.segments.correction import Correcting, Engaged, fit_correction, labels_carried
from core.neural.segments.folder import load_segmenter, save_segmenter
from core.neural.segments.material import Material
from core.neural.segments.segmenter import Segmenter, fit_segmenter

HOW = Correcting(epochs=8, patience=2)
CATEGORICAL = (*FIELDS, "mailed")
NONE = Engaged(np.zeros((20, 1), np.float32), np.zeros(20, np.int64))


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(9000, seed=3, labelled=0.6)


@pytest.fixture(scope="module")
def fitted(world: World) -> Segmenter:
    return fit_segmenter(Material.of(world.leads, RULES), HOW)


@pytest.fixture(scope="module")
def assigned(fitted: Segmenter, world: World) -> pd.DataFrame:
    return fitted.assign(world.leads)


def test_what_is_filled_in_is_mostly_right(world: World, assigned: pd.DataFrame) -> None:
    corrected = assigned["corrected"].to_numpy()
    missing = (assigned["observed"] == "organic").to_numpy()
    rate = (world.truth == "campaign")[missing].mean()
    assert corrected.sum() > 30
    assert (world.truth == "campaign")[corrected].mean() > 2.5 * rate
    assert (assigned.loc[corrected, "segment"] == "campaign").all()
    told = ~corrected & (assigned["observed"] != "").to_numpy()
    assert (assigned.loc[told, "segment"] == assigned.loc[told, "observed"]).all()
    assert (assigned["by"] == np.where(told, "rules", "model")).all()


def test_chances_add_up_and_are_those_of_the_truth(world: World, assigned: pd.DataFrame) -> None:
    chances = assigned[[f"p_{name}" for name in SEGMENTS]].to_numpy()
    np.testing.assert_allclose(chances.sum(axis=1), 1)
    reached = (world.leads.features["mailed"] == "yes").to_numpy()
    engaged = world.leads.converted[reached].mean()
    assert 1 - assigned.loc[reached, "p_low"].mean() == pytest.approx(engaged, abs=0.05)
    high = reached & (assigned["p_campaign"] > 0.4).to_numpy()
    assert (world.truth == "campaign")[high].mean() == pytest.approx(assigned.loc[high, "p_campaign"].mean(), abs=0.15)


def test_a_lead_of_unknown_engagement_gets_the_likeliest(fitted: Segmenter, world: World) -> None:
    leads = world.leads.take(np.arange(50))
    told = fitted.assign(replace(leads, roles=leads.roles.assign(converted=np.nan)))
    assert (told["observed"] == "").all() and not told["corrected"].any()
    likeliest = told[[f"p_{name}" for name in SEGMENTS]].to_numpy().argmax(axis=1)
    assert told["segment"].tolist() == [SEGMENTS[place] for place in likeliest]


def test_blocks_change_nothing(
    fitted: Segmenter, world: World, assigned: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segmenter, "ENCODED_AT_ONCE", 1000)
    again = fitted.assign(world.leads)
    assert again["observed"].tolist() == assigned["observed"].tolist()
    assert again["segment"].tolist() == assigned["segment"].tolist()


def test_a_folder_gives_the_same_segments(
    fitted: Segmenter, world: World, assigned: pd.DataFrame, tmp_path: Path
) -> None:
    save_segmenter(tmp_path / "kept", fitted, {"leads": 3})
    again, card = load_segmenter(tmp_path / "kept")
    assert card == {"leads": 3}
    pd.testing.assert_frame_equal(again.assign(world.leads), assigned)
    with pytest.raises(RunError, match="not empty"):
        save_segmenter(tmp_path / "kept", fitted, {})
    path = tmp_path / "kept" / "segmenter.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "format": 99}), "utf-8")
    with pytest.raises(RunError, match="format 99"):
        load_segmenter(tmp_path / "kept")
    (tmp_path / "kept" / "networks.safetensors").write_bytes(b"no tensors")
    with pytest.raises(RunError, match="train it again"):
        load_segmenter(tmp_path / "kept")


def test_blind_columns_are_left_out_of_stage_two_alone(world: World) -> None:
    material = Material.of(world.leads, replace(RULES, blind=("consent",)))
    assert "consent" in material.encoder.fields and "consent" not in material.blind_encoder.fields
    assert not RULES.columns & set(material.encoder.fields)


def test_an_audit_tells_how_many_labels_are_missing_and_is_believed(world: World) -> None:
    looked_up = np.arange(9000) % 3 == 0
    features = world.leads.features.assign(survey=np.where(looked_up, np.where(world.effect == 1, "ad", "none"), ""))
    schema = replace(
        world.leads.schema, features=Features(world.leads.schema.features.numeric, (*CATEGORICAL, "survey"))
    )
    leads = replace(world.leads, features=features, schema=schema)
    material = Material.of(leads, replace(RULES, audit=Condition("survey", "is", "ad")))
    assert "survey" not in material.encoder.fields
    train, later = (material.engaged(rows) for rows in (material.parts.train, material.parts.calibration))
    share = labels_carried(train, later)
    label = np.concatenate([train.label, later.label])
    truth = np.concatenate([part.audited for part in (train, later) if part.audited is not None])
    assert share.value == label[truth == 1].mean() and share.value == pytest.approx(0.6, abs=0.08)
    told = fit_segmenter(material, Correcting("bce", epochs=2)).assign(leads)
    reached = looked_up & (world.leads.features["mailed"] == "yes").to_numpy() & (told["observed"] == "organic")
    assert (told.loc[reached, "corrected"] == (world.effect == 1)[reached]).all()
    assert (told.loc[reached, "by"] == "rules").all()


def test_no_more_leads_are_encoded_than_are_learned_from(world: World) -> None:
    material = Material.of(world.leads, RULES)
    some = material.engaged(material.parts.train, 200)
    assert len(some.x) == len(some.label) == 200
    np.testing.assert_array_equal(some.x, material.engaged(material.parts.train, 200).x)


def test_the_control_arm_is_not_learned_from(world: World) -> None:
    material = Material.of(world.leads, RULES)
    mailed = (world.leads.features["mailed"] == "yes").to_numpy()
    assert mailed[material.reached(material.parts.train)].all()
    assert not mailed[material.parts.train].all()


def test_the_same_seed_gives_the_same_correction() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 4)).astype(np.float32)
    label = (x[:, 0] + 0.5 * rng.normal(size=600) > 0.5).astype(np.int64)
    train, later = Engaged(x[:400], label[:400]), Engaged(x[400:], label[400:])
    first, second = (fit_correction(train, later, HOW, seed=1).answers(x) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_splc_fills_in_no_more_than_are_missing_and_rests() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6000, 4)).astype(np.float32)
    truth = x[:, 0] + 0.2 * rng.normal(size=6000) > 0.5
    label = (truth & (rng.random(6000) < 0.6)).astype(np.int64)
    train, later = Engaged(x[:4500], label[:4500]), Engaged(x[4500:], label[4500:])
    found = fit_correction(train, later, Correcting(epochs=10, patience=2))
    filled = [entry["corrected"] for entry in found.log]
    missing = truth[:4500].sum() - label[:4500].sum()
    assert filled[0] == 0 and 0.4 * missing < filled[-1] < 1.6 * missing
    assert found.log[-1]["reverted"] < 0.1 * filled[-1]
    above = (label == 0) & (found.answers(x) >= found.line.threshold)
    assert truth[above].mean() > 0.7 and above.sum() > 0.5 * (truth.sum() - label.sum())


@pytest.mark.parametrize(
    "make, error, words",
    [
        (lambda w: Correcting(loss="hinge"), ConfigError, "the loss must be one of"),
        (lambda w: Correcting(precision=0.2), ConfigError, "at least 0.5"),
        (lambda w: Material.of(w.leads, replace(RULES, blind=("nothing",))), ConfigError, "no 'nothing'"),
        (
            lambda w: Material.of(replace(w.leads, roles=w.leads.roles.assign(converted=0.0)), RULES),
            NotComputable,
            "campaign 0, organic 0",
        ),
        (
            lambda w: Material.of(
                replace(
                    w.leads,
                    features=w.leads.features.assign(distance_km=1.0),
                    schema=replace(w.leads.schema, features=Features(("distance_km", "clicked"), ("mailed",))),
                ),
                RULES,
            ),
            NotComputable,
            "a field that varies",
        ),
        (lambda w: fit_correction(NONE, NONE), NotComputable, "at least 10"),
    ],
)
def test_what_cannot_be_learned_is_refused_in_words(world: World, make, error, words: str) -> None:
    with pytest.raises(error, match=words):
        make(world)
