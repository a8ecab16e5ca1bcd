"""The files that the steps of `segment` write: rules as TOML with counts, and a plan's columns."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from core.charts.style import counted
from core.data.leads import Leads
from core.data.segment_rules import SEGMENTS, Condition, Rules

REMARKS = {
    "engaged": "who was engaged: any of these holds",
    "campaign": "whom a campaign is known to have brought, among the engaged: any of these holds",
    "control": "who was left out of the campaign by chance",
    "audit": "whom a campaign did bring, where that was looked up",
}


def rules_text(rules: Rules, leads: Leads) -> str:
    """The rules as TOML, which `load_rules` reads back, with the leads that each finds as remarks.

    Raises:
        ConfigError: a rule does not fit the leads.
    """
    labels = rules.labels(leads)
    counts = ", ".join(f"{name or 'not known'} {int((labels == name).sum()):,}" for name in (*SEGMENTS, ""))
    lines = [f"# of {counted(len(leads), 'lead')} these rules say: {counts}"]
    if rules.blind:
        lines += ["# columns that only tell whether a campaign could be seen, such as consent"]
        lines += [f"blind = {_value(rules.blind)}"]
    if rules.before:
        lines += ["# columns of these rules that were known before the campaign: uplift models may use them"]
        lines += [f"before = {_value(rules.before)}"]
    for name in ("engaged", "campaign"):
        for condition in getattr(rules, name):
            lines += ["", *_table(f"[[{name}]]", REMARKS[name], condition, leads)]
    for name in ("control", "audit"):
        if (condition := getattr(rules, name)) is not None:
            lines += ["", *_table(f"[{name}]", REMARKS[name], condition, leads)]
    return "\n".join(lines) + "\n"


def _table(head: str, remark: str, condition: Condition, leads: Leads) -> Iterable[str]:
    held = condition.holds(leads)
    yield f"# {remark}; this one of {counted(int((held == 1).sum()), 'lead')}"
    yield head
    yield f"column = {_value(condition.column)}"
    yield f"test = {_value(condition.test)}"
    yield f"value = {_value(condition.value)}"


def _value(value: Any) -> str:
    """Strings, numbers and lists are written alike in JSON and in TOML, but for one sign."""
    made = list(value) if isinstance(value, tuple) else value
    return json.dumps(made, ensure_ascii=False).replace("\x7f", "\\u007f")
