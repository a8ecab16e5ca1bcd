"""The queue against the same questions answered by pandas over the whole file."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.errors import LeadRankError, NotComputable
from core.queue import store
from core.queue.build import build_queue
from core.queue.store import Queue
from core.queue.view import STATUSES, View
from core.scores import Scores
from tests.queues import ODD, TWIN, Both, N, leads


def contains(frame: pd.DataFrame, text: str) -> pd.Series:
    columns = ["lead_id", "owner", "shown:name"]
    return pd.concat([frame[c].str.lower().str.contains(text.lower(), regex=False) for c in columns], axis=1).any(
        axis=1
    )


VIEWS = {
    "open": (View(), lambda f: f["status"] == "open"),
    "all": (View(statuses=()), lambda f: f["rank"] > 0),
    "won or lost": (View(statuses=("won", "lost")), lambda f: f["status"].isin(["won", "lost"])),
    "owner": (View(filters={"owner": ("Ann",)}, statuses=()), lambda f: f["owner"] == "Ann"),
    "owners": (
        View(filters={"owner": ('O\'Neil "Z"', "Cy", "")}),
        lambda f: f["owner"].isin(['O\'Neil "Z"', "Cy", ""]) & (f["status"] == "open"),
    ),
    "no such owner": (View(filters={"owner": ("' OR 1=1 --",)}), lambda f: f["rank"] < 0),
    "odd column": (
        View(filters={f"field:{ODD}": ("=1+1", "50%")}, statuses=()),
        lambda f: f[f"field:{ODD}"].isin(["=1+1", "50%"]),
    ),
    "twin columns": (
        View(filters={f"field:{TWIN}": ("N",), "field:city": ("x", "y")}, statuses=()),
        lambda f: (f[f"field:{TWIN}"] == "N") & f["field:city"].isin(["x", "y"]),
    ),
    "no number": (View(filters={"field:a": ("",)}, statuses=()), lambda f: f["field:a"].isna()),
    "chance": (View(probability=(0.25, 0.75), statuses=()), lambda f: f["probability"].between(0.25, 0.75)),
    "days": (
        View(since=date(2025, 1, 3), until=date(2025, 1, 4), statuses=()),
        lambda f: f["snapshot_time"].dt.date.isin([date(2025, 1, 3), date(2025, 1, 4)]),
    ),
    "search": (View(search=" müller_1", statuses=()), lambda f: contains(f, "müller_1")),
    "search percent": (View(search="9%", statuses=()), lambda f: contains(f, "9%")),
    "search underscore": (View(search="l_0", statuses=()), lambda f: contains(f, "l_0")),
    "search id": (View(search="l01", statuses=()), lambda f: contains(f, "l01")),
    "search owner": (View(search="o'NEIL"), lambda f: contains(f, "o'neil") & (f["status"] == "open")),
    "search new owner": (View(search="CY", statuses=()), lambda f: contains(f, "cy")),
    "together": (
        View(search="zoë", filters={"field:city": ("x",)}, probability=(0.1, 1)),
        lambda f: (f["field:city"] == "x") & (f["probability"] >= 0.1) & (f["status"] == "open"),
    ),
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_shows_the_rows_that_fit(both: Both, name: str) -> None:
    queue, frame = both
    view, fits = VIEWS[name]
    right = frame[fits(frame)]
    assert queue.count(view) == len(right)
    assert queue.page(view, 1, N)["rank"].tolist() == right["rank"].tolist()
    assert queue.page(view, 2, 7)["lead_id"].tolist() == right["lead_id"].iloc[7:14].tolist()
    last = queue.page(replace(view, descending=True), 1, 5)
    assert last["rank"].tolist() == right["rank"].iloc[::-1].iloc[:5].tolist()


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    "sort", ["probability", "owner", "field:a", f"field:{ODD}", "shown:name", "snapshot_time", "status"]
)
def test_a_sorted_view_is_in_order_and_what_is_unknown_comes_last(
    both: Both, sort: str, descending: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "NEAR", 30)
    queue, frame = both
    view = View(sort=sort, descending=descending)
    open_leads = frame[frame["status"] == "open"]
    key = open_leads[sort].map(STATUSES.index) if sort == "status" else open_leads[sort].replace("", np.nan)
    right = open_leads.assign(_key=key).sort_values(
        ["_key", "rank"], ascending=[not descending, True], na_position="last"
    )
    assert queue.page(view, 1, 10)["rank"].tolist() == right["rank"].tolist()[:10]
    assert queue.page(view, 3, 60)["rank"].tolist() == right["rank"].tolist()[120:180]
    last = -(-len(right) // 11)
    assert queue.page(view, last, 11)["rank"].tolist() == right["rank"].tolist()[11 * (last - 1) :]
    assert queue.page(view, last - 1, 11)["rank"].tolist() == right["rank"].tolist()[11 * (last - 2) : 11 * (last - 1)]
    assert queue.page(view, last + 1, 11).empty
    assert queue.export(view)["rank"].tolist() == right["rank"].tolist()


def test_facets_count_every_lead_with_its_owner_and_status_of_now(both: Both) -> None:
    queue, frame = both
    for column in ("owner", "status", f"field:{ODD}", f"field:{TWIN}", "stage"):
        counts = {str(value): int(count) for value, count in frame[column].value_counts().items()}
        found = queue.facets(column)
        assert {value: count for value, count in found if count} == counts
        assert column == "status" or [count for _, count in found] == sorted(counts.values(), reverse=True)
    assert len(queue.facets("lead_id", 3)) == 3 and ("", 45) in queue.facets("field:a", N)


def test_facets_of_a_number_filter_that_number(both: Both) -> None:
    queue, _ = both
    value = next(value for value, _ in queue.facets("field:a", N) if value)
    assert queue.count(View(filters={"field:a": (value,)}, statuses=())) == 1


def test_one_lead_with_its_notes_and_a_rank_for_a_score(both: Both) -> None:
    queue, frame = both
    row = frame.set_index("lead_id").loc["L0003"]
    lead = queue.lead("L0003", capacity=N)
    assert (lead["rank"], lead["owner"], lead["status"]) == (row["rank"], row["owner"], row["status"])
    assert lead["reasons"] == [] and lead["shown:name"] == "Zoë MÜLLER_3%"
    assert lead["call_today"] == (row["status"] == "open") and lead.get("note", "") in ("", "spoke")
    for score in (frame["score"].iloc[0] + 1, frame["score"].iloc[N // 2], frame["score"].iloc[-1] - 1):
        assert queue.rank_of(score) == (frame["score"] > score).sum() + 1
    for strange in ("nobody", "' OR 1=1", "\udc80", ""):
        with pytest.raises(LeadRankError, match="does not hold"):
            queue.lead(strange)


def test_columns_that_serve_queries_are_not_shown(both: Both) -> None:
    queue, _ = both
    assert not {"search", "owner_rank"} & {*queue.columns(), *queue.page(View()).columns}
    assert set(queue.columns()) <= set(queue.page(View()).columns)


@pytest.mark.parametrize("column", ["search", "owner_rank", "nothing", "rank; DROP VIEW queue", 'a" OR 1=1 --', ""])
def test_a_column_that_is_not_there_is_an_error_in_words(both: Both, column: str) -> None:
    queue, _ = both
    for view in (View(filters={column: ("x",)}), View(sort=column)):
        with pytest.raises(LeadRankError, match="no column"):
            queue.count(view)
        with pytest.raises(LeadRankError, match="no column"):
            queue.page(view)
    with pytest.raises(LeadRankError, match="no column"):
        queue.facets(column)


def test_hostile_values_filter_nothing_but_themselves(both: Both) -> None:
    queue, frame = both
    for text in ("'", '"', "\\", "%", "\x00", "'; DROP VIEW queue; --", "\x1f"):
        assert queue.count(View(search=text, statuses=())) == (contains(frame, text).sum() if text != "\x1f" else N)
        assert queue.count(View(filters={"stage": (text,)}, statuses=())) == 0
        assert queue.count(View(filters={"snapshot_time": (text,)}, statuses=())) == 0
    with pytest.raises(LeadRankError, match="holds numbers"):
        queue.count(View(filters={"field:a": ("1 OR 1=1",)}))
    assert queue.count(View(statuses=())) == N


def test_what_a_page_cannot_be(both: Both) -> None:
    queue, _ = both
    for page, size in ((0, 10), (1, 0), (-1, 10)):
        with pytest.raises(LeadRankError, match="1 or more"):
            queue.page(View(), page, size)
    assert queue.page(View(), 10**15, 50).empty and queue.page(View(sort="probability"), 10**15, 50).empty
    assert list(queue.page(View(), 10**6).columns) == list(queue.page(View()).columns)
    with pytest.raises(LeadRankError, match="need a number of calls"):
        queue.page(View(to_call=True))
    with pytest.raises(LeadRankError, match="1 or more, however: got 0"):
        queue.summary(View(), 0)


def test_figures_that_cannot_be_computed_are_not(path: Path, tmp_path: Path) -> None:
    made = leads()
    build_queue(tmp_path / "q", Scores.ranked(made.lead_id, np.arange(N), np.full(N, np.nan)), made)
    queue = Queue(tmp_path / "q")
    summary = queue.summary(View(), 5)
    assert (summary.leads, summary.to_call) == (N, 5)
    for figure in ("expected_orders", "call_rate", "random_rate", "lift"):
        with pytest.raises(NotComputable, match="calibrated"):
            getattr(summary, figure)
    nothing = Queue(path).summary(View(search="no such lead"), 5)
    assert (nothing.leads, nothing.open_leads, nothing.to_call) == (0, 0, 0)
    with pytest.raises(NotComputable, match="widen it"):
        _ = nothing.lift


def test_many_threads_get_the_answers_of_one(path: Path, status: pd.DataFrame) -> None:
    alone, shared = Queue(path, status), Queue(path, status)
    views = [replace(view, sort=sort) for view, _ in list(VIEWS.values())[::3] for sort in ("rank", "owner")]

    def ask(queue: Queue, view: View) -> tuple[int, list[int], int]:
        ranks = queue.page(view, 1, 20, capacity=7, per_owner=True)["rank"].tolist()
        return queue.count(view), ranks, queue.summary(view, 7, True).to_call

    right = [ask(alone, view) for view in views]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda view: ask(shared, view), views)) == right
