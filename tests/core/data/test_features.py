"""The encoder: fitted on training alone, exact through JSON, and no worse for a linear model than plain fields."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from core.data.features import OTHER, FeatureEncoder
from core.data.leads import Leads
from core.data.schema import Features, Roles, Schema
from core.errors import RunError, ValidationError

BANK = Path(__file__).parents[4] / "shared/data/bank_marketing/bank-additional.zip"


def make(numeric: dict, categorical: dict, converted: np.ndarray | None = None, text: dict | None = None) -> Leads:
    text = text or {}
    n = len(next(iter({**numeric, **categorical, **text}.values()))) if numeric or categorical or text else 5
    ids = [f"L{i}" for i in range(n)]
    roles = pd.DataFrame(
        {
            "lead_id": ids,
            "customer_id": ids,
            "owner": "",
            "snapshot_time": pd.NaT,
            "converted": np.nan if converted is None else converted,
            "stage": -1,
            "call_seconds": np.nan,
            "dialogue": "",
        }
    )
    frame = pd.DataFrame({**{k: np.asarray(v, dtype=float) for k, v in numeric.items()}, **categorical, **text})
    features = Features(tuple(numeric), tuple(categorical), tuple(text))
    return Leads(roles, frame.reindex(range(n)), Schema(Roles("lead_id"), features))


def mixed(n: int = 3000, seed: int = 0) -> Leads:
    rng = np.random.default_rng(seed)
    gaps = rng.normal(size=n)
    gaps[rng.random(n) < 0.3] = np.nan
    cities = rng.choice(["york", "leeds", "", "hull"], n, p=[0.5, 0.3, 0.1, 0.1]).astype(object)
    cities[:3] = ["ely", "ely", "bath"]
    return make(
        {
            "calm": rng.normal(10, 2, n),
            "heavy": np.exp(2 * rng.normal(size=n)),
            "visits": rng.poisson(0.3, n),
            "gaps": gaps,
        },
        {"city": cities},
    )


def test_standardised_and_grouped() -> None:
    leads = mixed()
    encoder = FeatureEncoder.fit(leads)
    x = encoder.transform(leads)
    assert x.dtype == np.float32 and x.shape == (3000, encoder.width) == (3000, len(encoder.names))
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-3)
    values = [encoder.names.index(name) for name in ("calm", "heavy", "visits")]
    np.testing.assert_allclose(x[:, values].std(axis=0), 1, atol=1e-3)
    assert (x.std(axis=0) < 1.001).all()
    assert encoder.fields == ("calm", "heavy", "visits", "gaps", "city")
    assert [encoder.fields[g] for g in encoder.groups] == [n.split(":")[0].split("=")[0] for n in encoder.names]


def test_a_piecewise_linear_column_rises_only_within_its_bin() -> None:
    leads = make({"x": np.linspace(0, 80, 801)}, {})
    encoder = FeatureEncoder.fit(leads)
    column = encoder.names.index("x: 10 to 20")
    y = encoder.transform(make({"x": [-5, 0, 10, 15, 20, 70, 200]}, {}))[:, column]
    assert y[0] == y[1] == y[2] < y[3] < y[4] == y[5] == y[6]
    assert y[3] - y[2] == pytest.approx(y[4] - y[3], rel=1e-5)


def test_names_are_in_the_units_of_the_file() -> None:
    heavy = np.round(np.exp(2 * np.random.default_rng(0).normal(size=2000)), 3)
    encoder = FeatureEncoder.fit(make({"heavy": heavy}, {}))
    assert encoder.numbers[0].log
    middle = encoder.names[1 + 3].removeprefix("heavy: ").split(" to ")
    assert [float(part) for part in middle] == pytest.approx(np.quantile(heavy, [3 / 8, 4 / 8]).tolist(), rel=0.02)


def test_a_mostly_zero_count_still_bends() -> None:
    rng = np.random.default_rng(0)
    visits = np.where(rng.random(2000) < 0.9, 0, rng.integers(1, 9, 2000))
    assert sum(" to " in name for name in FeatureEncoder.fit(make({"visits": visits}, {})).names) >= 3


def test_missing_numbers_sit_at_the_mean_and_raise_a_flag() -> None:
    encoder = FeatureEncoder.fit(mixed())
    numbers = {name: [np.nan, 1.0] for name in ("calm", "heavy", "visits", "gaps")}
    x = encoder.transform(make(numbers, {"city": ["york", "york"]}))
    flag = encoder.names.index("gaps: missing")
    assert x[0, flag] > 0 > x[1, flag]
    numeric = (encoder.groups < 4) & (np.arange(encoder.width) != flag)
    assert (x[0, numeric] == 0).all()
    assert "calm: missing" not in encoder.names


def test_rare_and_unseen_categories_are_other_and_missing_is_its_own() -> None:
    encoder = FeatureEncoder.fit(mixed())
    cities = ["ely", "paris", "", "york", OTHER]
    n = len(cities)
    x = encoder.transform(make({k: np.ones(n) for k in ("calm", "heavy", "visits", "gaps")}, {"city": cities}))
    hot = [encoder.names[i] for i in np.flatnonzero(encoder.groups == 4)[x[:, encoder.groups == 4].argmax(axis=1)]]
    assert hot == ["city: other", "city: other", "city: missing", "city=york", "city: other"]


def test_unseen_without_other_moves_nothing() -> None:
    encoder = FeatureEncoder.fit(make({}, {"c": ["a", "b"] * 50}))
    assert (encoder.transform(make({}, {"c": ["z", ""]})) == 0).all()


def test_outliers_do_not_drown_the_rest() -> None:
    values = np.random.default_rng(0).normal(10, 1, 2000)
    values[0] = 1e12
    x = FeatureEncoder.fit(make({"x": values}, {})).transform(make({"x": values}, {}))[:, 0]
    assert x[1:].std() > 0.05


def test_no_fields_and_constant_fields_give_width_zero() -> None:
    bare = make({}, {}, text={"title": ["hello"] * 5})
    assert FeatureEncoder.fit(bare).transform(bare).shape == (5, 0)
    same = make({"x": [3.0] * 20, "y": [np.nan] * 20}, {"c": ["a"] * 20})
    encoder = FeatureEncoder.fit(same)
    assert encoder.width == 0 and encoder.groups.shape == (0,) and encoder.fields == ("x", "y", "c")
    assert encoder.transform(same).shape == (20, 0)
    assert encoder.table(same).columns.tolist() == ["x", "y", "c"]


def test_no_leads_give_no_rows() -> None:
    encoder = FeatureEncoder.fit(mixed())
    empty = mixed().take(np.array([], dtype=int))
    assert encoder.transform(empty).shape == (0, encoder.width)
    assert len(encoder.table(empty)) == 0


def test_table_keeps_raw_numbers_and_fitted_levels() -> None:
    leads = mixed()
    encoder = FeatureEncoder.fit(leads.take(np.arange(2000)))
    table = encoder.table(leads)
    np.testing.assert_array_equal(table["gaps"], leads.features["gaps"])
    assert table["city"].cat.categories.tolist() == ["hull", "leeds", "york", OTHER, ""]
    assert table["city"].iloc[:3].tolist() == [OTHER] * 3
    assert encoder.table(leads.take(np.arange(1)))["city"].dtype == table["city"].dtype


def test_json_round_trip_is_exact() -> None:
    leads = mixed()
    encoder = FeatureEncoder.fit(leads)
    again = FeatureEncoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
    assert again == encoder and again.names == encoder.names
    np.testing.assert_array_equal(again.transform(leads), encoder.transform(leads))


def test_damaged_documents_are_refused() -> None:
    document = json.loads(json.dumps(FeatureEncoder.fit(mixed()).to_dict()))
    with pytest.raises(RunError, match="mean"):
        FeatureEncoder.from_dict({k: v for k, v in document.items() if k != "mean"})
    with pytest.raises(RunError, match="columns"):
        FeatureEncoder.from_dict({**document, "mean": document["mean"][:-1]})


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValidationError, match="'heavy'"):
        FeatureEncoder.fit(mixed()).transform(make({"calm": [1.0]}, {"city": ["york"]}))


def test_later_leads_change_nothing() -> None:
    leads = mixed()
    early = leads.take(np.arange(1000))
    encoder = FeatureEncoder.fit(early)
    np.testing.assert_array_equal(encoder.transform(leads)[:1000], encoder.transform(early))


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.one_of(st.floats(-1e30, 1e30), st.sampled_from([0.0, 1.0, np.nan, np.inf])),
            st.sampled_from(["", "a", "b", OTHER, "'\"{}"]),
        ),
        min_size=1,
        max_size=80,
    )
)
def test_always_finite(rows: list[tuple[float, str]]) -> None:
    leads = make({"x": [x for x, _ in rows] * 4}, {"c": [c for _, c in rows] * 4})
    encoder = FeatureEncoder.fit(leads)
    x = encoder.transform(leads)
    assert np.isfinite(x).all() and x.shape == (len(leads), encoder.width) == (len(leads), len(encoder.names))
    assert FeatureEncoder.from_dict(json.loads(json.dumps(encoder.to_dict()))) == encoder


def plain_and_encoded(train: Leads, test: Leads, strength: float) -> tuple[float, float]:
    """AUC of the same logistic regression on StandardScaler and OneHotEncoder, and on the encoder's columns."""
    features = train.schema.features
    plain = make_column_transformer(
        (StandardScaler(), list(features.numeric)),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), list(features.categorical)),
    )
    encoder = FeatureEncoder.fit(train)
    aucs = []
    for x, z in (
        (plain.fit_transform(train.features), plain.transform(test.features)),
        (encoder.transform(train), encoder.transform(test)),
    ):
        model = LogisticRegression(C=strength, solver="newton-cholesky").fit(x, train.converted)
        aucs.append(roc_auc_score(test.converted, model.decision_function(z)))
    return aucs[0], aucs[1]


