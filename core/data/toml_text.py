"""Values and remarks as TOML text."""

from __future__ import annotations

import json
from typing import Any


def toml_comment(remark: str) -> list[str]:
    """A line of TOML for each line of a remark.

    Example:
        >>> toml_comment("two\\nlines")
        ['# two', '# lines']
    """
    return [f"# {''.join(c if c.isprintable() else ' ' for c in line)}" for line in remark.splitlines()]


def toml_value(value: Any) -> str:
    """Text, a number, or a list of either, as TOML writes it.

    Example:
        >>> toml_value(["a", 0.5])
        '["a", 0.5]'
    """
    if isinstance(value, str):
        # TOML forbids a bare DEL, JSON does not.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    return repr(value)
