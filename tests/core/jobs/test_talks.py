"""Many leads looked at by a job, which goes on where it was stopped."""

import json

import pandas as pd
import pytest

from core.__main__ import main
from core.jobs import records
from core.jobs.talks import findings, findings_file
from core.jobs.task import Stopped
from core.talk import collecting
from core.workspace.runs import run_folder
from tests.core.jobs.conftest import Trained
from tests.made import make_leads


@pytest.mark.slow
def test_a_job_that_was_stopped_goes_on_and_its_findings_are_kept(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws, data = trained.ws, trained.data
    real = collecting.first_reasons
    calls: list[str | None] = []

    def counted(*arguments, **more):
        if len(calls) == 12:
            calls.append(None)
            raise Stopped("interrupted")
        calls.append(arguments[2])
        return real(*arguments, **more)

    monkeypatch.setattr(collecting, "first_reasons", counted)
    assert findings(ws, trained.run_id, data.id) is None
    request = {"run_id": trained.run_id, "dataset_id": data.id, "sample": 20}
    first = records.run_here(ws, "talk", request, by="ann", label="Look")
    assert first.state == "interrupted" and findings(ws, trained.run_id, data.id) is None
    second = records.run_here(ws, "talk", request, by="ann", label="Look")
    assert second.state == "done" and second.result == {"sampled": 20}, second.message
    assert len(calls) == 21 and len(set(calls)) == 21  # twenty leads, none twice, and the stop
    found = findings(ws, trained.run_id, data.id)
    assert found is not None and set(found.fields["name"]) == {"a", "city"}
    assert found.facts["conversations"] == 240 and found.facts["spread"] > 0
    (folder,) = findings_file(ws, trained.run_id, data.id).parent.glob("reasons-*")
    kept = pd.concat(map(pd.read_parquet, folder.glob("reasons-*")))
    assert kept["lead_id"].nunique() == 20


@pytest.mark.slow
def test_talk_by_the_command_line(trained: Trained, tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    leads = make_leads(120)
    stages = [*leads.schema.funnel.stages, ""]
    frame = pd.concat([leads.roles, leads.features], axis=1)
    frame.assign(stage=[stages[place] for place in frame["stage"]]).to_csv(tmp_path / "leads.csv", index=False)
    model = run_folder(trained.ws, trained.run_id)
    asked = ["talk", "--model", str(model), "--leads", str(tmp_path / "leads.csv"), "--device", "cpu"]
    assert main([*asked, "--sample", "20", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["facts"]["sampled"] == 20 and {row["name"] for row in answer["fields"]} == {"a", "city"}
    assert answer["headline"] and {row["side"] for row in answer["kinds"]} <= {"customer", "specialist"}
    assert main([*asked, "--sample", "3"]) == 2 and "between 20 and 5,000" in capsys.readouterr().err
