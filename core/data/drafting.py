"""A lead file becoming a dataset: its first rows, what each column is guessed to be, and what a person makes of it.

    first rows -> Sketch (frame, guess) -> Draft (a part per column, funnel, split) -> schema_of -> Schema

A draft may be unfinished or contradict itself, as forms do while they are filled in; `schema_of` says all that is wrong
with it at once. It is plain JSON, so that it outlives the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import pandas as pd

from core.data.guessing import Guess, guess_funnel
from core.data.schema import KINDS, ROW_NUMBER, Roles, Schema, Split, schema_from_dict, schema_to_dict
from core.data.sketches import column_reasons
from core.errors import SchemaError
from core.funnel import OUTCOME_TIER, PRESETS, SOFT_TIER, Funnel, three_tiers

SINGLE = tuple(f.name for f in fields(Roles) if f.name != "dialogue")
"""Roles that one column alone can play."""
PARTS = {
    "lead_id": "Lead number",
    "customer_id": "Customer",
    "owner": "Sales person",
    "snapshot_time": "Date of the lead",
    "converted": "Outcome: ordered or not",
    "stage": "Deepest stage reached",
    "call_seconds": "Call length in seconds",
    "dialogue": "Conversation",
    "numeric": "Field: number",
    "categorical": "Field: category",
    "text": "Field: words",
    "shown": "For people only",
    "out": "Not used",
}
"""What a column can be, in plain words: a role, a kind of feature, `shown` (carried along for people, never given to a
model) or `out` (not kept)."""


@dataclass(frozen=True)
class Draft:
    """What a person has decided about a file so far."""

    parts: dict[str, str]
    """Column -> one of PARTS, in the file's order."""
    known_before: tuple[str, ...] = ()
    """Columns that look like leaks, of which a person says that they were known when the lead was scored."""
    stages: tuple[str, ...] = ()
    """From shallow to deep."""
    tiers: tuple[dict[str, Any], ...] = ()
    """As under `funnel.tiers` of a schema; may be unfinished."""
    split: dict[str, float] = field(default_factory=lambda: asdict(Split()))

    def to_dict(self) -> dict[str, Any]:
        """For JSON; `draft_from_dict` reads it back."""
        return asdict(self)

    def shown(self) -> list[str]:
        """Columns carried along for people only."""
        return [name for name, part in self.parts.items() if part == "shown"]

    def column(self, role: str) -> str | None:
        """The first column that plays the role."""
        return next((name for name, part in self.parts.items() if part == role), None)


def draft_of(guess: Guess, names: Sequence[str]) -> Draft:
    """The guess as a draft: what names or reaches a person is carried along, what leaks is left out."""
    roles, features = guess.schema.roles, guess.schema.features
    parts = dict.fromkeys(names, "out")
    reasons = column_reasons(guess, names)
    parts |= {name: "shown" for name in names if "reaches a person" in reasons.get(name, "")}
    parts |= {column: role for role in SINGLE if (column := getattr(roles, role)) and column != ROW_NUMBER}
    parts |= dict.fromkeys(roles.dialogue, "dialogue")
    parts |= {column: kind for kind in KINDS for column in getattr(features, kind)}
    return with_funnel(replace(Draft(parts), split=asdict(guess.schema.split)), guess.schema.funnel)


def draft_from_dict(document: dict[str, Any], names: Sequence[str]) -> Draft:
    """Inverse of `Draft.to_dict`, for a file with these columns; what does not belong to it is dropped."""
    given = document.get("parts", {})
    parts = {name: part if (part := given.get(name)) in PARTS else "out" for name in names}
    known = tuple(name for name in document.get("known_before", ()) if name in parts)
    split = asdict(Split()) | {k: v for k, v in document.get("split", {}).items() if k in asdict(Split())}
    return Draft(parts, known, tuple(document.get("stages", ())), tuple(document.get("tiers", ())), split)


def with_funnel(draft: Draft, funnel: Funnel) -> Draft:
    """The draft with the stages and tiers of `funnel`."""
    document = schema_to_dict(Schema(Roles(ROW_NUMBER), funnel=funnel)).get("funnel", {"stages": [], "tiers": []})
    return replace(draft, stages=tuple(document["stages"]), tiers=tuple(document["tiers"]))


