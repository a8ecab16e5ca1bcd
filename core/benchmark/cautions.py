"""What the answer of a benchmark hangs on, in sentences."""

from __future__ import annotations

from core.benchmark.measuring import whole_calls
from core.benchmark.results import Results
from core.benchmark.table import Table
from core.benchmark.wording import listed, per_thousand, share
from core.errors import NotComputable
from core.evaluation import Missing
from core.ranking import LEVEL

FEW_CALLS = 10
"""Tested leads below which a figure of the best of them is luck before it is skill. Source: as in core.lift.gains."""
NOTES = 3
"""Notes on the data that stand with the answer; all of them stand in the report."""


def cautions(table: Table, use: str | None) -> tuple[str, ...]:
    """`use`: the arm that is advised; None where none is."""
    results = table.results
    found = []
    if results.shared.get("split", {}).get("test") == 0:
        found.append("There was no test part, so the figures are of the leads by which choices were made: too good.")
    found += _notes(results)
    if results.shared.get("reads") is False and table.language is not None:
        found.append(
            "These leads have no words to read: what stands under the language model's name here are its heads and "
            "losses, learned from the fields alone."
        )
    read = results.shared.get("read") or {}
    if read.get("train", 0) < read.get("of", 0) and table.language is not None and results.shared.get("reads"):
        found.append(
            f"What reads the talk learned from {read['train']:,} of the {read['of']:,} training leads (setting "
            "encode_limit), the usual methods from all: a difference between them may come from that."
        )
    found += _spread(table)
    found += _unfinished(results)
    return (*found, *_trained_once(table), *_ahead_after_the_fact(table, use))


def _notes(results: Results) -> list[str]:
    """What the check of the file warned of."""
    notes = [str(note).rstrip(".") for note in results.shared.get("data_notes", ())]
    found = [f"About the data: {note}." for note in notes[:NOTES]]
    more = len(notes) - NOTES
    return found if more <= 0 else [*found, f"About the data there are {more} more notes, at the end of the report."]


def _spread(table: Table) -> list[str]:
    """Figures that chance spreads further than can be told, or far."""
    if table.untold:
        # Where there are two to compare, the answer has given the reason already.
        why = f": {table.untold}" if table.reference is None or table.language is None else ""
        return [f"How far chance spreads these figures cannot be told, so none can be trusted{why}."]
    calls = whole_calls(table.leads, table.results.capacity)
    if 1 <= calls < FEW_CALLS:
        leads = "a single tested lead" if calls == 1 else f"{calls} tested leads"
        return [
            f"The best {share(table.results.capacity)} are {leads}: what they bring is luck more than skill. Bring "
            "more leads, or compare at a larger capacity."
        ]
    return []


def _unfinished(results: Results) -> list[str]:
    """How many are still to come, and what holds some of them up."""
    found = []
    if results.waiting:
        arms = "one way to rank is" if len(results.waiting) == 1 else f"{len(results.waiting)} ways to rank are"
        found.append(f"The answer may still change: {arms} not finished.")
    for reason in dict.fromkeys(results.held_up.values()):
        titles = [results.arms[key].title for key, why in results.held_up.items() if why == reason]
        many = titles[0] if len(titles) == 1 else f"{titles[0]} and {len(titles) - 1} more"
        found.append(f"Held up, and tried again by the next call: {many}, because {reason.rstrip('.')}.")
    return found


def _trained_once(table: Table) -> list[str]:
    """Of ways in which chance has a part; what has none needs no second training."""
    results = table.results
    times = {key: len(results.of(key)) for key, arm in table.arms.items() if arm.seeded}
    if times and max(times.values()) == 1:
        names = listed([table.arms[key].title for key in times], 3)
        return [f"Trained once: {names}. How another training would do is not in the ranges; run 3 seeds."]
    two = (table.reference, table.language)
    if any(times.get(arm) == 1 for arm in two if arm in results.waiting):
        return ["One of the two was trained once so far, so its range covers the leads alone."]
    return []


def _ahead_after_the_fact(table: Table, use: str | None) -> list[str]:
    """The usual method that did best on the tested leads, where another one is advised."""
    orders = {
        key: row.figure.value
        for key, arm in table.arms.items()
        if arm.baseline and not isinstance((row := table.row(key, table.at_capacity)).figure, Missing)
    }
    if use not in orders:
        return []
    best = max(orders, key=lambda key: (orders[key], key == use))
    if best == use:
        return []
    ahead, advised = table.arms[best].title, table.arms[use].title
    found = f"Of the usual methods {ahead} found most on the tested leads, {per_thousand(orders[best])} of 1,000 calls"
    if _surely_ahead(table, best, use, len(orders) - 1):
        return [
            f"{found}: more than {advised} by more than chance, however many were tried. Compare the two again later."
        ]
    return [
        f"{found}; {advised} was chosen before the test was looked at, on the leads held back for choosing. The "
        "best of many on one test is partly luck: take it as a hint."
    ]


def _surely_ahead(table: Table, best: str, use: str, others: int) -> bool:
    """Whether the difference is more than chance for the best of so many (Bonferroni)."""
    try:
        return others * table.contrast(table.at_capacity, {best: 1, use: -1}).p() < 1 - LEVEL
    except NotComputable:
        return False
