"""The first start: once, whole, quick, whoever else starts at the same moment."""

import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.schema import load_schema
from core.data.splitting import open_rows
from core.data.validation import load_leads
from core.jobs import shipped
from core.scores import Scores
from core.workspace.datasets import archive_dataset, datasets
from core.workspace.runs import run_folder, run_in_use, runs
from core.workspace.scorings import scoring_in_use, scorings
from core.workspace.store import Workspace, open_workspace
from tests.core.jobs.kept import keep
from tests.made import make_leads

SAMPLE = Path(__file__).parents[3] / "sample_data"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """sample_data with scores beside: made up here, for what ships may change."""
    place = tmp_path_factory.mktemp("sample")
    for name in ("leads.csv", "schema.toml", "model"):
        (place / name).symlink_to(SAMPLE / name)
    leads, _ = load_leads(place / "leads.csv", load_schema(place / "schema.toml"))
    ids = leads.lead_id.to_numpy(dtype=object)[open_rows(leads)]
    rng = np.random.default_rng(0)
    parts = {"part:channel": rng.normal(size=len(ids)), "part:dialogue": rng.normal(size=len(ids))}
    scores = Scores.ranked(ids, rng.normal(size=len(ids)), rng.random(len(ids)), **parts)
    scores.frame.to_parquet(place / "open_scores.parquet", index=False)
    return place


def test_two_first_starts_bring_one_sample(home: Path, tmp_path: Path) -> None:
    told: list[list[str]] = []
    open_workspace(tmp_path / "ws")
    threads = [
        threading.Thread(target=lambda: told.append(shipped.bring_in_sample(open_workspace(tmp_path / "ws"), home)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ws = open_workspace(tmp_path / "ws")
    assert sorted(map(len, told)) == [0, 3]
    sample, model = datasets(ws)[0], run_in_use(ws)
    assert [d.name for d in datasets(ws)] == [shipped.NAME] and sample.leads == 4000
    assert model is not None and [r.id for r in runs(ws)] == [model.id] and model.dataset_id == sample.id
    assert (run_folder(ws, model.id) / "manifest.json").read_bytes() == (SAMPLE / "model/manifest.json").read_bytes()
    first = scoring_in_use(ws, sample.id)
    assert first is not None and (first.part, first.reason, first.leads) == ("open", "first", sample.open_leads)


def test_an_interrupted_first_start_is_completed(home: Path, ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(shipped, "add_run", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            shipped.bring_in_sample(ws, home)
    assert len(datasets(ws)) == 1 and runs(ws) == [] and list((ws.folder / "runs").iterdir()) == []
    assert len(shipped.bring_in_sample(ws, home)) == 2
    assert shipped.bring_in_sample(ws, home) == []
    archive_dataset(ws, datasets(ws)[0].id, "ann")
    assert shipped.bring_in_sample(ws, home) == [] and datasets(ws) == []
    assert len(scorings(ws)) == 1


def test_a_workspace_with_leads_of_its_own_is_left_alone(home: Path, ws: Workspace) -> None:
    own = keep(ws, make_leads(30))
    assert shipped.bring_in_sample(ws, home) == []
    assert [d.id for d in datasets(ws)] == [own.id] and runs(ws) == []


def test_the_shipped_scores_fit_the_shipped_leads() -> None:
    if not (SAMPLE / "open_scores.parquet").is_file():
        pytest.skip("no scores ship yet")
    leads, _ = load_leads(SAMPLE / "leads.csv", load_schema(SAMPLE / "schema.toml"))
    frame = pd.read_parquet(SAMPLE / "open_scores.parquet")
    assert set(frame["lead_id"]) == set(leads.lead_id.iloc[open_rows(leads)])
    assert any(str(name).startswith("part:") for name in frame)
