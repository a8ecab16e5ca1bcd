"""Six million leads end to end on one small machine: all that needs no language model, step by step.

Simulated leads (27 columns, a talk of two turns) go through the steps that a dataset takes in the app, each step in a
process of its own: what it took by the clock and of the processor's time, and that process's largest resident set.

    simulate    a Parquet file, written chunk by chunk
    validate    read, check and keep it as a dataset of a workspace
    split       train, calibration and test by time
    pairs       the training part's pairs, 20,000 of each tier drawn
    lay         the file read and checked to learn from, as the verb `train` does it, words left on disk; and split
    train       the fields-only scorer on `--train-leads` leads of the training and calibration parts
    score       every lead of the file, as the verb `score --parts` does it
    evaluate    the test part against its outcomes, with intervals of 2,000 resamples
    queue       the app's queue file with reasons
    ask         that queue opened, counted, filtered, searched and turned to its last page

Talks are cut to their first two turns and repeat after 40,000 leads, since drawing one for each takes longer than all
the rest; no step here reads what they say.

With `--folder` the files of each size are kept there, and `--steps` does some steps again on what is there.

    python -m benchmarks.six_million [--leads 100000 1000000 6140000] [--train-leads 50000] [--json] [--smoke]
    python -m benchmarks.six_million --leads 300000 --folder build/six --steps score queue
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.queue import in_child
from benchmarks.reading import peak_mib

PAPER = 6_140_000
"""Leads of the paper's production set."""
TALKS = 40_000
"""Talks that are drawn; they repeat after so many leads."""
PAIRS_PER_TIER = 20_000
"""As in a training run."""
MARKET: dict[str, Any] = {"base_rate": 0.0133, "alignment": 0.9}

Facts = dict[str, Any]
Step = Callable[[Path, int, int], Facts]
"""(folder, leads in all, leads to train on) -> what it found."""


def simulate(folder: Path, leads: int, _: int) -> Facts:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    from core.data.simulation import simulate_chunks

    drawn = next(simulate_chunks(min(leads, TALKS), 1, chunk_rows=TALKS, **MARKET)).frame["dialogue"]
    talks = drawn.str.split("\n").str[:2].str.join("\n").to_numpy(dtype=object)
    writer, done = None, 0
    for chunk in simulate_chunks(leads, 0, dialogue=False, **MARKET):
        size = len(chunk.frame)
        said = talks[np.arange(done, done + size) % len(talks)]
        table = pa.Table.from_pandas(chunk.frame.assign(dialogue=pd.Series(said, dtype="str")), preserve_index=False)
        writer = writer or pq.ParquetWriter(folder / "leads.parquet", table.schema)
        writer.write_table(table)
        done += size
    if writer is not None:
        writer.close()
    size = (folder / "leads.parquet").stat().st_size
    return {"leads": done, "file_mib": size / (1 << 20), "mean_characters": float(pd.Series(talks).str.len().mean())}


def validate(folder: Path, leads: int, _: int) -> Facts:
    from core.data.simulation import schema_for_sample
    from core.data.validation import load_leads
    from core.workspace.datasets import add_dataset
    from core.workspace.store import open_workspace

    found, report = load_leads(folder / "leads.parquet", schema_for_sample(), need_outcome=True)
    read = peak_mib()
    kept = add_dataset(
        open_workspace(folder / "workspace"), name="leads", source_name="", leads=found, report=report, by="benchmark"
    )
    (folder / "dataset").write_text(kept.id, "utf-8")
    return {"leads": len(found), "warnings": len(report.warnings), "read_peak_mib": read}


def split(folder: Path, leads: int, _: int) -> Facts:
    from core.data.splitting import split_by_time

    parts = split_by_time(_outcomes(folder))
    rows = {name: getattr(parts, name) for name in ("train", "calibration", "test")}
    np.savez(folder / "parts.npz", **rows)
    return {name: len(part) for name, part in rows.items()}


