"""Ids, names that people give, and the clock."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime

from core.errors import LeadRankError

LONGEST_NAME = 200
"""Characters of a name that a person gives."""


def new_id() -> str:
    """32 hexadecimal digits by chance: what a row is called, and the file beside it."""
    return uuid.uuid4().hex


def checked_id(given: str, what: str) -> str:
    """`given`, if it can be an id and so is harmless in a path.

    Raises:
        LeadRankError: it is none, as when an address was edited.

    Example:
        >>> checked_id("../../etc/passwd", "model")
        Traceback (most recent call last):
        core.errors.LeadRankError: there is no such model; go back to the list and choose it again
    """
    if not isinstance(given, str) or not re.fullmatch(r"[0-9a-f]{32}", given):
        raise missing(what)
    return given


def missing(what: str) -> LeadRankError:
    """For an id that no row has; without the id, which may be text of a stranger."""
    return LeadRankError(f"there is no such {what}; go back to the list and choose it again")


def one_line(text: str) -> str:
    """Without line breaks, control characters and blanks at the ends.

    Example:
        >>> one_line(" North\\tregion\\n")
        'North region'
    """
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def checked_name(given: str, what: str) -> str:
    """A name on one line.

    Raises:
        LeadRankError: it is empty or longer than `LONGEST_NAME`.
    """
    name = one_line(given)
    if not 0 < len(name) <= LONGEST_NAME:
        raise LeadRankError(
            f"the name of a {what} must have 1 to {LONGEST_NAME} characters, however: got {len(name)}; "
            f"give it {'a' if not name else 'a shorter'} name"
        )
    return name


def utc_now() -> datetime:
    """UTC, naive, as every time in the workspace is."""
    return datetime.now(UTC).replace(tzinfo=None)
