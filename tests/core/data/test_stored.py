"""Leads as Parquet: what is read is what was written, whole or by id, whatever the names and the cells hold."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.leads import Leads
from core.data.schema import Features, Roles, Schema
from core.data.splitting import open_rows
from core.data.stored import decided_ids, read_leads, read_rows, read_shown, write_leads
from core.errors import LeadRankError
from tests.made import make_leads

ODD = ('a"b', "A\nb", "a", "A", "'; drop table x; --", "role:lead_id", "名前 ☎", "a_1", "#1", "%s ?")
"""Column names: quotes, line breaks, some that differ in case alone, and one that looks like a role."""


def odd_leads() -> Leads:
    n = 5
    ids = pd.Series(["b", "' OR 1=1 --", "名 ☎", "x\0y", "*?["], dtype="str")
    roles = pd.DataFrame(
        {
            "lead_id": ids,
            "customer_id": ids,
            "owner": pd.Series([""] * n, dtype="str"),
            "snapshot_time": pd.Series([None, *pd.date_range("2025-01-01", periods=4)], dtype="datetime64[us]"),
            "converted": [1.0, 0.0, np.nan, np.nan, -0.0],
            "stage": np.array([-1, 0, 1, 2, 3], dtype=np.int64),
            "call_seconds": [np.nan, 0.1, 1e300, 5e-324, np.inf],
            "dialogue": pd.Series(["", "Customer: \0 <b>hi</b>", "a\nb", "👍🏽", "=1+1"], dtype="str"),
        }
    )
    numeric, words = ODD[:3], ODD[3:]
    features = pd.DataFrame({name: np.arange(n) * 0.3 for name in numeric} | dict.fromkeys(words, ids))
    return Leads(roles, features, Schema(Roles("id"), Features(numeric, words[:3], words[3:])))


def same(found: Leads, leads: Leads) -> None:
    pd.testing.assert_frame_equal(found.roles, leads.roles)
    pd.testing.assert_frame_equal(found.features, leads.features, check_column_type=False)
    assert found.content_hash == leads.content_hash


def test_what_is_read_is_what_was_written(tmp_path):
    for number, leads in enumerate((odd_leads(), make_leads(60), make_leads(3, fields=False))):
        path = tmp_path / f"{number}.parquet"
        write_leads(leads, path)
        same(read_leads(path, leads.schema), leads)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["0.parquet", "1.parquet", "2.parquet"]


def test_no_leads_at_all(tmp_path):
    leads = odd_leads().take(np.array([], dtype=int))
    write_leads(leads, tmp_path / "none.parquet")
    same(read_leads(tmp_path / "none.parquet", leads.schema), leads)


@settings(max_examples=20)
@given(st.lists(st.floats(width=64), min_size=1, max_size=8), st.data())
def test_numbers_and_texts_come_back_bit_for_bit(tmp_path_factory, numbers, data):
    n = len(numbers)
    texts = data.draw(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=n, max_size=n))
    leads = make_leads(n)
    features = pd.DataFrame({"a": numbers, "city": pd.Series(texts, dtype="str")})
    leads = Leads(leads.roles, features, leads.schema)
    path = tmp_path_factory.mktemp("leads") / "x.parquet"
    write_leads(leads, path)
    assert read_leads(path, leads.schema).content_hash == leads.content_hash


def test_some_leads_in_the_order_asked_for(tmp_path):
    leads, path = odd_leads(), tmp_path / "x.parquet"
    write_leads(leads, path)
    for rows in ([3], [4, 1, 0], [2, 2], []):
        asked = leads.take(np.array(rows, dtype=int))
        same(read_leads(path, leads.schema, asked.lead_id.tolist()), asked)


def test_a_lead_of_a_later_row_group_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr("core.data.stored.GROUP_ROWS", 10)
    leads, path = make_leads(95), tmp_path / "x.parquet"
    write_leads(leads, path)
    for lead_ids in (["L0091"], ["L0091", "L0003", "L0050"]):
        assert read_leads(path, leads.schema, lead_ids).lead_id.tolist() == lead_ids
    same(read_leads(path, leads.schema), leads)


@pytest.mark.parametrize("asked", [["L9"], ["L0001", "L9", "L8"]])
def test_an_id_that_is_not_there_is_named(tmp_path, asked):
    leads, path = make_leads(5), tmp_path / "x.parquet"
    write_leads(leads, path)
    with pytest.raises(LeadRankError, match="there is no lead 'L9'"):
        read_leads(path, leads.schema, asked)
    with pytest.raises(LeadRankError, match="there is no lead 'L9'"):
        read_shown(path, asked)


def test_columns_for_people_are_kept_apart(tmp_path):
    leads, path = odd_leads(), tmp_path / "x.parquet"
    shown = pd.DataFrame({"Phone": [49170, 2, 3, 4, 5], "phone": ["=1", None, "c", "d", "e"], "a": list("vwxyz")})
    write_leads(leads, path, shown)
    same(read_leads(path, leads.schema), leads)
    found = read_shown(path)
    assert list(found.columns) == ["lead_id", "Phone", "phone", "a"]
    assert found["Phone"].tolist() == ["49170", "2", "3", "4", "5"] and found["phone"].tolist()[:2] == ["=1", ""]
    assert read_shown(path, ["*?[", "b"])["a"].tolist() == ["z", "v"]


def test_without_columns_for_people_only_the_ids_are_shown(tmp_path):
    write_leads(make_leads(3), tmp_path / "x.parquet")
    assert list(read_shown(tmp_path / "x.parquet").columns) == ["lead_id"]


@pytest.mark.parametrize("shown", [pd.DataFrame({"phone": ["1"]}), pd.DataFrame({"lead_id": list("abcde")})])
def test_columns_for_people_must_fit(tmp_path, shown):
    with pytest.raises(LeadRankError, match="columns to show need a row for each of the 5 leads"):
        write_leads(odd_leads(), tmp_path / "x.parquet", shown)
    assert not list(tmp_path.iterdir())


def test_signs_that_are_patterns_in_a_path(tmp_path):
    folder = tmp_path / "a[bc]*?{d}"
    folder.mkdir()
    (tmp_path / "ab").mkdir()
    leads = odd_leads()
    write_leads(leads, folder / "x.parquet")
    write_leads(make_leads(3), tmp_path / "ab" / "x.parquet")
    same(read_leads(folder / "x.parquet", leads.schema), leads)


def test_a_write_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    leads, path = make_leads(5), tmp_path / "x.parquet"
    write_leads(leads, path)

    def full(*_args, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.data.stored.os.replace", full)  # the disk, not what is tested
    with pytest.raises(LeadRankError, match="No space left"):
        write_leads(make_leads(9), path)
    assert [file.name for file in tmp_path.iterdir()] == ["x.parquet"]
    same(read_leads(path, leads.schema), leads)


def test_a_file_that_is_missing_damaged_or_of_another_schema(tmp_path):
    leads, path = make_leads(5), tmp_path / "x.parquet"
    with pytest.raises(LeadRankError, match=r"'x.parquet' cannot be read.*missing or damaged"):
        read_leads(path, leads.schema)
    write_leads(leads, path)
    with pytest.raises(LeadRankError, match=r"no column \['b'\]"):
        read_leads(path, Schema(Roles("id"), Features(("b",))))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(LeadRankError, match="cannot be read") as caught:
        read_leads(path, leads.schema)
    assert str(tmp_path) not in str(caught.value)


def test_rows_are_found_by_their_place(tmp_path):
    leads = odd_leads()
    write_leads(leads, tmp_path / "odd.parquet")
    found = read_rows(tmp_path / "odd.parquet", [4, 1, 1, 99])
    assert found.index.tolist() == [1, 4]
    assert found["role:lead_id"].tolist() == leads.lead_id.iloc[[1, 4]].tolist()
    assert list(found.columns[-len(ODD) :]) == [f"feature:{name}" for name in leads.features.columns]
    with pytest.raises(LeadRankError, match="missing or damaged"):
        read_rows(tmp_path / "none.parquet", [1])


@settings(max_examples=25)
@given(st.data())
def test_decided_are_those_that_are_not_open_newest_first(tmp_path_factory, data):
    n = data.draw(st.integers(0, 12))
    made = make_leads(n)
    day = st.none() | st.integers(0, 6)
    days = data.draw(st.lists(day, min_size=n, max_size=n))
    outcome = data.draw(st.lists(st.sampled_from([0.0, 1.0, -0.0, np.nan]), min_size=n, max_size=n))
    times = pd.Series([pd.NaT if d is None else pd.Timestamp("2026-01-01") + pd.Timedelta(days=d) for d in days])
    roles = made.roles.assign(snapshot_time=times.astype("datetime64[us]"), converted=outcome)
    maturity = data.draw(st.sampled_from([0.0, 0.5, 2.0, 30.0]))
    schema = replace(made.schema, split=replace(made.schema.split, maturity_days=maturity))
    leads = Leads(roles, made.features, schema)
    path = tmp_path_factory.mktemp("leads") / "x.parquet"
    write_leads(leads, path)
    found = decided_ids(path, maturity, 100)
    assert set(found) == set(leads.lead_id) - set(leads.lead_id.iloc[open_rows(leads)])
    age = dict(zip(leads.lead_id, [(-1 if d is None else d, place) for place, d in enumerate(days)], strict=True))
    assert [age[id] for id in found] == sorted((age[id] for id in found), reverse=True)
    assert decided_ids(path, maturity, 3) == found[:3]


def test_decided_of_a_file_that_is_gone(tmp_path):
    with pytest.raises(LeadRankError, match="missing or damaged"):
        decided_ids(tmp_path / "none.parquet", 1.0, 5)
