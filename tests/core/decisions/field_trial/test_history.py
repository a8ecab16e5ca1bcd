import numpy as np
import pandas as pd
import pytest

from core.data.leads import ROLE_COLUMNS, Leads
from core.data.schema import Features, Roles, Schema, Split
from core.decisions.field_trial.history import leads_per_day, pre_period_correlation, specialists_from_leads
from core.decisions.field_trial.specialists import COLUMNS, read_specialists
from core.errors import ConfigError, NotComputable, ValidationError

START = pd.Timestamp("2026-01-01")
SCHEMA = Schema(
    Roles("id", owner="who", snapshot_time="when", converted="won"),
    Features(numeric=("calls",), categorical=("shop",)),
    Split(maturity_days=30),
)


def leads_of(rows: pd.DataFrame, schema: Schema = SCHEMA) -> Leads:
    """From columns day, owner, converted, calls, shop."""
    rows = rows.reset_index(drop=True)
    ids = pd.Series([f"L{n}" for n in range(len(rows))], dtype="str")
    roles = pd.DataFrame(
        {
            "lead_id": ids,
            "customer_id": ids,
            "owner": rows["owner"].astype("str"),
            "snapshot_time": (START + pd.to_timedelta(rows["day"], unit="D")).astype("datetime64[us]"),
            "converted": rows["converted"].astype(float),
            "stage": -1,
            "call_seconds": np.nan,
            "dialogue": "",
        }
    )
    return Leads(roles[list(ROLE_COLUMNS)], rows[["calls", "shop"]], schema)


