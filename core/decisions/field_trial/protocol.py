"""What was decided before a trial began, frozen: who is in which arm, how long, which test counts; with its hash."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.decisions.field_trial.assignment import Design
from core.decisions.field_trial.rules import check_looks, check_settings, check_specialists
from core.decisions.field_trial.specialists import COLUMNS, read_specialists
from core.errors import LeadRankError


@dataclass(frozen=True, kw_only=True, eq=False)
class Protocol:
    """One trial as it was planned; nothing in it can change unseen.

    Raises:
        ConfigError: a setting is out of its range.
        ValidationError: a specialist stands twice, in both arms or in none, or an arm has fewer than two; rows count as
            in a table with a header.
    """

    name: str
    made: str
    """When, ISO, UTC."""
    made_by: str
    start: str
    """First day, ISO date: leads count from its midnight, UTC."""
    days: int
    """Days in which leads enter the trial."""
    maturity_days: float
    """Days until a lead's outcome is final."""
    headline: str = "adjusted"
    """The one read-out that decides: adjusted, t_test, permutation or ratio."""
    looks: str = "fixed"
    """When an effect may be shown: fixed (at the end alone), obrien_fleming (at `look_days`), always_valid (always)."""
    look_days: tuple[int, ...] = ()
    """Days since the start, ascending, of the looks of obrien_fleming; the last is the one when all is mature."""
    alpha: float = 0.05
    """Share of trials without any effect in which the headline may claim one."""
    power: float = 0.8
    """Share of trials with an effect of `uplift` in which the headline shall find it."""
    uplift: float = 0.095
    """Relative effect for which the trial was planned. Source: the paper's field trial."""
    icc: float = 0.0
    """Intra-class correlation that was planned with."""
    leads_per_specialist: float
    """Leads a specialist, over the whole trial, that were planned with."""
    design: Design = field(default_factory=Design)
    draws: tuple[float, ...] = ()
    """Distance between the arms of every draw until one was accepted; empty where the design needs none."""
    arms: Mapping[str, str]
    """What each arm calls by, in free words: {"treatment": ..., "control": ...}."""
    guardrails: tuple[tuple[str, str], ...] = ()
    """Columns that must not suffer, each with the direction that is bad: lower or higher."""
    specialists: pd.DataFrame
    """`Assignment.frame`: the columns of specialists.py, then stratum and arm. A copy: no later change of the
    given table reaches it."""

    def __post_init__(self) -> None:
        check_settings(vars(self))
        check_looks(self.looks, self.look_days, self.days, self.maturity_days)
        check_specialists(self.specialists)
        object.__setattr__(self, "specialists", self.specialists.copy())

    def to_dict(self) -> dict[str, Any]:
        """For JSON, `sha256` last; `protocol_from_dict` reads it back."""
        return self._content() | {"sha256": self.sha256}

    @property
    def sha256(self) -> str:
        """Over canonical JSON of everything else: equal exactly where all that was decided is."""
        text = json.dumps(self._content(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def arm_of(self) -> dict[str, str]:
        """Specialist -> treatment or control."""
        return dict(zip(self.specialists["specialist"], self.specialists["arm"], strict=True))

    def _content(self) -> dict[str, Any]:
        document = {f.name: _plain(getattr(self, f.name)) for f in fields(self)}
        # 30 and 30.0 are one number, and must have one hash.
        floats = {f.name: float(document[f.name]) for f in fields(self) if f.type == "float"}
        return document | floats


def protocol_from_dict(document: Any) -> Protocol:
    """What `Protocol.to_dict` wrote.

    Raises:
        LeadRankError: fields are missing, unknown or of another kind, or it was changed after it was frozen.
        ConfigError, ValidationError: as `Protocol`.
    """
    if not isinstance(document, dict):
        raise LeadRankError(f"a protocol must be an object with named fields, however: got={type(document).__name__}")
    given = {name: value for name, value in document.items() if name != "sha256"}
    _check_names(document, {f.name for f in fields(Protocol)} | {"sha256"}, "the protocol")
    design = given["design"]
    if not isinstance(design, dict):
        raise LeadRankError(f"the protocol's field 'design' must be an object, however: got={design!r}")
    _check_names(design, {f.name for f in fields(Design)}, "the protocol's field 'design'")
    try:
        protocol = Protocol(
            **given
            | {"design": Design(**design | {name: tuple(design[name]) for name in ("strata", "balance")})}
            | {name: tuple(given[name]) for name in ("look_days", "draws")}
            | {"guardrails": tuple((str(column), str(bad)) for column, bad in given["guardrails"])}
            | {"specialists": _frame(given["specialists"])}
        )
        found = protocol.sha256
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise LeadRankError(f"the protocol has a field of the wrong kind: {error}; take the file as written") from error
    if found != document["sha256"]:
        raise LeadRankError(
            f"the protocol was changed after it was frozen: its sha256 is {str(document['sha256'])[:12]}..., that of "
            f"its content {found[:12]}...; take the file as it was first written"
        )
    return protocol


def read_protocol(path: Path) -> Protocol:
    """A protocol file.

    Raises:
        LeadRankError: there is no such file, it is no JSON, or as `protocol_from_dict`.
    """
    try:
        document = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise LeadRankError(
            f"cannot read the protocol '{path}': {error.strerror}; `trial assign` writes one"
        ) from error
    except (ValueError, RecursionError) as error:  # no UTF-8, no JSON, or a number of thousands of digits
        raise LeadRankError(
            f"the protocol '{path}' must be JSON, however: {error}; `trial assign` writes one"
        ) from error
    return protocol_from_dict(document)


def look_days(days: int, maturity_days: float, looks: int = 4) -> tuple[int, ...]:
    """Days of equally spaced looks, the last when all outcomes are final.

    Example:
        >>> look_days(132, 30)
        (63, 96, 129, 162)
    """
    wait, looks = math.ceil(maturity_days), min(looks, days)
    return tuple(wait + round(days * number / looks) for number in range(1, looks + 1))


def write_protocol(protocol: Protocol, path: Path) -> None:
    """Write it once; a file that is there is never changed.

    Raises:
        LeadRankError: the file is there already, or its folder cannot be written to.
    """
    text = json.dumps(protocol.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError as error:
        raise LeadRankError(
            f"the protocol '{path}' is there already and stays as it is; choose another name"
        ) from error
    except OSError as error:
        raise LeadRankError(f"cannot write the protocol '{path}': {error.strerror}") from error


def _frame(records: Any) -> pd.DataFrame:
    raw = pd.DataFrame(records)
    if not {"specialist", "stratum", "arm"} <= set(raw.columns):
        return raw  # refused, with its columns named, where the protocol is made
    return raw if raw["specialist"].duplicated().any() else read_specialists(raw).join(raw[["stratum", "arm"]])


def _check_names(given: dict[str, Any], known: set[str], place: str) -> None:
    missing, strange = sorted(known - given.keys()), sorted(given.keys() - known)
    if missing or strange:
        wrong = [f"lacks {', '.join(missing)}"] * bool(missing) + [f"has unknown {', '.join(strange)}"] * bool(strange)
        raise LeadRankError(f"{place} {' and '.join(wrong)}; take the file as `trial assign` wrote it")


def _plain(value: Any) -> Any:
    """As JSON has it."""
    if isinstance(value, pd.DataFrame):
        return value[[*COLUMNS, "stratum", "arm"]].to_dict("records")
    if isinstance(value, Design):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): str(said) for name, said in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value.item() if isinstance(value, np.generic) else value
