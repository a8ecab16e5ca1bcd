"""The promises that hold for the tree as a whole rather than for one module."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CORE = sorted((ROOT / "core").rglob("*.py"))
TEXT = {".py", ".md", ".toml", ".txt", ".csv", ".json", ".jsonl", ".yml", ".yaml", ".sh", ""}
TRAINS = (
    "core.training",
    "core.benchmark.recipes",
    "core.benchmark.running",
    "core.benchmark_commands",
    *(f"core.decisions.segments.{name}" for name in ("arms", "calibration", "kept", "recovery", "training")),
    "core.segment_commands",
)
"""Stand on the neural room, so that what imports them has to do so late."""
MAY_IMPORT_LATE = {"core/scoring.py", "core/commands.py", "core/__main__.py"} | {
    f"core/jobs/{name}.py" for name in ("arrivals", "benchmarks", "running", "segmentations", "talks", "trainings")
}
"""The jobs too: pages start and watch them, and must not wait for torch."""
SCRIPTS = ROOT / "core" / "workspace" / "migrations"
"""What alembic runs by file name: no package."""


def files() -> Iterator[Path]:
    """Every file of the project itself: no environment, caches, version control or runs."""
    for folder, folders, names in os.walk(ROOT):
        top = Path(folder) == ROOT
        folders[:] = [
            name
            for name in folders
            if name not in {".git", ".venv", "__pycache__"}
            and not name.endswith("_cache")
            and not (top and name in {".hypothesis", "runs", "build", "workspace"})
        ]
        yield from (Path(folder) / name for name in names)


def name_of(path: Path) -> str:
    """`core/data/leads.py` -> `core.data.leads`; a package goes by its folder."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> set[str]:
    """Top-level names of all absolute imports of a file."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def pins(name: str) -> list[str]:
    """The lines of a requirements file that are not remarks."""
    return [line for line in (ROOT / name).read_text().splitlines() if line.strip() and not line.startswith("#")]


def test_every_make_target_that_the_readme_names_exists() -> None:
    readme = ROOT / "README.md"
    if not readme.exists():
        pytest.skip("there is no README yet")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = readme.read_text(encoding="utf-8")
    blocks = "".join(re.findall(r"^```.*?^```", text, re.DOTALL | re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)", text))
    named |= set(re.findall(r"(?:^|&& |\$ )make ([a-z-]+)", blocks, re.MULTILINE))
    assert named, "the README must say which make target to begin with"
    assert named <= targets


def test_ci_runs_what_a_developer_runs() -> None:
    run = ROOT / ".ci" / "run"
    assert os.access(run, os.X_OK)
    assert run.read_text().splitlines()[-1] == "make test"


def test_no_module_grows_past_300_lines() -> None:
    lengths = {place(path): len(path.read_text(encoding="utf-8").splitlines()) for path in CORE}
    assert not {path: length for path, length in lengths.items() if length > 300}


def test_packages_hold_their_map_and_nothing_else() -> None:
    for path in CORE:
        if path.name == "__init__.py":
            body = tree(path).body
            assert len(body) == 1 and ast.get_docstring(tree(path)), f"{place(path)} must hold a docstring alone"


def test_every_folder_of_core_is_a_package_and_none_of_tests_is() -> None:
    modules = [path for path in CORE if SCRIPTS not in path.parents]
    assert not [place(path.parent) for path in modules if not (path.parent / "__init__.py").exists()]
    # One below tests/ would hide the real `core` behind tests/core.
    assert not [place(path) for path in (ROOT / "tests").rglob("__init__.py")]


def test_late_imports_stand_only_at_the_door_and_in_the_command_line() -> None:
    late = {
        f"{place(path)}:{node.lineno}"
        for path in CORE
        if place(path) not in MAY_IMPORT_LATE
        for function in ast.walk(tree(path))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert not late


def test_importing_all_but_the_neural_room_leaves_torch_out() -> None:
    names = [name_of(path) for path in CORE if not name_of(path).startswith(("core.neural", *TRAINS))]
    code = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(name)\n"
        "    for heavy in ('torch', 'transformers', 'streamlit'):\n"
        "        if heavy in sys.modules: sys.exit(f'{name} imports {heavy}')\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *names], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", sorted(ROOT.glob("requirements*.txt")), ids=lambda path: path.name)
def test_requirements_are_exact_versions(path: Path) -> None:
    lines = pins(path.name)
    assert lines
    assert not [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+(\[[a-z]+\])?==[0-9][A-Za-z0-9.]*", line)]


def test_torch_is_the_first_requirement() -> None:
    assert pins("requirements.txt")[0].startswith("torch==")


@pytest.mark.parametrize(
    ("folder", "requirements"),
    [
        ("core", ["requirements.txt", "requirements-cluster.txt"]),
        ("pages", ["requirements.txt"]),
        ("tests", ["requirements.txt", "requirements-dev.txt"]),
        ("benchmarks", ["requirements.txt", "requirements-dev.txt", "requirements-bench.txt"]),
    ],
    ids=["core", "pages", "tests", "benchmarks"],
)
def test_what_is_imported_is_required(folder: str, requirements: list[str]) -> None:
    pinned = {re.split(r"\[|==", line)[0].lower().replace("_", "-") for name in requirements for line in pins(name)}
    providers = packages_distributions()
    ours = {"core", "pages", "tests", "benchmarks"} | {path.stem for path in (ROOT / folder).rglob("*.py")}
    missing = {
        f"{place(path)}: {module}"
        for path in (ROOT / folder).rglob("*.py")
        for module in imported(path) - set(sys.stdlib_module_names) - ours
        if not {name.lower().replace("_", "-") for name in providers.get(module, [module])} & pinned
    }
    assert not missing


def test_no_file_names_a_place_on_one_machine() -> None:
    pattern = re.compile(r"(?<![\w.~}])/(?:home|root|work|opt|mnt|Users)/\w|[A-Z]:\\Users\\")
    found = [
        f"{place(path)}: {match.group()}"
        for path in files()
        if path.suffix in TEXT
        for match in [pattern.search(path.read_text(encoding="utf-8", errors="replace"))]
        if match
    ]
    assert not found
