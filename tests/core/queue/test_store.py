"""The queue against the same questions answered by pandas over the whole file."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.leads import Leads
from core.data.schema import Features
from core.errors import LeadRankError, NotComputable
from core.queue import file, store
from core.queue.build import build_queue
from core.queue.store import Queue
from core.queue.view import STATUSES, View
from core.scores import Scores
from tests.made import make_leads

ODD = 'x"; DROP TABLE queue; --'
TWIN = "City"
"""DuckDB takes names that differ in capital letters alone for one and the same."""
N = 400


def leads() -> Leads:
    made = make_leads(N)
    rng = np.random.default_rng(5)
    owners = np.array(["Ann", "Böb", 'O\'Neil "Z"', ""], dtype=object)
    features = made.features.assign(**{ODD: rng.choice(["=1+1", "50%", "5_0"], N), TWIN: rng.choice(["N", "S"], N)})
    features.loc[::9, "a"] = np.nan
    schema = replace(made.schema, features=Features(("a",), ("city", ODD, TWIN)))
    return Leads(made.roles.assign(owner=owners[rng.integers(0, 4, N)]), features, schema)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In a folder whose name holds pattern signs and a quote."""
    folder = tmp_path_factory.mktemp("queue") / "it's [a]*?"
    folder.mkdir()
    rng = np.random.default_rng(6)
    whole = leads()
    shown = pd.DataFrame({"lead_id": whole.lead_id, "name": [f"Zoë MÜLLER_{i}%" for i in range(N)]})
    scores = Scores.ranked(whole.lead_id, rng.normal(size=N).round(2), rng.random(N))
    build_queue(folder / "q.parquet", scores, whole, shown=shown)
    return folder / "q.parquet"


@pytest.fixture(scope="module")
def status() -> pd.DataFrame:
    """Every third lead of the first 240 has a status; every fifth has gone to somebody else; one is no lead of ours."""
    ids = [f"L{i:04d}" for i in range(240)]
    frame = pd.DataFrame({"lead_id": ids, "status": "open", "assigned_to": "", "note": "", "by": "me"})
    frame.loc[::3, "status"] = np.resize(["called", "won", "lost", "not_now"], 80)
    frame.loc[::3, "note"] = "spoke"
    frame.loc[::5, "assigned_to"] = np.resize(["Ann", "Cy"], 48)
    return pd.concat([frame, pd.DataFrame({"lead_id": ["other"], "status": ["won"], "assigned_to": ["Ann"]})])


Both = tuple[Queue, pd.DataFrame]


@pytest.fixture(scope="module", params=[False, True], ids=["untouched", "worked on"])
def both(path: Path, status: pd.DataFrame, request: pytest.FixtureRequest) -> Iterator[Both]:
    """A queue, and all of its rows with the statuses and owners of now."""
    frame = pd.read_parquet(path).assign(status="open")
    if request.param:
        known = status.set_index("lead_id")
        at = frame["lead_id"].isin(known.index)
        frame.loc[at, "status"] = known["status"].loc[frame["lead_id"][at]].to_numpy()
        given = known["assigned_to"].reindex(frame["lead_id"]).fillna("").to_numpy()
        frame["owner"] = np.where(given != "", given, frame["owner"])
    queue = Queue(path, status if request.param else None)
    yield queue, frame
    queue.close()


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


@pytest.mark.parametrize("capacity", [1, 10, 60, 10**12])
@pytest.mark.parametrize("per_owner", [False, True])
def test_the_cut_is_that_of_the_open_leads_and_moves_down_when_some_are_done(
    both: Both, capacity: int, per_owner: bool
) -> None:
    queue, frame = both
    open_leads = frame[frame["status"] == "open"]
    if per_owner:
        owned = open_leads[open_leads["owner"] != ""]
        right = owned[owned.groupby("owner").cumcount() < capacity]
    else:
        right = open_leads.iloc[:capacity]
    rows = queue.page(View(statuses=()), 1, N, capacity=capacity, per_owner=per_owner)
    assert rows["rank"][rows["call_today"]].tolist() == right["rank"].tolist()
    only = View(to_call=True, filters={"field:city": ("x",)}, sort="probability")
    chosen = right[right["field:city"] == "x"].sort_values(["probability", "rank"])
    assert queue.export(only, capacity=capacity, per_owner=per_owner)["rank"].tolist() == chosen["rank"].tolist()
    assert queue.count(only, capacity=capacity, per_owner=per_owner) == len(chosen)
    view = View(statuses=(), filters={"field:city": ("y", "z")})
    shown = frame[frame["field:city"] != "x"]
    summary = queue.summary(view, capacity, per_owner)
    still, call = shown[shown["status"] == "open"], right[right["field:city"] != "x"]
    assert (summary.leads, summary.open_leads, summary.to_call) == (len(shown), len(still), len(call))
    assert summary.expected_orders == pytest.approx(call["probability"].sum())
    assert summary.random_rate == pytest.approx(still["probability"].mean())
    assert summary.lift == pytest.approx(call["probability"].mean() / still["probability"].mean())


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


