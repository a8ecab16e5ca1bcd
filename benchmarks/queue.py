"""How quickly the queue answers at 1 and at 6 million leads, and in how much memory.

For each number of rows: makes a queue file of invented leads in a temporary folder (through `build_queue`, in a process
of its own) and asks it in another process what a page asks: each question many times over, each time another one, so
that no answer is at hand; statuses of one lead in a hundred, `--done` at most, lie over it. Prints the median and the
95th percentile, by the clock and of the processor's time in all threads, and that process's largest resident set. On
idle cores the clock lies between the processor's time and that over the threads.

    python -m benchmarks.queue [--rows 1000000 6000000] [--repeats 40] [--threads 2] [--json]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.reading import peak_mib

REGIONS, BRANDS, OWNERS = 16, 40, 400
GIVEN, FAMILY = 200, 2_000
PAGE, CAPACITY = 50, 40


def build(path: Path, rows: int, connection: Connection) -> None:
    """Runs in a child: `rows` seeded leads with 8 fields, 2 columns for people, 400 owners and reasons from 9 parts."""
    from core import funnel
    from core.data.leads import Leads
    from core.data.schema import Features, Roles, Schema
    from core.queue.build import build_queue
    from core.scores import PART, Scores

    rng = np.random.default_rng(0)

    def one_of(values: list[str]) -> pd.Series:
        return pd.Series(values).take(rng.integers(0, len(values), rows)).reset_index(drop=True)

    stages = funnel.PRESETS["automotive"]
    features = pd.DataFrame(
        {
            "age": rng.integers(18, 90, rows).astype(float),
            "visits": rng.poisson(3, rows).astype(float),
            "days_since_call": rng.exponential(20, rows),
            "price": rng.normal(3e4, 5e3, rows).round(2),
            "region": one_of([f"region {i}" for i in range(REGIONS)]),
            "channel": one_of(["web", "telephone", "fair", "recommended", "advertisement"]),
            "brand": one_of([f"brand {i}" for i in range(BRANDS)]),
            "device": one_of(["phone", "desk", "tablet"]),
        }
    )
    schema = Schema(
        Roles("lead_id", owner="owner", snapshot_time="snapshot_time", stage="stage"),
        Features(tuple(features.columns[:4]), tuple(features.columns[4:])),
        funnel=stages,
    )
    ids = pd.Series([f"L{number:08d}" for number in rng.permutation(rows)])
    roles = pd.DataFrame({"lead_id": ids, "customer_id": ids, "owner": one_of([f"person {i}" for i in range(OWNERS)])})
    roles["snapshot_time"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 7_200, rows), unit="h")
    roles = roles.assign(
        converted=np.nan, stage=rng.integers(-1, len(stages.stages), rows), call_seconds=0.0, dialogue=""
    )
    shown = pd.DataFrame({"lead_id": ids})
    names = [f"given{i} family{j}" for i in range(GIVEN) for j in range(FAMILY // GIVEN)]
    shown["name"] = one_of(names)
    shown["phone"] = [f"+49{number:010d}" for number in rng.integers(0, 10**10, rows)]
    logit = rng.normal(-3.5, 1.2, rows)
    parts = {PART + name: rng.normal(size=rows) for name in (*features.columns, "dialogue")}
    heads = {"pointwise_logit": logit, "pairwise_score": logit}
    scores = Scores.ranked(ids, logit, 1 / (1 + np.exp(-logit)), **heads, **parts)
    before, start = peak_mib(), time.perf_counter()
    build_queue(path, scores, Leads(roles, features, schema), shown=shown)
    connection.send({"seconds": time.perf_counter() - start, "leads_mib": before, "peak_mib": peak_mib()})


def ask(path: Path, rows: int, repeats: int, threads: int, done: int, connection: Connection) -> None:
    """Runs in a child: opens the queue and times each kind of question, none asked twice."""
    from core.queue.store import Queue
    from core.queue.view import View

    imports = peak_mib()
    times: dict[str, list[tuple[float, float]]] = {}

    def timed(name: str, question: Callable[..., object], *given: Any, **more: Any) -> None:
        start, worked = time.perf_counter(), time.process_time()
        question(*given, **more)
        took = (1000 * (time.perf_counter() - start), 1000 * (time.process_time() - worked))
        times.setdefault(name, []).append(took)

    rng = np.random.default_rng(1)
    timed("first rows", lambda: Queue(path).page(View(), 1, PAGE))
    queue = Queue(path)
    queue._file._connection.execute(f"SET threads = {int(threads)}")
    status = pd.DataFrame({"lead_id": [f"L{i:08d}" for i in range(min(rows // 100, done))]})
    status = status.assign(status=np.resize(["called", "won", "lost", "not_now"], len(status)), assigned_to="")
    timed("statuses, first time", queue.with_status, status)
    for _ in range(5):
        timed("statuses, after one more", queue.with_status, status)
    queue = queue.with_status(status)

    def shown(view: View, page: int = 1) -> None:
        """What a page asks: how many, and the rows."""
        queue.count(view)
        queue.page(view, page, PAGE, capacity=CAPACITY)

    columns = ("probability", "field:days_since_call", "shown:name", "field:region", "snapshot_time", "field:price")
    for n in range(repeats):
        region, brand, person = (str(rng.integers(number)) for number in (REGIONS, BRANDS, OWNERS))
        low = float(rng.uniform(0, 0.1))
        filters = (
            View(filters={"field:region": (f"region {region}",)}, probability=(low, 1.0)),
            View(filters={"field:region": (f"region {region}",), "field:brand": (f"brand {brand}",)}),
            View(filters={"owner": (f"person {person}",)}, probability=(low, 1.0)),
        )
        timed("filter", shown, filters[n % 3])
        order = View(sort=columns[n % 6], descending=bool(n // 6 % 2))
        if n < 12:
            timed("sort", shown, order)
        # A condition that nearly every lead meets, another each time.
        timed("sort with a filter", shown, replace(order, probability=(low / 1000, 1.0)))
        words = (
            f"given{rng.integers(GIVEN)} family{rng.integers(FAMILY // GIVEN)}",
            f"L{rng.integers(rows):08d}",
            str(rng.integers(10**6)),
        )
        timed("search", shown, View(search=words[n % 3]))
        timed("page turn", shown, View(), int(rng.integers(rows // PAGE)) + 1)
        timed("page turn of a search", shown, View(search="given7"), n + 1)
        timed("page turn in an order", shown, View(sort="field:price"), n + 2)
        timed("figures", queue.summary, View(probability=(low, 1.0)), CAPACITY)
        timed("figures of all leads", queue.summary, View(), CAPACITY)
        timed("figures, capacity per person", queue.summary, View(), 10 + n, True)
        timed("one lead", queue.lead, f"L{rng.integers(rows):08d}")
    timed("page in the middle of an order", shown, View(sort="shown:name"), rows // PAGE // 2)
    measured = {}
    for name, both in times.items():
        clock, worked = np.array(both).T
        measured[name] = {
            "median_ms": float(np.median(clock)),
            "p95_ms": float(np.percentile(clock, 95)),
            "cpu_median_ms": float(np.median(worked)),
            "cpu_p95_ms": float(np.percentile(worked, 95)),
            "asked": len(both),
        }
    connection.send({"times": measured, "imports_mib": imports, "peak_mib": peak_mib()})


def in_child(target: Callable[..., None], *arguments: object) -> dict:
    """What `target` sends back from a new process."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=target, args=(*arguments, theirs))
    process.start()
    theirs.close()
    result: dict = ours.recv()
    process.join()
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 6_000_000])
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--done", type=int, default=100_000, help="leads with a status, at most")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = {}
    for rows in options.rows:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "queue.parquet"
            made = in_child(build, path, rows)
            made["file_mib"] = path.stat().st_size / (1 << 20)
            results[rows] = {"build": made} | in_child(ask, path, rows, options.repeats, options.threads, options.done)
    if options.json:
        print(json.dumps(results, indent=2))
        return
    for rows, result in results.items():
        made = result["build"]
        print(f"\n{rows:,} leads: built in {made['seconds']:.0f} s, {made['file_mib']:.0f} MiB on disk; building took")
        print(f"{made['peak_mib'] - made['leads_mib']:.0f} MiB beside the leads' own {made['leads_mib']:.0f} MiB")
        print(f"{'':30} {'clock, ms':>15} {'processor, ms':>15}")
        print(f"{'question':30} {'median':>7} {'95%':>7} {'median':>7} {'95%':>7} {'asked':>6}")
        for name, took in result["times"].items():
            *figures, asked = took.values()
            print(f"{name:30} {' '.join(f'{figure:7.0f}' for figure in figures)} {asked:6}")
        print(f"peak memory {result['peak_mib']:.0f} MiB, of which imports {result['imports_mib']:.0f} MiB")


if __name__ == "__main__":
    main()
