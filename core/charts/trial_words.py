"""Field trials in plain words, the same on the screen and in the report: effects, methods, measures, rules."""

from __future__ import annotations

from core.charts import style
from core.data.prompts import shown_name

NEW, OLD = "New ranking", "Old ranking"
"""The arms "treatment" and "control"."""
ALIKE = 0.1
"""Standard deviations: arms that differ by less than this count as alike. Source: Austin 2009."""
METHODS = {
    "adjusted": "Past results counted",
    "t_test": "Each person's order rate (t-test)",
    "permutation": "Against other draws of the arms",
    "ratio": "All orders over all leads",
}
"""Ways to read a trial, in a label's length."""
MEASURES = {
    "leads": "Leads",
    "orders": "Orders",
    "order_rate": "Leads that ordered (share)",
    "lock_ins_7": "Orders, last 7 days",
    "lock_ins_14": "Orders, last 14 days",
    "lock_ins_30": "Orders, last 30 days",
    "follow_ups": "Follow-ups",
}
"""What is known of a person before the trial."""
STATES = {"fine": "In order", "look": "Look at it", "stop": "Stop and look"}
"""Of a check."""
READ = {
    "fixed": "Once, when every lead's outcome is final; no effect is shown before",
    "obrien_fleming": "At the planned looks alone; early ones ask for stronger proof",
    "always_valid": "On any day; the ranges are wider for it",
}
"""When the plan lets an effect be read."""
DRAWN = {
    "rerandomised": "By lot, drawn again until the groups were alike",
    "pairs": "In pairs of people who are alike, one of each by lot",
    "stratified": "By lot within each stratum",
}
"""How people came into the arms."""


def uplift(value: float) -> str:
    """A relative effect with its sign.

    Example:
        >>> uplift(0.095), uplift(-0.2), uplift(-0.0001)
        ('+9.5%', '-20%', '0%')
    """
    shown = style.share(abs(value))
    return shown if shown == "0%" else f"{'+' if value > 0 else '-'}{shown}"


def between(low: float, high: float) -> str:
    """An interval of an effect.

    Example:
        >>> between(-0.01, 0.2)
        'likely between -1% and +20%'
    """
    return f"likely between {uplift(low)} and {uplift(high)}"


def method_words(method: str) -> str:
    return METHODS.get(method) or shown_name(method)


def measure_words(column: str) -> str:
    return MEASURES.get(column) or shown_name(column)