def sample(owners: int = 12, days: int = 120, a_day: int = 4, seed: int = 0) -> pd.DataFrame:
    """`a_day` leads of each owner on each day; the first owner sells best, the last one least."""
    rng = np.random.default_rng(seed)
    owner, day = (part.ravel() for part in np.meshgrid(np.arange(owners), np.repeat(np.arange(days), a_day)))
    frame = pd.DataFrame({"day": day, "owner": [f"S{n:02}" for n in owner], "calls": rng.poisson(2, len(day)) * 1.0})
    won = rng.random(len(day)) < np.linspace(0.3, 0.05, owners)[owner]
    return frame.assign(converted=won, shop=np.where(owner < owners // 2, "north", "south"))


def test_counts_are_those_of_mature_leads_in_each_window() -> None:
    rows = sample()
    found = specialists_from_leads(leads_of(rows), follow_ups="calls", region="shop")
    # Day 119 is the newest, so what came up to day 89 is mature; the last seven days of it are 83..89.
    mature = rows[rows["day"] <= 89]
    for _, person in found.iterrows():
        own = mature[mature["owner"] == person["specialist"]]
        assert (person["leads"], person["orders"]) == (len(own), own["converted"].sum())
        for days in (7, 14, 30):
            assert person[f"lock_ins_{days}"] == own.loc[own["day"] > 89 - days, "converted"].sum()
        assert person["follow_ups"] == own["calls"].sum()
    assert found["region"].tolist() == ["north"] * 6 + ["south"] * 6
    assert tuple(found.columns) == COLUMNS and found["specialist"].is_monotonic_increasing
    pd.testing.assert_frame_equal(read_specialists(found), found)


def test_better_sellers_stand_in_better_tiers() -> None:
    tiers = specialists_from_leads(leads_of(sample(a_day=40)))["tier"]
    assert tiers.tolist() == ["1"] * 3 + ["2"] * 3 + ["3"] * 3 + ["4"] * 3
    assert set(specialists_from_leads(leads_of(sample()), tiers=2)["tier"]) == {"1", "2"}
    with pytest.raises(ConfigError, match="tiers must be at least 1"):
        specialists_from_leads(leads_of(sample()), tiers=0)


def test_without_a_column_volume_is_the_leads_of_thirty_days_and_region_is_unknown() -> None:
    found = specialists_from_leads(leads_of(sample()))
    assert (found["follow_ups"] == 4 * 30).all() and (found["region"] == "").all()


def test_an_earlier_time_of_planning_knows_less() -> None:
    leads = leads_of(sample())
    early = specialists_from_leads(leads, START + pd.Timedelta(days=60))
    assert (early["leads"] == 31 * 4).all()
    zoned = (START + pd.Timedelta(days=60)).tz_localize("UTC")
    pd.testing.assert_frame_equal(specialists_from_leads(leads, zoned), early)


def test_leads_of_nobody_and_without_outcome_are_left_out() -> None:
    rows = sample()
    rows["converted"] = rows["converted"].astype(float)
    rows.loc[(rows["owner"] == "S03") & (rows["day"] < 10), "converted"] = np.nan
    rows.loc[rows["owner"] == "S05", "owner"] = ""
    rows.loc[rows["owner"] == "S07", "calls"] = np.nan
    rows.loc[(rows["owner"] == "S01") & (rows["day"] > 5), "shop"] = ""
    found = specialists_from_leads(leads_of(rows), follow_ups="calls", region="shop").set_index("specialist")
    assert len(found) == 11 and "" not in found.index
    assert found["leads"]["S03"] == 80 * 4 and found["follow_ups"]["S07"] == 0
    assert found["region"]["S01"] == "north"


def test_lasting_differences_are_seen_in_both_halves() -> None:
    steady = pre_period_correlation(leads_of(sample(owners=40, a_day=30)))
    assert 0.85 < steady <= 0.95
    mixed = sample(owners=40, a_day=3)
    mixed["converted"] = np.random.default_rng(1).permutation(mixed["converted"])
    assert 0 <= pre_period_correlation(leads_of(mixed)) < 0.4


def test_fewer_days_before_the_trial_say_less() -> None:
    leads = leads_of(sample(owners=60, a_day=4))
    assert pre_period_correlation(leads, days=6) < pre_period_correlation(leads, days=80)


def test_halves_that_say_nothing_are_refused() -> None:
    rows = sample()
    rows["converted"] = (rows["day"] > 60) & rows["converted"]
    with pytest.raises(NotComputable, match="order rates that differ in each, however: 12 have leads in both"):
        pre_period_correlation(leads_of(rows))


def test_leads_a_day() -> None:
    assert leads_per_day(leads_of(sample(days=100, a_day=3))) == pytest.approx(3)


def test_leads_that_cannot_tell_are_refused() -> None:
    rows = sample()
    unowned = Schema(Roles("id"), SCHEMA.features, SCHEMA.split)
    with pytest.raises(ValidationError, match=r"roles\.owner is not set; name the column") as caught:
        specialists_from_leads(leads_of(rows.assign(owner="", day=None), unowned))
    assert len(caught.value.problems) == 2 and "no lead has a time" in caught.value.problems[1]
    with pytest.raises(ValidationError, match="column 'who' is empty"):
        leads_per_day(leads_of(rows.assign(owner="")))
    for known in (rows.assign(converted=np.nan), rows.assign(day=5), rows[rows["day"] > 95]):
        with pytest.raises(NotComputable, match="4 specialists or more with final outcomes, however: 0 have"):
            specialists_from_leads(leads_of(known))
    with pytest.raises(NotComputable, match="however: 3 have leads with a known outcome up to 2026-03-31, 30 days"):
        specialists_from_leads(leads_of(sample(owners=3)))
    with pytest.raises(NotComputable, match="0 of 4,320 leads of 12 specialists ordered"):
        specialists_from_leads(leads_of(rows.assign(converted=0)))


def test_columns_that_are_no_such_feature_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"column 'shop' must be one of the numeric features \(calls\)"):
        specialists_from_leads(leads_of(sample()), follow_ups="shop")
    with pytest.raises(ValidationError, match=r"column 'calls' must be one of the categorical features \(shop\)"):
        specialists_from_leads(leads_of(sample()), region="calls")
