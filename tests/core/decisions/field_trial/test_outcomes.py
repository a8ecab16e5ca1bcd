import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.data.leads import Leads
from core.decisions.field_trial.outcomes import STOPPED, UNKNOWN, covariates, outcomes
from core.errors import ConfigError, NotComputable, ValidationError
from tests.core.decisions.field_trial.staged_trials import (
    DAY,
    START,
    changed,
    people,
    staged_leads,
    staged_protocol,
)

PROTOCOL = staged_protocol(guardrails=(("complaints", "higher"), ("call_seconds", "lower")))
LEADS = staged_leads(PROTOCOL)
END = START + 38 * DAY


def test_counts_are_those_of_the_leads_one_by_one() -> None:
    until = START + 20 * DAY
    found = outcomes(PROTOCOL, LEADS, until)
    frame = LEADS.roles.assign(complaints=LEADS.features["complaints"])
    frame["day"] = (frame["snapshot_time"] - START).dt.days
    inside = frame[(frame["snapshot_time"] >= START) & (frame["day"] < 28) & (frame["snapshot_time"] <= until)]
    mature = inside[inside["snapshot_time"] + 10 * DAY <= until]
    for row in (0, 7, 23):
        name = PROTOCOL.specialists["specialist"].iloc[row]
        for day in (0, 4, 9, 10, 15, 27):
            here = (inside["owner"] == name) & (inside["day"] == day)
            final = (mature["owner"] == name) & (mature["day"] == day)
            assert found.leads[row, day] == final.sum() and found.came[row, day] == here.sum()
            assert found.orders[row, day] == mature.loc[final, "converted"].sum()
            assert found.guardrails["complaints"][row, day] == inside.loc[here, "complaints"].sum()
    assert found.leads.sum() == len(mature) and found.immature == len(inside) - len(mature) > 0
    assert found.left_out["came before the start"] == 3 * 24 * 20
    assert found.observed_days == 10 and found.until == until
    assert (found.treated == (PROTOCOL.specialists["arm"] == "treatment")).all()


def test_everything_counts_in_the_end_and_nothing_twice() -> None:
    found = outcomes(PROTOCOL, LEADS, END)
    assert found.observed_days == 28 and found.immature == 0 and (found.leads == 20).all()
    assert found.left_out["came after the trial's last day"] == 9 * 24 * 20
    assert sum(found.left_out.values()) + found.leads.sum() == len(LEADS)
    newest = outcomes(PROTOCOL, LEADS)
    assert newest.until == LEADS.roles["snapshot_time"].max()


def test_a_read_out_gets_sums_over_the_days_asked_for() -> None:
    found = outcomes(PROTOCOL, LEADS, END)
    week = found.trial(slice(7, 14))
    assert (week.leads == 140).all() and (week.orders == found.orders[:, 7:14].sum(axis=1)).all()
    assert week.covariates.shape == (24, 2) and set(week.tier) == {"1", "2", "3", "4"}
    some = week.take(week.treated)
    assert some.treated.all() and len(some.orders) == len(some.tier) == week.treated.sum()


def test_what_does_not_count_is_said() -> None:
    strange = LEADS.roles["owner"].where(LEADS.roles["owner"] != "S3", "somebody else")
    known = LEADS.roles["converted"].mask(LEADS.roles["owner"] == "S4")
    dates = LEADS.roles["snapshot_time"].mask(LEADS.roles["lead_id"] == "L999")
    found = outcomes(PROTOCOL, changed(LEADS, owner=strange, converted=known, snapshot_time=dates), END)
    assert found.left_out["belong to nobody in the trial"] == found.left_out[UNKNOWN] == 28 * 20
    assert found.left_out["have no date"] == 1
    assert found.leads[[3, 4]].sum() == 0 and (found.came[4] == 20).all()


def test_a_moment_with_a_zone_is_taken_as_utc() -> None:
    plain = outcomes(PROTOCOL, LEADS, START + 20 * DAY)
    zoned = outcomes(PROTOCOL, LEADS, pd.Timestamp("2026-03-21T01:00:00+01:00"))
    assert zoned.until == plain.until and (zoned.leads == plain.leads).all()


def test_covariates_are_rate_and_volume_standardised() -> None:
    frame = people(40)
    found = covariates(frame)
    assert found.mean(axis=0) == pytest.approx([0, 0]) and found.std(axis=0) == pytest.approx([1, 1])
    assert np.corrcoef(found[:, 0], frame["orders"] / frame["leads"])[0, 1] == pytest.approx(1)
    new, rest = frame.copy(), frame.iloc[1:]
    new.loc[0, ["leads", "orders"]] = 0
    rates = np.r_[rest["orders"].sum() / rest["leads"].sum(), rest["orders"] / rest["leads"]]
    assert covariates(new)[:, 0] == pytest.approx((rates - rates.mean()) / rates.std())
    assert (covariates(frame.assign(follow_ups=3.0, leads=0, orders=0)) == 0).all()


def test_before_anything_is_mature_there_are_leads_without_outcomes() -> None:
    found = outcomes(PROTOCOL, LEADS, START + 5 * DAY)
    assert found.leads.sum() == 0 and found.immature == found.came.sum() > 0 and found.observed_days == 0


