"""Columns of text or typed values -> numbers, times, outcomes and text, each with a mask of what could not be read.

Every function takes a Series of any kind (text, numbers, booleans, times, categories, mixed objects), keeps its index
and name, and works on the distinct values alone, so that a million rows cost little. A missing value (blank, NA, null,
none, -, unknown, ...) is read as missing; one that is present and cannot be read is missing too, and `bad`.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

# fmt: off
_MISSING = frozenset((
    "", "-", "--", "---", ".", "?", "na", "n/a", "n.a.", "#n/a", "#na", "<na>", "nan", "nat", "null", "none", "nil",
    "unknown", "missing", "not available", "0000-00-00", "0000-00-00 00:00:00", "k.a.", "无", "未知", "空", "暂无",
))
_YES = frozenset((
    "1", "yes", "y", "true", "t", "ja", "j", "wahr", "oui", "vrai", "sí", "si", "s", "sim", "是", "对", "真",
    "成交", "已成交", "won", "win", "success",
))
_NO = frozenset((
    "0", "no", "n", "false", "f", "nein", "falsch", "non", "faux", "falso", "não", "否", "不", "假", "未成交",
    "lost", "loss", "failure",
))
_MONTHS = {
    name: number for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1,
    )
}
# fmt: on

_CURRENCY = r"^(?:[€$£¥₹]|eur|usd|gbp|cny|rmb|chf)\s*|\s*(?:[€$£¥₹元]|eur|usd|gbp|cny|rmb|chf)$"
_GROUPING = r"(?<=\d)[ '’](?=\d{3}(?!\d))"
_POINT = r"[+-]?(?:\d+|[1-9]\d{0,2}(?:,\d{3})+)?(?:\.\d*)?(?:e[+-]?\d{1,3})?"
_COMMA = r"[+-]?(?:\d+|[1-9]\d{0,2}(?:\.\d{3})+)?(?:,\d*)?(?:e[+-]?\d{1,3})?"

_ISO = r"\d{4}-\d{2}-\d{2}(?:[t ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:z|[+-]\d{2}(?::?\d{2})?)?)?"
_CLOCK = (
    r"(?P<half>上午|下午)?(?P<hour>\d{1,2})[:时点](?P<minute>\d{1,2})分?"
    r"(?::?(?P<second>\d{1,2})(?:[.,](?P<fraction>\d{1,9}))?秒?)?"
    r"\s*(?P<ampm>[ap]\.?m\.?)?\s*(?:z|utc|gmt)?\s*(?P<zone>[+-]\d{2}(?::?\d{2})?)?"
)
_THEN_CLOCK = rf"(?:(?:t|,?\s+){_CLOCK})?"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+)?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4}|\d{2})"
_YEAR_LAST = r"(?P<first>\d{1,2})[-/.](?P<then>\d{1,2})[-/.]" + _YEAR + _THEN_CLOCK
_SHAPES = (
    r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})" + _THEN_CLOCK,
    rf"(?P<year>\d{{4}})年(?P<month>\d{{1,2}})月(?P<day>\d{{1,2}})日(?:\s*{_CLOCK})?",
    r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?:[t ]?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})z?)?",
    _WEEKDAY + _DAY + r"[-/. ]\s*(?P<word>[a-z]{3,9})[-/., ]\s*" + _YEAR + _THEN_CLOCK,
    _WEEKDAY + r"(?P<word>[a-z]{3,9})\.?[- ]" + _DAY + r",?[- ]" + _YEAR + _THEN_CLOCK,
)
_EPOCH = r"\d{9,19}(?:\.\d+)?"


def to_text(column: pd.Series) -> pd.Series:
    """Text of each value: stripped, "" for missing, whole numbers without ".0", times in ISO form.

    Example:
        >>> to_text(pd.Series([7.0, 2.5, None])).tolist()
        ['7', '2.5', '']
        >>> to_text(pd.Series([" 007 ", None], dtype=object)).tolist()
        ['007', '']
    """
    if isinstance(column.dtype, pd.StringDtype):
        return column.astype("str").fillna("").str.strip()
    if column.dtype == object:  # may hold lists, which cannot be told apart by hash
        return pd.Series([_text(value) for value in column], column.index, dtype="str", name=column.name)
    return _by_distinct(column, lambda values: pd.Series([_text(value) for value in values], dtype="str"))


def to_numbers(column: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Float64 numbers and the mask of what is none.

    Reads thousands separators (comma, point, blank, apostrophe), signs of currency, and percent as hundredths. Whether
    a comma or a point is the decimal sign is decided once per column, by the values that can be read in one way alone;
    point where they leave it open. Infinite values are bad.

    Example:
        >>> numbers, bad = to_numbers(pd.Series(["1.234,5", "12", "1.000", "", "many", "5 %"]))
        >>> numbers.tolist(), bad.tolist()
        ([1234.5, 12.0, 1000.0, nan, nan, 0.05], [False, False, False, False, True, False])
    """
    if pd.api.types.is_numeric_dtype(column.dtype):  # booleans and nullable numbers among them
        numbers = pd.Series(column.to_numpy(dtype=np.float64, na_value=np.nan), index=column.index, name=column.name)
        bad = pd.Series(np.isinf(numbers), index=column.index, name=column.name)
        return numbers.mask(bad), bad
    return _with_bad(column, _parse_numbers)


