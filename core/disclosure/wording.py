"""Dates, lists and ranges in the words of a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.lift.likely import Likely, TooLittle
from core.lift.promises import Broken
from core.queue.titles import column_words


def likely_words(found: Likely | TooLittle | None) -> str:
    """How sure the chance is, for `Standing.likely`.

    Example:
        >>> likely_words(Likely(200, 11, 0.031, 0.096))[:65]
        'Of 200 earlier enquiries with nearly the same estimate, 11 led to'
    """
    if found is None:
        return ""
    if isinstance(found, TooLittle):
        return "How sure that estimate is cannot be said: too few earlier enquiries are like yours."
    low, high = found.per_hundred
    return (
        f"Of {found.leads:,} earlier enquiries with nearly the same estimate, {found.orders:,} led to an order. So of "
        f"100 such enquiries it is probably between {low} and {high}; what you will do, the program does not know."
    )


def broken_words(found: Broken | None) -> str:
    """That estimates were off lately, and which way this one probably is; "" where they may be right.

    Example:
        >>> broken_words(Broken(1081, 127.9, 89))[:72]
        'Its estimates were too high lately: of 1,081 later enquiries it expected'
    """
    if found is None:
        return ""
    return (
        f"Its estimates were too {found.way} lately: of {found.leads:,} later enquiries it expected "
        f"{found.promised:,.0f} to end with an order, and {found.came:,} did. So the true figure is probably "
        f"{'lower' if found.way == 'high' else 'higher'}. The order of the enquiries is not touched by that."
    )


def field_words(name: str) -> str:
    """What a column is called, as on the screen.

    Example:
        >>> field_words("calls_30d")
        'Calls in 30 days'
    """
    return column_words(f"field:{name}")


def value_words(value: str, category: bool) -> str:
    """A field's value; a category's name without the marks of a file.

    Example:
        >>> value_words("tier_2", True), value_words("ask for ref_2", False)
        ('tier 2', 'ask for ref_2')
    """
    return value.replace("_", " ") if category else value


def day(moment: datetime) -> str:
    """
    Example:
        >>> day(datetime(2026, 3, 7, 9))
        '7 March 2026'
    """
    return f"{moment.day} {moment:%B %Y}"


def listed(names: Sequence[str]) -> str:
    """
    Example:
        >>> listed(["a", "b", "c"]), listed(["a"])
        ('a, b and c', 'a')
    """
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
