"""One comparison at a time in a folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.benchmark.holding import HELD, held
from core.benchmark.store import claim
from core.errors import RunError

ROOT = Path(__file__).parents[3]


def test_a_second_one_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with held(out):
        claim(out, {"leads": "abc"})
        with (
            pytest.raises(RunError, match=r"another comparison runs in 'out' \(since \d+ .* UTC, process \d+\)"),
            held(out),
        ):
            pass
        assert {path.name for path in out.iterdir()} >= HELD
    assert [path.name for path in out.iterdir()] == ["request.json"]
    with held(out):
        claim(out, {"leads": "abc"})


def test_a_process_that_dies_gives_it_back(tmp_path: Path) -> None:
    code = "import os, sys; from pathlib import Path; from core.benchmark.holding import held\n"
    code += "with held(Path(sys.argv[1])): print('held', flush=True); os._exit(1)"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "held\n" and (tmp_path / "running.txt").exists()
    with held(tmp_path):
        claim(tmp_path, {"leads": "abc"})
    assert [path.name for path in tmp_path.iterdir()] == ["request.json"]


def test_a_new_folder_that_came_to_nothing_is_not_left_behind(tmp_path: Path) -> None:
    with pytest.raises(ValueError), held(tmp_path / "out"):
        raise ValueError
    assert not (tmp_path / "out").exists()
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(RunError, match="'file' is a file"), held(tmp_path / "file"):
        pass
