"""Simulated customers of a campaign as files, and a workspace in which their segments are kept, for tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd

from core.data.schema import dump_schema
from core.decisions.segments.world import World, make_world

RULES = """blind = ["consent"]

[[engaged]]
column = "converted"
test = "is"
value = 1

[[campaign]]
column = "clicked"
test = "at least"
value = 1

[control]
column = "mailed"
test = "is"
value = "no"
"""


@cache
def small_world() -> World:
    """The same 5,000 customers each time."""
    return make_world(5000, seed=5)


def write_world(folder: Path, world: World) -> list[str]:
    """leads.csv, schema.toml and rules.toml in the folder; the options that name the first two."""
    leads = world.leads
    roles = leads.roles[["lead_id", "customer_id", "snapshot_time", "converted"]]
    frame = pd.concat([roles, leads.features], axis=1).assign(contacts=range(len(leads)))
    frame.to_csv(folder / "leads.csv", index=False)
    (folder / "schema.toml").write_text(dump_schema(leads.schema), "utf-8")
    (folder / "rules.toml").write_text(RULES, "utf-8")
    return ["--leads", str(folder / "leads.csv"), "--schema", str(folder / "schema.toml")]
