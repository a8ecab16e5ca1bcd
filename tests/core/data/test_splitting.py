"""The split by time: what must hold for any leads, and what is said about those left out."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.leads import ROLE_COLUMNS, Leads
from core.data.schema import Roles, Schema, Split
from core.data.splitting import Parts, as_open, final_outcomes, open_rows, split_by_time, young_rows
from core.errors import ValidationError
from tests.field_trials import sample_leads

DAY = pd.Timedelta(days=1)
SCHEMA = Schema(Roles("id"))


def leads_of(days, converted=None, customers=None) -> Leads:
    """Leads at `days` since 2025 (None: no date), by turns converted."""
    size = len(days)
    start = pd.Timestamp("2025-01-01")
    time = pd.Series([pd.NaT if day is None else start + day * DAY for day in days], dtype="datetime64[us]")
    ids = pd.Series([f"L{n}" for n in range(size)], dtype="str")
    roles = pd.DataFrame(
        {
            "lead_id": ids,
            "customer_id": ids if customers is None else pd.Series(customers, dtype="str"),
            "owner": "",
            "snapshot_time": time,
            "converted": np.arange(size) % 2.0 if converted is None else np.array(converted, dtype=float),
            "stage": -1,
            "call_seconds": np.nan,
            "dialogue": "",
        }
    )
    return Leads(roles[list(ROLE_COLUMNS)], pd.DataFrame(index=roles.index), SCHEMA)


def said(parts: Parts) -> str:
    return " ".join(parts.notes)


def test_seven_to_three_with_a_gap_and_a_later_slice():
    parts = split_by_time(leads_of(range(200)), Split(0.7, 10, 0.2))
    # Day 199 is the newest, so 190 days are mature; the test starts at day 133, and the gap ends training at day 123.
    assert parts.test.tolist() == list(range(133, 190))
    assert parts.train.tolist() == list(range(99)) and parts.calibration.tolist() == list(range(99, 124))
    assert parts.boundaries == {
        "train": ("2025-01-01", "2025-04-09"),
        "calibration": ("2025-04-10", "2025-05-04"),
        "test": ("2025-05-14", "2025-07-09"),
    }
    assert "10 leads younger than maturity_days = 10" in said(parts)
    assert "9 leads of the training part within 10 days" in said(parts)


def test_the_order_of_the_file_does_not_matter_where_there_are_dates():
    order = np.random.default_rng(3).permutation(200)
    leads = leads_of(range(200))
    plain, mixed = split_by_time(leads, Split(0.7, 10)), split_by_time(leads.take(order), Split(0.7, 10))
    for name in ("train", "calibration", "test"):
        assert sorted(order[getattr(mixed, name)]) == getattr(plain, name).tolist()


def test_the_schema_s_own_split_is_the_default():
    leads = leads_of(range(400))
    assert split_by_time(leads).boundaries == split_by_time(leads, SCHEMA.split).boundaries


def test_train_share_of_one_leaves_no_test_but_a_calibration_slice():
    parts = split_by_time(leads_of(range(100)), Split(1.0, 0, 0.2))
    assert len(parts.train) == 80 and len(parts.calibration) == 20 and len(parts.test) == 0
    assert "no test part" in said(parts) and set(parts.boundaries) == {"train", "calibration"}


def test_leads_of_one_time_stay_together_and_it_is_said():
    days = [*range(30), *[35] * 40, *range(40, 70)]
    parts = split_by_time(leads_of(days), Split(0.6, 0, 0.2))
    assert parts.test.tolist() == list(range(70, 100))  # 60 falls within the tie of 30..69, whose end is nearer
    assert "40 leads share the time 2025-02-05 and stay together: the test part starts 10 leads later" in said(parts)


def test_without_dates_the_file_s_order_stands_for_time():
    parts = split_by_time(leads_of([None] * 100), Split(0.7, 30, 0.2))
    assert parts.train.tolist() == list(range(56)) and parts.test.tolist() == list(range(70, 100))
    assert "no snapshot time" in said(parts) and parts.boundaries == {}


def test_customers_keep_their_latest_leads():
    customers = [f"C{n}" for n in range(100)]
    customers[5] = customers[60] = customers[90]  # train, calibration, test
    customers[7] = customers[65]  # train, calibration
    parts = split_by_time(leads_of([None] * 100, customers=customers), Split(0.7, 0, 0.2))
    assert 90 in parts.test and 65 in parts.calibration
    assert not {5, 60, 7} & {*parts.train, *parts.calibration, *parts.test}
    assert "2 leads of the training part are left out" in said(parts)
    assert "1 lead of the training part is left out" in said(parts)


def test_leads_without_outcome_or_date_are_left_out_and_counted():
    days, converted = [*range(100), None, None], [*(n % 2.0 for n in range(100)), 1.0, 0.0]
    converted[3] = np.nan
    parts = split_by_time(leads_of(days, converted), Split(0.7, 5))
    assert not {3, 100, 101} & {*parts.train, *parts.calibration, *parts.test}
    assert "2 leads without a date are left out" in said(parts)
    assert "1 lead without an outcome is left out" in said(parts)


@pytest.mark.parametrize(
    ("leads", "split", "words"),
    [
        (leads_of(range(20)), Split(0.7, 30), "within maturity_days = 30"),
        (leads_of([1] * 50), Split(0.7, 0), "have the time 2025-01-02"),
        (leads_of(range(100)), Split(0.7, 35), "maturity gap of 35 days"),
        (leads_of(range(200), [0] * 150 + [1] * 50), Split(0.7, 1), "train part needs"),
        (leads_of([None] * 4, [np.nan] * 4), Split(), "no lead has a known outcome"),
        (leads_of([None] * 20, customers=["C"] * 20), Split(), "every customer"),
        (leads_of([None]), Split(), "cannot be divided"),
        (leads_of([]), Split(), "no lead"),
    ],
    ids=["all young", "one date", "gap", "one class", "no outcome", "one customer", "one lead", "none"],
)
def test_what_cannot_be_split_says_why(leads, split, words):
    with pytest.raises(ValidationError, match=words):
        split_by_time(leads, split)


def test_every_part_with_one_class_is_named():
    with pytest.raises(ValidationError) as raised:
        split_by_time(leads_of([None] * 20, [0] * 20), Split())
    assert [line.split()[1] for line in raised.value.problems] == ["train", "calibration", "test"]


@settings(max_examples=100)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.integers(20, 120),
    span=st.sampled_from([4, 60, 400]),
    undated=st.sampled_from([0.0, 0.0, 0.1, 1.0]),
    people=st.sampled_from([20, 100, 1000]),
    split=st.builds(Split, st.sampled_from([0.5, 0.7, 1.0]), st.sampled_from([0, 1, 7, 30]), st.just(0.25)),
)
def test_whatever_the_leads_the_split_holds(seed, size, span, undated, people, split):
    # Numbers by seed: drawn one by one, hypothesis makes lists too alike to reach ties, gaps and customers together.
    random = np.random.default_rng(seed)
    days = [None if random.random() < undated else int(day) for day in random.integers(0, span, size)]
    customers = [f"C{n}" for n in random.integers(0, people, size)]
    leads = leads_of(days, random.choice([0.0, 0.0, 1.0, np.nan], size), customers)
    try:
        parts = split_by_time(leads, split)
    except ValidationError as error:
        assert all(problem.strip() for problem in error.problems)
        return
    train, calibration, test = parts.train, parts.calibration, parts.test
    rows = np.concatenate([train, calibration, test])
    assert len(set(rows)) == len(rows)
    assert (len(test) == 0) == (split.train_share == 1)
    owner = leads.roles["customer_id"]
    for some, others in ((train, calibration), (train, test), (calibration, test)):
        assert not set(owner.iloc[some]) & set(owner.iloc[others])
    for part in (train, calibration, *([test] if len(test) else [])):
        assert set(leads.converted[part]) == {0.0, 1.0}
    time = leads.roles["snapshot_time"]
    if time.notna().any():
        assert time.iloc[train].max() < time.iloc[calibration].min()  # so no tie straddles
        assert (time.iloc[rows] <= time.max() - split.maturity_days * DAY).all()
        if len(test):
            assert time.iloc[calibration].max() < time.iloc[test].min()
            assert time.iloc[calibration].max() <= time.iloc[test].min() - split.maturity_days * DAY
    else:
        assert train.max() < calibration.min() and calibration.max() < min(test, default=size)
    again = split_by_time(leads, split)
    assert all(np.array_equal(getattr(parts, n), getattr(again, n)) for n in ("train", "calibration", "test"))


def test_open_are_the_unknown_and_the_young():
    converted = np.arange(20) % 2.0
    converted[3] = np.nan
    leads = leads_of([*range(19), None], converted)
    leads = Leads(leads.roles, leads.features, Schema(Roles("id"), split=Split(maturity_days=5)))
    assert open_rows(leads).tolist() == [
        3,
        14,
        16,
        18,
    ]
    # Day 13 is final, so is an order, and so is a known outcome without a date.


def test_the_young_are_those_of_the_last_days_whatever_is_known():
    leads = leads_of(range(20))
    days = leads.schema.split.maturity_days
    time = leads.roles["snapshot_time"]
    assert young_rows(leads).tolist() == np.flatnonzero(time > time.max() - pd.Timedelta(days=days)).tolist()
    assert set(open_rows(leads)) - set(np.flatnonzero(np.isnan(leads.converted))) <= set(young_rows(leads))


def test_where_an_open_lead_began_is_no_stage_that_it_reached():
    leads = leads_of(range(4))
    leads = Leads(leads.roles.assign(stage=[0, 2, -1, 0]), leads.features, leads.schema)
    assert as_open(leads).stage.tolist() == [-1, 2, -1, -1]
    assert leads.stage.tolist() == [0, 2, -1, 0]


def test_without_dates_only_an_unknown_outcome_is_open():
    assert open_rows(leads_of([None] * 4, [1, 0, np.nan, 1])).tolist() == [2]
    assert open_rows(leads_of([None] * 4)).tolist() == []
    assert open_rows(leads_of([])).tolist() == []


def test_those_that_the_split_calls_too_young_are_open():
    leads = leads_of(range(200))
    parts = split_by_time(leads)
    assert not set(open_rows(leads)) & {*parts.train, *parts.calibration, *parts.test}
    assert len(open_rows(leads)) == 15  # of the 30 young ones, half ordered already


def test_outcomes_that_may_still_change_are_not_told():
    leads = sample_leads()
    told, still = final_outcomes(leads), open_rows(leads)
    assert np.isnan(told[still]).all() and 0 < len(still) < len(leads)
    assert (leads.converted[still] == 0).any(), "a young lead without an order yet is no lost one"
    rest = np.setdiff1d(np.arange(len(leads)), still)
    assert np.array_equal(told[rest], leads.converted[rest])
