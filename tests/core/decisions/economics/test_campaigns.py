"""Cost files as people write them, and advice on campaigns that is as sure as it says."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from core.decisions.economics.campaigns import COST_COLUMNS, UNKNOWN, Rule, feedback, read_costs
from core.errors import ConfigError, NotComputable, ValidationError


def leads_of(**campaigns: tuple[int, int]) -> pd.DataFrame:
    """Leads of each campaign from (leads, orders)."""
    parts = [
        pd.DataFrame({"campaign": name, "converted": np.arange(leads) < orders})
        for name, (leads, orders) in campaigns.items()
    ]
    return pd.concat(parts, ignore_index=True).astype({"converted": float})


def costs_of(**campaigns: float) -> pd.DataFrame:
    return read_costs(pd.DataFrame({"campaign": list(campaigns), "cost": list(campaigns.values())}))


def test_a_cost_file_is_read_as_people_write_it() -> None:
    frame = pd.DataFrame(
        {
            "campaign": [" Spring ", "Spring", "Fair"],
            "channel": ["search", "search", "event"],
            "period": ["01.03.2026", "01.04.2026", ""],
            "cost": ["1.200,50 €", "900", "80,00"],
            "clicks": ["300", "", "12"],
            "note": ["a", "b", "c"],
        }
    )
    read = read_costs(frame)
    assert tuple(read.columns) == COST_COLUMNS and read["campaign"].tolist() == ["Spring", "Spring", "Fair"]
    assert read["cost"].tolist() == [1200.5, 900.0, 80.0] and read["period"].tolist() == [
        "2026-03-01",
        "2026-04-01",
        "",
    ]
    assert read["clicks"].isna().tolist() == [False, True, False] and read["leads"].isna().all()
    assert (read["message"] == "").all()
    quarters = read_costs(pd.DataFrame({"channel": ["tv"], "period": ["Q1 2026"], "cost": [1]}))
    assert quarters["period"].tolist() == ["Q1 2026"]


def test_everything_wrong_with_a_cost_file_is_told_at_once_with_its_rows() -> None:
    frame = pd.DataFrame(
        {
            "campaign": ["a", "", "b", "b", "c"],
            "period": ["May", "May", "May", "May", "May"],
            "cost": ["1", "2", "3", "4", "-5"],
            "leads": ["1", "2", "3.5", "many", "0"],
        }
    )
    with pytest.raises(ValidationError) as negative:
        read_costs(frame)
    assert "column 'cost': a negative amount, such as '-5' (row 6)" in str(negative.value)
    with pytest.raises(ValidationError) as wrong:
        read_costs(frame.assign(cost=1.0))
    said = str(wrong.value)
    assert "nothing says what was paid for (row 3)" in said and "stand in several rows, such as 'b' (rows 4, 5)" in said
    assert "not a number, such as 'many' (row 5)" in said and "not a count, such as '3.5' (row 4)" in said
    with pytest.raises(
        ValidationError, match=r"none of the columns campaign, channel, message .* the table has x, cost"
    ):
        read_costs(pd.DataFrame({"x": ["a"], "cost": [1]}))
    with pytest.raises(ValidationError, match="no costs"):
        read_costs(pd.DataFrame({"campaign": [], "cost": []}))


def test_clear_campaigns_are_reinforced_and_cut_and_young_ones_left_alone() -> None:
    leads = leads_of(good=(400, 60), bad=(400, 8), fair=(400, 21), young=(20, 6), nameless=(300, 15))
    leads["campaign"] = leads["campaign"].replace("nameless", "")
    costs = costs_of(good=20_000, bad=20_000, fair=20_000, young=100, unseen=500)
    found = feedback(leads, costs, "campaign", 1000.0)
    frame = found.frame.set_index("campaign")
    advice = {"good": "reinforce", "bad": "cut", "fair": "hold", "young": "too few leads", "unseen": "no leads came"}
    assert frame["advice"].to_dict() == advice | {UNKNOWN: "cost not known"}
    rows = frame.to_dict("index")
    good = rows["good"]
    assert good["cost_per_lead"] == 50 and good["roi"] == pytest.approx(1000 * good["rate"] / 50 - 1)
    assert good["cost_per_order"] == pytest.approx(50 / good["rate"])
    assert good["low"] < good["rate"] < good["high"] and good["roi_low"] > 0 > rows["bad"]["roi_high"]
    # The prior of one order pulls a rate towards that of all, the small campaign's most.
    assert found.pooled_rate < good["rate"] < 0.15 and rows["young"]["rate"] < 0.3 - 0.05
    told = json.loads(json.dumps(found.to_dict()))
    assert told["rows"][-1]["campaign"] == UNKNOWN and told["rows"][-1]["roi"] is None
    assert "1,000 EUR" in told["how"] and "90% sure" in told["how"]


def test_the_posterior_is_the_one_that_is_documented() -> None:
    found = feedback(leads_of(a=(100, 10), b=(300, 10)), costs_of(a=1000, b=1000), "campaign", 100.0)
    mu = 20.5 / 401
    assert found.pooled_rate == pytest.approx(mu)
    row = found.frame.set_index("campaign").to_dict("index")["a"]
    grid = (np.arange(200_000) + 0.5) / 200_000
    density = grid ** (11 - 1) * (1 - grid) ** ((1 - mu) / mu + 90 - 1)
    share = density.cumsum() / density.sum()
    assert row["rate"] == pytest.approx(grid @ density / density.sum(), rel=1e-4)
    assert [row["low"], row["high"]] == pytest.approx(
        [grid[np.searchsorted(share, q)] for q in (0.025, 0.975)], rel=1e-3
    )
    assert row["chance_profitable"] == pytest.approx(density[grid > 10 / 100].sum() / density.sum(), abs=1e-3)


def test_chances_of_open_leads_stand_beside_the_evidence_and_are_none() -> None:
    closed = leads_of(a=(100, 10))
    waiting = pd.concat([closed, pd.DataFrame({"campaign": ["a"] * 100, "converted": np.nan})], ignore_index=True)
    before, alone, guessed = (
        feedback(frame, costs_of(a=400), "campaign", 100.0).frame.to_dict("records")[0]
        for frame in (closed, waiting, waiting.assign(probability=0.3))
    )
    assert (alone["leads"], alone["known"], alone["orders"], alone["cost_per_lead"]) == (200, 100, 10, 2.0)
    assert guessed["open_orders"] == pytest.approx(30) and np.isnan(alone["open_orders"])
    for name in ("known", "orders", "rate", "low", "high"):
        assert guessed[name] == alone[name] == before[name]
    # However many are open: chances never make enough of 20 leads whose outcome is known.
    young = pd.concat([leads_of(a=(20, 5)), waiting[100:].assign(probability=0.9)], ignore_index=True)
    assert feedback(young, costs_of(a=1), "campaign", 100.0).frame["advice"].tolist() == ["too few leads"]
    with pytest.raises(NotComputable, match="none of the 200 leads has a known outcome"):
        feedback(waiting.drop(columns="converted").assign(probability=0.3), costs_of(a=400), "campaign", 100.0)


def test_leads_of_other_times_than_the_costs_are_left_out_and_counted() -> None:
    costs = read_costs(
        pd.DataFrame(
            {
                "campaign": ["a", "a", "b"],
                "period": ["2026-01-01", "2026-02-01", "2026-02-01"],
                "cost": [100, 100, 100],
            }
        )
    )
    rows = [
        ("a", "2025-12-31", 1), ("a", "2026-01-01", 1), ("a", "2026-02-28", 0), ("a", "2026-03-04", 1),
        ("b", "2026-01-20", 1), ("b", "2026-02-01", 0), ("b", None, 1), ("free", "2026-01-20", 1),
        ("free", "2025-01-01", 1),
    ]  # fmt: skip
    leads = pd.DataFrame(rows, columns=["campaign", "snapshot_time", "converted"])
    found = feedback(leads, costs, "campaign", 100.0)
    kept = found.frame.set_index("campaign")
    assert kept["leads"].to_dict() == {"a": 2, "b": 1, "free": 1} and kept["orders"].to_dict()["a"] == 1
    assert kept["cost_per_lead"].to_dict()["a"] == 100
    assert found.left_out == 5 == found.to_dict()["left_out"] and "5 others are left out" in found.how
    untold = [
        feedback(leads.drop(columns="snapshot_time"), costs, "campaign", 100.0),
        feedback(leads.assign(snapshot_time=None), costs, "campaign", 100.0),
        feedback(leads, costs.assign(period="spring"), "campaign", 100.0),
    ]
    for each in untold:
        assert each.left_out is None and each.frame["leads"].sum() == 9 and "Leads of all times count" in each.how
    only = feedback(leads, costs[costs["campaign"] == "b"], "campaign", 100.0)  # a single period goes on
    assert only.frame.set_index("campaign")["leads"].to_dict() == {"a": 2, "b": 1}
    with pytest.raises(NotComputable, match="none of the 0 leads that came in a period with a cost"):
        feedback(leads.assign(snapshot_time="2020-01-01"), costs, "campaign", 100.0)


def test_money_spent_for_no_lead_at_all_is_said_and_no_lead_for_no_money_is_not() -> None:
    rows = feedback(leads_of(a=(100, 10)), costs_of(a=10, lost=500, free=0), "campaign", 100.0).frame
    advice = rows.set_index("campaign")["advice"].to_dict()
    assert advice["lost"] == "no leads came" and advice["free"] == "too few leads"


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(0)
    held = []
    for _ in range(40):
        truth = rng.beta(2, 38, 20)
        sizes = rng.integers(40, 400, 20)
        orders = rng.binomial(sizes, truth)
        names = [f"c{number:02}" for number in range(20)]
        leads = leads_of(**dict(zip(names, zip(sizes, orders, strict=True), strict=True)))
        rows = feedback(leads, costs_of(**dict.fromkeys(names, 1.0)), "campaign", 1.0).frame.sort_values("campaign")
        held.append((rows["low"] <= truth) & (truth <= rows["high"]))
    # Of 800 intervals at 95%, fewer than 93% or more than 98.5% come once in 100 times; a broad prior may do better.
    assert binom(800, 0.95).ppf(0.005) / 800 <= np.mean(held) <= 0.985


def test_orders_that_are_rare_ask_for_more_leads() -> None:
    leads = leads_of(rare=(200, 0), other=(200, 2))
    costs = costs_of(rare=10_000, other=10_000)
    assert (feedback(leads, costs, "campaign", 100.0).frame["advice"] == "too few leads").all()
    assert (feedback(leads, costs, "campaign", 100.0, rule=Rule(orders=1)).frame["advice"] == "cut").all()


def test_what_cannot_be_told_is_said() -> None:
    leads, costs = leads_of(a=(10, 1)), costs_of(a=10)
    with pytest.raises(ConfigError, match="feedback is by campaign, channel, message, however: got='colour'"):
        feedback(leads, costs, "colour", 1.0)
    with pytest.raises(ConfigError, match="the costs do not tell the channel"):
        feedback(leads, costs, "channel", 1.0)
    with pytest.raises(ConfigError, match="margin must be an amount above 0"):
        feedback(leads, costs, "campaign", 0.0)
    with pytest.raises(ConfigError, match="certainty"):
        Rule(sure=0.4)
    with pytest.raises(NotComputable, match="none of the 10 leads has a known outcome"):
        feedback(leads.assign(converted=np.nan), costs, "campaign", 1.0)
    with pytest.raises(ValidationError, match="neither this column nor probability"):
        feedback(leads[["campaign"]], costs, "campaign", 1.0)
    with pytest.raises(ValidationError, match="no such column; they have converted"):
        feedback(leads[["converted"]], costs, "campaign", 1.0)
    with pytest.raises(ValidationError, match=r"no chance from 0 to 1, such as '1.5' \(rows 2, 3"):
        feedback(leads.assign(probability=1.5), costs, "campaign", 1.0)
