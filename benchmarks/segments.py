"""Do the segments keep their promises, where the truth is known?

1. Simulated customers: known campaign customers are hidden and found again, by each loss; labels are missing at
   random, or three times as often without consent (`selective`), there also with that column declared blind.
2. Hillstrom's e-mail test (`--data ../shared/data`): segments learned from those who got an e-mail, held against
   the random control arm, beside uplift and response models.

python -m benchmarks.segments [--customers 20000] [--seeds 5] [--data ../shared/data] [--json] [--smoke]
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.answers import as_json
from core.data.leads import Leads
from core.data.schema import Features, Roles, Schema, Split
from core.data.segment_rules import Condition, Rules
from core.decisions.segments.recovery import Hiding, recover, summary
from core.decisions.segments.training import against_arms
from core.decisions.segments.world import RULES, make_world
from core.funnel import Funnel
from core.neural.segments.correction import Correcting
from core.neural.segments.segmenter import Material, fit_segmenter

HILLSTROM = "hillstrom/hillstrom_data.csv.gz"
LAPSED = Rules(
    engaged=(Condition("converted", "is", 1),),
    campaign=(Condition("recency", "at least", 6),),
    control=Condition("segment", "is", "No E-Mail"),
)
"""The file does not say who clicked. Taken for a campaign's doing: a visit of somebody who had not bought for half a
year."""


def recovered(customers: int, hiding: Hiding) -> pd.DataFrame:
    """A row for each world, share hidden and method; see `recovery.summary`."""
    found = []
    for name, selective, blind in (("random", False, ()), ("selective", True, ()), ("blind", True, ("consent",))):
        # Hidden by the world itself where that is not at random.
        shares = (0.4,) if selective else hiding.shares
        world = make_world(customers, labelled=0.75 if selective else 1.0, selective=selective)
        material = Material.of(world.leads, replace(RULES, blind=blind))
        rows = recover(material, replace(hiding, shares=shares), truth=world.truth == "campaign")
        found.append(summary(rows).assign(world=name))
    return pd.concat(found, ignore_index=True)


def read_hillstrom(path: Path) -> Leads:
    """The test as leads, in random order, since the file has no dates: `converted` is a visit within two weeks."""
    frame = pd.read_csv(path).sample(frac=1, random_state=0, ignore_index=True)
    numeric, categorical = ("recency", "history", "mens", "womens", "newbie"), ("zip_code", "channel", "segment")
    ids = [f"H{number:05d}" for number in range(len(frame))]
    roles = pd.DataFrame(
        {
            "lead_id": ids,
            "customer_id": ids,
            "owner": "",
            "snapshot_time": pd.Series(pd.NaT, index=frame.index, dtype="datetime64[us]"),
            "converted": frame["visit"].astype(float),
            "stage": -1,
            "call_seconds": np.nan,
            "dialogue": "",
        }
    )
    features = frame[list(numeric)].astype(float).join(frame[list(categorical)].astype(str))
    schema = Schema(
        Roles("lead_id", converted="converted"), Features(numeric, categorical), Split(maturity_days=0), Funnel()
    )
    return Leads(roles, features, schema)


def held_against_control(leads: Leads, loss: str = "hill") -> dict[str, Any]:
    """See `training.against_arms`."""
    material = Material.of(leads, LAPSED)
    return against_arms(material, fit_segmenter(material, Correcting(loss=loss)).assign(leads))


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args(arguments)
    hiding = Hiding(seeds=options.seeds)
    if options.smoke:
        options.customers, hiding = 9_000, Hiding((0.4,), ("hill", "bce"), 1)
    rows = recovered(options.customers, hiding)
    result: dict[str, Any] = {"customers": options.customers, "recovery": as_json(rows)}
    if options.data is not None:
        result["hillstrom"] = held_against_control(read_hillstrom(options.data / HILLSTROM))["rows"]
    if options.json:
        json.dump(result, sys.stdout)
        return
    print("| labels | hidden | loss | precision (80% promised) | recall | recall were the line known |")
    print("|---|---|---|---|---|---|")
    for row in result["recovery"]:
        told = [
            "–" if row[name] is None else f"{row[name]:.0%} ({_end(row[f'{name}_low'])} to {_end(row[f'{name}_high'])})"
            for name in ("precision", "recall", "recall_at_precision")
        ]
        print(f"| {row['world']} | {row['hidden']:.0%} | {row['method']} | {' | '.join(told)} |")
    for row in result.get("hillstrom", ()):
        value, low, high = row["qini"]
        print(f"{row['name']}: Qini {value:.2f} ({low:.2f} to {high:.2f}) visitors per 1,000 e-mails")


def _end(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


if __name__ == "__main__":
    main()
