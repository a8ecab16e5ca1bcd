"""What campaigns cost and brought: reinforce, hold or cut each of them, as far as their leads can tell.

A campaign's order rate is uncertain, so it is a distribution: Beta(s * mu + orders, s * (1 - mu) + leads - orders) over
its leads of known outcome, with mu the rate of all campaigns together and s = 1 / mu. So the prior weighs as much as
the leads of one order: it steadies a young campaign and vanishes behind an old one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import beta

from core.answers import as_json
from core.data.problems import Findings
from core.data.values import to_numbers, to_text, to_times
from core.decisions.economics.arrivals import UNKNOWN, came, inside_paid
from core.decisions.economics.money import Terms, read_money, told
from core.errors import ConfigError, NotComputable
from core.ranking import TAIL

NAMES = ("campaign", "channel", "message")
COUNTS = ("leads", "clicks")
COST_COLUMNS = (*NAMES, "period", "cost", *COUNTS)


@dataclass(frozen=True)
class Rule:
    """When there is enough to advise by, and how sure advice must be."""

    leads: int = 30
    """Fewest leads of known outcome. Source: ours."""
    orders: float = 5.0
    """Orders that so many leads would bring at the rate of all campaigns: of rare orders, more leads are needed.
    Source: ours."""
    sure: float = 0.9
    """Chance of a profit from which on a campaign is reinforced, in (0.5, 1); of a loss, from which on it is cut.
    Source: ours."""

    def __post_init__(self) -> None:
        if self.leads < 1 or self.orders < 0 or not 0.5 < self.sure < 1:
            raise ConfigError(
                "advice needs 1 lead or more, 0 orders or more and a certainty in (0.5, 1), however: "
                f"got={self.leads}, {self.orders}, {self.sure}"
            )


@dataclass(frozen=True, eq=False)
class Feedback:
    """What each campaign, channel or message brought, the dearest first."""

    by: str
    frame: pd.DataFrame
    """One row each: its name (column `by`); leads; known (those of known outcome); orders (of these); open_orders
    (expected of the open ones by their chances, beside the rest: a chance is no evidence); cost; cost_per_lead;
    cost_per_order = cost_per_lead / rate; rate, low, high (orders per lead, mean and 95% interval); roi = margin * rate
    / cost_per_lead - 1, roi_low, roi_high; chance_profitable (that roi is above 0); advice: reinforce, hold, cut, too
    few leads, no leads came (though money was spent) or cost not known. NaN where there is no value."""
    margin: float
    pooled_rate: float
    """Orders per lead over all of them, 0..1."""
    rule: Rule = field(default_factory=Rule)
    terms: Terms = field(default_factory=Terms)
    left_out: int | None = None
    """Leads that came in no period with a cost of their name; None where costs or leads do not tell when."""

    @property
    def how(self) -> str:
        """The computation in words."""
        return (
            f"Return = margin of an order ({told(self.margin, self.terms)}) x orders per lead / cost of a lead - 1. "
            f"Orders per lead start from {self.pooled_rate:.2%}, the rate of all, which counts as much as "
            f"{1 / self.pooled_rate:,.0f} leads. Advice needs {self.rule.leads} leads of known outcome, and so many "
            f"that {self.rule.orders:g} orders could be expected of them; it is to reinforce where a profit is at "
            f"least {self.rule.sure:.0%} sure, to cut where a loss is, and else to hold. {self._counted}"
        )

    @property
    def _counted(self) -> str:
        if self.left_out is None:
            return "Leads of all times count: the costs or the leads do not tell dates to match them by."
        return f"Leads count that came in a period with a cost; {self.left_out:,} others are left out."

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        settings = {"by": self.by, "margin": self.margin, "pooled_rate": self.pooled_rate, "rule": asdict(self.rule)}
        settings |= {"left_out": self.left_out}
        return settings | {"terms": self.terms.to_dict(), "how": self.how, "rows": as_json(self.frame)}


def read_costs(frame: pd.DataFrame) -> pd.DataFrame:
    """A table of campaign costs, checked and with every column. Shape (n, m) -> (n, 7): `COST_COLUMNS`.

    `cost` is demanded, and one of campaign, channel and message. The others may be left out: texts are "" then, leads
    and clicks NaN. `period` is when a period starts: dates become 2025-03-31, other text stays as it is.

    Raises:
        ValidationError: every problem, with its column and rows (the header is row 1).
    """
    found = Findings()
    named = [name for name in NAMES if name in frame.columns]
    if not named:
        has = ", ".join(map(str, frame.columns))
        remedy = "name the column of campaigns or channels so"
        found.note("error", "", f"none of the columns {', '.join(NAMES)} is there; the table has {has}", remedy)
    if frame.empty:
        found.note("error", "", "there are no costs in the table", "give one row a campaign and period")
    frame = frame.reset_index(drop=True)
    money = read_money(frame, ["cost"], found, negative=False)
    found.refuse()
    read = pd.DataFrame({name: to_text(frame[name]) if name in named else "" for name in NAMES}, frame.index)
    read["period"] = _periods(frame["period"]) if "period" in frame.columns else ""
    read["cost"] = money["cost"]
    for name in COUNTS:
        read[name] = _counts(frame[name], found) if name in frame.columns else np.nan
    nameless = (read[named] == "").all(axis=1)
    found.rows(
        "error", named[0], nameless, "nothing says what was paid for", "write the name of the campaign or channel"
    )
    twice = read.duplicated([*NAMES, "period"], keep=False) & ~nameless
    found.rows(
        "error", named[0], twice, "the same name and period stand in several rows", "keep one row with the sum",
        cells=read[named[0]],
    )  # fmt: skip
    found.refuse()
    return read[list(COST_COLUMNS)]


def feedback(
    leads: pd.DataFrame,
    costs: pd.DataFrame,
    by: str,
    margin: float,
    *,
    rule: Rule | None = None,
    terms: Terms | None = None,
) -> Feedback:
    """What each campaign, channel or message brought for its cost, and whether to spend more on it.

    Args:
        leads: One row a lead: the column `by`; `converted` (yes/no, NaN while open); where there are chances,
            `probability` (calibrated), which tells the orders to expect of open leads and no more; and, where known,
            `snapshot_time`, when the lead came: with costs of dated periods, other leads are left out.
        costs: As `read_costs` gives them; names must be written as in the leads.
        by: campaign, channel or message.
        margin: Money that an order leaves before the campaign's cost, above 0. Taken as certain.

    The return is that of the money spent so far, not of the next sum: `allocation` tells that.

    Raises:
        ConfigError: `by` is none of the three, the costs do not tell it, or the margin is not above 0.
        ValidationError: columns are missing or hold what cannot be read.
        NotComputable: no lead, of those that came in a period with a cost, has a known outcome.
    """
    if by not in NAMES:
        raise ConfigError(f"feedback is by {', '.join(NAMES)}, however: got={by!r}")
    if not (np.isfinite(margin) and margin > 0):
        raise ConfigError(f"margin must be an amount above 0, however: got={margin!r}")
    if (costs[by] == "").all():
        raise ConfigError(f"the costs do not tell the {by}; give them the column {by}, or ask for feedback by another")
    rule, terms = rule or Rule(), terms or Terms()
    known = came(leads, by)
    inside = inside_paid(leads, costs, known, by)
    rows = _counted(known if inside is None else known[inside], by)
    told_of = rows["known"].sum()
    if told_of == 0:
        of = "that came in a period with a cost " if inside is not None else ""
        raise NotComputable(
            f"no rate can be told: none of the {int(rows['leads'].sum()):,} leads {of}has a known outcome (column "
            "converted); chances alone prove nothing"
        )
    # Half an order more of one lead more: no rate of exactly 0 or 1, of which there is no prior. Source: Jeffreys.
    pooled = float((rows["orders"].sum() + 0.5) / (told_of + 1))
    spent = costs.groupby(costs[by].where(costs[by] != "", UNKNOWN))["cost"].sum()
    rows = rows.join(spent, how="outer").fillna(dict.fromkeys(("leads", "known", "orders"), 0.0))
    rows = _judged(rows, float(margin), pooled, rule).rename_axis(by).reset_index()
    rows = rows.sort_values(["cost", "leads", by], ascending=[False, False, True], ignore_index=True)
    left_out = None if inside is None else int((~inside).sum())
    return Feedback(by, rows, float(margin), pooled, rule, terms, left_out)


def _counted(known: pd.DataFrame, by: str) -> pd.DataFrame:
    """Leads, known, orders and open_orders of each name, float64."""
    groups = known.assign(waiting=known["orders"].where(known["outcome"].isna())).groupby(by)
    counts = {"leads": groups.size(), "known": groups["outcome"].count(), "orders": groups["outcome"].sum()}
    return pd.DataFrame(counts | {"open_orders": groups["waiting"].sum(min_count=1)}).astype(np.float64)


def _judged(rows: pd.DataFrame, margin: float, pooled: float, rule: Rule) -> pd.DataFrame:
    """Rates, returns and advice beside leads, known, orders and cost."""
    won, lost = 1 + rows["orders"], (1 - pooled) / pooled + rows["known"] - rows["orders"]
    rows["cost_per_lead"] = rows["cost"] / rows["leads"].where(rows["leads"] > 0)
    rows["cost_per_order"] = np.nan
    rows["rate"] = won / (won + lost)
    rows["low"], rows["high"] = beta.ppf(TAIL, won, lost), beta.isf(TAIL, won, lost)
    rows["cost_per_order"] = rows["cost_per_lead"] / rows["rate"]
    paid = rows["cost_per_lead"].where(rows["cost_per_lead"] > 0)
    for name, rate in (("roi", "rate"), ("roi_low", "low"), ("roi_high", "high")):
        rows[name] = margin * rows[rate] / paid - 1
    rows["chance_profitable"] = beta.sf(rows["cost_per_lead"] / margin, won, lost)
    few = (rows["known"] < rule.leads) | (rows["known"] * pooled < rule.orders)
    sure = rows["chance_profitable"]
    nobody = (rows["cost"] > 0) & (rows["leads"] == 0)
    cases = [nobody, rows["cost"].isna(), few, sure >= rule.sure, sure <= 1 - rule.sure]
    words = ["no leads came", "cost not known", "too few leads", "reinforce", "cut"]
    rows["advice"] = np.select(cases, words, "hold")
    return rows.astype({"leads": np.int64, "known": np.int64})


def _periods(column: pd.Series) -> pd.Series:
    times, bad = to_times(column)
    return to_text(column) if bad.any() else times.dt.strftime("%Y-%m-%d").astype("str").fillna("")


def _counts(column: pd.Series, found: Findings) -> pd.Series:
    name, (values, bad) = str(column.name), to_numbers(column)
    found.rows("error", name, bad, "not a number", "write how many, or nothing", cells=column)
    found.rows("error", name, (values < 0) | (values % 1 > 0), "not a count", "write 0 or more, whole", cells=column)
    return values
