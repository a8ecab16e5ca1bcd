"""Errors that a user can mend: one root, few children; messages say what was expected, what came and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path


class LeadRankError(Exception):
    """Root of every error whose cause is input, settings or files rather than a bug."""


class ReadError(LeadRankError):
    """A file could not be read as a table of leads."""


class SchemaError(LeadRankError):
    """The schema file is not a valid description of roles, features, split and funnel."""


class ConfigError(LeadRankError):
    """A setting does not exist or has a value outside its range."""


class BackboneError(LeadRankError):
    """A language model could not be found, converted or verified."""


class RunError(LeadRankError):
    """A run folder is missing, incomplete, altered or made for something else."""


class NotComputable(LeadRankError):
    """A figure has no value on this data, for example an AUC with one class only."""


class ValidationError(LeadRankError):
    """The leads do not fit the schema; `problems` holds every one that was found, not the first alone."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


_QUOTED = re.compile(r"(?<!\w)(?P<quote>['\"`])(?:file:(?://)?)?(?:[A-Za-z]:[/\\]|~?/|\\\\)[^\n]*?(?P=quote)(?!\w)")
"""A path between quotes, blanks and all. A quote before a letter is an apostrophe within it."""
_BARE = re.compile(r"(?<![\w./~])(?:file:(?://)?)?(?:[A-Za-z]:|~)?(?:/|\\+)(?:[^\s/\\'\"`]+[/\\]+)+")
_SEPARATORS = re.compile(r"[/\\]+")


def without_folders(message: str, places: Iterable[Path] = ()) -> str:
    """The message with names of files in place of whole paths, for people who have no business on the server's disk.

    Args:
        message: In which a path stands in quotes, or holds no blank, or lies below one of `places`.
        places: Folders that are known; what lies below one of them is named from there on.

    Example:
        >>> without_folders("cannot read '/srv/my data/q/card.json' from file:///srv/q/x: 3/4 of a/b done")
        "cannot read 'card.json' from x: 3/4 of a/b done"
        >>> without_folders("nothing in /srv/my data/runs/x of https://example.com/a/b", [Path("/srv/my data")])
        'nothing in runs/x of https://example.com/a/b'
    """
    message = _QUOTED.sub(_last_part, message)
    for place in sorted(
        (place for place in set(places) if place.name), key=lambda place: len(str(place)), reverse=True
    ):
        known = rf"(?:file:(?://)?)?{re.escape(str(place))}"
        message = re.sub(rf"{known}[/\\]+(?=\w)", "", message)
        message = place.name.join(re.split(rf"{known}(?![\w-]|\.\w)", message))
    return _BARE.sub("", message)


def _last_part(quoted: re.Match[str]) -> str:
    inner, quote = quoted[0][1:-1], quoted["quote"]
    parts = [part for part in _SEPARATORS.split(inner) if part]
    return f"{quote}{parts[-1]}{quote}" if parts else quoted[0]
