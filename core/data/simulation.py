"""Simulated automotive leads with a known truth: fields, dialogues, funnel and outcomes, seeded and streamed.

`market.py` and `world.py` draw the leads in numpy, `conversation.py` and `phrases.py` the words. What a model could
reach at best is written beside.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.metrics import roc_auc_score

from core.data.conversation import converse, draw_title, models
from core.data.market import BLOCK, MATURITY_DAYS, Market
from core.data.phrases import draw_scene
from core.data.schema import Features, Roles, Schema, Split, dump_schema
from core.data.world import FUNNEL, Block, make_block
from core.errors import NotComputable

CSV_LIMIT = 200_000
"""Leads above which a sample is written as Parquet."""


@dataclass(frozen=True)
class Simulation:
    """Leads as a file would hold them, and the truth that no file holds; rows correspond."""

    frame: pd.DataFrame
    truth: pd.DataFrame


def simulate(
    leads: int,
    seed: int,
    *,
    base_rate: float = 0.0133,
    alignment: float = 0.9,
    dialogue: bool = True,
    start: date = date(2025, 1, 6),
) -> Simulation:
    """All leads at once; see `simulate_chunks` for the arguments."""
    chunks = simulate_chunks(
        leads, seed, chunk_rows=leads, base_rate=base_rate, alignment=alignment, dialogue=dialogue, start=start
    )
    return next(chunks)


def simulate_chunks(
    leads: int,
    seed: int,
    *,
    chunk_rows: int = 50_000,
    base_rate: float = 0.0133,
    alignment: float = 0.9,
    dialogue: bool = True,
    start: date = date(2025, 1, 6),
) -> Iterator[Simulation]:
    """Yields `leads` leads in chunks of `chunk_rows`; the chunk size changes nothing but the cuts.

    Args:
        base_rate: share that converts in the end; the intercept is solved for it.
        alignment: 0 to 1, how strongly stages and call length follow intent.
        dialogue: False leaves the dialogue out (a million leads in about a minute).
        start: first day of the file; it spans 330 days.

    Raises:
        ConfigError: a setting is out of range.
    """
    market = Market(leads, seed, base_rate, alignment, start)
    kept: list[Simulation] = []
    rows = 0
    for number in range(-(-leads // BLOCK)):
        kept.append(_finish(market, make_block(market, number), number, dialogue))
        rows += len(kept[-1].frame)
        while rows >= chunk_rows or (rows and number == (leads - 1) // BLOCK):
            whole = Simulation(
                *(pd.concat([getattr(part, name) for part in kept], ignore_index=True) for name in ("frame", "truth"))
            )
            yield Simulation(whole.frame.iloc[:chunk_rows], whole.truth.iloc[:chunk_rows])
            kept = [
                Simulation(*(table.iloc[chunk_rows:].reset_index(drop=True) for table in (whole.frame, whole.truth)))
            ]
            rows = len(kept[0].frame)


def schema_for_sample() -> Schema:
    """Which column of a simulated file plays which role; the automotive funnel."""
    return Schema(
        roles=Roles(
            lead_id="lead_id",
            customer_id="customer_id",
            owner="agent",
            snapshot_time="snapshot_time",
            converted="converted",
            stage="stage",
            call_seconds="call_seconds",
            dialogue=("dialogue",),
        ),
        features=Features(numeric=_NUMERIC, categorical=_CATEGORICAL, text=("ticket_title",)),
        split=Split(maturity_days=MATURITY_DAYS),
        funnel=FUNNEL,
    )


def write_sample(
    out: Path,
    leads: int,
    seed: int,
    base_rate: float = 0.0133,
    alignment: float = 0.9,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, float | int]:
    """Writes leads.csv (.parquet above 200,000 leads), schema.toml, truth.parquet and truth.json into folder `out`.

    Args:
        on_progress: called with (leads written, leads in all) after each chunk.

    Returns:
        What truth.json holds.

    Raises:
        ConfigError: a setting is out of range.
    """
    chunks = simulate_chunks(leads, seed, chunk_rows=20_000, base_rate=base_rate, alignment=alignment)
    first = next(chunks)
    out.mkdir(parents=True, exist_ok=True)
    table = out / ("leads.parquet" if leads > CSV_LIMIT else "leads.csv")
    probability, converted, done = [], [], 0
    with (
        pq.ParquetWriter(out / "truth.parquet", _arrow(first.truth).schema) as truth_file,
        pq.ParquetWriter(table, _arrow(first.frame).schema)
        if leads > CSV_LIMIT
        else table.open("w", encoding="utf-8", newline="") as lead_file,
    ):
        for chunk in chain([first], chunks):
            if isinstance(lead_file, pq.ParquetWriter):
                lead_file.write_table(_arrow(chunk.frame))
            else:
                chunk.frame.to_csv(
                    lead_file, index=False, header=done == 0, lineterminator="\n", date_format="%Y-%m-%d %H:%M"
                )
            truth_file.write_table(_arrow(chunk.truth))
            probability.append(chunk.truth["probability"].to_numpy(np.float32))
            converted.append(chunk.truth["converted_in_the_end"].to_numpy(bool))
            done += len(chunk.frame)
            if on_progress:
                on_progress(done, leads)
    p, y = np.concatenate(probability), np.concatenate(converted)
    (out / "schema.toml").write_text(dump_schema(schema_for_sample(), _REMARKS), encoding="utf-8")
    known: dict[str, float | int] = {"leads": leads, "seed": seed, "base_rate": base_rate, "alignment": alignment}
    known |= {"conversions_in_the_end": int(y.sum()), "best_possible_auc": round(best_possible_auc(p), 4)}
    (out / "truth.json").write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")
    return known


def best_possible_auc(probability: np.ndarray) -> float:
    """The AUC expected of a model that knows every true probability, over all ways the outcomes could have fallen.

    Shape: probability (n,), each in (0, 1).

    Raises:
        NotComputable: with fewer than two leads.

    Example:
        >>> round(best_possible_auc(np.array([0.1, 0.9])), 2)
        0.9
    """
    if len(probability) < 2:
        raise NotComputable(f"the best possible AUC needs two leads or more, however: got={len(probability)}")
    outcome = np.repeat([1, 0], len(probability))
    weight = np.concatenate([probability, 1 - probability])
    return float(roc_auc_score(outcome, np.tile(probability, 2), sample_weight=weight))


def _finish(market: Market, block: Block, number: int, dialogue: bool) -> Simulation:
    """The block with model of interest, ticket title and dialogue."""
    rng = random.Random(market.seed * 1_000_003 + number)
    cars = models()
    frame = block.frame.copy()
    wanted = [cars[int(rng.random() ** 1.3 * len(cars))] for _ in range(len(frame))]
    titles = [draw_title(rng, car) for car in wanted] if dialogue else [f"{car} enquiry" for car in wanted]
    agents = frame["agent"].str[1:].astype(int).tolist()
    dialogues = [
        converse(rng, said, words, draw_scene(rng, agent, car)) if dialogue and words else ""
        for said, words, agent, car in zip(block.said.tolist(), block.words.tolist(), agents, wanted, strict=True)
    ]
    for name, values in {"model_of_interest": wanted, "ticket_title": titles, "dialogue": dialogues}.items():
        frame[name] = pd.Series(values, index=frame.index, dtype="str")
    known = [name for name in schema_for_sample().columns() if name not in _LAST]
    return Simulation(frame[[*known, *_LAST]], block.truth)


def _arrow(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame, preserve_index=False)


_NUMERIC = (
    "follow_ups_60d",
    "days_since_last_follow_up",
    "follow_up_on_time_share",
    "calls_30d",
    "calls_answered_share",
    "mean_call_minutes",
    "days_since_last_call",
    "incoming_calls_30d",
    "test_drives_booked_180d",
    "test_drives_cancelled_180d",
    "days_since_created",
    "duplicate_leads",
    "quoted_discount_percent",
    "team_size",
    "specialist_experience_months",
    "specialist_past_lock_in_rate",
    "specialist_open_leads",
)
_REMARKS = {
    "roles.converted": "1: locked in an order within 30 days of the snapshot, as far as known at the end of the file",
    "roles.stage": "deepest stage reached in those 30 days; known only afterwards, so not a feature",
    "roles.call_seconds": "talk in those 30 days; known only afterwards, so not a feature",
    "features.numeric": "all known at the snapshot",
}
_LAST = ["dialogue", "stage", "call_seconds", "converted"]
_CATEGORICAL = ("channel", "model_of_interest", "source", "city_tier", "trade_in")
