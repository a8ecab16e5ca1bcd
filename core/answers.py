"""What a verb of the command line answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """The same result twice: plain JSON, and text for a person."""

    document: dict[str, Any]
    text: str
    code: int = 0
    """Exit code: 2 where the answer is that the input cannot be used."""
