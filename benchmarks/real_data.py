"""Public data as lead files, for trying the verbs on something that nobody here made up.

    python -m benchmarks.real_data ../shared/data --out build/real
    python -m core guess-schema build/real/bank.csv --out build/real/bank.toml
    python -m core train --leads build/real/bank.csv --schema build/real/bank.toml --out build/real/bank-run
    python -m core train --leads build/real/casino.csv --schema build/real/casino.toml --out build/real/casino-run

bank.csv is the file as published (UCI Bank Marketing, Moro et al. 2014): `;`-separated, in the order of the calls.
casino.csv takes each side of a CaSiNo negotiation (Chawla et al. 2021, CC BY 4.0) as a lead: what both said, who the
person is, and as outcome whether they were extremely satisfied with the deal.
"""

from __future__ import annotations

import argparse
import csv
import json
import zipfile
from pathlib import Path

CASINO_SCHEMA = """[roles]
lead_id = "lead"
customer_id = "negotiation"
converted = "delighted"
stage = "satisfaction"
dialogue = ["talk"]

[features]
numeric = ["age"]
categorical = ["gender", "education", "orientation"]

[funnel]
stages = ["dissatisfied", "undecided", "satisfied", "delighted"]

[[funnel.tiers]]
name = "global_dominance"
margin = 1.0
chosen = ["delighted"]
rejected = ["dissatisfied"]

[[funnel.tiers]]
name = "key_action"
margin = 0.5
chosen = ["satisfied", "delighted"]
rejected = ["undecided"]
"""
STAGES = {
    "Extremely satisfied": "delighted",
    "Slightly satisfied": "satisfied",
    "Undecided": "undecided",
    "Slightly dissatisfied": "dissatisfied",
    "Extremely dissatisfied": "dissatisfied",
}


def write_bank(data: Path, out: Path) -> Path:
    """bank.csv as published; returns its path."""
    target = out / "bank.csv"
    with zipfile.ZipFile(data / "bank_marketing/bank-additional.zip") as archive:
        target.write_bytes(archive.read("bank-additional/bank-additional-full.csv"))
    return target


def write_casino(data: Path, out: Path) -> Path:
    """casino.csv and casino.toml; returns the former's path."""
    target = out / "casino.csv"
    (out / "casino.toml").write_text(CASINO_SCHEMA, "utf-8")
    talks = [
        t
        for part in ("train", "valid", "test")
        for t in json.loads((data / f"casino/casino_{part}.json").read_text("utf-8"))
    ]
    names = ("lead", "negotiation", "age", "gender", "education", "orientation", "talk", "satisfaction", "delighted")
    with target.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(names)
        for talk in sorted(talks, key=lambda t: t["dialogue_id"]):
            for agent, person in talk["participant_info"].items():
                who, stage = person["demographics"], STAGES[person["outcomes"]["satisfaction"]]
                said = "\n".join(
                    f"{'Customer' if m['id'] == agent else 'Partner'}: {m['text']}" for m in talk["chat_logs"]
                )
                number = talk["dialogue_id"]
                lead = f"{number}-{agent[-1]}"
                facts = (who["age"], who["gender"], who["education"], person["personality"]["svo"])
                rows.writerow((lead, number, *facts, said, stage, int(stage == "delighted")))
    return target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder that holds bank_marketing/ and casino/")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for write in (write_bank, write_casino):
        print(write(options.data, options.out))


if __name__ == "__main__":
    main()
