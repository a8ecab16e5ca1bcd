"""More questions than one to each open lead: how likely, how soon, how much work; each with its range.

Learned from the file's own leads whose outcome is final: the time to an order by `time_to_order`, work by `effort`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.data.leads import Leads
from core.data.splitting import open_rows
from core.decisions.economics.effort import fit_effort
from core.decisions.economics.time_to_order import fit_time
from core.decisions.economics.waits import read_waits
from core.errors import NotComputable, ValidationError

TALK = "talk_minutes"
"""Minutes of talk until the outcome, of the schema's call_seconds."""
OWN = "effort:"
"""Before the name of a column of one's own, so that it is never taken for another answer."""
MOST_TAUGHT = 20_000
"""Leads that teach how much work there is: 5 seconds on one core; more tell next to nothing. Source: ours."""


@dataclass(frozen=True, eq=False)
class Qualified:
    """What is known of each scored lead, in the order of the scores."""

    frame: pd.DataFrame
    """One row a lead: lead_id, probability; days, days_low, days_high, from the last look on, where it was asked for
    (NaN for leads that ordered, or have waited longer than can be told); each measure with its _low and _high."""
    measures: tuple[str, ...]
    """Columns of work: talk_minutes, or effort:<column> of one's own."""


def qualify(
    leads: Leads,
    chances: pd.DataFrame,
    *,
    ordered_on: pd.Series | None = None,
    effort: pd.DataFrame | None = None,
    horizon: float = 30.0,
) -> Qualified:
    """What is known of each scored lead. Shape (n leads), (m scored) -> (m, columns), in the order of `chances`.

    Args:
        leads: All leads of the file; those that are no longer open teach.
        chances: Columns lead_id and probability, of leads in the file.
        ordered_on: Day of the order by lead, (n,), empty where there is none; without it nothing is said of time.
        effort: Work until the outcome by lead, (n, measures), numbers; else minutes of talk, where the file has them.
            A field of that name teaches no effort: it would tell the answer.
        horizon: Days from the last look on within which an order counts for the time to it. The last look is the newest
            day on which a lead came or ordered.

    Raises:
        ValidationError: a scored lead is not in the file, or a day or number cannot be read.
        NotComputable: as `fit_time` and `fit_effort`: too few leads with a final outcome, say.
    """
    at = pd.Index(leads.lead_id).get_indexer(chances["lead_id"])
    if (at < 0).any():
        missing = chances["lead_id"][at < 0].iloc[0]
        raise ValidationError(
            (f"every scored lead must be in the lead file, however: {(at < 0).sum():,} are not, such as '{missing}'",)
        )
    fields = leads.features[[*leads.schema.features.numeric, *leads.schema.features.categorical]]
    decided = np.setdiff1d(np.arange(len(leads)), open_rows(leads))
    table = chances[["lead_id", "probability"]].reset_index(drop=True)
    if ordered_on is not None:
        came = leads.roles["snapshot_time"]
        if came.isna().all():
            raise NotComputable("the time to an order needs the time at which a lead came: name it under roles")
        dates = pd.DataFrame({"came": came, "order": ordered_on.to_numpy()})
        waits = read_waits(dates, "came", "order")
        model = fit_time(fields, waits["days"], waits["ordered"])
        waited = waits["days"].where(~waits["ordered"]).to_numpy()[at]
        told = model.predict(fields.iloc[at], horizon, waited=waited).reset_index(drop=True)
        table = table.join(told[["days", "days_low", "days_high"]])
    spent = effort.rename(columns=lambda name: f"{OWN}{name}") if effort is not None else _talk(leads)
    if spent is None:
        return Qualified(table, ())
    answers = [leads.schema.roles.call_seconds, *(() if effort is None else effort.columns)]
    fields = fields.drop(columns=fields.columns.intersection(answers))
    taught = np.random.default_rng(0).permutation(decided)[:MOST_TAUGHT]
    work = fit_effort(fields.iloc[taught], spent.iloc[taught].reset_index(drop=True))
    table = table.join(work.predict(fields.iloc[at]).reset_index(drop=True))
    return Qualified(table, tuple(map(str, spent.columns)))


def _talk(leads: Leads) -> pd.DataFrame | None:
    seconds = leads.roles["call_seconds"]
    return None if seconds.isna().any() else pd.DataFrame({TALK: seconds / 60})
