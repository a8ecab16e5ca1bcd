"""What `trial plan`, `assign`, `read` and `rehearse` do: arguments in, an `Answer` for people and for programs out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.answers import Answer, as_json
from core.console import load, tell
from core.data.schema import load_schema
from core.decisions.field_trial import planning
from core.decisions.field_trial.assignment import Design, balance
from core.decisions.field_trial.assignment import assign as draw_arms
from core.decisions.field_trial.choices import MOST_DAYS
from core.decisions.field_trial.outlook import verdict
from core.decisions.field_trial.protocol import Protocol, look_days, read_protocol, write_protocol
from core.decisions.field_trial.reading import read as read_trial
from core.decisions.field_trial.rehearsal import rehearse as rehearse_trials
from core.decisions.field_trial.rules import is_date
from core.decisions.field_trial.scenario import Scenario
from core.errors import ConfigError, LeadRankError
from core.trial_files import likeness, read_people, read_team, write_once
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
    looks: str,
    leads: Path | None,
    schema: Path | None,
) -> Answer:
    """How much a trial takes; with a team, what it can see."""
    if not 1 <= days <= MOST_DAYS:
        raise ConfigError(f"--days must lie in [1, {MOST_DAYS}], however: got={days!r}")
    measured = read_team(leads, schema, days)
    known = asdict(measured[0].situation) if measured else {}
    given = {
        "base_rate": base_rate,
        "leads_per_specialist": leads_per_specialist,
        "icc": icc,
        "cv": cv,
        "correlation": correlation,
    }
    given = {name: value for name, value in given.items() if value is not None}
    wanted = known | given | {"alpha": alpha, "looks": looks}
    lacking = [name for name in ("base_rate", "leads_per_specialist") if name not in wanted]
    if lacking:
        raise ConfigError(
            f"a plan needs {' and '.join('--' + name.replace('_', '-') for name in lacking)}, however: not given; name "
            "them, or give --leads and --schema to have them measured"
        )
    team = measured[0].per_arm if specialists is None and measured else specialists
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
    tiers: int | None,
    leads_per_specialist: float | None,
    icc: float | None,
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
    first = _day_of("start", start)
    if first < pd.Timestamp(_now().date()):
        raise ConfigError(
            f"a trial is drawn before it starts, however: --start is {start} and today is {_now():%Y-%m-%d}; take a "
            "later start"
        )
    how = {"follow_ups": follow_ups, "region": region} | ({} if tiers is None else {"tiers": tiers})
    measured = read_team(leads, schema, days, **how)
    if measured is None:
        assert specialists is not None
        _check_alone(how, looks, leads_per_specialist)
        people = read_people(specialists)
        icc_found, leads_found = likeness(people)
    else:
        team, found = measured
        people, icc_found, leads_found = team.specialists, team.situation.icc, team.situation.leads_per_specialist
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
        made=_now().replace(microsecond=0).isoformat(),
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
        icc=icc_found if icc is None else icc,
        leads_per_specialist=leads_found if leads_per_specialist is None else leads_per_specialist,
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


def _check_alone(how: Mapping[str, Any], looks: str, leads_per_specialist: float | None) -> None:
    """What a file of people cannot tell. `how`: options that work on leads."""
    if given := [name for name, value in how.items() if value is not None]:
        raise ConfigError(
            f"--{given[0].replace('_', '-')} is worked out from --leads, however: --specialists was given; write what "
            "it says into the file, as the column tier, region or follow_ups"
        )
    if looks != "fixed" and leads_per_specialist is None:
        raise ConfigError(
            f"--looks {looks} needs --leads-per-specialist, what one person gets in the whole trial, however: not "
            "given, and a file of people does not say; give it, or --leads and --schema in place of --specialists"
        )


def read(
    protocol: Path,
    leads: Path,
    schema: Path,
    until: str | None,
    stopped: str | None,
    earlier: Path | None,
    report: Path | None,
) -> Answer:
    """The effect, as far as the protocol lets it be seen; 2 where a check says that the trial must not be read."""
    plan_of_record = read_protocol(protocol)
    if report is not None and (report.suffix not in (".html", ".pdf") or report.exists()):
        why = "is there already" if report.exists() else "ends otherwise"
        raise ConfigError(f"--report must be a new file ending in .html or .pdf, however: '{report.name}' {why}")
    days = {"until": until, "stopped": stopped}
    known, stop = (None if day is None else _day_of(name, day) for name, day in days.items())
    contract = load_schema(schema)
    found = load(leads, contract)
    before = load(earlier, contract) if earlier is not None else None
    result = read_trial(plan_of_record, found, known, before, stopped=stop)
    if report is not None:
        page = report.suffix == ".html"
        made = html_report(result, plan_of_record).encode() if page else pdf_report(result, plan_of_record)
        write_once(report, made)
    lines = [result.verdict, "", *(f"{check.name}: {check.words}" for check in result.checks)]
    if len(result.methods):
        shown = result.methods.assign(
            **{name: result.methods[name].map(_percent) for name in ("uplift", "low", "high")},
            p=result.methods["p"].map("{:.3f}".format),
        )
        lines += ["", shown[["method", "uplift", "low", "high", "p"]].to_string(index=False)]
    if report is not None:
        lines += ["", f"The report is in {report}."]
    spoilt = any(check.state == "stop" for check in result.checks)
    return Answer(result.to_dict(), "\n".join(lines), code=2 if spoilt else 0)


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


def _guardrail(text: str) -> tuple[str, str]:
    column, _, bad = text.rpartition(":")
    if not column or bad not in ("lower", "higher"):
        raise ConfigError(f"--guardrail must be COLUMN:lower or COLUMN:higher, however: got='{text}'")
    return column, bad


def _percent(value: float) -> str:
    return f"{value:+.1%}" if np.isfinite(value) else "-"


def _day_of(option: str, text: str) -> pd.Timestamp:
    if not is_date(text):
        raise ConfigError(f"--{option} must be a day such as 2026-12-01, however: got='{text}'")
    return pd.Timestamp(text)


def _now() -> datetime:
    return datetime.now(UTC)
