"""What tells the outcome too well is a leak; what is merely strong, or known before, is none."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.columns import Column
from core.data.guessing import guess_schema
from core.data.leads import Leads
from core.data.leaks import future_columns, leak
from core.data.reading import read_table
from core.data.schema import load_schema
from core.data.splitting import split_by_time
from core.data.validation import load_leads

BANK = Path("../shared/data/bank_marketing/bank-additional.zip")
ROWS = 600
WON = np.arange(ROWS) % 5 == 0
OUTCOME = WON.astype(float)


def column(name: str, cells) -> Column:
    return Column(name, pd.Series(cells))


@pytest.mark.parametrize(
    ("name", "cells", "words"),
    [
        ("closed_date", ["2025-12-01"] * ROWS, "in its name"),
        ("filled_after", np.where(WON, "a", ""), "whether it is filled in"),
        ("bonus", (np.arange(ROWS) % 7 + 100 * WON).astype(str), "it alone tells the outcome"),
        ("code", np.where(WON, "V1", "V2"), "its values tell the outcome"),
        ("seen", np.where(np.arange(ROWS) % 5 < 2, "1", "0"), "none of the 360 leads with '0'"),
    ],
)
def test_each_kind_of_leak_is_told_with_its_reason(name, cells, words):
    reason = leak(column(name, cells), OUTCOME)
    assert reason is not None and words in reason


@pytest.mark.parametrize("name", ["specialist_win_rate", "last_order_value", "close_rate", "winter_tyres", "lossless"])
def test_a_name_that_speaks_of_the_past_is_none(name):
    random = np.random.default_rng(2)
    assert leak(column(name, random.random(ROWS).round(2).astype(str)), OUTCOME) is None


def test_a_strong_feature_is_none():
    strong = np.random.default_rng(3).normal(WON * 1.5, 1).round(2).astype(str)  # AUC about 0.86
    assert leak(column("strong", strong), OUTCOME) is None


def test_a_value_that_never_converts_is_one_only_where_chance_cannot_explain_it():
    number = np.arange(ROWS)
    few = np.where(number < 60, OUTCOME, 0.0)
    assert leak(column("visited", np.where(number < 300, "1", "0")), few) is None
    assert leak(column("visited", np.where(number % 5 < 2, "1", "0")), OUTCOME) is not None


def test_without_outcomes_only_names_tell():
    assert leak(column("code", np.where(WON, "V1", "V2")), None) is None
    assert leak(column("won_reason", np.where(WON, "price", "")), None) is not None
    assert leak(column("code", np.where(WON, "V1", "V2")), np.where(number_of_known(9), OUTCOME, np.nan)) is None


def number_of_known(converted: int) -> np.ndarray:
    """Rows up to which only so many converted."""
    return np.cumsum(WON) <= converted


def sample() -> tuple[Leads, np.ndarray]:
    """The sample data, and the rows of its training part."""
    leads, _ = load_leads(Path("sample_data/leads.csv"), load_schema(Path("sample_data/schema.toml")))
    return leads, split_by_time(leads).train


def planted(leads: Leads, **columns: np.ndarray) -> Leads:
    """`leads` with more features: numbers, and words as categories."""
    frame, features = leads.features.assign(**columns), leads.schema.features
    numeric = tuple(name for name in columns if pd.api.types.is_numeric_dtype(frame[name]))
    wider = replace(
        features,
        numeric=features.numeric + numeric,
        categorical=features.categorical + tuple(name for name in columns if name not in numeric),
    )
    return Leads(leads.roles, frame, replace(leads.schema, features=wider))


def test_columns_from_the_future_are_found_and_no_others() -> None:
    leads, rows = sample()
    rng = np.random.default_rng(0)
    stage = leads.stage.astype(float)
    spoilt = planted(
        leads,
        stage_code=stage,
        stage_shuffled=np.array([7.0, 2.0, 5.0, 1.0, 9.0])[leads.stage],
        stage_name=np.array(leads.schema.funnel.stages, dtype=object)[leads.stage],
        visited_on=np.where(leads.stage >= 2, rng.random(len(leads)), np.nan),
        talk=leads.call_seconds + rng.normal(0, 20, len(leads)),
        sold=np.where(rng.random(len(leads)) < 0.02, 1 - leads.converted, leads.converted),
        keen=leads.converted + rng.normal(0, 0.7, len(leads)),  # AUC about 0.84: strong, but no leak
        desk=rng.permutation(np.arange(len(leads)) % 150).astype(str).astype(object),
    )
    found = future_columns(spoilt, rows)
    assert list(found) == ["stage_code", "stage_shuffled", "visited_on", "talk", "sold", "stage_name"]
    assert all(why.startswith(f"'{name}' by itself tells ") for name, why in found.items())
    assert "whether a lead converted almost for sure (AUC 0.9" in found["sold"]
    assert "as far as 'store_visit'" in found["visited_on"]


def test_the_length_of_later_calls_is_told_where_stages_are_unknown() -> None:
    leads, rows = sample()
    seconds = leads.call_seconds
    leads = Leads(leads.roles.assign(stage=-1), leads.features, leads.schema)
    rng = np.random.default_rng(0)
    found = future_columns(planted(leads, talk=seconds + rng.normal(0, 20, len(leads))), rows)
    assert list(found) == ["talk"] and "how long the later calls were (rank correlation 0.9" in found["talk"]
    loose = seconds * rng.lognormal(0, 0.7, len(leads))
    assert future_columns(planted(leads, talk=loose), rows) == {}


def test_the_sample_tells_nothing_too_well_and_its_other_rows_are_not_looked_at() -> None:
    leads, rows = sample()
    assert future_columns(leads, rows) == {}
    inside = np.isin(np.arange(len(leads)), rows)
    noise = np.random.default_rng(0).random(len(leads))
    assert future_columns(planted(leads, later=np.where(inside, noise, leads.converted)), rows) == {}
    assert list(future_columns(planted(leads, now=np.where(inside, leads.converted, noise)), rows)) == ["now"]


def test_fewer_than_ten_leads_of_a_kind_judge_nothing() -> None:
    leads, _ = sample()
    told = planted(leads, sold=leads.converted)
    won, lost = np.flatnonzero(leads.converted == 1), np.flatnonzero(leads.converted == 0)
    assert future_columns(told, lost[:0]) == {}
    assert "sold" not in future_columns(told, np.r_[won[:9], lost[:400]])
    assert "sold" in future_columns(told, np.r_[won[:10], lost[:400]])


@pytest.mark.skipif(not BANK.exists(), reason="public data not at hand")
def test_bank_marketing_holds_no_leak_but_the_call_s_length() -> None:
    data = zipfile.ZipFile(BANK).read("bank-additional/bank-additional-full.csv")
    leads, _ = load_leads(data, guess_schema(read_table(data)).schema, need_outcome=True)
    rows = split_by_time(leads).train
    assert future_columns(leads, rows) == {}
    found = future_columns(planted(leads, talk=leads.call_seconds), rows)
    assert list(found) == ["talk"]
