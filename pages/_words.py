"""A row of the queue in the words of a person who sells: trend, status, reasons; columns: `core.queue.titles`."""

from __future__ import annotations

from core.data.prompts import shown_name
from core.queue.store import reasons_of
from core.queue.view import STATUSES
from core.scores import DIALOGUE

TRENDS = {"improving": "↗ improving", "declining": "↘ declining", "steady": "→ steady", "new": "＋ new"}
"""Since the scoring before; an arrow and a word, so that neither colour nor shape has to be read alone."""
STATUS = dict(zip(STATUSES, ("To call", "Called", "Won", "Lost", "Not now"), strict=True))


def reason_list(reasons: object) -> list[tuple[str, str, float]]:
    """Name, value and contribution of each reason of a queue row, whether still JSON text or read already."""
    return reasons_of(reasons) if isinstance(reasons, str) else list(reasons or ())  # type: ignore[call-overload]


def reason_line(reasons: object) -> str:
    """The three strongest reasons in one line, those that speak for the lead first.

    >>> reason_line('[["calls_30d", "5", 0.4], ["dialogue", "", -0.2], ["city", "Ulm", 0.1]]')
    'For: calls in 30 days 5, city Ulm · Against: what was said'
    """
    told = [(value, reason_words(name, text)) for name, text, value in reason_list(reasons)[:3]]
    sides = (("For", [words for value, words in told if value > 0]), ("Against", [w for value, w in told if value < 0]))
    return " · ".join(f"{side}: {', '.join(lines)}" for side, lines in sides if lines)


def reason_words(name: str, text: str) -> str:
    """One reason without its weight: the field and its value, or what was said.

    >>> reason_words("city", "Ulm"), reason_words("city", ""), reason_words("dialogue", "")
    ('city Ulm', 'city not known', 'what was said')
    """
    if name == DIALOGUE:
        return "what was said"
    return f"{shown_name(name)} {text or 'not known'}"
