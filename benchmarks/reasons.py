"""Reasons: which way to give them is the most faithful, and what each costs in readings of the lead.

    AOPC           over the fields and turns of each lead, in units of the ranking score's logit, with 95% intervals
    passes         forward and backward readings of the lead
    x forward      the processor's time over that of one forward reading of the same lead
    a second       comprehensiveness over random orders, for each second of the processor

Half the leads are of the top twentieth of the test part. Times are processor time, which a busy machine lengthens less
than the clock; the ratios count.

    python -m benchmarks.reasons [--model sample_data/model] [--leads sample_data/leads.csv] [--sample 20] [--draws 20]
                                 [--methods ...] [--json] [--smoke]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.answers import as_json
from core.config import PRESETS, with_settings
from core.console import load, tell
from core.data.changing import changed_lead, one_table, without
from core.data.leads import Leads
from core.data.simulation import schema_for_sample, simulate
from core.data.validation import validate
from core.faithfulness import Faithfulness
from core.neural.faithfulness import measure
from core.neural.methods import METHODS
from core.neural.one_pass import first_reasons
from core.neural.scorer import NeuralScorer
from core.neural.subject import looking_at
from core.neural.trainer import train_run
from core.progress import nobody
from core.proofs import NOTHING
from core.ranking import Figure
from core.removals import pick
from core.scoring import load_scorer, rescorer

PROVED = 5
"""Reasons that are proved by leaving them out, and once more by words that say nothing."""


def timed(work: Callable[..., Any], *given: Any) -> tuple[float, Any]:
    """The processor's seconds, and what came out."""
    began = time.process_time()
    value = work(*given)
    return time.process_time() - began, value


def forward_seconds(scorer: NeuralScorer, leads: Leads, lead_id: str) -> float:
    """One forward reading of the lead: the fastest of three."""
    with looking_at(scorer, leads, lead_id) as subject:
        whole = np.ones((1, len(subject.units)), dtype=bool)
        return min(timed(subject.unread().logits, whole)[0] for _ in range(3))


def costs(scorer: NeuralScorer, leads: Leads, lead_ids: Sequence[str]) -> dict[str, float]:
    """First reasons, five proofs, and a what-if after the first, each as a multiple of one forward reading of the
    lead: medians over leads."""
    found: dict[str, list[float]] = {"first reasons": [], "five proofs": [], "a what-if, after the first": []}
    for lead_id in lead_ids:
        one, forward = leads.take(np.array([leads.row_of(lead_id)])), forward_seconds(scorer, leads, lead_id)
        seconds, first = timed(first_reasons, scorer, leads, lead_id)
        found["first reasons"].append(seconds / forward)
        shown = sorted((*first.fields, *first.turns), key=lambda c: -abs(c.value))[:PROVED]
        again = rescorer(scorer, one)
        gone, _ = timed(again.score, one_table([without(one, each) for each in shown]))
        blank, _ = timed(again.blanked, shown, first.neutral or NOTHING)
        found["five proofs"].append((gone + blank) / forward)
        changed = changed_lead(one, {leads.schema.features.numeric[0]: 1.0})
        found["a what-if, after the first"].append(timed(again.score, changed)[0] / forward)
    return {name: float(np.median(values)) for name, values in found.items()}


def tiny(leads: int) -> tuple[NeuralScorer, Leads, pd.DataFrame]:
    """A random two-layer model trained on a few simulated leads: only to see that it runs."""
    told, _ = validate(simulate(leads, 0, base_rate=0.3).frame, schema_for_sample())
    small = ["backbone=tiny", "depth=2", "device=cpu", "fields=tower", "engine.precision=fp32"]
    config = with_settings(PRESETS["cpu-quick"], small)
    with tempfile.TemporaryDirectory() as work:
        fit, later = np.arange(leads * 3 // 4), np.arange(leads * 3 // 4, leads)
        scorer = train_run(told, fit, later, config, Path(work), nobody).scorer
    return scorer, told, scorer.score(told.take(later)).frame


def table(found: Faithfulness, forward: float) -> str:
    """One line a method."""
    lines = [
        "| method | comprehensiveness | over random | sufficiency | under random | taken out: comprehensiveness over "
        "random | taken out: sufficiency under random | over gradient x input | "
        "infidelity | sensitivity | sum off by | same top 5 | passes | x forward | a second | gate |",
        "|" + "---|" * 16,
    ]
    for one in found.methods:
        gone = one.deleted
        figures: list[Figure | None] = [one.comprehensiveness, one.over_random, one.sufficiency, one.under_random]
        figures += [gone.over_random, gone.under_random] if gone else [None, None]
        figures.append(one.over_gradient)
        cells = ["" if f is None else f"{f.value:.2f} ({f.low:.2f} to {f.high:.2f})" for f in figures]
        cells += [f"{one.infidelity:.3f}", "" if one.sensitivity is None else f"{one.sensitivity:.2f}"]
        cells += [f"{one.error:.0%}", "" if one.agreement is None else f"{one.agreement:.2f}", f"{one.passes:.0f}"]
        cells += [f"{one.seconds / forward:.1f}", f"{one.per_second:.2f}", "passes" if one.passes_gate else "fails"]
        lines.append(f"| {one.name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path("sample_data/model"))
    parser.add_argument("--leads", type=Path, default=Path("sample_data/leads.csv"))
    parser.add_argument("--sample", type=int, default=20, help="test leads")
    parser.add_argument("--draws", type=int, default=20, help="random orders a lead")
    parser.add_argument("--methods", nargs="*", default=list(METHODS))
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--smoke", action="store_true", help="a tiny model, few leads: only to see that it runs")
    asked = parser.parse_args()
    if asked.smoke:
        asked.sample, asked.draws = 3, 2
        scorer, leads, scores = tiny(160)
    else:
        loaded = load_scorer(asked.model)
        assert isinstance(loaded, NeuralScorer)
        scorer, leads = loaded, load(asked.leads, loaded.schema)
        scores = pd.read_parquet(asked.model / "test_scores.parquet")
    ids, tops = pick(scores, scores["lead_id"].isin(leads.lead_id), "pairwise", asked.sample)
    watch = nobody if asked.smoke else tell
    found = measure(scorer, leads, ids, tops=tops, methods=asked.methods, draws=asked.draws, watch=watch)
    forward = float(np.median([forward_seconds(scorer, leads, lead_id) for lead_id in ids]))
    cost = costs(scorer, leads, ids[:10])
    if asked.json:
        print(json.dumps({**as_json(found), "forward_seconds": forward, "costs": cost}))
        return
    print(f"{found.leads} leads, {found.draws} random orders each; a forward reading takes {forward:.2f} s")
    print(table(found, forward))
    print(
        "shuffled, rank correlation of first reasons: ", {name: round(one, 2) for name, one in found.made_anew.items()}
    )
    for one in found.methods:
        print(f"{one.name}: without the strongest fifth, leads that fall from the top: {dict(one.falls)}")
    for name, times in cost.items():
        print(f"{name}: {times:.1f} forward readings")


if __name__ == "__main__":
    main()
