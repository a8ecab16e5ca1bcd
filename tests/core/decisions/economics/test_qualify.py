"""How likely, how soon and how much work, from a file's own leads."""

import numpy as np
import pandas as pd
import pytest

from core.data.leads import Leads
from core.data.splitting import open_rows
from core.decisions.economics.qualify import TALK, qualify
from core.errors import NotComputable, ValidationError
from tests.field_trials import sample_leads


@pytest.fixture(scope="module")
def asked():
    """The shipped leads with the day of each order: the more calls, the sooner."""
    leads = sample_leads()
    rng = np.random.default_rng(0)
    calls = leads.features["calls_30d"].fillna(0).to_numpy()
    days = rng.exponential(12 * np.exp(-0.25 * (calls - calls.mean())))
    when = leads.roles["snapshot_time"] + pd.to_timedelta(np.minimum(days, 29).round(), unit="D")
    ordered = when.where(leads.converted == 1).dt.strftime("%Y-%m-%d").fillna("")
    some = leads.lead_id.iloc[open_rows(leads)].reset_index(drop=True)
    chances = pd.DataFrame({"lead_id": some, "probability": np.linspace(0.4, 0.01, len(some))})
    return leads, ordered, chances


def test_each_open_lead_is_told_how_soon_and_how_much_work(asked):
    leads, ordered, chances = asked
    table = qualify(leads, chances, ordered_on=ordered)
    assert table["lead_id"].tolist() == chances["lead_id"].tolist()
    assert (table["days_low"] <= table["days"]).all() and (table["days"] <= table["days_high"]).all()
    assert (table[f"{TALK}_low"] <= table[TALK]).all() and table[TALK].gt(0).all()
    calls = leads.features["calls_30d"].iloc[open_rows(leads)].to_numpy()
    busy, quiet = calls >= np.quantile(calls, 0.8), calls <= np.quantile(calls, 0.2)
    assert table["days"][busy].mean() < table["days"][quiet].mean()


def test_what_a_file_does_not_tell_is_left_out(asked):
    leads, _, chances = asked
    silent = Leads(leads.roles.assign(call_seconds=np.nan), leads.features, leads.schema)
    assert qualify(silent, chances).columns.tolist() == ["lead_id", "probability"]
    work = pd.DataFrame({"visits": np.arange(len(leads)) % 5})
    assert {"visits", "visits_low", "visits_high"} <= set(qualify(silent, chances, effort=work).columns)


def test_what_cannot_be_asked(asked):
    leads, ordered, chances = asked
    with pytest.raises(ValidationError, match="1 are not, such as 'nobody'"):
        qualify(leads, pd.concat([chances, pd.DataFrame({"lead_id": ["nobody"], "probability": [0.1]})]))
    with pytest.raises(NotComputable, match="holds no date"):
        qualify(leads, chances, ordered_on=ordered.mask(ordered != "", ""))
