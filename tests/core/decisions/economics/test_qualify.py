"""How likely, how soon and how much work, from a file's own leads."""

import numpy as np
import pandas as pd
import pytest

from core.data.leads import Leads
from core.data.splitting import open_rows
from core.decisions.economics.qualify import TALK, qualify
from core.decisions.economics.time_to_order import fit_time
from core.decisions.economics.waits import read_waits
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
    found = qualify(leads, chances, ordered_on=ordered)
    table = found.frame
    assert table["lead_id"].tolist() == chances["lead_id"].tolist()
    told = table["days"].notna()
    assert told.mean() > 0.7, "but for those who have waited longer than anybody's order took"
    held = table[told]
    assert (held["days_low"] <= held["days"]).all() and (held["days"] <= held["days_high"]).all()
    assert found.measures == (TALK,)
    assert (table[f"{TALK}_low"] <= table[TALK]).all() and table[TALK].gt(0).all()
    calls, came = leads.features["calls_30d"].iloc[open_rows(leads)], leads.roles["snapshot_time"]
    new = (came.max() - came.iloc[open_rows(leads)]).dt.days.to_numpy() < 10  # whose wait says little of them
    busy, quiet = (new & side.to_numpy() for side in (calls >= calls.quantile(0.8), calls <= calls.quantile(0.2)))
    assert table["days"][busy].mean() < table["days"][quiet].mean()


def test_what_a_file_does_not_tell_is_left_out(asked):
    leads, _, chances = asked
    silent = Leads(leads.roles.assign(call_seconds=np.nan), leads.features, leads.schema)
    nothing = qualify(silent, chances)
    assert nothing.frame.columns.tolist() == ["lead_id", "probability"] and nothing.measures == ()


def test_columns_of_ones_own_collide_with_no_other_answer(asked):
    leads, ordered, chances = asked
    work = pd.DataFrame({name: np.arange(len(leads)) % 5 for name in ("days", "priority", "visits_low")})
    found = qualify(leads, chances, ordered_on=ordered, effort=work)
    assert found.measures == ("effort:days", "effort:priority", "effort:visits_low")
    assert set(found.measures) | {"days", "effort:days_low", "effort:visits_low_high"} <= set(found.frame.columns)
    with pytest.raises(ValidationError, match="'effort:visits_low': named as the end of another measure's range"):
        qualify(leads, chances, effort=work.assign(visits=1))


def test_a_field_that_is_the_effort_itself_teaches_none(asked):
    leads, _, chances = asked
    calls = leads.features["calls_30d"].fillna(0)
    found = qualify(leads, chances, effort=pd.DataFrame({"calls_30d": calls})).frame
    without = qualify(leads, chances, effort=pd.DataFrame({"twin": calls})).frame
    truth = calls.iloc[open_rows(leads)].to_numpy()
    # Under another name nothing can tell that it is the answer: it is found again, and much too well.
    assert np.corrcoef(without["effort:twin"], truth)[0, 1] > 0.95
    assert np.corrcoef(found["effort:calls_30d"], truth)[0, 1] < 0.9


def test_days_count_from_the_last_look_for_leads_that_have_waited(asked):
    leads, ordered, chances = asked
    table = qualify(leads, chances, ordered_on=ordered).frame
    came = leads.roles["snapshot_time"].dt.normalize()
    fields = leads.features[[*leads.schema.features.numeric, *leads.schema.features.categorical]]
    waits = read_waits(pd.DataFrame({"came": came, "order": ordered}), "came", "order")
    model, at = fit_time(fields, waits["days"], waits["ordered"]), open_rows(leads)
    waited = waits["days"].to_numpy()[at]
    told = model.predict(fields.iloc[at], 30, waited=waited)
    assert waited.max() > 10 and table["days"].tolist() == pytest.approx(told["days"].tolist(), nan_ok=True)
    fresh = model.predict(fields.iloc[at], 30)["days"].to_numpy()
    assert not np.allclose(table["days"], fresh, equal_nan=True)
    mixed = pd.DataFrame({"lead_id": [leads.lead_id[ordered != ""].iloc[0], chances["lead_id"].iloc[0]]})
    bought = qualify(leads, mixed.assign(probability=0.5), ordered_on=ordered).frame["days"]
    assert bought.isna().tolist() == [True, False], "who ordered is not waited for"


def test_what_cannot_be_asked(asked):
    leads, ordered, chances = asked
    with pytest.raises(ValidationError, match="1 are not, such as 'nobody'"):
        qualify(leads, pd.concat([chances, pd.DataFrame({"lead_id": ["nobody"], "probability": [0.1]})]))
    with pytest.raises(NotComputable, match="holds no date"):
        qualify(leads, chances, ordered_on=ordered.mask(ordered != "", ""))
