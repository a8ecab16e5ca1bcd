"""The door: scores and reasons of whatever ranks leads, masked where the run asks for it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core import scoring
from core.attribution import in_clear
from core.boosted.scorer import train_boosted
from core.data.leads import Leads
from core.errors import NotComputable, RunError
from core.neural.scorer import NeuralScorer
from core.progress import nobody
from core.training import train
from core.words import train_logistic
from tests.made import make_leads, tiny_config

SETTINGS = tiny_config("baselines=false", "rank_by=pairwise", "device=cpu")


def greeted_by(name: str, n: int = 120) -> Leads:
    """Leads whose dialogues name somebody."""
    leads = make_leads(n)
    opening = f"Specialist: Hello, this is {name} at Orin, call me on 0171 2345678.\n"
    return replace(leads, roles=leads.roles.assign(dialogue=(opening + leads.dialogue).astype("str")))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    card = train(greeted_by("Oskar"), SETTINGS, folder, watch=nobody)
    assert card["data"]["sha256"] == greeted_by("Oskar").content_hash  # of the data as the user has it
    return folder


def test_names_neither_train_nor_score(run: Path, tmp_path: Path) -> None:
    train(greeted_by("Priyanka"), SETTINGS, tmp_path / "run", watch=nobody)
    for name in ("heads.safetensors", "ranking.json"):
        assert (run / name).read_bytes() == (tmp_path / "run" / name).read_bytes()
    scorer = scoring.load_scorer(run, device="cpu")
    one, other = (scoring.score(greeted_by(name, 20), scorer).frame for name in ("Anna", "Bartholomew"))
    pd.testing.assert_frame_equal(one, other)
    assert isinstance(scorer, NeuralScorer)
    open_run = replace(scorer.run, config=replace(scorer.run.config, mask=False))
    bare = NeuralScorer(open_run, scorer.model, scorer.writer, scorer.device, "bare")
    one, other = (scoring.score(greeted_by(name, 20), bare).frame for name in ("Anna", "Bartholomew"))
    assert np.abs(one["score"] - other["score"]).max() > 1e-4


def test_reasons_are_in_masked_words_and_can_be_shown_in_clear(run: Path) -> None:
    scorer = scoring.load_scorer(run, device="cpu")
    leads = greeted_by("Oskar", 5)
    found = scoring.explain(scorer, leads, "L0002", head="pointwise")
    assert found.head == "pointwise"
    assert found.turns[0].text == "Hello, this is [name] at Orin, call me on [phone]."
    clear = in_clear(found, leads)
    assert clear.turns[0].text == "Hello, this is Oskar at Orin, call me on 0171 2345678."
    assert [c.value for c in clear.words] == [c.value for c in found.words]
    said = [c.name for c in clear.words if c.turn == 0]
    assert said == ["Hello,", "this", "is", "Oskar", "at", "Orin,", "call", "me", "on", "0171 2345678."]


def test_every_scorer_knows_the_schema_of_its_leads(run: Path) -> None:
    leads = make_leads()
    assert scoring.load_scorer(run).schema == leads.schema
    part, later = leads.take(np.arange(160)), leads.take(np.arange(160, 240))
    boosted, logistic = train_boosted(part, later, trials=1), train_logistic(part, later)
    assert boosted.schema == leads.schema and logistic.schema == leads.schema
    # A baseline has no parts and no reasons, and scores all the same.
    assert scoring.score(later, logistic, parts=True).frame.equals(scoring.score(later, logistic).frame)
    with pytest.raises(NotComputable, match="only a trained run explains"):
        scoring.explain(boosted, leads, "L0001")


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="'nothing' is none"):
        scoring.load_scorer(tmp_path / "nothing")