def pairs(folder: Path, leads: int, _: int) -> Facts:
    from core.data.pairs import Pairing

    train = _outcomes(folder).take(_rows(folder, "train"))
    pairing = Pairing.fit(train)
    drawn = pairing.pairs(train.stage, train.converted, train.call_seconds, limit=PAIRS_PER_TIER)
    return {tier.name: int(count) for tier, count in zip(drawn.tiers, drawn.counts, strict=True)}


def lay(folder: Path, leads: int, _: int) -> Facts:
    import psutil

    from core.data.big_files import map_leads
    from core.data.simulation import schema_for_sample
    from core.data.splitting import split_by_time

    shutil.rmtree(folder / "mapped", ignore_errors=True)
    found, _warnings = map_leads(folder / "leads.parquet", schema_for_sample(), folder / "mapped")
    parts, memory = split_by_time(found), psutil.Process().memory_info()
    held = (memory.rss - getattr(memory, "shared", 0)) / (1 << 20)
    return {"leads": len(found), "train": len(parts.train), "sha256": found.content_hash[:16], "held_mib": held}


def train(folder: Path, leads: int, train_leads: int) -> Facts:
    from dataclasses import replace

    from core.config import Config
    from core.data.leads import Leads
    from core.data.schema import Split
    from core.progress import nobody
    from core.training import train as train_whole
    from core.workspace.datasets import leads_of

    known = np.concatenate([_rows(folder, "train"), _rows(folder, "calibration")])
    rows = np.sort(np.random.default_rng(0).permutation(known)[:train_leads])
    ids = _outcomes(folder).lead_id.iloc[rows].tolist()
    stored = leads_of(_workspace(folder), _dataset(folder), ids)
    schema = replace(
        stored.schema,
        roles=replace(stored.schema.roles, dialogue=()),
        features=replace(stored.schema.features, text=()),
        split=Split(maturity_days=0.0, train_share=1.0),
    )
    fields = stored.features[list(schema.features.columns())]
    taken = Leads(stored.roles.assign(dialogue=""), fields, schema)
    settings = Config(fields="tower", baselines=False, mask=False)
    shutil.rmtree(folder / "run", ignore_errors=True)
    card = train_whole(taken, settings, folder / "run", watch=nobody)
    return {"leads": len(taken), "auc_of_the_calibration_part": card["metrics"]["auc"]["value"]}


def score(folder: Path, leads: int, _: int) -> Facts:
    from core.bulk.whole import score_file

    done = score_file(folder / "run", folder / "leads.parquet", folder / "scores.parquet", device="cpu", parts=True)
    return {"leads": done.scored}


def evaluate(folder: Path, leads: int, _: int) -> Facts:
    from core.evaluation import evaluate as hold_against_outcomes
    from core.scores import read_scores

    found = hold_against_outcomes(
        read_scores(folder / "scores.parquet"), _outcomes(folder), rows=_rows(folder, "test")
    ).to_dict()
    return {"leads": found["leads"], "converted": found["converted"], "auc": found["auc"]}


def queue(folder: Path, leads: int, _: int) -> Facts:
    from core.queue.build import build_queue
    from core.queue.sources import RankedFile
    from core.workspace.datasets import stored_leads

    path = folder / "queue.parquet"
    build_queue(path, RankedFile(folder / "scores.parquet"), stored_leads(_workspace(folder), _dataset(folder)))
    return {"file_mib": path.stat().st_size / (1 << 20)}


