"""A view and its address."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import LeadRankError
from core.queue.view import STATUSES, View

words = st.text(max_size=30).filter(lambda text: not any("\ud800" <= sign <= "\udfff" for sign in text))
days = st.none() | st.dates(date(1900, 1, 1), date(2200, 12, 31))


@st.composite
def views(draw: st.DrawFn) -> View:
    since, until = draw(days), draw(days)
    if since and until and since > until:
        since, until = until, since
    shares = draw(st.none() | st.tuples(st.floats(0, 1), st.floats(0, 1)).map(lambda pair: (min(pair), max(pair))))
    values = st.lists(words, min_size=1, max_size=4, unique=True).map(tuple)
    return View(
        search=draw(words),
        filters=draw(st.dictionaries(words, values, max_size=3)),
        probability=shares,
        since=since,
        until=until,
        statuses=tuple(draw(st.lists(st.sampled_from(STATUSES), unique=True))),
        to_call=draw(st.booleans()),
        sort=draw(words.filter(bool)),
        descending=draw(st.booleans()),
    )


@given(views())
def test_an_address_gives_back_its_view(view: View) -> None:
    assert View.from_query(view.to_query()) == view


def test_the_plain_view_has_an_empty_address() -> None:
    assert View().to_query() == {} and View.from_query({}) == View() and View().statuses == ("open",)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "search",
                "chance_from",
                "chance_to",
                "since",
                "until",
                "status",
                "to_call",
                "sort",
                "order",
                "only.",
                "only.a",
            ]
        ),
        st.text(max_size=300)
        | st.lists(st.text(max_size=20), max_size=5)
        | st.sampled_from(["nan", "1e999", "0000-01-01"]),
    )
)
def test_a_damaged_address_is_a_view_or_an_error_of_ours(query: dict[str, str | list[str]]) -> None:
    try:
        view = View.from_query(query)
    except LeadRankError:
        return
    assert View.from_query(view.to_query()) == view


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"chance_from": "half"}, "must be a number"),
        ({"chance_from": "0.9", "chance_to": "0.1"}, "from low to high"),
        ({"chance_to": "nan"}, "from low to high"),
        ({"since": "yesterday"}, "must look like"),
        ({"since": "2026-02-01", "until": "2026-01-01"}, "must not come after"),
        ({"until": "9999-12-31"}, "between 1900"),
        ({"status": "gone"}, "must be one of"),
        ({"search": "x" * 201}, "200 characters"),
        ({"only.owner": []}, "1 to 200 values"),
        ({"search": "\udc80"}, "plain text"),
    ],
)
def test_what_cannot_be_is_said(query: dict[str, str | list[str]], words: str) -> None:
    with pytest.raises(LeadRankError, match=words):
        View.from_query(query)
