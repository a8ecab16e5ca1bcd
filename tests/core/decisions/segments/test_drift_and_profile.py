"""Segments over time, and what tells them apart: planted, and absent."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.data.schema import Features
from core.decisions.segments.drift import drift
from core.decisions.segments.profile import profile
from core.errors import NotComputable
from tests.made import make_leads


def drawn(n: int, change: float, seed: int) -> tuple[np.ndarray, pd.Series]:
    rng = np.random.default_rng(seed)
    day = rng.integers(0, 180, n)
    campaign = rng.random(n) < 0.2 + change * day / 180
    segment = np.where(campaign, "campaign", np.where(rng.random(n) < 0.5, "organic", "low"))
    return segment, pd.Series(pd.Timestamp("2026-01-01") + pd.to_timedelta(day, unit="D"))


def test_a_planted_change_is_found_and_its_shares_are_right() -> None:
    found = drift(*drawn(6000, 0.3, 0))
    campaign = found.changed.iloc[0].to_dict()
    assert campaign["segment"] == "campaign" and campaign["changed"]
    assert campaign["last"] - campaign["first"] > 0.15
    sums = found.months.groupby("month")[["customers"]].sum()["customers"]
    assert (sums == found.months.groupby("month")["of"].first()).all()
    assert ((found.months["low"] <= found.months["share"]) & (found.months["share"] <= found.months["high"])).all()


def test_no_change_is_seldom_called_one() -> None:
    assert sum(drift(*drawn(1500, 0.0, seed)).changed["changed"].any() for seed in range(12)) <= 2


def test_small_months_and_missing_dates_are_left_out() -> None:
    segment, time = drawn(3000, 0.0, 1)
    time = time.mask(np.arange(3000) < 10)
    assert drift(segment, time).left_out >= 10
    with pytest.raises(NotComputable, match="two months"):
        drift(segment[:40], time[:40])


def test_a_planted_field_tells_a_segment_best() -> None:
    leads = make_leads(600)
    segment = np.where(leads.features["a"] > 0.5, "campaign", np.where(np.arange(600) % 2, "organic", "low"))
    told = profile(leads, segment)
    own = told[told["segment"] == "campaign"]
    assert own.iloc[0]["field"] == "a" and own.iloc[0]["low"] > 0.8 and own.iloc[0]["p"] < 1e-6
    assert own.iloc[0]["in_segment"] == pytest.approx(leads.features["a"][segment == "campaign"].mean())
    assert (told.loc[told["field"] == "city", "p"] > 0.01).all()


def test_constant_columns_tell_nothing_and_empty_profiles_say_so() -> None:
    leads = make_leads(200)
    leads = replace(
        leads,
        features=pd.DataFrame({"a": np.full(200, 0.1), "city": "x"}),
        schema=replace(leads.schema, features=Features(("a",), ("city",))),
    )
    with pytest.raises(NotComputable, match="there is none"):
        profile(leads, np.resize(["campaign", "low"], 200))
