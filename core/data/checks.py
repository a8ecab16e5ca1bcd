"""The rules that leads must keep: columns, ids and dates, features, outcomes. Each rule notes what breaks it.

Roles and features come as `Leads` holds them, before it is known whether they are sound; a column that is at fault
already is not judged again.
"""

from __future__ import annotations

import difflib

import pandas as pd

from core.data.keeping import Columns
from core.data.problems import Findings
from core.data.schema import ROW_NUMBER, Schema

LEAST_OF_EACH_CLASS = 10
"""Converted, and not converted, mature leads that training needs: each part of the split holds a few. Source: ours."""
FEW_OF_EACH_CLASS = 100
"""Below this a warning: intervals are wide, an AUC's standard error is about 0.03 or more. Source: ours."""
MANY_CATEGORIES = 100
"""Values above which a category is questioned, if they are also a fifth of the leads. Source: ours."""
NO_NUMBER = "not a number"


def check_columns(names: list[str], schema: Schema, need_outcome: bool, found: Findings) -> None:
    """The file must have what the schema names, once; scoring needs only the lead id, the features and the dialogue."""
    roles = schema.roles
    demanded: tuple[str, ...] = (*roles.dialogue, *schema.features.columns())
    if roles.lead_id != ROW_NUMBER:
        demanded = (roles.lead_id, *demanded)
    if need_outcome:
        demanded = schema.columns()
        if roles.converted is None:
            message = "roles.converted is not set, so no outcome is known"
            found.note("error", "", message, "name the 0/1 outcome column in the schema")
    _check_missing([column for column in demanded if column not in names], names, schema, need_outcome, found)
    for column in sorted({name for name in names if names.count(name) > 1 and name in schema.columns()}):
        found.note("error", column, "several columns of the file have this name", "give each a name of its own")
    for tier in schema.funnel.tiers:
        if (tier.kind == "stage" and roles.stage is None) or (tier.kind == "signal" and roles.call_seconds is None):
            role = "stage" if tier.kind == "stage" else "call_seconds"
            message = f"tier '{tier.name}' makes no pairs, as roles.{role} is not set"
            found.note("warning", "", message, "name its column in the schema or take the tier out")
    if roles.stage is not None and not schema.funnel.stages:
        message = "the stage is not used, as funnel.stages is empty"
        found.note("warning", roles.stage, message, "list the stages from shallow to deep")


def _check_missing(missing: list[str], names: list[str], schema: Schema, need_outcome: bool, found: Findings) -> None:
    """A line for each column that may have been meant otherwise, one for all others."""
    free, unlike = [name for name in names if name not in schema.columns()], []
    alone = "the schema names it, but the file has no such column"
    for column in missing:
        close = difflib.get_close_matches(column.casefold(), [name.casefold() for name in free], n=3, cutoff=0.6)
        if meant := ", ".join(repr(name) for name in free if name.casefold() in close):
            found.note("error", column, alone, f"did you mean {meant}?")
        else:
            unlike.append(column)
    it, column = ("it", "the column") if len(unlike) == 1 else ("them", "the columns")
    remedy = f"add {column} or take {it} out of the schema"
    if not need_outcome:  # the schema may be that of a model, which was trained on it
        remedy = f"add {column}, take {it} out of a schema of your own, or train a model that does without {it}"
    if len(unlike) == 1:
        found.note("error", unlike[0], alone, remedy)
    elif unlike:
        message = f"the schema names {', '.join(map(repr, unlike))}, but the file has no such columns"
        found.note("error", "", message, remedy)
    found.lacking |= set(missing)


