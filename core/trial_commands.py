"""What `trial plan`, `assign`, `read` and `rehearse` do: arguments in, an `Answer` for people and for programs out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.answers import Answer, as_json
from core.console import load, reading, tell
from core.data.leads import Leads
from core.data.reading import read_table
from core.data.schema import load_schema
from core.decisions.field_trial import planning
from core.decisions.field_trial.assignment import Design, balance
from core.decisions.field_trial.assignment import assign as draw_arms
from core.decisions.field_trial.outlook import verdict
from core.decisions.field_trial.protocol import Protocol, look_days, read_protocol, write_protocol
from core.decisions.field_trial.reading import read as read_trial
from core.decisions.field_trial.rehearsal import rehearse as rehearse_trials
from core.decisions.field_trial.scenario import Scenario
from core.decisions.field_trial.specialists import measured as measured_of
from core.decisions.field_trial.specialists import read_specialists
from core.decisions.field_trial.team import Team, team_of
from core.errors import ConfigError, LeadRankError
from core.progress import Event
from core.trial_report.files import html_report, pdf_report

MATURITY_DAYS = 30.0
"""Days until an outcome is final where no schema says so. Source: method 3.3."""


def plan(
    uplift: float,
    power: float,
    alpha: float,
    base_rate: float | None,
    leads_per_specialist: float | None,
    icc: float | None,
    cv: float | None,
    correlation: float | None,
    specialists: int | None,
    days: int,
    leads: Path | None,
    schema: Path | None,
) -> Answer:
    """How much a trial takes; with a team, what it can see."""
    measured = _team(leads, schema, days)
    known = asdict(measured[0].situation) if measured else {}
    given = {
        "base_rate": base_rate,
        "leads_per_specialist": leads_per_specialist,
        "icc": icc,
        "cv": cv,
        "correlation": correlation,
    }
    wanted = known | {name: value for name, value in given.items() if value is not None} | {"alpha": alpha}
    lacking = [name for name in ("base_rate", "leads_per_specialist") if name not in wanted]
    if lacking:
        raise ConfigError(
            f"a plan needs {' and '.join('--' + name.replace('_', '-') for name in lacking)}, however: not given; name "
            "them, or give --leads and --schema to have them measured"
        )
    team = specialists or (measured[0].per_arm if measured else None)
    situation = planning.Situation(**wanted)
    made = planning.plan(situation, uplift, power)
    document: dict[str, Any] = {**made.to_dict(), "days": days}
    lines = [
        f"To see +{uplift:.1%} with {power:.0%} power at {situation.base_rate:.2%} orders per lead:",
        f"  leads in each arm, before clustering   {made.leads_per_arm:>10,}",
        f"  design effect of clustering            {made.design_effect:>10.2f}",
        f"  sales people in each arm               {made.specialists_per_arm:>10,}",
        f"  the same, adjusted for the time before {made.specialists_per_arm_adjusted:>10,}",
    ]
    if team is not None:
        document |= _seen_by(situation, team, uplift, power, days)
        lines += ["", f"With {team:,} sales people in each arm: {document['verdict']}"]
    return Answer(document, "\n".join(lines))


def assign(
    leads: Path | None,
    schema: Path | None,
    specialists: Path | None,
    out: Path,
    start: str,
    days: int,
    name: str,
    by: str,
    maturity_days: float | None,
    treatment: str,
    control: str,
    region: str | None,
    follow_ups: str | None,
    tiers: int,
    headline: str,
    guardrails: Sequence[str],
    uplift: float,
    power: float,
    alpha: float,
    design: str,
    accept: float,
    seed: int,
    looks: str,
) -> Answer:
    """Draw the arms and write the frozen protocol."""
    if (specialists is None) == (leads is None):
        raise ConfigError("give either --leads with --schema, or --specialists, a file with a row per sales person")
    first = pd.Timestamp(start) if _is_day(start) else None
    if first is None:
        raise ConfigError(f"--start must be a day such as 2026-12-01, however: got='{start}'")
    measured = _team(leads, schema, days, follow_ups=follow_ups, region=region, tiers=tiers)
    if measured is None:
        assert specialists is not None
        people = read_specialists(read_table(specialists, on_progress=reading(f"read {specialists.name}")))
        each = measured_of(people)
        icc, leads_each = each.icc, each.leads_per_specialist
    else:
        team, found = measured
        people, icc, leads_each = team.specialists, team.situation.icc, team.situation.leads_per_specialist
        maturity_days = found.schema.split.maturity_days if maturity_days is None else maturity_days
        newest = found.roles["snapshot_time"].max()
        if newest >= first:
            raise ConfigError(
                f"a trial is drawn before it starts, however: --leads has leads up to {newest:%Y-%m-%d} and --start is "
                f"{start}; take a later start, or leave the later leads out"
            )
    maturity = MATURITY_DAYS if maturity_days is None else maturity_days
    wanted = Design(design, ("tier", "region") if region else ("tier",), accept=accept, seed=seed)
    drawn = draw_arms(people, wanted)
    protocol = Protocol(
        name=name,
        made=datetime.now(UTC).replace(microsecond=0).isoformat(),
        made_by=by,
        start=start,
        days=days,
        maturity_days=maturity,
        headline=headline,
        looks=looks,
        look_days=look_days(days, maturity) if looks == "obrien_fleming" else (),
        alpha=alpha,
        power=power,
        uplift=uplift,
        icc=icc,
        leads_per_specialist=max(1.0, leads_each),
        design=wanted,
        draws=drawn.draws,
        arms={"treatment": treatment, "control": control},
        guardrails=tuple(_guardrail(text) for text in guardrails),
        specialists=drawn.frame,
    )
    write_protocol(protocol, out)
    table = balance(drawn.frame)
    counts = drawn.frame["arm"].value_counts()
    text = "\n".join(
        [
            f"{counts.get('treatment', 0)} sales people call by {treatment}, {counts.get('control', 0)} by {control}.",
            f"Accepted after {max(1, len(drawn.draws)):,} draws. How alike the arms are (differences in SD):",
            table.to_string(index=False, float_format="{:.3f}".format),
            f"Frozen in {out}, sha256 {protocol.sha256[:16]}. Keep that number: it proves that nothing was changed.",
        ]
    )
    document = {
        "out": str(out),
        "sha256": protocol.sha256,
        "arms": protocol.arm_of(),
        "draws": len(drawn.draws),
        "balance": as_json(table),
    }
    return Answer(document, text)


def read(
    protocol: Path, leads: Path, schema: Path, until: str | None, earlier: Path | None, report: Path | None
) -> Answer:
    """The effect, as far as the protocol lets it be seen; 2 where a check says that the trial must not be read."""
    plan_of_record = read_protocol(protocol)
    if report is not None and (report.suffix not in (".html", ".pdf") or report.exists()):
        why = "is there already" if report.exists() else "ends otherwise"
        raise ConfigError(f"--report must be a new file ending in .html or .pdf, however: '{report.name}' {why}")
    if until is not None and not _is_day(until):
        raise ConfigError(f"--until must be a day such as 2026-12-01, however: got='{until}'")
    contract = load_schema(schema)
    found = load(leads, contract)
    before = load(earlier, contract) if earlier is not None else None
    result = read_trial(plan_of_record, found, pd.Timestamp(until) if until else None, earlier=before)
    if report is not None:
        made = html_report(result, plan_of_record)
        report.write_bytes(made.encode() if report.suffix == ".html" else pdf_report(result, plan_of_record))
    lines = [result.verdict, "", *(f"{check.name}: {check.words}" for check in result.checks)]
    if len(result.methods):
        shown = result.methods.assign(
            **{name: result.methods[name].map(_percent) for name in ("uplift", "low", "high")},
            p=result.methods["p"].map("{:.3f}".format),
        )
        lines += ["", shown[["method", "uplift", "low", "high", "p"]].to_string(index=False)]
    if report is not None:
        lines += ["", f"The report is in {report}."]
    stopped = any(check.state == "stop" for check in result.checks)
    return Answer(result.to_dict(), "\n".join(lines), code=2 if stopped else 0)


def rehearse(
    specialists: int,
    days: int,
    leads_per_day: float,
    calls_per_day: float,
    base_rate: float,
    uplift: float,
    times: int,
    design: str,
    accept: float,
    seed: int,
    looks: str,
) -> Answer:
    """Simulated trials of one design."""
    scenario = Scenario(
        specialists=specialists,
        days=days,
        leads_per_day=leads_per_day,
        calls_per_day=calls_per_day,
        base_rate=base_rate,
        uplift=uplift,
        seed=seed,
    )
    result = rehearse_trials(scenario, Design(design, accept=accept, seed=seed), times, looks=looks, watch=tell)
    text = f"{times:,} rehearsed trials, true effect {uplift:+.1%}:\n{result.summary.to_string(index=False)}"
    return Answer({"uplift": uplift, "times": times, "methods": as_json(result.summary)}, text)


def _seen_by(situation: planning.Situation, team: int, uplift: float, power: float, days: int) -> dict[str, Any]:
    """What a team can see."""
    seen: dict[str, Any] = {"team_per_arm": team}
    for name, adjusted in (("", False), ("_adjusted", True)):
        seen["power_of_team" + name] = planning.power(situation, team, uplift, adjusted=adjusted)
        try:
            seen["detectable_uplift" + name] = planning.detectable(situation, team, power, adjusted=adjusted)
        except LeadRankError:
            seen["detectable_uplift" + name] = None
    return {**seen, "verdict": verdict(situation, team, uplift, days, power)}


def _team(leads: Path | None, schema: Path | None, days: int, **how: Any) -> tuple[Team, Leads] | None:
    """The people of a lead file, and the leads; None without one."""
    if leads is None and schema is None:
        return None
    if leads is None or schema is None:
        raise ConfigError("--leads and --schema go together, however: only one was given; name both, or neither")
    found = load(leads, load_schema(schema), need_outcome=True)
    team = team_of(found, days, **how)
    for note in team.notes:
        tell(Event(f"note: {note}"))
    return team, found


def _guardrail(text: str) -> tuple[str, str]:
    column, _, bad = text.rpartition(":")
    if not column or bad not in ("lower", "higher"):
        raise ConfigError(f"--guardrail must be COLUMN:lower or COLUMN:higher, however: got='{text}'")
    return column, bad


def _percent(value: float) -> str:
    return f"{value:+.1%}" if np.isfinite(value) else "-"


def _is_day(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).date().isoformat() == text
    except ValueError:
        return False