@pytest.mark.parametrize("until", [None, END])
def test_outcomes_of_the_future_are_refused(until: pd.Timestamp | None) -> None:
    """A date mistyped, or a lead of next year, must not end a trial that is read once."""
    day = (LEADS.roles["snapshot_time"].max() if until is None else until).normalize()
    with pytest.raises(ConfigError, match=r"known up to today, 2026-0.-.., however: .* day is 2026-04-0"):
        outcomes(PROTOCOL, LEADS, until, now=day - 0.1 * DAY)
    assert outcomes(PROTOCOL, LEADS, until, now=day + 0.1 * DAY).leads.sum() > 0
    zoned = (day + 0.1 * DAY).tz_localize("UTC").tz_convert("Asia/Tokyo")
    assert outcomes(PROTOCOL, LEADS, until, now=zoned).leads.sum() > 0
    with pytest.raises(ConfigError, match="outcomes can be known up to today"):
        outcomes(PROTOCOL, LEADS, pd.Timestamp.now("UTC") + 2 * DAY)


def test_leads_after_a_stop_do_not_count_and_those_before_end_the_trial_sooner() -> None:
    stop = START + 14.5 * DAY
    found = outcomes(PROTOCOL, LEADS, stop + 10 * DAY, stopped=stop)
    came = LEADS.roles["snapshot_time"]
    assert found.leads.sum() == ((came >= START) & (came < stop)).sum() and found.immature == 0
    assert found.left_out[STOPPED] == ((came >= stop) & (came < START + 28 * DAY)).sum()
    assert found.leads.shape == (24, 15) and found.observed_days == 15 and found.stopped == stop
    waiting = outcomes(PROTOCOL, LEADS, stop + 9.9 * DAY, stopped=stop.tz_localize("UTC"))
    assert waiting.observed_days == 14 and waiting.immature > 0
    whole = outcomes(PROTOCOL, LEADS, END, stopped=START + 28 * DAY)
    assert whole.stopped is None and whole.leads.sum() == 24 * 28 * 20 and STOPPED not in whole.left_out
    with pytest.raises(NotComputable, match="was stopped on 2026-02-28, before its first day, 2026-03-01"):
        outcomes(PROTOCOL, LEADS, END, stopped=START - 0.5 * DAY)


def test_leads_from_before_the_arms_were_drawn_are_refused_with_their_rows() -> None:
    said = refusal(LEADS, made="2026-03-04T22:00:00-05:00")
    came = LEADS.roles["snapshot_time"]
    rows = np.flatnonzero((came >= START) & (came < START + 4 * DAY)) + 2
    assert "column 'time': leads of the trial came before the arms were drawn, on 2026-03-04T22:00:00-05:00" in said
    assert f"(rows {rows[0]}, {rows[1]}, " in said and "and 1,910 more); draw a trial with a later start" in said
    assert outcomes(replace(PROTOCOL, made="2026-03-01T16:00:00+00:00"), LEADS, END).leads.sum() == 24 * 28 * 20


def test_outcomes_that_are_missing_are_counted_by_person() -> None:
    known = LEADS.roles["converted"].mask(LEADS.roles["owner"] == "S4")
    found = outcomes(PROTOCOL, changed(LEADS, converted=known), END)
    assert found.unknown is not None and found.unknown.tolist() == [28 * 20 if row == 4 else 0 for row in range(24)]


def refusal(leads: Leads, **change: object) -> str:
    with pytest.raises(ValidationError) as caught:
        outcomes(replace(PROTOCOL, **change), leads, END)  # type: ignore[arg-type]
    return str(caught.value)


def test_outcomes_from_before_the_assignment_are_refused_with_their_rows() -> None:
    early = LEADS.take(np.flatnonzero(LEADS.roles["snapshot_time"] < START))
    said = refusal(early)
    assert "column 'time': every lead came before the trial's start, 2026-03-01" in said
    assert "(rows 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 1,430 more); give leads of the days since" in said


def test_an_arm_without_outcomes_is_refused_with_its_rows() -> None:
    control = PROTOCOL.specialists.loc[PROTOCOL.specialists["arm"] == "control", "specialist"]
    mine = LEADS.roles["owner"].isin(control)
    said = refusal(LEADS.take(np.flatnonzero(~mine)))
    first = control.index[0]
    assert "the arm control has no outcomes: no lead since 2026-03-01 belongs to any of its 12 people in the " in said
    assert f"protocol's rows {first + 2}, " in said and f"such as {control.iloc[0]!r}" in said
    said = refusal(changed(LEADS, converted=LEADS.roles["converted"].mask(mine)))
    since = np.flatnonzero(mine & (LEADS.roles["snapshot_time"] >= START))
    assert f"column 'won': the arm control has no outcomes (rows {since[0] + 2}, {since[1] + 2}, " in said


def test_leads_that_cannot_be_of_the_trial_are_refused() -> None:
    said = refusal(changed(LEADS, owner="X"))
    assert "column 'seller': every lead since the start belongs to nobody in the trial, such as 'X' (rows 62, " in said
    empty = refusal(changed(LEADS, owner="", converted=np.nan))
    assert "column 'seller': no lead has a value; name a filled column as roles.owner" in empty
    assert "column 'won': no lead has a value" in empty
    said = refusal(LEADS, guardrails=(("refunds", "higher"),))
    assert "column 'refunds': a guardrail that the leads do not have; numeric columns are: complaints, call_s" in said


def test_hundreds_of_thousands_of_leads_are_counted_in_a_moment() -> None:
    protocol = staged_protocol(size=400)
    leads = staged_leads(protocol, a_day=30)
    begun = time.perf_counter()
    assert outcomes(protocol, leads, END).leads.sum() == 400 * 28 * 30
    assert time.perf_counter() - begun < 3