def to_times(column: pd.Series) -> tuple[pd.Series, pd.Series]:
    """datetime64[us] in UTC, naive, and the mask of what is no time.

    Reads ISO with or without zone (none: taken as UTC), 31.12.2025, 31/12/2025 14:05, 12/31/2025, 2025/12/31,
    31-Dec-2025, Dec 31, 2025, 20251231, 2025年12月31日, and seconds, milli-, micro- or nanoseconds since 1970. Each
    value may have a form of its own. Whether the day or the month comes first is decided once per column, by the values
    over 12; a value that cannot be read so is tried the other way round. `day_order` says what was decided.

    Example:
        >>> times, bad = to_times(pd.Series(["31.12.2025", "1767139200", "2025-12-31T01:00+02:00", "soon"]))
        >>> times.astype(str).tolist(), bad.tolist()
        (['2025-12-31 00:00:00', '2025-12-31 00:00:00', '2025-12-30 23:00:00', nan], [False, False, False, True])
    """
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        times = column if column.dt.tz is None else column.dt.tz_convert("UTC").dt.tz_localize(None)
        return times.astype("datetime64[us]"), pd.Series(False, index=column.index, name=column.name)
    return _with_bad(column, _parse_times)


def day_order(column: pd.Series) -> str:
    """What `to_times` decides on dates such as 03/04/2025, as a sentence for the reader; "" where there is no question.

    Example:
        >>> day_order(pd.Series(["03/04/2025", "05/04/2025"]))
        'dates such as 03/04/2025 were read with the day first, as 2025-04-03: no value says otherwise'
        >>> day_order(pd.Series(["03/04/2025", "31/04/2025"]))
        ''
    """
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return ""
    texts = pd.Series(_folded(column).unique(), dtype="str")
    parts = _parts(texts, _YEAR_LAST)
    texts = texts[parts.index]
    day, month = _evidence(parts)
    first, then = _number(parts["first"]), _number(parts["then"])
    doubtful = ((first <= 12) & (then <= 12) & (first != then)).to_numpy()
    if not doubtful.any() or (day == 0) != (month == 0):
        return ""
    row = int(doubtful.argmax())
    month_first = month > day
    iso = [int(part.iloc[row]) for part in ((first, then) if month_first else (then, first))]
    why = (
        f"{max(day, month)} values say so, {min(day, month)} the other way round" if day else "no value says otherwise"
    )
    return (
        f"dates such as {texts.iloc[row]} were read with the {'month' if month_first else 'day'} first, "
        f"as {parts['year'].iloc[row]}-{iso[0]:02}-{iso[1]:02}: {why}"
    )


def to_outcomes(column: pd.Series) -> tuple[pd.Series, pd.Series]:
    """1.0 for yes, 0.0 for no, NaN for missing, and the mask of what is none of them.

    Reads 1/0, booleans, yes/no, true/false, won/lost and their like in English, German, French, Spanish and Chinese.

    Example:
        >>> outcomes, bad = to_outcomes(pd.Series(["Yes", "nein", "1.0", "是", "", "maybe"]))
        >>> outcomes.tolist(), bad.tolist()
        ([1.0, 0.0, 1.0, 1.0, nan, nan], [False, False, False, False, False, True])
    """
    return _with_bad(column, _parse_outcomes)