def check_roles(roles: Columns, schema: Schema, now: pd.Timestamp | None, found: Findings) -> None:
    """Ids stand once and are not empty; no date lies after `now`."""
    names, ids, time = schema.roles, roles["lead_id"], roles["snapshot_time"]
    if names.lead_id not in found.at_fault():
        found.rows("error", names.lead_id, ids == "", "the lead id is empty", "give every lead an id")
        twice = ids.duplicated(keep=False) & (ids != "")
        remedy = "keep one row per lead, or name a column that is unique"
        found.rows("error", names.lead_id, twice, "the lead id stands in several rows", remedy, cells=ids)
    if names.snapshot_time is not None:
        late = time > _utc(pd.Timestamp.now("UTC") if now is None else now)
        remedy = "check the format and the time zone; the newest date decides which outcomes are known"
        found.rows("warning", names.snapshot_time, late, "the date lies in the future", remedy, cells=time)


def check_features(features: Columns, schema: Schema, need_outcome: bool, found: Findings) -> None:
    """Numbers read as numbers; to learn from, a column varies and a category is no id."""
    for name in [name for name in schema.features.columns() if name not in found.at_fault()]:
        unread = found.count(name, NO_NUMBER)
        if not unread and not need_outcome:
            continue
        column = features[name]
        if unread > column.notna().sum():
            remedy = "write plain numbers, or name it under features.categorical or text"
            # A model does not change with its schema.
            remedy += "" if need_outcome else "; a model that was trained on numbers has to be trained again for that"
            found.escalate(name, NO_NUMBER, remedy)
        elif need_outcome and (distinct := column.nunique()) <= 1:
            remedy = "it cannot tell leads apart; take it out of the schema"
            found.note("warning", name, "all leads have the same value", remedy)
        elif need_outcome and name in schema.features.categorical and distinct > max(MANY_CATEGORIES, len(column) / 5):
            message = f"{distinct:,} different values in {len(column):,} leads are many for a category"
            found.note("warning", name, message, "name it under features.text or numeric, or take an id out")


def check_outcomes(roles: Columns, schema: Schema, least: int, now: pd.Timestamp | None, found: Findings) -> None:
    """Enough leads of either known, mature outcome; the ends of the funnel agree with it."""
    names, stages, faulty = schema.roles, schema.funnel.stages, found.at_fault()
    converted, stage, time = roles["converted"], roles["stage"], roles["snapshot_time"]
    if names.converted is None or names.converted in faulty:
        return
    remedy = "they take no part in training and test"
    found.rows("warning", names.converted, converted.isna(), "the outcome is empty", remedy)
    if names.stage is not None and len(stages) > 1:
        remedy = "check the two columns, or the order of funnel.stages"
        lost, won = (stage == len(stages) - 1) & (converted == 0), (stage == 0) & (converted == 1)
        found.rows("warning", names.stage, lost, f"the deepest stage, '{stages[-1]}', but not converted", remedy)
        found.rows("warning", names.stage, won, f"the shallowest stage, '{stages[0]}', but converted", remedy)
    usable = converted.notna()
    if names.snapshot_time is not None and names.snapshot_time not in faulty:
        days = schema.split.maturity_days
        newest = time.max() if now is None else _utc(now)
        young = time > newest - pd.Timedelta(days=days)
        usable &= ~young
        message = f"the lead is younger than maturity_days = {days:g}: its outcome is not one yet"
        remedy = "it takes no part in training and test; wait, or set split.maturity_days lower"
        found.rows("warning", names.snapshot_time, young, message, remedy)
    won_count, count = int(converted[usable].sum()), int(usable.sum())
    counts = f"{won_count:,} of {count:,} leads with a known, mature outcome converted"
    fewest = min(won_count, count - won_count)
    if fewest == 0:
        found.note("error", names.converted, f"both outcomes are needed, however: {counts}", "give leads of both kinds")
    elif fewest < least:
        message = f"{least} converted and {least} other leads are needed, however: {counts}"
        found.note("error", names.converted, message, "give more leads")
    elif fewest < FEW_OF_EACH_CLASS:
        message = f"{counts}: enough to begin, too few for narrow intervals"
        found.note("warning", names.converted, message, f"{FEW_OF_EACH_CLASS} of each kind or more are better")


def _utc(moment: pd.Timestamp) -> pd.Timestamp:
    return moment.tz_convert("UTC").tz_localize(None) if moment.tzinfo is not None else moment
