"""Training with what people said of pairs and leads: used, counted, told, and never of the leads that test it."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from core.__main__ import main
from core.config import Config
from core.data.leads import Leads
from core.data.reviews import Review, to_frame
from core.data.splitting import split_by_time
from core.engine import Engine
from core.errors import RunError
from core.exports import safe_csv
from core.jobs import records
from core.progress import nobody
from core.training import train
from core.workspace.reviews import add_review, withdraw
from core.workspace.runs import run as run_of
from core.workspace.store import open_workspace
from tests.core.jobs.kept import TINY, keep
from tests.made import make_leads, tiny_config

LEADS = make_leads(words=False)
PARTS = split_by_time(LEADS)
IDS = LEADS.lead_id.tolist()
FIRST, SECOND, LAST = IDS[PARTS.train[0]], IDS[PARTS.train[1]], IDS[PARTS.test[0]]
SAID = (
    Review("prefer", chosen=FIRST, rejected=SECOND, by="ana"),
    Review("skip_lead", lead_id=IDS[PARTS.train[2]], by="bo"),
    Review("relabel", lead_id=IDS[PARTS.train[3]], converted=1 - LEADS.converted[PARTS.train[3]], by="ana"),
    Review("prefer", chosen=FIRST, rejected=LAST, by="cy"),
    Review("relabel", lead_id=LAST, converted=1 - LEADS.converted[PARTS.test[0]], by="cy"),
)


def fields_alone() -> Config:
    return tiny_config("baselines=false")


def test_the_card_says_what_was_used_and_the_test_stays_as_it_is(tmp_path: Path) -> None:
    plain = train(LEADS, fields_alone(), tmp_path / "plain", watch=nobody)
    card = train(LEADS, fields_alone(), tmp_path / "run", reviews=SAID, watch=nobody)
    assert "reviews" not in plain
    told = {name: card["reviews"][name] for name in ("pairs", "exclusions", "relabels", "outside", "by")}
    assert told == {"pairs": 1, "exclusions": 1, "relabels": 1, "outside": 2, "by": ["ana", "bo"]}
    assert card["reviews"]["summary"] in (tmp_path / "run" / "README.md").read_text("utf-8")
    assert card["data"] == plain["data"], "the data are counted as the file has them"
    assert card["metrics"]["converted"] == plain["metrics"]["converted"]
    assert sum(tier["pairs"] for tier in card["tiers"]) != sum(tier["pairs"] for tier in plain["tiers"])


def test_a_run_is_not_continued_with_other_reviews(tmp_path: Path) -> None:
    def stop(_event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(LEADS, fields_alone(), tmp_path / "run", reviews=SAID, watch=stop)
    with pytest.raises(RunError, match="other leads, settings or reviews"):
        train(LEADS, fields_alone(), tmp_path / "run", reviews=SAID[:1], resume=True, watch=nobody)
    changed = replace(fields_alone(), engine=Engine(precision="bf16"))
    with pytest.raises(RunError, match="other leads, settings or reviews"):
        train(LEADS, changed, tmp_path / "run", reviews=SAID, resume=True, watch=nobody)
    saving = replace(fields_alone().engine, checkpointing=True, compile=True, cache_gb=1.0)
    with pytest.raises(KeyboardInterrupt):
        train(LEADS, replace(fields_alone(), engine=saving), tmp_path / "run", reviews=SAID, resume=True, watch=stop)


def test_a_job_takes_the_reviews_that_were_ticked_also_when_it_was_asked_before_one_was_withdrawn(
    tmp_path: Path,
) -> None:
    ws = open_workspace(tmp_path)
    leads = Leads(LEADS.roles, LEADS.features, LEADS.schema)
    dataset = keep(ws, leads)
    made = add_review(ws, dataset.id, Review("prefer", chosen=FIRST, rejected=SECOND, reason="talk", by="ana"))
    add_review(ws, dataset.id, Review("skip_lead", lead_id=LAST, reason="talk", by="bo"))
    withdraw(ws, made.id, "ana")
    request = {"dataset_id": dataset.id, "name": "A", "preset": "cpu-quick", "settings": TINY, "reviews": [made.id]}
    job = records.run_here(ws, "train", request, by="ana", label="x")
    assert job.state == "done" and job.result, job.message
    summary = run_of(ws, job.result["run_id"]).card["reviews"]["summary"]
    assert summary == "Reviews used: 1 pair, 0 exclusions, 0 relabels, by ana."


def test_the_command_line_takes_a_file_of_reviews(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sample", "--leads", "250", "--seed", "3", "--base-rate", "0.3", "--out", str(tmp_path / "s")]) == 0
    ids = pd.read_csv(tmp_path / "s/leads.csv", dtype=str)["lead_id"]
    (tmp_path / "r.csv").write_bytes(safe_csv(to_frame([Review("skip_pair", chosen=ids[0], rejected=ids[1])]), "utf-8"))
    files = ["--leads", str(tmp_path / "s/leads.csv"), "--schema", str(tmp_path / "s/schema.toml")]
    fast = [each for key, value in TINY.items() for each in ("--set", f"{key}={value}")]
    capsys.readouterr()
    said = ["--reviews", str(tmp_path / "r.csv")]
    assert main(["train", *files, "--out", str(tmp_path / "run"), *fast, *said, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["reviews"]
    assert told["exclusions"] + told["outside"] == 1
    (tmp_path / "r.csv").write_text("action\nprefer\n")
    assert main(["train", *files, "--out", str(tmp_path / "other"), *fast, *said]) == 2
    assert "a file of reviews needs the columns" in capsys.readouterr().err
