import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.decisions.field_trial.outcomes import outcomes
from core.decisions.field_trial.watching import (
    Check,
    checks,
    contamination,
    guardrails,
    maturity,
    missing,
    sample_ratio,
)
from tests.core.decisions.field_trial.staged_trials import DAY, START, changed, staged_leads, staged_protocol

PROTOCOL = staged_protocol(guardrails=(("complaints", "higher"), ("call_seconds", "lower")))
LEADS = staged_leads(PROTOCOL)
END = START + 38 * DAY
OUTCOMES = outcomes(PROTOCOL, LEADS, END)
ARM = LEADS.roles["owner"].map(PROTOCOL.arm_of())


def test_a_sound_trial_is_fine_in_every_way() -> None:
    found = checks(OUTCOMES, PROTOCOL, LEADS, earlier=LEADS)
    assert [check.state for check in found] == ["fine"] * 6
    assert len({check.name for check in found}) == 6 and all(check.words.endswith(".") for check in found)
    json.dumps([check.figures for check in found], allow_nan=False)


def staged(arrivals: np.ndarray, **change: Any) -> Check:
    return sample_ratio(replace(OUTCOMES, arrived=arrivals[:, None], **change))


def test_arms_that_get_their_share_of_before_are_rarely_stopped() -> None:
    rng, before = np.random.default_rng(0), PROTOCOL.specialists["leads"].to_numpy()
    volume = before * rng.lognormal(0, 0.1, (2000, len(before)))
    p = [staged(rng.poisson(row)).figures["p"] for row in volume]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.02)
    assert np.mean(np.array(p) < 0.001) < 0.005


def test_a_share_that_chance_does_not_explain_stops() -> None:
    rng, before = np.random.default_rng(1), PROTOCOL.specialists["leads"].to_numpy()
    check = staged(rng.poisson(before * np.where(OUTCOMES.treated, 1.3, 1.0)))
    assert check.state == "stop" and "find out who hands out leads" in check.words
    assert check.figures["treatment"] > check.figures["expected_treatment"]


def test_without_a_time_before_people_are_expected_to_get_alike() -> None:
    unknown = PROTOCOL.specialists.assign(leads=0)
    assert staged(np.full(24, 50), specialists=unknown).state == "fine"
    assert staged(np.where(OUTCOMES.treated, 60, 50), specialists=unknown).state == "stop"
    assert staged(np.zeros(24, dtype=int)).state == "fine"


@pytest.mark.parametrize(("share", "state"), [(0.005, "fine"), (0.03, "look"), (0.2, "stop")])
def test_customers_of_both_arms_are_counted(share: float, state: str) -> None:
    customer = LEADS.roles["customer_id"].copy()
    inside = (LEADS.roles["snapshot_time"] >= START) & (LEADS.roles["snapshot_time"] < START + 28 * DAY)
    new, old = (np.flatnonzero((arm == ARM) & inside) for arm in ("treatment", "control"))
    mixed = round(share * (len(new) + len(old)))
    customer.iloc[new[:mixed]] = customer.iloc[old[:mixed]].to_numpy()
    check = contamination(PROTOCOL, changed(LEADS, customer_id=customer))
    assert check.state == state
    assert check.figures["customers"] == {"mixed": mixed, "of": len(new) + len(old) - mixed}
    assert f"{mixed:,} of " in check.words


def test_leads_that_moved_or_were_shown_to_the_other_arm_are_counted() -> None:
    people = PROTOCOL.specialists.groupby("arm")["specialist"].first()
    moved = LEADS.roles["owner"].replace({people["treatment"]: people["control"]})
    count = 28 * 20
    check = contamination(PROTOCOL, LEADS, earlier=changed(LEADS, owner=moved))
    assert check.figures["moved_leads"] == {"mixed": count, "of": 24 * count} and check.state == "look"
    shown = pd.DataFrame({"lead_id": LEADS.lead_id, "arm": np.where(ARM == "control", "treatment", "control")})
    check = contamination(PROTOCOL, LEADS, shown=shown)
    assert check.state == "stop" and check.figures["share"] == 1.0 and "were shown" in check.words
    first, second = PROTOCOL.specialists.loc[PROTOCOL.specialists["arm"] == "control", "specialist"].iloc[:2]
    within = LEADS.roles["owner"].replace({first: second})
    assert contamination(PROTOCOL, LEADS, earlier=changed(LEADS, owner=within)).figures["moved_leads"]["mixed"] == 0


@pytest.mark.parametrize(
    ("times", "states"), [(1.0, ["fine", "fine"]), (1.5, ["stop", "fine"]), (0.5, ["fine", "stop"])]
)
def test_a_guardrail_trips_in_its_bad_direction_alone(times: float, states: list[str]) -> None:
    new = OUTCOMES.treated[:, None]
    spoilt = {name: np.where(new, times, 1) * values for name, values in OUTCOMES.guardrails.items()}
    found = guardrails(replace(OUTCOMES, guardrails=spoilt), PROTOCOL)
    assert [check.state for check in found] == states
    for check in found:
        assert check.figures["low"] <= check.figures["difference"] <= check.figures["high"]
        assert (check.figures["p"] < 0.05) == (check.figures["low"] > 0 or check.figures["high"] < 0)


def test_a_guardrail_waits_for_leads() -> None:
    early = replace(OUTCOMES, arrived=np.zeros_like(OUTCOMES.leads))
    assert {check.state for check in guardrails(early, PROTOCOL)} == {"fine"}
    assert "No leads of both arms yet" in guardrails(early, PROTOCOL)[0].words


def test_final_outcomes_are_counted_and_missing_ones_asked_for() -> None:
    over = maturity(OUTCOMES, PROTOCOL)
    assert over.figures == {"final": 24 * 28 * 20, "waiting": 0, "missing": 0, "last": "2026-04-08"}
    assert "the waiting time is over" in over.words
    running = maturity(outcomes(PROTOCOL, LEADS, START + 20 * DAY), PROTOCOL)
    assert "the last is final on 2026-04-08" in running.words and running.figures["waiting"] > 0
    unknown = LEADS.roles["converted"].mask(LEADS.roles["owner"] == "S1")
    check = maturity(outcomes(PROTOCOL, changed(LEADS, converted=unknown), END), PROTOCOL)
    assert check.state == "look" and "560 leads are old enough but have none: fill in" in check.words


@pytest.mark.parametrize(("arm", "state"), [("treatment", "stop"), ("control", "stop"), ("", "fine")])
def test_outcomes_that_are_missing_in_one_arm_stop(arm: str, state: str) -> None:
    lost = np.random.default_rng(0).random(len(ARM)) < 0.1
    unknown = LEADS.roles["converted"].mask(lost & ((arm == ARM) | (arm == "")))
    check = missing(outcomes(PROTOCOL, changed(LEADS, converted=unknown), END))
    assert check.state == state and (check.figures["p"] < 0.001) == bool(arm)
    for one in ("treatment", "control"):
        assert check.figures[one] == pytest.approx(0.1 if arm in (one, "") else 0.0, abs=0.01)
    assert ("fill in what became of these leads before" in check.words) == (state == "stop")


def test_missing_outcomes_wait_for_leads_that_are_old_enough() -> None:
    check = missing(outcomes(PROTOCOL, LEADS, START + 5 * DAY))
    assert check.state == "fine" and "No leads of both arms are old enough yet" in check.words
    assert missing(OUTCOMES).figures["p"] == 1.0