def made(curved: bool, n: int, seed: int) -> Leads:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 5))
    skewed = np.exp(1.5 * rng.normal(size=n))
    city = rng.integers(0, 12, n)
    z = -3.2 + 0.6 * x[:, 0] - 0.4 * x[:, 1] + 0.3 * np.log(skewed) + np.linspace(-0.6, 0.6, 12)[city]
    if curved:
        z += 0.8 * (x[:, 2] ** 2 - 1) + (np.abs(x[:, 3]) < 0.5)
    converted = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(float)
    numeric = {f"x{i}": x[:, i] for i in range(5)} | {"skewed": skewed}
    return make(numeric, {"city": [f"c{i}" for i in city]}, converted)


@pytest.mark.parametrize("strength", [0.03, 0.3])
def test_no_worse_than_plain_fields_where_lines_hold(strength: float) -> None:
    leads = made(curved=False, n=12_000, seed=0)
    plain, encoded = plain_and_encoded(leads.take(np.arange(6000)), leads.take(np.arange(6000, 12_000)), strength)
    assert encoded > plain - 0.005


def test_far_better_where_effects_bend() -> None:
    leads = made(curved=True, n=12_000, seed=0)
    plain, encoded = plain_and_encoded(leads.take(np.arange(6000)), leads.take(np.arange(6000, 12_000)), 0.3)
    assert encoded > plain + 0.05


@pytest.mark.skipif(not BANK.exists(), reason="shared data is not here")
@pytest.mark.parametrize("strength", [0.03, 0.3])
def test_no_worse_than_plain_fields_on_bank_marketing(strength: float) -> None:
    with zipfile.ZipFile(BANK) as archive, archive.open("bank-additional/bank-additional-full.csv") as file:
        frame = pd.read_csv(file, sep=";")
    numeric = [c for c in frame if frame[c].dtype.kind in "if" and c != "duration"]
    categorical = [c for c in frame if c not in (*numeric, "duration", "y")]
    leads = make(
        {c: frame[c].to_numpy() for c in numeric},
        {c: frame[c].astype(str).to_numpy(dtype=object) for c in categorical},
        (frame["y"] == "yes").to_numpy(dtype=float),
    )
    cut = int(0.7 * len(leads))
    plain, encoded = plain_and_encoded(leads.take(np.arange(cut)), leads.take(np.arange(cut, len(leads))), strength)
    assert encoded > plain - 0.005
