"""The verb `benchmark`: many ways to rank the same leads, and which to use."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from pathlib import Path

from core.answers import Answer, as_json
from core.benchmark.arms import choose
from core.benchmark.asked import Asked, check_columns
from core.benchmark.results import Results
from core.benchmark.running import run_benchmark
from core.benchmark.store import read_results
from core.benchmark.table import RESAMPLES, build_table
from core.benchmark.verdict import verdict
from core.benchmark_report.files import html_report, markdown_report
from core.config import load_config, with_settings
from core.console import load_noted, tell
from core.data.schema import load_schema
from core.errors import ConfigError, NotComputable

QUICK = 200
"""Resamples of the table while arms are still to come; the last table has them all."""
PAUSE = 60.0
"""Seconds between two tables on the way."""


def benchmark(
    leads: Path,
    schema: Path,
    out: Path,
    arms: list[str],
    seeds: int,
    trials: int,
    budget: float | None,
    capacity: float,
    known_stage: str,
    recency: str,
    allow: list[str],
    preset: str,
    assignments: list[str],
) -> Answer:
    """Compare, and write results.parquet, report.md and report.html into `out`."""
    contract = load_schema(schema)
    if budget is not None and not budget > 0:
        raise ConfigError(f"--budget is a number of minutes above 0, however: got={budget:g}")
    config = with_settings(load_config(None, preset), assignments)
    asked = Asked(tuple(arms), seeds, trials, capacity, known_stage, recency, tuple(allow))
    # What is asked wrongly is told before a large file is read.
    choose(asked.arms, contract.funnel)
    check_columns(contract, asked)
    told, notes = load_noted(leads, contract)
    found = run_benchmark(told, config, asked, out, minutes=budget, data_notes=notes, watch=tell, tell=_now_and_then())
    if not found.trials:
        return _nothing_yet(found, out)
    document, text = write_report(found, out, RESAMPLES)
    return Answer({**document, "out": str(out)}, f"{text}\nThe whole of it is in {out / 'report.html'}")


def write_report(found: Results, out: Path, resamples: int) -> tuple[dict, str]:
    """Write table and reports of what there is, each whole or not at all.

    Returns:
        Verdict and rows as JSON, and the words for a person.
    """
    table = build_table(found, resamples=resamples)
    said = verdict(table)
    frame, stream = table.to_frame(), io.BytesIO()
    frame.to_parquet(stream, index=False)
    made = {
        "results.parquet": stream.getvalue(),
        "report.md": markdown_report(table, said).encode(),
        "report.html": html_report(table, said).encode(),
    }
    for name, content in made.items():
        (out / f"{name}.part").write_bytes(content)
    for name in made:
        os.replace(out / f"{name}.part", out / name)
    rows = as_json(frame)
    return _document(found, said.to_dict(), rows), "\n".join((*said.answer, *said.cautions))


def _document(found: Results, said: dict | None, rows: list) -> dict:
    waiting = {"waiting": list(found.waiting), "held_up": found.held_up}
    return {"verdict": said, "results": rows, "left_out": found.left_out, **waiting}


def _nothing_yet(found: Results, out: Path) -> Answer:
    if not found.waiting:
        reasons = "; ".join(f"{found.arms[key].title}: {reason}" for key, reason in found.left_out.items())
        raise NotComputable(f"none of what was asked for can run on these leads: {reasons}")
    text = f"Nothing has finished yet, {len(found.waiting)} wait: the same command goes on where this one stopped."
    for reason in dict.fromkeys(found.held_up.values()):
        text += f"\nHeld up: {reason}"
    return Answer({**_document(found, None, []), "out": str(out)}, text)


def _now_and_then() -> Callable[[Path], None]:
    """Writes the reports at most once in PAUSE seconds: they can be watched while arms are still to come."""
    last = time.monotonic()

    def write(out: Path) -> None:
        nonlocal last
        if time.monotonic() - last > PAUSE:
            found = read_results(out)
            if found.trials and found.waiting:
                write_report(found, out, QUICK)
            last = time.monotonic()

    return write
