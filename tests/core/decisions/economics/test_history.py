"""Costs and leads put side by side, period by period."""

import numpy as np
import pandas as pd
import pytest

from core.decisions.economics.campaigns import read_costs
from core.decisions.economics.history import spend_history
from core.decisions.economics.response import fit
from core.errors import ConfigError, NotComputable, ValidationError

COSTS = read_costs(
    pd.DataFrame(
        {
            "campaign": ["x", "y", "x", "x", "z"],
            "channel": ["web", "web", "web", "tv", ""],
            "period": ["2026-01-01", "2026-01-01", "2026-02-01", "2026-02-01", "2026-02-01"],
            "cost": [100, 50, 200, 80, 1],
        }
    )
)


def leads(*rows: tuple[str, str, float | None]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["channel", "snapshot_time", "converted"])


def test_orders_stand_beside_the_spend_of_the_period_in_which_the_lead_came() -> None:
    came = leads(
        ("web", "2025-12-31", 1), ("web", "2026-01-01", 1), ("web", "2026-01-31 23:59", 1), ("web", "2026-02-01", 1),
        ("web", "2026-02-02", 0), ("tv", "2026-03-03", 1), ("tv", "2026-03-04", 1), ("fax", "2026-02-01", 1),
        ("tv", "2026-01-05", 1),
    )  # fmt: skip
    assert spend_history(COSTS, came).to_dict("records") == [
        {"channel": "tv", "period": "2026-02-01", "spend": 80, "orders": 1},
        {"channel": "web", "period": "2026-01-01", "spend": 150, "orders": 2},
        {"channel": "web", "period": "2026-02-01", "spend": 200, "orders": 1},
    ]
    by_campaign = spend_history(COSTS, came.rename(columns={"channel": "campaign"}), "campaign")
    assert by_campaign["channel"].tolist() == ["x", "x", "y", "z"] and (by_campaign["orders"] == 0).all()


def test_open_leads_count_by_their_chance_or_their_channels_rate() -> None:
    came = leads(("web", "2026-01-05", 1), ("web", "2026-01-06", 0), ("web", "2026-02-03", None))
    assert spend_history(COSTS, came)["orders"].tolist() == [0, 1, 0.5]
    assert spend_history(COSTS, came.assign(probability=0.2))["orders"].tolist() == [0, 1, 0.2]


def test_a_history_is_what_curves_are_fitted_to() -> None:
    rng = np.random.default_rng(0)
    starts = pd.date_range("2026-01-05", periods=12, freq="7D")
    cost = rng.uniform(100, 1000, 12)
    costs = read_costs(pd.DataFrame({"channel": "web", "period": starts, "cost": cost}))
    orders = rng.poisson(30 * -np.expm1(-cost / 400))
    came = pd.DataFrame({"channel": "web", "snapshot_time": np.repeat(starts, orders), "converted": 1})
    rows = spend_history(costs, came)
    assert rows["orders"].tolist() == orders.tolist() and rows["spend"].tolist() == pytest.approx(cost)
    assert fit(rows).channels == ("web",)


def test_what_cannot_be_told_is_said() -> None:
    came = leads(("web", "2026-01-05", 1))
    with pytest.raises(ConfigError, match="a history is by campaign, channel, message"):
        spend_history(COSTS, came, "owner")
    with pytest.raises(NotComputable, match="5 rows have none, such as 'spring'"):
        spend_history(COSTS.assign(period="spring"), came)
    with pytest.raises(NotComputable, match="every cost starts on 2026-01-01"):
        spend_history(COSTS.assign(period="2026-01-01"), came)
    with pytest.raises(NotComputable, match="no lead has a known outcome"):
        spend_history(COSTS, came.assign(converted=np.nan))
    with pytest.raises(ValidationError, match=r"'snapshot_time': not a time, such as 'soon' \(row 2\)"):
        spend_history(COSTS, came.assign(snapshot_time="soon"))
    with pytest.raises(ValidationError, match="'snapshot_time': the leads have no such column"):
        spend_history(COSTS, came.drop(columns="snapshot_time"))
