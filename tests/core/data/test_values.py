"""Values as people and programs write them, and the mask of what nobody can read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.values import day_order, to_numbers, to_outcomes, to_text, to_times

FEW = settings(max_examples=25, deadline=None)
MISSING = ["", "  ", "NA", "n/a", "null", "None", "-", "unknown", "NaN"]


def numbers(*values: object) -> list[float | str | None]:
    read, bad = to_numbers(pd.Series(values, dtype=object))
    assert read.dtype == "float64" and bad.dtype == bool and not (bad & read.notna()).any()
    return ["bad" if wrong else None if np.isnan(value) else value for value, wrong in zip(read, bad, strict=True)]


def times(*values: object) -> list[str | None]:
    read, bad = to_times(pd.Series(values, dtype=object))
    assert read.dtype == "datetime64[us]" and bad.dtype == bool and not (bad & read.notna()).any()
    return [
        "bad" if wrong else None if pd.isna(time) else time.isoformat() for time, wrong in zip(read, bad, strict=True)
    ]


@FEW
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_numbers_come_back_as_python_writes_them(values):
    assert numbers(*map(repr, values)) == values


@FEW
@given(st.lists(st.integers(-(10**12), 10**12).map(lambda n: n / 100), min_size=1))
def test_numbers_come_back_from_either_way_of_grouping(values):
    # 0.5 and 1234.56 tell the two ways apart whatever else the column holds, which 1.000 alone would not.
    values = [*values, 0.5, 1234.56, 0.25]
    english = [f"{value:,.2f}" for value in values]
    german = [text.translate(str.maketrans(",.", ".,")) for text in english]
    french = [text.replace(",", "\u202f").replace(".", ",") for text in english]
    swiss = [text.replace(",", "’") for text in english]
    for texts in (english, german, french, swiss):
        assert numbers(*texts) == values


def test_the_decimal_sign_is_decided_by_the_column():
    assert numbers("1.234", "2.500", "12.5") == [1.234, 2.5, 12.5]
    assert numbers("1.234", "2.500", "12,5") == [1234, 2500, 12.5]
    assert numbers("1,234", "2,500") == [1234, 2500]
    assert numbers("0,750", "0,500") == [0.75, 0.5]
    assert numbers("1.5", "2.5", "1,75") == [1.5, 2.5, "bad"]


def test_adorned_numbers():
    assert numbers("12 %", "€ 5", "5 USD", "￥１２", "−3", "+4", "1e3", ".5", "5.") == [
        0.12,
        5,
        5,
        12,
        -3,
        4,
        1000,
        0.5,
        5,
    ]


def test_what_is_no_number_is_bad_and_what_is_missing_is_not():
    assert numbers(*MISSING) == [None] * len(MISSING)
    assert numbers("many", "1,2,3", "12 345 6", "inf", "1e999", ".", "%", "0x10", "1_000", "5 kg") == [
        *["bad"] * 5, None, "bad", "bad", "bad", "bad"
    ]  # fmt: skip


def test_typed_numbers():
    assert numbers(1, 2.5, None, Decimal("1.5"), np.nan, np.int64(3)) == [1, 2.5, None, 1.5, None, 3]
    read, bad = to_numbers(pd.Series([1, None, 3], dtype="Int64", index=[7, 8, 9], name="seconds"))
    assert read.tolist()[::2] == [1.0, 3.0] and np.isnan(read[8]) and not bad.any()
    assert list(read.index) == [7, 8, 9] and read.name == "seconds"
    read, bad = to_numbers(pd.Series([np.inf, 1.0, np.nan]))
    assert bad.tolist() == [True, False, False] and np.isnan(read[0])
    assert to_numbers(pd.Series([True, False]))[0].tolist() == [1.0, 0.0]


FORMATS = [
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y/%m/%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S",
    "%d-%b-%Y %H:%M:%S", "%d %B %Y, %H:%M:%S", "%b %d, %Y %I:%M:%S %p", "%a, %d %b %Y %H:%M:%S +0000", "%Y%m%d%H%M%S",
    "%Y年%m月%d日 %H:%M:%S", "%Y年%m月%d日%H时%M分%S秒", "%Y-%m-%dT%H:%M:%S.000000+00:00",
]  # fmt: skip
TIMES = st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1)).map(lambda time: time.replace(microsecond=0))


@FEW
@given(st.lists(st.tuples(TIMES, st.sampled_from(FORMATS)), min_size=1, max_size=8))
def test_times_come_back_from_every_usual_form_even_mixed(written):
    texts = [time.strftime(form) for time, form in written]
    assert times(*texts) == [time.isoformat() for time, _ in written]


@FEW
@given(st.lists(TIMES, min_size=1, max_size=8))
def test_times_come_back_with_the_month_first_where_a_day_over_12_says_so(written):
    written = [*written, datetime(2025, 12, 31)]
    first_days = [time.replace(day=min(time.day, 12)) for time in written[:-1]] + written[-1:]
    assert times(*[time.strftime("%m/%d/%Y") for time in first_days]) == [
        time.replace(hour=0, minute=0, second=0).isoformat() for time in first_days
    ]


@FEW
@given(TIMES, st.sampled_from([1, 1_000, 1_000_000, 1_000_000_000]), st.sampled_from([str, int]))
def test_times_come_back_from_counts_since_1970(time, per_second, kind):
    count = int(time.replace(tzinfo=UTC).timestamp()) * per_second
    assert times(kind(count)) == [time.isoformat()]


def test_zones_and_clocks():
    assert times("2025-12-31T14:05:00+02:00", "31.12.2025 14:05 -0530", "2025-12-31T14:05Z") == [
        "2025-12-31T12:05:00", "2025-12-31T19:35:00", "2025-12-31T14:05:00"
    ]  # fmt: skip
    assert times("12/31/2025 12:05 AM", "12/31/2025 12:05 pm", "2025年12月31日 下午2:05", "31.12.2025 9:05:01,25") == [
        "2025-12-31T00:05:00", "2025-12-31T12:05:00", "2025-12-31T14:05:00", "2025-12-31T09:05:01.250000"
    ]  # fmt: skip


def test_what_is_no_time_is_bad_and_what_is_missing_is_not():
    assert times(*MISSING, "0000-00-00") == [None] * (len(MISSING) + 1)
    wrong = [
        "soon",
        "31.02.2025",
        "2025-13-01",
        "2025-12-31 25:00",
        "31/12/2025 14:60",
        "2025",
        "7",
        "32-Foo-2025",
        "13/13/2025",
    ]
    assert times(*wrong) == ["bad"] * len(wrong)


def test_typed_times():
    east = timezone(timedelta(hours=8))
    assert times(date(2025, 12, 31), datetime(2025, 12, 31, 14), datetime(2025, 12, 31, 14, tzinfo=east), None) == [
        "2025-12-31T00:00:00", "2025-12-31T14:00:00", "2025-12-31T06:00:00", None
    ]  # fmt: skip
    aware = pd.Series(pd.DatetimeIndex(["2025-12-31T14:00+08:00", pd.NaT]), index=[3, 4], name="when")
    read, bad = to_times(aware)
    assert read.dtype == "datetime64[us]" and read[3] == pd.Timestamp("2025-12-31T06:00") and not bad.any()
    assert list(read.index) == [3, 4] and read.name == "when"
    assert to_times(pd.Series([1_767_139_200.0, np.nan]))[0].iloc[0] == pd.Timestamp("2025-12-31")


@pytest.mark.parametrize(
    ("values", "read", "remark"),
    [
        (["03/04/2025", "05/05/2025"], "2025-04-03", "day first, as 2025-04-03: no value says otherwise"),
        (["03/04/2025", "13/04/2025"], "2025-04-03", ""),
        (["03/04/2025", "04/13/2025"], "2025-03-04", ""),
        (
            ["03/04/2025", "04/13/2025", "04/14/2025", "15/4/2025"],
            "2025-03-04",
            "2 values say so, 1 the other way round",
        ),
        (["2025-04-03", "05/05/2025", "31.12.2025"], "2025-04-03", ""),
        ([], None, ""),
    ],
)
def test_day_or_month_first_is_decided_by_the_column_and_said_when_in_doubt(values, read, remark):
    column = pd.Series(values, dtype="str")
    found, bad = to_times(column)
    assert not bad.any()
    assert [str(time.date()) for time in found[:1]] == ([read] if read else [])
    said = day_order(column)
    assert said == remark == "" or (remark and remark in said and values[0] in said)


def test_outcomes():
    yes = ["1", "Yes", "TRUE", "y", "t", "ja", "oui", "sí", "si", "是", "won", "1.0", True, 1, 1.0]
    no = ["0", "no", "False", "N", "f", "nein", "non", "否", "lost", "0.0", False, 0, 0.0]
    read, bad = to_outcomes(pd.Series([*yes, *no], dtype=object))
    assert read.tolist() == [1.0] * len(yes) + [0.0] * len(no) and not bad.any()
    read, bad = to_outcomes(pd.Series([*MISSING, None], dtype=object))
    assert read.isna().all() and not bad.any()
    read, bad = to_outcomes(pd.Series(["2", "maybe", "0.5", "-1"]))
    assert read.isna().all() and bad.all()
    assert to_outcomes(pd.Series([True, None], dtype="boolean"))[0].iloc[0] == 1.0


def test_text():
    mixed = pd.Series(
        [" a ", 7.0, 2.5, None, np.nan, True, 10**15, pd.NaT, date(2025, 12, 31), [1], "007", "7.0"], dtype=object
    )
    assert to_text(mixed).tolist() == [
        "a", "7", "2.5", "", "", "True", "1000000000000000", "", "2025-12-31", "[1]", "007", "7.0"
    ]  # fmt: skip
    assert to_text(pd.Series([1.0, 2.0, None])).tolist() == ["1", "2", ""]
    assert to_text(pd.Series([1, None], dtype="Int64")).tolist() == ["1", ""]
    assert to_text(pd.Series(["b", "a", None, "b"], dtype="category", index=[4, 5, 6, 7])).to_dict() == {
        4: "b",
        5: "a",
        6: "",
        7: "b",
    }
    assert to_text(mixed).dtype == to_text(pd.Series([1.0])).dtype == "str"


@FEW
@given(st.lists(st.one_of(st.text(), st.none())))
def test_text_of_text_is_the_stripped_text(values):
    assert to_text(pd.Series(values, dtype=object)).tolist() == [(value or "").strip() for value in values]
    assert to_text(pd.Series(values, dtype="str")).tolist() == [(value or "").strip() for value in values]


@FEW
@given(st.lists(st.text(alphabet="0123456789.,-/: eE+%年月日apmjanT", max_size=20), min_size=1))
def test_nothing_that_looks_a_little_like_a_value_breaks_a_reader(values):
    column = pd.Series(values, dtype="str")
    for read in (to_numbers, to_times, to_outcomes):
        found, bad = read(column)
        assert len(found) == len(bad) == len(column)
        assert not (found.notna() & bad).any()
    assert isinstance(day_order(column), str)


@pytest.mark.parametrize("dtype", ["str", object, "float64", "datetime64[us]", "category", "boolean"])
def test_an_empty_column(dtype):
    column = pd.Series([], dtype=dtype)
    for read, kind in ((to_numbers, "float64"), (to_times, "datetime64[us]"), (to_outcomes, "float64")):
        found, bad = read(column)
        assert (len(found), found.dtype, bad.dtype) == (0, kind, bool)
    assert to_text(column).dtype == "str"