def with_preset(draft: Draft, preset: str) -> Draft:
    """The draft with a ready-made funnel; the tier of call lengths is left out where no column has them.

    Raises:
        SchemaError: there is no such preset.
    """
    if preset not in PRESETS:
        raise SchemaError(f"preset must be one of {list(PRESETS)}, however: got='{preset}'")
    funnel, soft = PRESETS[preset], draft.column("call_seconds") is not None
    return with_funnel(draft, replace(funnel, tiers=tuple(t for t in funnel.tiers if soft or t.kind != "signal")))


def with_found_stages(draft: Draft, frame: pd.DataFrame) -> Draft:
    """The draft with the stages that its stage column holds, in the order that names and outcomes suggest."""
    single: dict[str, Any] = {role: draft.column(role) for role in ("stage", "converted", "call_seconds")}
    return with_funnel(draft, guess_funnel(frame, Roles(ROW_NUMBER, **single))[0])


def with_usual_tiers(draft: Draft) -> Draft:
    """The draft with the three usual tiers over its stages; without stages, ordered over not ordered."""
    soft = draft.column("call_seconds") is not None
    if not draft.stages:
        return with_funnel(draft, Funnel((), (OUTCOME_TIER, SOFT_TIER) if soft else ()))
    return with_funnel(draft, three_tiers(draft.stages, key=(len(draft.stages) + 1) // 2, soft=soft))


def with_stage(draft: Draft, stage: str) -> Draft:
    """The draft with one more stage, the deepest but one: the deepest is the sale."""
    if not stage.strip() or stage in draft.stages:
        return draft
    place = max(len(draft.stages) - 1, 0)
    return replace(draft, stages=(*draft.stages[:place], stage.strip(), *draft.stages[place:]))


def without_stage(draft: Draft, stage: str) -> Draft:
    """The draft without a stage, in its tiers too."""
    tiers = tuple(
        {k: [s for s in v if s != stage] if k in ("chosen", "rejected") else v for k, v in tier.items()}
        for tier in draft.tiers
    )
    return replace(draft, stages=tuple(s for s in draft.stages if s != stage), tiers=tiers)


def with_stage_moved(draft: Draft, stage: str, by: int) -> Draft:
    """The draft with a stage moved by so many places, towards the deep end where `by` is above 0.

    Example:
        >>> with_stage_moved(Draft({}, stages=("lost", "won", "call")), "won", 1).stages
        ('lost', 'call', 'won')
    """
    stages = [s for s in draft.stages if s != stage]
    place = min(max(draft.stages.index(stage) + by, 0), len(stages))
    return replace(draft, stages=(*stages[:place], stage, *stages[place:]))


def schema_of(draft: Draft, leaks: dict[str, str]) -> Schema:
    """The schema that the draft stands for; without a column of lead ids, the place in the file is the id.

    Args:
        leaks: as `leaks_of` tells them; they are features only where `known_before` names them.

    Raises:
        SchemaError: with all that contradicts itself.
    """
    problems = []
    roles: dict[str, Any] = {}
    for role in SINGLE:
        columns = [name for name, part in draft.parts.items() if part == role]
        if len(columns) > 1:
            named = ", ".join(f"'{column}'" for column in columns)
            problems.append(f"'{PARTS[role]}' can be one column alone, however: {named} are set to it; choose one")
        roles |= {role: columns[0]} if columns else {}
    for name, part in draft.parts.items():
        if part in KINDS and name in leaks and name not in draft.known_before:
            problems.append(
                f"column '{name}' looks as if it were known only after the outcome ({leaks[name]}): leave it out, or "
                "confirm that it was known when the lead was scored"
            )
    talks = [name for name, part in draft.parts.items() if part == "dialogue"]
    tiers = [{k: list(v) if isinstance(v, tuple) else v for k, v in tier.items()} for tier in draft.tiers]
    document = {
        "roles": {"lead_id": ROW_NUMBER, **roles, "dialogue": talks},
        "features": {kind: [name for name, part in draft.parts.items() if part == kind] for kind in KINDS},
        "split": draft.split,
        "funnel": {"stages": list(draft.stages), "tiers": tiers},
    }
    try:
        schema = schema_from_dict(document)
    except SchemaError as error:
        problems.append(str(error))
    if problems:
        raise SchemaError("\n".join(problems))
    return schema
