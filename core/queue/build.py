"""Scores and leads become one Parquet file, a row a lead, best first: what `Queue` reads.

Columns: rank, lead_id, score, probability, previous_rank, previous_probability, trend, owner, owner_rank,
snapshot_time, stage, segment (where segments were found), `field:<column>` for each numeric and categorical feature,
`shown:<column>`, reasons, pointwise_logit, pairwise_score, search. Where a value is unknown: null in numbers and dates,
"" in text.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.data.finding import places, texts
from core.data.leads import Leads
from core.data.ordered import StoredLeads
from core.data.prompts import shown_value
from core.errors import LeadRankError
from core.queue.reasons import reason_texts
from core.queue.sources import Ranked, RankedFile, RankedFrame, in_order
from core.scores import PART, Scores

MOVED = 0.05
"""Share of the queue that a lead has to cross to be called improving or declining. Source: ours; two scorings of the
same leads by the same model trade neighbours all the time, a twentieth of the queue is a move that a person sees."""
ROWS = 16_384
"""Rows of a row group. A shown page is fetched by its ranks, which may lie anywhere: a smaller group means that less is
unpacked beside each row, a larger one that a whole scan has fewer pieces."""
BETWEEN = "\x1f"
"""Between the texts that are searched, so that no match spans two of them."""


def build_queue(
    path: Path,
    scores: Scores | RankedFile,
    leads: Leads | StoredLeads,
    *,
    shown: pd.DataFrame | None = None,
    previous: Path | None = None,
    segment: pd.Series | None = None,
) -> None:
    """Write the queue of `scores` to `path`; the file appears whole or not at all.

    `leads` must hold every scored lead and may hold more. Where scores and leads lie in files, memory holds the ids of
    all, some numbers, and a stretch of the rest; the disk beside `path` meanwhile holds the leads without their words.

    `shown`: lead_id and columns for people only. `previous`: the queue file of the scoring before. `segment`: of each
    lead by its id, in words. Reasons are made from the `part:` columns of `scores`, exact additive contributions to the
    score, one per field and "dialogue"; without those there are none.

    Trend: `improving` or `declining` where a lead crossed more than `MOVED` of the queue since `previous` (places as
    shares of the queue's length then and now), `steady` otherwise, `new` where it was not in it; "" without `previous`.

    Raises:
        LeadRankError: scored leads that `leads` does not hold, or with two scores; no leads at all; `previous` is no
            queue file.
    """
    ranked = scores if isinstance(scores, RankedFile) else RankedFrame(scores)
    if not len(ranked):
        raise LeadRankError("a queue needs at least one scored lead, however: got none")
    unfinished, folder = (path.with_name(path.name + ending) for ending in (".part", ".leads"))
    try:
        with closing(_tables(ranked, leads, shown, previous, segment, folder)) as tables:
            first = next(tables)
            with _writer(unfinished, first.schema) as writer:
                for table in chain([first], tables):
                    writer.write_table(table, row_group_size=ROWS)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _tables(
    scores: Ranked,
    leads: Leads | StoredLeads,
    shown: pd.DataFrame | None,
    previous: Path | None,
    segment: pd.Series | None,
    folder: Path,
) -> Generator[pa.Table]:
    """The queue, a stretch of `ROWS` at a time: dialogues and texts of all leads at once would fill the memory."""
    ids = scores.lead_id
    at = _scored_places(ids, leads)
    shown_at = None if shown is None else places(ids, texts(shown["lead_id"]))
    belongs = None if segment is None else places(ids, texts(segment.index))
    before = None if previous is None else _before(previous, ids)
    del ids
    stages = np.array([*leads.schema.funnel.stages, ""], dtype=object)
    parts = [name for name in scores.columns if name.startswith(PART)]
    names, owners, start = [part.removeprefix(PART) for part in parts], Counter[str](), 0
    pieces = zip(scores.stretches(ROWS), in_order(leads, at, ROWS, folder), strict=True)
    for scored, taken in pieces:
        rows = slice(start, start + len(scored))
        start = rows.stop
        rank = np.arange(rows.start + 1, rows.stop + 1, dtype=np.int32)
        lead_id = _text(scored["lead_id"])
        people = {} if shown is None or shown_at is None else _people(shown, shown_at[rows])
        columns: dict[str, pa.Array] = {
            "rank": pa.array(rank),
            "lead_id": lead_id,
            "score": _number(scored["score"]),
            "probability": _number(scored["probability"]),
            **_trend(before, rank, rows, len(scores)),
            "owner": _text(taken.roles["owner"]),
            "owner_rank": pa.array(_owner_rank(taken.roles["owner"], owners)),
            "snapshot_time": pa.array(taken.roles["snapshot_time"], pa.timestamp("us"), from_pandas=True),
            "stage": _text(stages[taken.stage]),
            **({} if segment is None or belongs is None else {"segment": _text(_taken(segment, belongs[rows]))}),
            **_fields(taken),
            **people,
            "reasons": _text(reason_texts(names, scored[parts].to_numpy(dtype=float), taken)),
            **{column: _number_or_none(scored, column) for column in ("pointwise_logit", "pairwise_score")},
            "search": pc.utf8_lower(pc.binary_join_element_wise(lead_id, *people.values(), BETWEEN)),
        }
        yield pa.table(list(columns.values()), names=list(columns))


def _owner_rank(owner: pd.Series, so_far: Counter[str]) -> np.ndarray:
    """Each lead's place among those of its owner, 1 for the best; `so_far`: how many came before, counted on."""
    code, found = pd.factorize(owner)
    rank = np.array([so_far[name] for name in found])[code] + owner.groupby(code).cumcount().to_numpy() + 1
    so_far.update(dict(zip(found, np.bincount(code).tolist(), strict=True)))
    return rank.astype(np.int32)


@dataclass(frozen=True)
class _Before:
    """Where each lead of the new queue stood in the one before; NaN where it did not."""

    rank: np.ndarray
    probability: np.ndarray
    leads: int


def _before(path: Path, ids: pa.Array) -> _Before:
    try:
        table = pq.read_table(path, columns=["lead_id", "rank", "probability"])
    except (OSError, pa.ArrowInvalid, KeyError) as error:
        raise LeadRankError(
            "the earlier scoring's queue file cannot be read: it is missing or damaged; score without it"
        ) from error
    at = places(ids, texts(table["lead_id"]))
    rank, probability = (
        np.where(at >= 0, table[name].to_pandas().to_numpy(dtype=float)[at], np.nan) for name in ("rank", "probability")
    )
    return _Before(rank, probability, len(table))


def _trend(before: _Before | None, rank: np.ndarray, rows: slice, leads: int) -> dict[str, pa.Array]:
    if before is None:
        none = np.full(len(rank), np.nan)
        return _trend_columns(none, none, np.full(len(rank), "", dtype=object))
    risen = before.rank[rows] / before.leads - rank / leads
    word = np.select([np.isnan(risen), risen > MOVED, risen < -MOVED], ["new", "improving", "declining"], "steady")
    return _trend_columns(before.rank[rows], before.probability[rows], word.astype(object))


def _trend_columns(rank: np.ndarray, probability: np.ndarray, word: np.ndarray) -> dict[str, pa.Array]:
    return {
        "previous_rank": pa.array(rank, from_pandas=True).cast(pa.int32()),
        "previous_probability": pa.array(probability, from_pandas=True),
        "trend": _text(word),
    }


def _scored_places(ids: pa.Array, leads: Leads | StoredLeads) -> np.ndarray:
    at = places(ids, texts(leads.lead_id))
    if (at < 0).any():
        missing = np.flatnonzero(at < 0)
        raise LeadRankError(
            f"{len(missing)} of {len(ids)} scored leads the leads of this dataset do not hold, the first of them "
            f"'{ids[missing[0]]}': score this dataset again"
        )
    times = np.bincount(at)
    if times.max() > 1:
        raise LeadRankError(
            f"each lead may have one score, however: '{leads.lead_id[int(times.argmax())]}' has {times.max()}; "
            "score this dataset again"
        )
    return at


def _fields(taken: Leads) -> dict[str, pa.Array]:
    features = taken.schema.features
    return {
        **{f"field:{column}": _number(taken.features[column]) for column in features.numeric},
        **{f"field:{column}": _text(taken.features[column]) for column in features.categorical},
    }


def _people(shown: pd.DataFrame, at: np.ndarray) -> dict[str, pa.Array]:
    return {f"shown:{column}": _shown(shown[column], at) for column in shown.columns.drop("lead_id")}


def _taken(column: pd.Series, at: np.ndarray) -> np.ndarray:
    """The values at these positions, (n,) object; "" where the position is -1."""
    if not len(column):
        return np.full(len(at), "", dtype=object)
    return np.where(at < 0, "", column.iloc[np.maximum(at, 0)].to_numpy(dtype=object))


def _number_or_none(scored: pd.DataFrame, column: str) -> pa.Array:
    return _number(scored[column] if column in scored else pd.Series(np.nan, index=scored.index))


def _number(values: pd.Series) -> pa.Array:
    return pa.array(values.to_numpy(dtype=float), pa.float64(), from_pandas=True)


def _text(values: pd.Series | np.ndarray | Sequence[str]) -> pa.Array:
    return pc.fill_null(pa.array(values, pa.string(), from_pandas=True), "")


def _shown(column: pd.Series, at: np.ndarray) -> pa.Array:
    """Text of a column for people; "" for a lead that it does not tell of."""
    return _text([_whole(value) for value in _taken(column, at)])


def _whole(value: object) -> str:
    """As `shown_value`, but a person's number, such as a telephone number or an amount, keeps all its digits."""
    if isinstance(value, float) and np.isfinite(value):
        return f"{value:.15g}"
    return shown_value(value)


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """Codes for repeated texts, but for those that hardly ever repeat; pages small enough to be skipped over.

    LZ4 unpacks twice as fast as ZSTD, which is what a search over millions of leads waits for; the reasons, read for
    the shown rows alone and half of the file, are packed tighter.
    """
    unlike = {"reasons", "search", "lead_id", "rank", "owner_rank", "previous_rank", "score", "probability"}
    coded = [n for n in schema.names if n not in unlike and not n.startswith("shown:")]
    return pq.ParquetWriter(
        path,
        schema,
        compression={name: "zstd" if name == "reasons" else "lz4" for name in schema.names},
        use_dictionary=coded,
        data_page_size=64 * 1024,
        # One lead among millions is looked up by its id, which no order of the file helps to find.
        bloom_filter_options={"lead_id": {"ndv": ROWS, "fpp": 0.01}},
    )
