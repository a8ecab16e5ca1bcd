"""What a benchmark teaches beyond its answer: of the tiers, of the text in click-through models, of each ablation.

All of it is there to look at: p is corrected over what stands in one list, not over all lists.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.benchmark.arms import TEXT
from core.benchmark.measuring import AUC
from core.benchmark.spread import Contrast
from core.benchmark.table import Table
from core.benchmark.wording import AS_MANY, NO_DIFFERENCE, between, fewer_or_more
from core.comparison import holm
from core.errors import NotComputable
from core.ranking import LEVEL

ONE_TIER = "hpro-only-"
"""Keys of the arms that learn from one tier alone start so."""


def lessons(table: Table) -> dict[str, tuple[str, ...]]:
    """Sentences by topic, at the team's capacity: `tiers`, `text`, `ablations`; none where nothing is to tell."""
    variants = {key: arm.reference for key, arm in table.arms.items() if arm.reference in table.arms}
    tiers = {key: own for key, own in variants.items() if key.startswith(ONE_TIER)}
    text = {key: own for key, own in variants.items() if key.endswith(TEXT)}
    others = {key: own for key, own in variants.items() if table.arms[key].reads and key not in {*tiers, *text}}
    return {
        "tiers": (*_variants(table, tiers, ("it helps", "it hurts")), *_warnings(table)),
        "text": _text(table, text) or _why_no_text(table),
        "ablations": _variants(table, others, ("better, by more than chance", "worse, by more than chance")),
    }


def _variants(table: Table, variants: Mapping[str, str], judged: tuple[str, str]) -> tuple[str, ...]:
    """A sentence for each arm: how it does against the one that it is a variant of."""
    found: dict[str, Contrast] = {}
    p: dict[str, float] = {}
    untold = []
    for key, own in variants.items():
        try:
            found[key] = table.contrast(table.at_capacity, {key: 1, own: -1})
            p[key] = found[key].p()
        except NotComputable as error:
            untold.append(f"{table.arms[key].title}: cannot be told ({error}).")
    corrected = holm(p)
    return (
        *(_told(table, key, variants[key], found[key], judged, shown=corrected[key] < 1 - LEVEL) for key in p),
        *untold,
    )


def _told(table: Table, key: str, own: str, one: Contrast, judged: tuple[str, str], *, shown: bool) -> str:
    gap = one.figure()
    words = judged[0 if gap.value > 0 else 1] if shown else NO_DIFFERENCE
    than = "as" if fewer_or_more(gap.value) == AS_MANY else "than"
    return (
        f"{table.arms[key].title}: of 1,000 calls {fewer_or_more(gap.value)} bring an order {than} with "
        f"{table.arms[own].title} ({between(gap.low, gap.high)}): {words}."
    )


def _warnings(table: Table) -> tuple[str, ...]:
    """What the leads themselves say of the tiers, before any training."""
    told = [tier.get("warning") for tier in table.results.shared.get("tiers", ())]
    return tuple(f"Before any training: {words}." for words in told if words)


def _text(table: Table, variants: Mapping[str, str]) -> tuple[str, ...]:
    """What the embedding adds, on average over the click-through models that ran with and without it."""
    pairs = {key: own for key, own in variants.items() if table.arms[key].family == "click"}
    if not pairs:
        return ()
    weights = {key: 1 / len(pairs) for key in pairs} | {own: -1 / len(pairs) for own in pairs.values()}
    models = "one click-through network" if len(pairs) == 1 else f"{len(pairs)} click-through networks"
    start = f"On average over {models}, the language model's reading of the talk"
    try:
        one = table.contrast(table.at_capacity, weights)
        gap, shown = one.figure(), one.p() < 1 - LEVEL
        said = "more than chance" if shown else NO_DIFFERENCE
        first = (
            f"{start} brings {fewer_or_more(gap.value)} orders of 1,000 calls ({between(gap.low, gap.high)}): {said}."
        )
    except NotComputable as error:
        first = f"{start} brings what cannot be told at your team's capacity: {error}."
    try:
        order = table.contrast(AUC, weights).figure()
    except NotComputable as error:
        return first, f"In AUC it cannot be told: {error}."
    return first, f"In AUC that is {order.value:+.3f} (between {order.low:+.3f} and {order.high:+.3f})."


def _why_no_text(table: Table) -> tuple[str, ...]:
    """Why no arm is held against the same with the text, where both ran."""
    read = table.results.shared.get("read") or {}
    both = any(key.endswith(TEXT) and key.removesuffix(TEXT) in table.arms for key in table.arms)
    if not both or read.get("train", 0) >= read.get("of", 0):
        return ()
    return (
        f"What the reading of the talk adds to other networks cannot be told: with it they learned from "
        f"{read['train']:,} of the {read['of']:,} training leads (setting encode_limit), without it from all.",
    )
