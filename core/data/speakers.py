"""Who in a conversation is the customer, told by the speakers' names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.data.names import plain_name

CUSTOMERS = ("customer", "client", "buyer", "caller", "kunde", "kundin", "cliente", "comprador", "客户", "用户", "顾客")
"""Words in the name of a customer; everybody else is ours."""


def customer(speakers: Sequence[str]) -> str | None:
    """The one called customer in some language, else who spoke second, else nobody.

    Example:
        >>> customer(["Kunde", "Berater"]), customer(["Ann", "Bo", "Ann"]), customer(["", "Ann"])
        ('Kunde', 'Bo', None)
    """
    names: Mapping[str, str] = {speaker: plain_name(speaker) for speaker in speakers if speaker}
    called = next((s for s, name in names.items() if any(word in name for word in CUSTOMERS)), None)
    return called or (list(names)[1] if len(names) > 1 else None)
