"""What a training run holds in memory, step by step, as the number of leads grows.

Simulated leads (27 columns, three talks each, which repeat after 10,000 leads) are trained on as the verb `train` does
it, on the two-layer language model of random weights and 192 tokens of each lead, so that the steps before and after it
show; LoRA learns from every training lead for one epoch, heads are fitted to as many as `memory_gb` says. Each size is
a process of its own. `held` is resident memory less what is mapped from files, which the system may drop at any time.

    python -m benchmarks.training_memory [--leads 20000 100000] [--memory-gb 0.05] [--json] [--smoke]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import psutil

from benchmarks.queue import in_child

TALKS = 10_000
RATE = 0.1
EVERY = 0.05
"""Seconds between two looks at memory."""


def simulate(path: Path, leads: int, line: Connection) -> None:
    """Sends {leads, mean_characters}."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    from core.data.simulation import simulate_chunks

    one = next(simulate_chunks(min(leads, TALKS), 1, chunk_rows=TALKS, base_rate=RATE)).frame["dialogue"]
    talks = [np.roll(one.to_numpy(dtype=object), shift) for shift in range(3)]
    drawn = talks[0] + "\n" + talks[1] + "\n" + talks[2]
    writer, done = None, 0
    for chunk in simulate_chunks(leads, 0, dialogue=False, base_rate=RATE):
        size = len(chunk.frame)
        said = drawn[np.arange(done, done + size) % len(drawn)]
        table = pa.Table.from_pandas(chunk.frame.assign(dialogue=pd.Series(said, dtype="str")), preserve_index=False)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
        done += size
    assert writer is not None
    writer.close()
    line.send({"leads": done, "mean_characters": float(pd.Series(drawn).str.len().mean())})


def train(path: Path, memory_gb: float, line: Connection) -> None:
    """Sends {steps: {name: {seconds, held_mib, resident_mib}}, decisions, auc}."""
    from core.config import PRESETS, with_settings
    from core.console import load_mapped
    from core.data.simulation import schema_for_sample
    from core.progress import Event
    from core.training import train as train_whole
    from core.unfinished import begun

    process, step, steps = psutil.Process(), ["read"], dict[str, dict[str, float]]()
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(EVERY):
            memory, began = process.memory_info(), time.process_time()
            seen = steps.setdefault(step[0], {"began": began, "held_mib": 0.0, "resident_mib": 0.0, "ended": began})
            seen["held_mib"] = max(seen["held_mib"], (memory.rss - getattr(memory, "shared", 0)) / (1 << 20))
            seen["resident_mib"] = max(seen["resident_mib"], memory.rss / (1 << 20))
            seen["ended"] = began

    def watch(event: Event) -> None:
        step[0] = event.phase.partition(":")[0]

    threading.Thread(target=look, daemon=True).start()
    settings = ["backbone=tiny", "depth=2", "fields=tower", "pairs=tiers", "epochs=1", "batch_leads=256"]
    settings += ["max_tokens=192", "encode_limit=0", f"memory_gb={memory_gb}"]
    with begun(path.with_name("run"), False) as work:
        leads = load_mapped(path, schema_for_sample(), work / "leads")
        card = train_whole(
            leads, with_settings(PRESETS["cpu-quick"], settings), path.with_name("run"), resume=True, watch=watch
        )
    ended.set()
    for seen in steps.values():
        seen["seconds"] = seen.pop("ended") - seen.pop("began")
    line.send({"steps": steps, "decisions": card["decisions"], "split": card["data"]["split"]})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, nargs="+", default=[20_000, 100_000])
    parser.add_argument("--memory-gb", type=float, default=0.05)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    results = {}
    for leads in [600] if options.smoke else options.leads:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "leads.parquet"
            made = in_child(simulate, path, leads)
            results[leads] = made | in_child(train, path, options.memory_gb)
    if options.json:
        print(json.dumps(results, indent=2))
        return
    for leads, found in results.items():
        parts = ", ".join(f"{name} {count:,}" for name, count in found["split"].items())
        print(f"{leads:,} leads ({parts}), {found['mean_characters']:,.0f} characters each")
        for name, seen in found["steps"].items():
            print(
                f"  {name[:60]:60s} {seen['seconds']:8.1f} s of the processor, {seen['held_mib']:8,.0f} MiB held, "
                f"{seen['resident_mib']:8,.0f} resident"
            )


if __name__ == "__main__":
    main()
