"""Do the segments keep their promises, where the truth is known?

1. Simulated customers: known campaign customers are hidden and found again, by each loss; labels are missing at
   random, or three times as often without consent (`selective`), there also with that column declared blind.
2. Hillstrom's e-mail test (`--data ../shared/data`): segments learned from those who got an e-mail, held against
   the random control arm, beside uplift and response models.

`--write FOLDER` writes such customers, 40% of whose labels are missing, as files to try `python -m core segment` on.

python -m benchmarks.segments [--customers 20000] [--seeds 5] [--data ../shared/data] [--write FOLDER]
    [--json] [--smoke]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.answers import as_json
from core.data.leads import Leads
from core.data.schema import Features, Roles, Schema, Split, dump_schema
from core.data.segment_rules import Condition, Rules
from core.decisions.segments.arms import against_arms, fit_effects
from core.decisions.segments.recovery import Hiding, recover, summary
from core.decisions.segments.world import RULES, make_world
from core.funnel import Funnel
from core.neural.segments.correction import Correcting
from core.neural.segments.material import Material
from core.neural.segments.segmenter import fit_segmenter
from core.segment_files import rules_text

HILLSTROM = "hillstrom/hillstrom_data.csv.gz"
LAPSED = Rules(
    engaged=(Condition("converted", "is", 1),),
    campaign=(Condition("recency", "at least", 6),),
    control=Condition("segment", "is", "No E-Mail"),
    before=("recency",),
)
"""The file does not say who clicked. Taken for a campaign's doing: a visit of somebody who had not bought for half a
year, which was known before the e-mail."""


WORLDS = {"random": (1.0, False, ()), "selective": (0.75, True, ()), "blind": (0.75, True, ("consent",))}
"""Share of labels that are seen, whether consent decides, columns declared blind."""


def recovered(customers: int, hiding: Hiding, worlds: Sequence[str] = tuple(WORLDS)) -> pd.DataFrame:
    """A row for each world, share hidden and method: see `recovery.summary`, and missing_before, the share of campaign
    customers who had no label before any was hidden. Each seed draws its own customers."""
    found = []
    for name in worlds:
        labelled, selective, blind = WORLDS[name]
        # Hidden by the world itself where that is not at random.
        shares = (0.4,) if selective else hiding.shares
        rows = []
        for seed in range(hiding.seeds):
            world = make_world(customers, seed, labelled=labelled, selective=selective)
            material = Material.of(world.leads, replace(RULES, blind=blind))
            truth, tested = world.truth == "campaign", material.engaged_rows(material.parts.test)
            again = recover(material, replace(hiding, shares=shares, seeds=1), truth=truth).rows
            before = 1 - (material.labels[tested] == "campaign").sum() / truth[tested].sum()
            rows.append(again.assign(seed=seed, missing_before=before))
        own = pd.concat(rows)
        found.append(summary(own).assign(world=name, missing_before=own["missing_before"].mean()))
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


def write(folder: Path, customers: int) -> None:
    """leads.parquet, schema.toml and rules.toml."""
    leads = make_world(customers, labelled=0.6).leads
    folder.mkdir(parents=True, exist_ok=True)
    roles = leads.roles[["lead_id", "customer_id", "snapshot_time", "converted"]]
    pd.concat([roles, leads.features], axis=1).to_parquet(folder / "leads.parquet", index=False)
    (folder / "schema.toml").write_text(dump_schema(leads.schema), "utf-8")
    (folder / "rules.toml").write_text(rules_text(RULES, leads), "utf-8")


def held_against_control(leads: Leads, loss: str = "hill") -> dict[str, Any]:
    """See `training.against_arms`."""
    material = Material.of(leads, LAPSED)
    assigned = fit_segmenter(material, Correcting(loss=loss)).assign(leads)
    return against_arms(material, assigned, fit_effects(material)[0])


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args(arguments)
    if options.write is not None:
        write(options.write, options.customers)
        return
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
    print(
        "| labels | missing before | hidden of the rest | loss | precision (80% promised) | recall | by its ranking |"
    )
    print("|---|---|---|---|---|---|---|")
    for row in result["recovery"]:
        told = [
            "–" if row[name] is None else f"{row[name]:.0%} ({_end(row[f'{name}_low'])} to {_end(row[f'{name}_high'])})"
            for name in ("precision", "recall", "recall_at_precision")
        ]
        shares = f"{row['missing_before']:.0%} | {row['hidden']:.0%}"
        print(f"| {row['world']} | {shares} | {row['method']} | {' | '.join(told)} |")
    for row in result.get("hillstrom", ()):
        value, low, high = row["qini"]
        print(f"{row['name']}: Qini {value:.2f} ({low:.2f} to {high:.2f}) visitors per 1,000 e-mails")


def _end(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


if __name__ == "__main__":
    main()
