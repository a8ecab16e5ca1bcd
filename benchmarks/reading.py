"""How fast, and in how much memory, a large CSV of leads is read by chunks.

Writes a CSV of `--rows` leads with 20 columns, a dialogue among them, to a temporary folder, reads it in a process of
its own and prints what that took, by the clock and of the processor's time, which a busy machine lengthens less. The
peak is that process's largest resident set; the part that the imports alone take is shown beside it.

    python -m benchmarks.reading [--rows 1000000] [--chunk-rows 50000] [--json]
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import random
import resource
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

TURNS = (
    "Customer: Hello, I would like to know more about the range in winter, please.",
    "Agent: Of course, it is about 480 kilometres; shall we arrange a test drive?",
    'Customer: My wife said "not before spring", so let me think about it.',
    "Agent: No problem; may I call you again next week, say on Tuesday?",
    "Customer: 好的，谢谢，下周再联系。",
)


def write(path: Path, rows: int) -> None:
    """Leads with 18 short fields, made of a seeded stock of lines so that writing does not take longer than reading."""
    generator = random.Random(0)
    fields = [[f"{generator.random():.4f}" for _ in range(18)] for _ in range(500)]
    dialogues = ["\n".join(generator.choices(TURNS, k=generator.randint(2, 10))) for _ in range(500)]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["lead_id", *(f"field_{n}" for n in range(18)), "dialogue"])
        writer.writerows((f"L{n:07d}", *generator.choice(fields), generator.choice(dialogues)) for n in range(rows))


def read(path: Path, chunk_rows: int, connection: Connection) -> None:
    """Runs in the child: reads every chunk, keeps none, and sends back what it took."""
    from core.data.reading import read_chunks

    before = peak_mib()
    start, worked, rows = time.perf_counter(), time.process_time(), 0
    for chunk in read_chunks(path, chunk_rows=chunk_rows):
        rows += len(chunk)
    seconds, worked = time.perf_counter() - start, time.process_time() - worked
    connection.send(
        {"rows": rows, "seconds": seconds, "cpu_seconds": worked, "imports_mib": before, "peak_mib": peak_mib()}
    )


def peak_mib() -> float:
    """Largest resident set of this process so far, MiB; the system counts in KiB, on macOS in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def measure(rows: int, chunk_rows: int) -> dict[str, float]:
    """Write, read in a child, and give seconds, rows a second and the peak in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "leads.csv"
        write(path, rows)
        receiver, sender = multiprocessing.Pipe(duplex=False)
        # Not a fork: that would begin with the parent's memory and count it.
        child = multiprocessing.get_context("spawn").Process(target=read, args=(path, chunk_rows, sender))
        child.start()
        sender.close()
        took = receiver.recv()
        child.join()
        size = path.stat().st_size / (1 << 20)
    return {**took, "file_mib": size, "rows_per_second": took["rows"] / took["seconds"], "chunk_rows": chunk_rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--chunk-rows", type=int, default=50_000)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    arguments = parser.parse_args()
    result = measure(arguments.rows, arguments.chunk_rows)
    if arguments.json:
        print(json.dumps({name: round(value, 2) for name, value in result.items()}))
        return
    for name, value in result.items():
        print(f"{name.replace('_', ' '):<16}{value:>14,.1f}")


if __name__ == "__main__":
    main()
