"""Two small runs, trained once for all files, and a lead file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lead_files import table, trained
from tests.made import make_leads


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reads the dialogues with the tiny language model."""
    return trained(tmp_path_factory.mktemp("runs") / "words", make_leads(160))


@pytest.fixture(scope="session")
def fields(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reads fields alone."""
    leads = make_leads(160, words=False)
    return trained(tmp_path_factory.mktemp("runs") / "fields", leads)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "leads.csv"
    table().to_csv(path, index=False)
    return path
