"""Runs on the tiny backbone, trained once for the whole session."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.neural.trainer import Trained, train_run
from core.progress import nobody
from tests.made import make_leads, tiny_config


@pytest.fixture(scope="session")
def probed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    """The probe alone."""
    work = tmp_path_factory.mktemp("probed")
    yield train_run(make_leads(), np.arange(160), np.arange(160, 240), tiny_config(), work, nobody)


@pytest.fixture(scope="session")
def work_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")
