"""A benchmark made tiny, as its tests run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def run(script: str, *arguments: str) -> dict[str, Any]:
    """What `python -m benchmarks.SCRIPT --smoke --json` prints, which must be one JSON object and nothing else."""
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{script}", "--smoke", "--json", *arguments],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
