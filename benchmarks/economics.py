"""How long lead economics takes where leads are many: dispatch to sales people, and profit by depth of the queue.

Dispatch: `--leads` leads of 16 regions and 4 skills, log-normal values, to `--people` people with 20 to 59 calls each
and, for each skill they have, a factor of their own from 0.7 to 1.4, so that no two are alike. Once with one to three
regions each and once with all of them; each plain and by the two simple ways, the former with fairness 0.1 too. Profit
curve: of `--deep` leads with chances about 1.3% and a margin each. By the clock and of the processor's time in all
threads.

    python -m benchmarks.economics [--leads 100000] [--people 200] [--deep 6000000] [--smoke] [--json]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.reading import peak_mib
from core.decisions.economics.depth import profit_curve
from core.decisions.economics.dispatch import Dispatch, dispatch, greedy, round_robin

REGIONS = tuple(f"region {n}" for n in range(16))
SKILLS = ("electric", "vans", "used", "fleet")
FAIRNESS = 0.1


def invented(leads: int, people: int, bound: bool, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leads and people; `bound`: to one to three regions each."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"lead_id": [f"L{n:07d}" for n in range(leads)], "value": rng.lognormal(4, 1, leads)})
    frame = frame.assign(region=rng.choice(REGIONS, leads), skill=rng.choice(SKILLS, leads))
    team = pd.DataFrame({"person": [f"person {n}" for n in range(people)], "capacity": rng.integers(20, 60, people)})
    places = [tuple(rng.choice(REGIONS, rng.integers(1, 4), replace=False)) for _ in range(people)]
    skills = []
    for _ in range(people):
        # The first skill for everybody, so that fairness is possible.
        known = SKILLS[:1] + tuple(skill for skill in SKILLS[1:] if rng.random() < 0.7)
        skills.append({skill: float(rng.uniform(0.7, 1.4)) for skill in known})
    team["regions"] = pd.Series(places if bound else [()] * people, dtype=object)
    team["skills"] = pd.Series(skills, dtype=object)
    return frame, team


def timed(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """What the work gives, and the seconds that it took."""
    start, worked = time.perf_counter(), time.process_time()
    given = work()
    return given, {"seconds": time.perf_counter() - start, "cpu_seconds": time.process_time() - worked}


def dispatched(leads: int, people: int) -> list[dict[str, Any]]:
    """One row for each team and way."""
    rows = []
    for team, bound in (("one to three regions each", True), ("all regions", False)):
        given = invented(leads, people, bound)
        ways: dict[str, Callable[[], Dispatch]] = {
            "best": lambda given=given: dispatch(*given),  # type: ignore[misc]
            "best, fair": lambda given=given: dispatch(*given, fairness=FAIRNESS),  # type: ignore[misc]
            "greedy": lambda given=given: greedy(*given),  # type: ignore[misc]
            "round robin": lambda given=given: round_robin(*given),  # type: ignore[misc]
        }
        if not bound:
            del ways["best, fair"]
        best = 0.0
        for way, work in ways.items():
            found, took = timed(work)
            best = best or found.total
            told = {"calls": len(found.frame), "of_best": found.total / best, "gap": found.gap}
            rows.append({"team": team, "way": way} | took | told | {"evenness": found.evenness})
    return rows


def deep(leads: int) -> dict[str, float]:
    """The profit curve of so many leads."""
    rng = np.random.default_rng(0)
    chance, margin = rng.beta(0.5, 37, leads), rng.uniform(500, 3000, leads)
    curve, took = timed(lambda: profit_curve(chance, margin, cost_per_call=20.0))
    return {"leads": leads, "best_depth": curve.best_depth, **took, "peak_mib": peak_mib()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--deep", type=int, default=6_000_000)
    parser.add_argument("--smoke", action="store_true", help="few leads and people, only to see that it runs")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    options = parser.parse_args()
    if options.smoke:
        options.leads, options.people, options.deep = 2_000, 8, 20_000
    # Before the dispatch, whose memory would count in the peak.
    curve = deep(options.deep)
    rows = dispatched(options.leads, options.people)
    if options.json:
        print(json.dumps({"leads": options.leads, "people": options.people, "dispatch": rows, "curve": curve}))
        return
    print(f"{options.leads:,} leads, {options.people:,} people")
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:.4g}".format))
    print(f"\nprofit curve of {curve['leads']:,} leads: {curve['seconds']:.2f} s, of the processor")
    print(f"{curve['cpu_seconds']:.2f} s; peak memory of the process {curve['peak_mib']:,.0f} MiB")


if __name__ == "__main__":
    main()
