"""A setting that knows what it means and what it may be, and is checked when it is made."""

from __future__ import annotations

from dataclasses import field, fields
from typing import Any

from core.errors import ConfigError


def setting(
    default: Any, meaning: str, *, low: float | None = None, high: float | None = None, choices: tuple = ()
) -> Any:
    """A dataclass field with its meaning and its bounds (both inclusive)."""
    return field(default=default, metadata={"meaning": meaning, "low": low, "high": high, "choices": choices})


class Checked:
    """Checks each setting against its own bounds when an instance is made."""

    def __post_init__(self) -> None:
        for f in fields(self):  # type: ignore[arg-type]
            value, rule = getattr(self, f.name), f.metadata
            if not rule:
                continue
            if rule["choices"] and value not in rule["choices"]:
                raise ConfigError(f"{f.name} must be one of {', '.join(rule['choices'])}, however: got={value!r}")
            for bound, wrong in (("low", lambda v, b: v < b), ("high", lambda v, b: v > b)):
                numbers = value if isinstance(value, tuple) else (value,)
                if rule[bound] is not None and any(wrong(v, rule[bound]) for v in numbers):
                    limit = "at least" if bound == "low" else "at most"
                    raise ConfigError(f"{f.name} must be {limit} {rule[bound]}, however: got={value!r}")
