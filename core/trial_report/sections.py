"""What the report of a trial says, from the answer down to what it does not say; the files only set it.

Every text may come from a person and is plain here: the files make it harmless. No person who took part is named. An
effect stands here only once the plan lets it be read.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd

from core.charts.style import counted, cut, share
from core.charts.trial_words import (
    ALIKE,
    DRAWN,
    NEW,
    OLD,
    READ,
    STATES,
    between,
    measure_words,
    method_words,
    uplift,
)
from core.data.prompts import shown_name
from core.decisions.field_trial.assignment import balance
from core.decisions.field_trial.estimates import Estimate
from core.decisions.field_trial.protocol import Protocol
from core.decisions.field_trial.reading import TrialResult
from core.report.parts import Picture, Section, Table
from core.trial_report.pictures import balance_picture, daily_picture, methods_picture

UNTOLD = "cannot be told"
LIMITS = (
    "It speaks of the people, the region and the season of this trial, not of others.",
    "It compares two lists as they were used. People who did not follow their list are counted where they were drawn.",
    "The range says what chance alone may do to the figure. It does not cover what the checks above point to.",
    "Tiers and weeks are there to look at: with so many groups, some differ by chance. The figure named in the plan is "
    "the result.",
    "Orders after the waiting time, cancelled orders and margins are not counted.",
)


def sections(result: TrialResult, protocol: Protocol) -> tuple[Section, ...]:
    """The whole report. The effect, its tables and its pictures are left out while the plan does not let it be read."""
    effect = _effect(result, protocol) if _readable(result) else ()
    return (
        _answer(result, protocol),
        _compared(protocol),
        _people(protocol),
        *effect,
        _checks(result),
        _plan(protocol, result.stopped),
        Section("What this does not say", LIMITS),
    )


def _readable(result: TrialResult) -> bool:
    return result.headline is not None or result.state == "final"


def _answer(result: TrialResult, protocol: Protocol) -> Section:
    state = {
        "running": "The trial is running.",
        "look": "This is a look before the end.",
        "final": "The trial is over.",
    }
    if result.stopped is not None:
        state["running"] = "The trial was stopped, and outcomes of its leads are awaited."
    sentences = [result.verdict]
    if _readable(result):
        sentences += _headline(result.headline, protocol)
        if result.extra_orders is not None:
            value, low, high = result.extra_orders
            sentences.append(
                f"That is {value:+,.0f} orders against what the old ranking would have brought with the same leads, "
                f"likely between {low:+,.0f} and {high:+,.0f}."
            )
    stopped = [check.name for check in result.checks if check.state == "stop"]
    if stopped:
        sentences.append(f"Read this with care: something is wrong with {_listed(stopped)}; see the checks.")
    until = pd.Timestamp(result.until).date().isoformat()
    return Section("The answer", (*sentences, f"{state[result.state]} Outcomes are counted until {until}."))


def _headline(estimate: Estimate | None, protocol: Protocol) -> list[str]:
    if estimate is None:
        return []
    return [
        f"Orders: {uplift(estimate.uplift)}, {between(estimate.low, estimate.high)} "
        f"({share(1 - protocol.alpha)} of such ranges hold the truth).",
        f"Of 1,000 leads, {1000 * estimate.treatment:.1f} ordered with the new ranking and "
        f"{1000 * estimate.control:.1f} with the old, read by the method that was named before the start: "
        f"{method_words(estimate.method).lower()}.",
    ]


def _compared(protocol: Protocol) -> Section:
    rows = ((NEW, protocol.arms["treatment"]), (OLD, protocol.arms["control"]))
    words = (
        "Every person who took part called by one of two lists, drawn by lot before the start. What differs beyond "
        "chance comes from the list."
    )
    return Section("What was compared", (words,), table=Table(("Group", "Called by"), rows))


def _people(protocol: Protocol) -> Section:
    people = protocol.specialists
    counts = pd.crosstab(people["tier"], people["arm"]).reindex(columns=["treatment", "control"], fill_value=0)
    rows = [(f"Tier {tier}", f"{row['treatment']:,}", f"{row['control']:,}") for tier, row in counts.iterrows()]
    rows.append(("All", f"{counts['treatment'].sum():,}", f"{counts['control'].sum():,}"))
    before = f"{counted(int(people['leads'].sum()), 'lead')} and {counted(int(people['orders'].sum()), 'order')}"
    words = (
        f"{counted(len(people), 'person', 'people')} took part, from {protocol.start} for "
        f"{counted(protocol.days, 'day')}; before it they had {before}.",
        f"A lead counts once its outcome is final, {protocol.maturity_days:g} days after it came. Tier 1 sold best "
        "before the trial.",
    )
    apart = balance(people)
    widest, gap = apart[["column", "standardised"]].iloc[int(apart["standardised"].abs().argmax())]
    drawn = (
        f"Before the start the groups differed most in: {measure_words(str(widest)).lower()}, by "
        f"{abs(float(gap)):.2f} standard deviations; below {ALIKE} counts as alike."
    )
    picture = Picture("How alike the two groups were before the start", balance_picture(apart))
    return Section("Who took part", (*words, drawn), picture, Table(("People", NEW, OLD), tuple(rows), len(rows) - 1))


def _effect(result: TrialResult, protocol: Protocol) -> tuple[Section, ...]:
    """Sections of what has anything to show."""
    found = []
    if len(result.days):
        picture = Picture("Orders per 1,000 leads so far, by day, of either ranking", daily_picture(result.days))
        found.append(Section("Day by day", ("Orders for each 1,000 leads so far.",), picture))
    if len(result.methods):
        found.append(_methods(result.methods, protocol.headline))
    for frame, by in ((result.tiers, "tier"), (result.weeks, "week")):
        if len(frame):
            found.append(Section(f"By {by}", (), table=_groups(frame, by)))
    return tuple(found)


def _methods(methods: pd.DataFrame, headline: str) -> Section:
    planned = methods["method"] == headline
    order = pd.concat([methods[planned], methods[~planned]], ignore_index=True)
    rows = []
    for row in order.to_dict("records"):
        name = method_words(row["method"]) + (" (named in the plan)" if row["method"] == headline else "")
        told = pd.notna(row["uplift"])
        rows.append(
            (
                name,
                *_effect_words(row),
                *(f"{1000 * row[arm]:.1f}" if told else "" for arm in ("treatment", "control")),
                _luck(row["p"]) if told else "",
            )
        )
    columns = ("Method", "Uplift in orders", "Likely range", f"{NEW}, per 1,000", f"{OLD}, per 1,000", "By luck (p)")
    words = (
        "The same trial read in several ways. The one named in the plan is the result; the others show whether it "
        "hangs on the way of reading.",
        "By luck (p): how often two equal rankings would differ as much, from 0 to 1.",
    )
    picture = Picture("The uplift by each method with its likely range", methods_picture(order, headline))
    return Section("Every method", words, picture, Table(columns, tuple(rows), 0 if planned.any() else None))


def _effect_words(row: dict[Hashable, Any]) -> tuple[str, str]:
    """The effect and its range, or why there is none."""
    if pd.isna(row["uplift"]):
        return str(row.get("reason") or UNTOLD), ""
    return uplift(row["uplift"]), f"{uplift(row['low'])} to {uplift(row['high'])}"


def _luck(p: float) -> str:
    return "" if pd.isna(p) else "below 0.001" if p < 0.001 else f"{p:.3f}"


def _groups(frame: pd.DataFrame, by: str) -> Table:
    rows = []
    for row in frame.to_dict("records"):
        rows.append(
            (
                f"{by.capitalize()} {row[by]}",
                f"{int(row['leads']):,}",
                f"{int(row['orders_treatment']):,}",
                f"{int(row['orders_control']):,}",
                *_effect_words(row),
            )
        )
    columns = (by.capitalize(), "Leads", f"Orders, {NEW.lower()}", f"Orders, {OLD.lower()}", "Uplift", "Likely range")
    return Table(columns, tuple(rows))


def _checks(result: TrialResult) -> Section:
    rows = tuple((check.name, STATES[check.state], check.words) for check in result.checks)
    wrong = sum(check.state != "fine" for check in result.checks)
    words = "All is in order." if not wrong else f"{wrong} of {counted(len(rows), 'check')} should be looked at."
    return Section("Checks", (words,), table=Table(("What", "State", "In words"), rows))


def _plan(protocol: Protocol, stopped: pd.Timestamp | None) -> Section:
    design = protocol.design
    looks = READ[protocol.looks]
    if protocol.look_days:
        looks += f": days {', '.join(f'{day:,}' for day in protocol.look_days)}"
    rows = [
        ("Frozen", f"{pd.Timestamp(protocol.made):%Y-%m-%d %H:%M} UTC, by {protocol.made_by}"),
        ("Fingerprint (SHA-256)", protocol.sha256),
        ("Leads come in", f"from {protocol.start}, for {counted(protocol.days, 'day')}"),
        ("Waiting time", f"{protocol.maturity_days:g} days until an outcome is final"),
        ("Method that counts", method_words(protocol.headline)),
        ("When it may be read", looks),
        ("Planned to see", f"{uplift(protocol.uplift)} orders, in {share(protocol.power)} of such trials"),
        ("False alarms", f"in {share(protocol.alpha)} of trials of two equal rankings"),
        ("How people were drawn", f"{DRAWN[design.kind]}; seed {design.seed}"),
        ("Strata", _listed([shown_name(name) for name in design.strata]) or "none"),
        ("Made alike in", _listed([measure_words(name).lower() for name in design.balance]) or "nothing further"),
    ]
    if stopped is not None:
        rows.append(("Otherwise than planned", f"stopped early, on {stopped.date().isoformat()}"))
    if protocol.draws:
        rows.append(("Draws until the groups were alike", f"{len(protocol.draws):,}"))
    words = "Decided before the start; the fingerprint changes with every later change."
    return Section("The plan", (words,), table=Table(("What", "As planned"), tuple(rows)))


def _listed(names: list[str]) -> str:
    """
    Example:
        >>> _listed(["a", "b", "c"])
        'a, b and c'
    """
    shown = [cut(name) for name in names]
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)