def _by_distinct(column: pd.Series, convert: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """`convert` applied to the distinct values, spread over the column."""
    codes, distinct = pd.factorize(column, use_na_sentinel=False)
    return convert(pd.Series(distinct)).take(codes).set_axis(column.index).rename(cast(Any, column.name))


def _folded(column: pd.Series) -> pd.Series:
    # NFKC makes plain signs of the full-width ones of East Asian keyboards and of hard blanks.
    return _by_distinct(
        to_text(column),
        lambda values: values.str.normalize("NFKC").str.strip().str.casefold().str.replace("−", "-").astype("str"),
    )


def _with_bad(column: pd.Series, parse: Callable[[pd.Series], pd.Series]) -> tuple[pd.Series, pd.Series]:
    """`parse` gets distinct folded texts, "" for missing; what else it returns as missing is bad."""
    texts = _folded(column)
    missing = texts.isin(_MISSING)
    values = _by_distinct(texts.mask(missing, ""), parse)
    return values, values.isna() & ~missing


def _number(texts: pd.Series) -> pd.Series:
    # A thousand blank texts, or parts of a date that recur, would each raise and be caught inside pandas.
    return _by_distinct(texts, lambda values: pd.to_numeric(values, errors="coerce").astype("float64"))


def _parse_numbers(texts: pd.Series) -> pd.Series:
    bare = texts.str.removesuffix("%")
    adorned = ~bare.str.fullmatch(r"[+-]?[\d.,]*")
    undone = bare[adorned].str.replace(_CURRENCY, "", regex=True).str.strip().str.replace(_GROUPING, "", regex=True)
    bare = bare.mask(adorned, undone)
    point, comma = bare.str.fullmatch(_POINT), bare.str.fullmatch(_COMMA)
    if (comma & ~point).sum() > (point & ~comma).sum():
        plain = bare.where(comma, "").str.replace(".", "").str.replace(",", ".")
    else:
        plain = bare.where(point, "").str.replace(",", "")
    numbers = _number(plain)
    numbers = numbers.where(~texts.str.endswith("%"), numbers / 100)
    return numbers.mask(np.isinf(numbers))


def _parse_outcomes(texts: pd.Series) -> pd.Series:
    numbers = _number(texts)
    return numbers.where(numbers.isin([0, 1])).mask(texts.isin(_YES), 1.0).mask(texts.isin(_NO), 0.0)


def _parse_times(texts: pd.Series) -> pd.Series:
    iso = texts.str.fullmatch(_ISO)
    times = pd.to_datetime(texts.where(iso).str.upper(), format="ISO8601", utc=True, errors="coerce")
    times = times.dt.tz_localize(None).astype("datetime64[us]")
    for shape in _SHAPES:
        times = times.fillna(_assembled(_parts(texts[times.isna()], shape)))
    year_last = _parts(texts[times.isna()], _YEAR_LAST)
    day, month = _evidence(year_last)
    for names in (("month", "day"), ("day", "month"))[:: 1 if month > day else -1]:
        parts = year_last.rename(columns=dict(zip(("first", "then"), names, strict=True)))
        times = times.fillna(_assembled(parts))
    return times.fillna(_since_1970(texts[times.isna()]))


def _parts(texts: pd.Series, shape: str) -> pd.DataFrame:
    """The named parts of the texts that have this shape; "" for a part that is left out."""
    found = pc.extract_regex(pa.array(texts, pa.string()), f"^(?:{shape})$")
    matched = found.is_valid()
    columns = pa.Table.from_struct_array(found.filter(matched)).to_pandas()
    return columns.astype("str").set_axis(texts.index[matched.to_numpy(zero_copy_only=False)])


def _evidence(parts: pd.DataFrame) -> tuple[int, int]:
    """How many dates can only have the day first, and how many only the month."""
    first, then = _number(parts["first"]), _number(parts["then"])
    return int(((first > 12) & (then <= 12)).sum()), int(((first <= 12) & (then > 12)).sum())


def _assembled(parts: pd.DataFrame) -> pd.Series:
    """Times from the named parts of a date's text; missing where a part is impossible."""
    if parts.empty:
        return pd.Series(index=parts.index, dtype="datetime64[us]")
    parts = parts.reindex(
        columns=["year", "month", "day", "hour", "minute", "second", "word", "half", "ampm", "fraction", "zone"],
        fill_value="",
    )
    date = parts[["year", "month", "day"]].apply(_number)
    date["month"] = date["month"].fillna(parts["word"].str[:3].map(_MONTHS))
    date["year"] += np.where(parts["year"].str.len() > 2, 0, np.where(date["year"] < 69, 2000, 1900))  # as POSIX has it
    clock = parts[["hour", "minute", "second"]].apply(_number).fillna(0)
    afternoon = parts["ampm"].str.startswith("p") | (parts["half"] == "下午")
    twelve_hours = (parts["ampm"] != "") | (parts["half"] != "")
    hour = clock["hour"].where(~twelve_hours, clock["hour"] % 12 + 12 * afternoon.where(clock["hour"] <= 12, False))
    possible = (hour < 24) & (clock["minute"] < 60) & (clock["second"] < 60)
    micros = _number(parts["fraction"].str[:6].str.pad(6, "right", "0")).fillna(0)
    zone = parts["zone"].str.replace(":", "").str.pad(5, "right", "0")
    ahead = _number(zone.str[:3]).fillna(0) * 60 + _number(zone.str[0] + zone.str[3:5]).fillna(0)
    seconds = hour * 3600 + (clock["minute"] - ahead) * 60 + clock["second"]
    days = pd.to_datetime(date.where(possible), errors="coerce").astype("datetime64[us]")
    return days + (seconds * 1_000_000 + micros).astype("int64").astype("timedelta64[us]")


def _since_1970(texts: pd.Series) -> pd.Series:
    numbers = _number(texts.where(texts.str.fullmatch(_EPOCH)))
    # Seconds have 9 or 10 digits from 1973 to 2286, milliseconds three more, and so on.
    micros = numbers * np.select([numbers < 1e11, numbers < 1e14, numbers < 1e17], [1e6, 1e3, 1.0], 1e-3)
    return micros.round().astype("Int64").astype("datetime64[us]")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list | tuple | dict | np.ndarray):
        return str(value)
    if value is None or pd.isna(value):
        return ""
    if isinstance(value, float | np.floating):
        number = float(value)
        return str(int(number)) if number.is_integer() and abs(number) < 1e18 else str(number)
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat()
    return str(value)