def ask(folder: Path, leads: int, _: int) -> Facts:
    from core.queue.store import Queue
    from core.queue.view import View

    took = {}
    start = time.perf_counter()

    def lap(name: str) -> None:
        nonlocal start
        took[name], start = 1000 * (time.perf_counter() - start), time.perf_counter()

    opened = Queue(folder / "queue.parquet")
    opened.page(View(), 1, 50)
    lap("first_rows_ms")
    opened.page(View(filters={"field:channel": ("website",)}), 1, 50)
    lap("filter_ms")
    opened.page(View(search="L0000042"), 1, 50)
    lap("search_ms")
    opened.page(View(), max(leads // 50, 1), 50)
    lap("last_page_ms")
    return {"leads": opened.count(View()), **took}


STEPS: tuple[Step, ...] = (simulate, validate, split, pairs, lay, train, score, evaluate, queue, ask)


def _workspace(folder: Path) -> Any:
    from core.workspace.store import open_workspace

    return open_workspace(folder / "workspace")


def _dataset(folder: Path) -> str:
    return (folder / "dataset").read_text("utf-8")


def _outcomes(folder: Path) -> Any:
    from core.workspace.datasets import outcomes_of

    return outcomes_of(_workspace(folder), _dataset(folder))


def _rows(folder: Path, part: str) -> np.ndarray:
    with np.load(folder / "parts.npz") as parts:
        return parts[part]


def taken(name: str, folder: Path, leads: int, train_leads: int, connection: Connection) -> None:
    """Runs in a child: one step, what it found and what it took."""
    step = next(step for step in STEPS if step.__name__ == name)
    start, worked = time.perf_counter(), time.process_time()
    found = step(folder, leads, train_leads)
    spent = {"seconds": time.perf_counter() - start, "cpu_seconds": time.process_time() - worked}
    connection.send({**spent, "peak_mib": peak_mib(), "found": found})


def measure(
    leads: int, train_leads: int, say: Callable[[str], None], steps: Sequence[str], kept: Path | None
) -> dict[str, dict[str, Any]]:
    """The steps at this size, by name; all files are gone afterwards, or stay in `kept`."""
    results = {}
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() if kept is None else nullcontext(kept) as folder:
        for step in steps:
            results[step] = took = in_child(taken, step, Path(folder), leads, train_leads)
            spent = (
                f"{took['seconds']:8.1f} s {took['cpu_seconds']:8.1f} s of the processor {took['peak_mib']:7.0f} MiB"
            )
            say(f"{leads:>9,} {step:<9}{spent}  {took['found']}")
    return results


def growth(results: dict[int, dict[str, dict[str, Any]]]) -> dict[str, float]:
    """By step, how the processor's time a lead grew between the two largest sizes; 1 = in proportion."""
    few, many = sorted(results)[-2:]
    return {
        name: (results[many][name]["cpu_seconds"] / many) / (results[few][name]["cpu_seconds"] / few)
        for name in results[few]
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, nargs="+", default=[100_000, 1_000_000, PAPER])
    parser.add_argument("--train-leads", type=int, default=50_000)
    names = [step.__name__ for step in STEPS]
    parser.add_argument("--steps", nargs="+", choices=names, default=names, help="those before must have left --folder")
    parser.add_argument("--folder", type=Path, help="keep the files of each size in a folder of its own in this one")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--smoke", action="store_true", help="few leads: only to see that it runs")
    options = parser.parse_args()
    if options.steps != names and options.folder is None:
        parser.error("--steps needs a --folder in which the steps before have left their files")
    sizes, train_leads = ([4_000], 1_000) if options.smoke else (options.leads, options.train_leads)
    say: Callable[[str], None] = (lambda text: None) if options.json else (lambda text: print(text, flush=True))
    results = {}
    for leads in sizes:
        kept = None if options.folder is None else options.folder / str(leads)
        results[leads] = measure(leads, train_leads, say, options.steps, kept)
    if options.json:
        print(json.dumps({"steps": results, "growth": growth(results) if len(results) > 1 else {}}))
        return
    print(f"\n{'':<10}" + "".join(f"{f'{leads:,} leads':>28}" for leads in results))
    print(f"{'step':<10}" + f"{'s':>10}{'s, cpu':>9}{'MiB':>9}" * len(results))
    for name in results[sizes[0]]:
        row = (results[leads][name] for leads in results)
        cells = (f"{one['seconds']:10.1f}{one['cpu_seconds']:9.1f}{one['peak_mib']:9.0f}" for one in row)
        print(f"{name:<10}" + "".join(cells))
    if len(results) > 1:
        told = ", ".join(f"{name} {ratio:.2f}" for name, ratio in growth(results).items())
        print(f"processor's time a lead, the largest size over the next: {told}")


if __name__ == "__main__":
    main()
