"""Numbers of a benchmark in words for a person who plans calls."""

from __future__ import annotations

from collections.abc import Sequence

from core.evaluation import Measure

NO_DIFFERENCE = "no difference that this test set can show"
AS_MANY = "as many"


def share(value: float) -> str:
    """
    Example:
        >>> share(0.001), share(0.051), share(0.1)
        ('0.1%', '5.1%', '10%')
    """
    return f"{100 * value:.3g}%"


def per_thousand(value: float) -> str:
    """Orders of 1,000 calls, from a share; small numbers with a decimal.

    Example:
        >>> per_thousand(0.1312), per_thousand(0.0042)
        ('131', '4.2')
    """
    calls = 1000 * abs(value)
    return f"{calls:,.0f}" if calls >= 9.95 else f"{calls:.1f}".removesuffix(".0")


def fewer_or_more(value: float) -> str:
    """A difference of shares as orders of 1,000 calls.

    Example:
        >>> fewer_or_more(-0.004), fewer_or_more(0.012), fewer_or_more(0.00001)
        ('4 fewer', '12 more', 'as many')
    """
    shown = per_thousand(value)
    return AS_MANY if shown == "0" else f"{shown} {'more' if value > 0 else 'fewer'}"


def between(low: float, high: float) -> str:
    """The interval of such a difference.

    Example:
        >>> between(-0.015, 0.008), between(0.006, 0.022), between(-0.022, -0.006)
        ('between 15 fewer and 8 more', 'between 6 and 22 more', 'between 6 and 22 fewer')
    """
    first, second = sorted((low, high), key=abs) if low * high > 0 else (low, high)
    ends = [fewer_or_more(first), fewer_or_more(second)]
    ends = ["0" if end == AS_MANY else end for end in ends]
    kind = f" {ends[1].rsplit(' ', 1)[-1]}"
    return f"between {ends[0].removesuffix(kind)} and {ends[1]}"


def duration(seconds: float) -> str:
    """
    Example:
        >>> duration(0.02), duration(1.25), duration(48), duration(720), duration(16000)
        ('less than 0.1 s', '1.2 s', '48 s', '12 minutes', '4.4 hours')
    """
    if seconds < 0.1:
        return "less than 0.1 s"
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 6000 else f"{seconds / 3600:.1f} hours"


def in_minutes(minutes: float) -> str:
    """A budget.

    Example:
        >>> in_minutes(1), in_minutes(0.5), in_minutes(30)
        ('1 minute', '0.5 minutes', '30 minutes')
    """
    return f"{minutes:g} minute{'' if minutes == 1 else 's'}"


def listed(names: Sequence[str], most: int = 4) -> str:
    """
    Example:
        >>> listed(["A"]), listed(["A", "B", "C"]), listed(list("ABCDEF"))
        ('A', 'A, B and C', 'A, B, C and 3 more')
    """
    shown = list(names) if len(names) <= most else [*names[: most - 1], f"{len(names) - most + 1} more"]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def luck(p: float) -> str:
    """p of a table.

    Example:
        >>> luck(0.0002), luck(0.034)
        ('< 0.001', '0.034')
    """
    return "< 0.001" if p < 0.0005 else f"{p:.3f}"


def measure_words(measure: Measure) -> str:
    """
    Example:
        >>> measure_words(Measure("precision_at", 0.01)), measure_words(Measure("auc"))
        ('Orders per 1,000 calls, best 1% of the leads', 'AUC')
    """
    depth = "" if measure.share is None else f", best {share(measure.share)} of the leads"
    names = {
        "auc": "AUC",
        "average_precision": "Average precision",
        "precision_at": f"Orders per 1,000 calls{depth}",
        "recall_at": f"Share of all orders found{depth}",
    }
    return names[measure.kind]


def told(measure: Measure, value: float, *, signed: bool = False) -> str:
    """A figure, or with `signed` a difference of two, as tables show it.

    Example:
        >>> told(Measure("auc"), 0.81619), told(Measure("precision_at", 0.1), -0.004, signed=True)
        ('0.816', '-4.0')
        >>> told(Measure("recall_at", 0.05), 0.051, signed=True)
        '+5.1 points'
    """
    sign = "+" if signed else ""
    if measure.kind == "precision_at":
        return f"{1000 * value:{sign},.1f}"
    if measure.kind == "recall_at":
        return f"{100 * value:+.1f} points" if signed else f"{100 * value:.1f}%"
    return f"{value:{sign}.3f}"
