"""Fields as standardised columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.decisions.economics.encoding import RARE_LEADS, REACH, Encoding
from core.errors import NotComputable, ValidationError


def fields(n: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    age = rng.gamma(2, 10, n)
    age[:40] = np.nan
    city = rng.choice(["north", "south", ""], n)
    city[: RARE_LEADS - 1] = "islet"
    city[-3:] = "rock"
    return pd.DataFrame({"age": age, "city": city, "fleet": rng.random(n) < 0.3, "same": "x", "none": np.nan})


def test_columns_are_standardised_finite_and_only_those_that_vary() -> None:
    leads = fields()
    encoding = Encoding.fit(leads)
    x = encoding.columns(leads)
    assert x.shape == (400, len(encoding.names)) and np.isfinite(x).all() and np.abs(x).max() <= REACH
    within = np.abs(x).max(axis=0) < REACH
    np.testing.assert_allclose(x[:, within].mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(x[:, within].std(axis=0), 1, atol=1e-9)
    assert within.sum() >= 5
    assert "missingindicator_age" in encoding.names
    assert not any(name.startswith(("same", "none")) or "islet" in name for name in encoding.names)
    assert sum(name.startswith("city") for name in encoding.names) == 4  # north, south, missing, rare


def test_new_values_move_nothing_beyond_reach_and_leads_come_one_by_one_alike() -> None:
    leads = fields()
    encoding = Encoding.fit(leads)
    odd = leads.iloc[:3].assign(age=[1e9, -np.inf, 30.0], city=["moon", "", "south"])
    x = encoding.columns(odd)
    assert x.max() == REACH and np.isfinite(x).all()
    np.testing.assert_allclose(np.vstack([encoding.columns(odd.iloc[[row]]) for row in range(3)]), x)


def test_missing_columns_and_fields_that_tell_nothing_are_refused() -> None:
    with pytest.raises(ValidationError, match="column 'age' was learned from"):
        Encoding.fit(fields()).columns(fields().drop(columns="age"))
    for nothing in (fields()[["same", "none"]], fields()[[]], fields().iloc[:0]):
        with pytest.raises(NotComputable, match="fields that differ"):
            Encoding.fit(nothing)
    with pytest.raises(NotComputable, match="10 leads or more"):
        Encoding.fit(pd.DataFrame({"id": [f"L{row}" for row in range(500)]}))
