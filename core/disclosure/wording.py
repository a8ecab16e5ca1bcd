"""Dates, lists and ranges in the words of a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.lift.likely import Likely, TooLittle


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
