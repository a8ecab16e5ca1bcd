"""The queue's benchmark runs as its README says; how long anything takes is measured elsewhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path


def test_each_question_is_asked_and_answered() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.queue", "--rows", "3000", "--repeats", "3", "--json"],
        cwd=Path(__file__).resolve().parents[2],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    (result,) = json.loads(done.stdout).values()
    asked = {name: took["asked"] for name, took in result["times"].items()}
    assert {"first rows", "filter", "sort", "search", "page turn"} <= asked.keys()
    assert asked["filter"] == asked["search"] == asked["page turn"] == 3
    assert all(0 < took["median_ms"] <= took["p95_ms"] for took in result["times"].values())
    assert result["peak_mib"] > result["imports_mib"] and result["build"]["file_mib"] > 0
