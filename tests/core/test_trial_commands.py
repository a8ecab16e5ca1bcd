"""`trial plan`, `assign`, `read` and `rehearse` as somebody types them."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from core import trial_commands
from core.__main__ import main

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"
SCHEMA = ["--schema", str(SAMPLE / "schema.toml")]
LEADS = ["--leads", str(SAMPLE / "leads.csv"), *SCHEMA]


@pytest.fixture(autouse=True)
def july(monkeypatch):
    """The day before the trial starts: the shipped leads are old, and no trial starts in the past."""
    monkeypatch.setattr(trial_commands, "_now", lambda: datetime(2025, 7, 31, 9, tzinfo=UTC))


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
        capsys,
        "assign",
        "--leads",
        before,
        *SCHEMA,
        "--start",
        "2025-08-01",
        "--days",
        "90",
        "--by",
        "ana",
        "--out",
        out,
        *more,
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
    out = ["--by", "ana", "--out", tmp_path / "p.json"]
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
        *("assign", "--specialists", team, "--start", "2026-01-01", "--by", "ana", "--out", tmp_path / "p.json"),
        *("--design", "stratified", "--looks", "obrien_fleming", "--leads-per-specialist", "260"),
    )
    assert len(found["arms"]) == 24
    assert json.loads((tmp_path / "p.json").read_text())["leads_per_specialist"] == 260
    assert json.loads((tmp_path / "p.json").read_text())["look_days"] == [63, 96, 129, 162]


def test_names_alone_are_enough_to_draw(capsys, tmp_path):
    team = tmp_path / "team.csv"
    team.write_text("specialist\n" + "\n".join(f"P{n}" for n in range(10)))
    people = ["assign", "--specialists", team, "--start", "2026-01-01", "--by", "ana", "--out"]
    found = answer(capsys, *people, tmp_path / "p.json")
    written = json.loads((tmp_path / "p.json").read_text())
    assert sorted(found["arms"].values()).count("control") == 5 and (written["icc"], written["made_by"]) == (0.0, "ana")
    answer(capsys, *people, tmp_path / "q.json", "--icc", "0.01")
    assert json.loads((tmp_path / "q.json").read_text())["icc"] == 0.01


def test_what_a_file_of_people_cannot_say_must_be_given(capsys, tmp_path):
    team, out = tmp_path / "team.csv", tmp_path / "p.json"
    team.write_text("specialist\n" + "\n".join(f"P{n}" for n in range(10)))
    people = ["assign", "--specialists", team, "--start", "2026-01-01", "--by", "ana", "--out", out]
    assert "always_valid needs --leads-per-specialist" in refused(capsys, *people, "--looks", "always_valid")
    for option, value in (("--region", "city"), ("--follow-ups", "calls"), ("--tiers", "3")):
        assert f"{option} is worked out from --leads" in refused(capsys, *people, option, value)
    assert "made_by must say who" in refused(capsys, *people, "--by", " ")
    with pytest.raises(SystemExit):
        main(["trial", *map(str, people[:5]), "--out", str(out)])
    for text in ("", "\n", "specialist\n"):
        team.write_text(text)
        assert "there is nobody in 'team.csv'; write a header" in refused(capsys, *people)
    team.write_text("specialist,leads\nA,1e300\nB,3\n")
    assert "a number above 1,000,000,000" in refused(capsys, *people)
    assert not out.exists()


def test_a_trial_starts_today_at_the_earliest(capsys, tmp_path):
    team = tmp_path / "team.csv"
    team.write_text("specialist\n" + "\n".join(f"P{n}" for n in range(10)))
    people = ["assign", "--specialists", team, "--by", "ana", "--out", tmp_path / "p.json", "--start"]
    told = refused(capsys, *people, "2025-07-30")
    assert "--start is 2025-07-30 and today is 2025-07-31; take a later start" in told
    assert len(answer(capsys, *people, "2025-07-31")["arms"]) == 10


@pytest.mark.parametrize(
    "asked",
    [
        ("--days", "0"),
        ("--days", "999999999999999999999"),
        ("--uplift", "nan"),
        ("--uplift", "1e-300"),
        ("--uplift", "1e200"),
        ("--uplift", "1e300"),
        ("--specialists", "0"),
        ("--specialists", "9" * 400),
        ("--cv", "1e300"),
        ("--power", "nan"),
        ("--leads-per-specialist", "1e300"),
    ],
)
def test_numbers_that_no_plan_has_are_refused_in_words(capsys, asked):
    usual = ["--base-rate", "0.0133", "--leads-per-specialist", "200"]
    told = refused(capsys, "plan", *usual, "--specialists", "30", *asked)
    assert "however: got=" in told and "Traceback" not in told


def test_looks_before_the_end_take_more_people(capsys):
    usual = ["plan", "--base-rate", "0.0133", "--leads-per-specialist", "200", "--icc", "0.005", "--specialists", "60"]
    plain, planned, always = (
        answer(capsys, *usual, *(("--looks", looks) if looks else ()))
        for looks in ("", "obrien_fleming", "always_valid")
    )
    people = [one["specialists_per_arm"] for one in (plain, planned, always)]
    assert people[0] == 1348 < people[1] < people[2] and "looks" not in plain["situation"]
    for name in ("detectable_uplift", "detectable_uplift_adjusted"):
        assert plain[name] < planned[name] < always[name]
    assert always["situation"]["looks"] == "always_valid" and plain["verdict"] != always["verdict"]


def test_a_stopped_trial_is_read_sooner_and_the_report_says_so(capsys, before, tmp_path):
    out, report = tmp_path / "protocol.json", tmp_path / "report.html"
    assigned(capsys, before, out)
    read = ["read", "--protocol", out, *LEADS, "--until", "2025-10-20"]
    assert answer(capsys, *read)["state"] == "running"
    found = answer(capsys, *read, "--stopped", "2025-09-15", "--report", report)
    assert found["state"] == "final" and found["stopped"].startswith("2025-09-15")
    assert "stopped early, on 2025-09-15" in found["verdict"] and "stopped early, on 2025-09-15" in report.read_text()
    assert "--stopped must be a day" in refused(capsys, *read, "--stopped", "soon")
    assert "outcomes can be known up to today" in refused(capsys, *read[:-1], "2999-01-01")


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