def test_an_export_over_its_limit_reads_nothing(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    queue, _ = both
    monkeypatch.setattr(file.QueueFile, "rows", lambda *_: pytest.fail("rows were read"))
    with pytest.raises(LeadRankError, match=r"at most 9 leads, however: this view shows 400"):
        queue.export(View(statuses=()), 9)


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


def test_no_owner_means_no_list_for_each(tmp_path: Path) -> None:
    made = make_leads(20)
    build_queue(tmp_path / "q", Scores.ranked(made.lead_id, np.arange(20), np.full(20, 0.1)), made)
    with pytest.raises(LeadRankError, match="no lead of this queue has an owner"):
        Queue(tmp_path / "q").summary(View(), 5, per_owner=True)
    given = pd.DataFrame({"lead_id": ["L0003"], "status": ["open"], "assigned_to": ["Ann"]})
    assert Queue(tmp_path / "q", given).summary(View(), 5, per_owner=True).to_call == 1


def test_other_statuses_are_another_queue_over_the_same_file(path: Path, status: pd.DataFrame) -> None:
    plain = Queue(path)
    worked = plain.with_status(status)
    assert plain.count(View()) == N and worked.count(View()) == N - 80
    view = View(filters={"owner": ("Cy",)})
    assert plain.count(view) == 0 and worked.count(view) > 0 and worked.with_status(None).count(view) == 0
    assert plain.summary(View(), N).to_call == N and worked.summary(View(), N).to_call == N - 80


def test_two_files_never_share_an_answer(path: Path, tmp_path: Path) -> None:
    made = leads()
    build_queue(tmp_path / "other", Scores.ranked(made.lead_id, np.arange(N), np.full(N, 0.5)), made)
    one, two = Queue(path), Queue(tmp_path / "other")
    view = View(probability=(0.5, 0.5))
    assert (one.count(view), two.count(view), one.count(view)) == (0, N, 0)
    assert one.page(View(), 1, 1)["lead_id"].item() != two.page(View(), 1, 1)["lead_id"].item()


def test_statuses_that_cannot_be(path: Path) -> None:
    row = pd.DataFrame({"lead_id": ["L0001"], "status": ["sold"], "assigned_to": [""]})
    with pytest.raises(LeadRankError, match=r"one of open.*got 'sold'"):
        Queue(path, row)
    twice = pd.concat([row, row]).assign(status="won")
    with pytest.raises(LeadRankError, match="'L0001' has more"):
        Queue(path, twice)


def test_files_that_are_no_queue(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no parquet")
    pd.DataFrame({"rank": [1], "lead_id": ["a"]}).to_parquet(tmp_path / "other")
    for name, words in (("missing", "cannot be read"), ("text", "cannot be read"), ("other", "no queue file")):
        with pytest.raises(LeadRankError, match=words):
            Queue(tmp_path / name)


def test_many_threads_get_the_answers_of_one(path: Path, status: pd.DataFrame) -> None:
    alone, shared = Queue(path, status), Queue(path, status)
    views = [replace(view, sort=sort) for view, _ in list(VIEWS.values())[::3] for sort in ("rank", "owner")]

    def ask(queue: Queue, view: View) -> tuple[int, list[int], int]:
        ranks = queue.page(view, 1, 20, capacity=7, per_owner=True)["rank"].tolist()
        return queue.count(view), ranks, queue.summary(view, 7, True).to_call

    right = [ask(alone, view) for view in views]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda view: ask(shared, view), views)) == right
