"""`trial plan`, `assign`, `read` and `rehearse` as somebody types them."""

import json
from pathlib import Path

import pandas as pd
import pytest

from core.__main__ import main

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
SCHEMA = ["--schema", str(SAMPLE / "schema.toml")]
LEADS = ["--leads", str(SAMPLE / "leads.csv"), *SCHEMA]


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """The leads that were there when the trial was drawn."""
    frame = pd.read_csv(SAMPLE / "leads.csv", dtype=str)
    path = tmp_path_factory.mktemp("before") / "before.csv"
    frame[frame["snapshot_time"] < "2025-08-01"].to_csv(path, index=False)
    return path


def answer(capsys, *arguments, code=0):
    assert main(["trial", *map(str, arguments), "--json"]) == code
    return json.loads(capsys.readouterr().out)


def refused(capsys, *arguments):
    assert main(["trial", *map(str, arguments)]) == 2
    return capsys.readouterr().err


def assigned(capsys, before, out, *more):
    return answer(
        capsys, "assign", "--leads", before, *SCHEMA, "--start", "2025-08-01", "--days", "90", "--out", out, *more
    )


def test_the_planner_gives_the_method_s_figures(capsys):
    promised = ["--base-rate", "0.0133", "--uplift", "0.095", "--power", "0.8"]
    found = answer(capsys, "plan", *promised, "--leads-per-specialist", "200", "--icc", "0.005")
    assert round(found["leads_per_arm"], -3) == 135_000
    assert found["design_effect"] == pytest.approx(1.995)
    assert 1_340 < found["specialists_per_arm"] < 1_360
    fewer = answer(capsys, "plan", *promised, "--leads-per-specialist", "200", "--icc", "0.005", "--correlation", "0.6")
    assert fewer["specialists_per_arm_adjusted"] == pytest.approx(0.64 * found["specialists_per_arm"], abs=1)


def test_a_team_is_measured_and_told_what_it_can_see(capsys):
    found = answer(capsys, "plan", *LEADS)
    assert found["team_per_arm"] == 30 and 0.1 < found["situation"]["base_rate"] < 0.13
    assert "can only see effects above" in found["verdict"] and found["detectable_uplift"] > 0.3
    other = answer(capsys, "plan", *LEADS, "--specialists", "20000", "--days", "365")
    assert other["power_of_team"] > 0.99 and "are enough" in other["verdict"]


def test_what_a_plan_lacks_is_named(capsys):
    assert "--base-rate and --leads-per-specialist" in refused(capsys, "plan")
    assert "go together" in refused(capsys, "plan", "--leads", SAMPLE / "leads.csv")
    assert "base_rate" in refused(capsys, "plan", "--base-rate", "1.3", "--leads-per-specialist", "20")


def test_a_trial_from_its_draw_to_its_report(capsys, before, tmp_path):
    out = tmp_path / "protocol.json"
    frozen = assigned(capsys, before, out, "--follow-ups", "follow_ups_60d", "--guardrail", "follow_ups_60d:lower")
    assert sorted(frozen["arms"].values()).count("control") in (30, 31)
    assert json.loads(out.read_text())["sha256"] == frozen["sha256"]
    read = ["read", "--protocol", out, *LEADS]
    early = answer(capsys, *read, "--until", "2025-09-15")
    assert early["state"] == "running" and early["headline"] is None and early["methods"] == []
    for ending in ("html", "pdf"):
        report = tmp_path / f"report.{ending}"
        found = answer(capsys, *read, "--until", "2025-12-05", "--earlier", before, "--report", report)
        assert found["state"] == "final" and found["headline"]["method"] == "adjusted"
        assert {row["method"] for row in found["methods"]} == {"adjusted", "t_test", "permutation", "ratio"}
        assert report.read_bytes().startswith(b"%PDF" if ending == "pdf" else b"<!")
    # The sample's people all called as ever: there is no effect to be found.
    assert found["headline"]["low"] < 0 < found["headline"]["high"]


def test_a_protocol_that_was_changed_is_not_read(capsys, before, tmp_path):
    out = tmp_path / "protocol.json"
    assigned(capsys, before, out)
    out.write_text(out.read_text().replace('"days": 90', '"days": 60'))
    assert "changed after it was frozen" in refused(capsys, "read", "--protocol", out, *LEADS)


def test_what_cannot_be_drawn(capsys, before, tmp_path):
    out = ["--out", tmp_path / "p.json"]
    assert "before it starts" in refused(capsys, "assign", *LEADS, "--start", "2025-08-01", *out)
    assert "a day such as" in refused(capsys, "assign", *LEADS, "--start", "1.8.2025", *out)
    assert "give either" in refused(capsys, "assign", "--start", "2025-08-01", *out)
    team = tmp_path / "team.csv"
    team.write_text("specialist,tier,leads,orders\nAnn,1,100,2\nBo,1,90,1\nAnn,2,80,3\nCy,2,x,1\nDi,2,5,7\n")
    told = refused(capsys, "assign", "--specialists", team, "--start", "2025-08-01", *out)
    assert "rows 2, 4" in told and "'x'" in told and "row 6" in told
    assert not (tmp_path / "p.json").exists()
    guard = ["--guardrail", "follow_ups_60d"]
    told = refused(capsys, "assign", "--leads", before, *SCHEMA, "--start", "2025-08-01", *out, *guard)
    assert "COLUMN:lower or COLUMN:higher" in told


def test_a_file_of_people_is_enough_to_draw(capsys, tmp_path):
    team = tmp_path / "team.csv"
    rows = [f"P{n},{n % 2},{100 + n},{n % 5}" for n in range(24)]
    team.write_text("specialist,tier,leads,orders\n" + "\n".join(rows))
    found = answer(
        capsys,
        *("assign", "--specialists", team, "--start", "2026-01-01", "--out", tmp_path / "p.json"),
        *("--design", "stratified", "--looks", "obrien_fleming"),
    )
    assert len(found["arms"]) == 24
    assert json.loads((tmp_path / "p.json").read_text())["look_days"] == [63, 96, 129, 162]


def test_a_report_never_replaces_a_file(capsys, before, tmp_path):
    out, report = tmp_path / "protocol.json", tmp_path / "report.html"
    assigned(capsys, before, out)
    report.write_text("mine")
    assert "is there already" in refused(capsys, "read", "--protocol", out, *LEADS, "--report", report)
    assert "ends otherwise" in refused(capsys, "read", "--protocol", out, *LEADS, "--report", tmp_path / "r.docx")
    assert report.read_text() == "mine"


def test_a_rehearsal_tells_how_often_the_effect_is_found(capsys):
    many = ["--specialists", "160", "--days", "30", "--times", "10", "--uplift", "0.16", "--base-rate", "0.1"]
    found = {row["method"]: row for row in answer(capsys, "rehearse", *many)["methods"]}
    assert set(found) == {"adjusted", "t_test", "ratio", "permutation"}
    assert found["adjusted"]["found"] >= 0.5 and found["adjusted"]["false_alarm"] is None
    assert "no ranking can bring" in refused(capsys, "rehearse", "--uplift", "3")
