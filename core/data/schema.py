"""Which column of a lead file plays which role: the TOML contract, read, checked and written.

The format is shared with other tools: keys are added, never renamed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from core.data.toml_text import toml_comment, toml_value
from core.errors import SchemaError
from core.funnel import Funnel, Tier

T = TypeVar("T")
ROW_NUMBER = "#row"
"""As `roles.lead_id`: the file has no id column, so a lead's id is its place in the file: "1", "2", ... (the header
does not count). Files that belong together, such as leads and scores, then have to keep their order."""


KINDS = ("numeric", "categorical", "text")
"""Of features."""


@dataclass(frozen=True)
class Roles:
    """Column names by role; None where the file has no such column."""

    lead_id: str
    """Or `ROW_NUMBER`."""
    customer_id: str | None = None
    owner: str | None = None
    snapshot_time: str | None = None
    converted: str | None = None
    stage: str | None = None
    call_seconds: str | None = None
    dialogue: tuple[str, ...] = ()

    def columns(self) -> tuple[str, ...]:
        """Every column of the file that plays a role."""
        single = [value for f in fields(self) if isinstance(value := getattr(self, f.name), str)]
        return tuple(column for column in (*single, *self.dialogue) if column != ROW_NUMBER)


@dataclass(frozen=True)
class Features:
    """Columns known when the lead is scored."""

    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    changeable: tuple[str, ...] | None = None
    """Those of the numbers and categories that somebody can change, such as a discount; the others tell who the person
    is, or lie in the past. None: not said, see `core.data.changeable`."""

    def columns(self) -> tuple[str, ...]:
        """All feature columns, numeric first."""
        return (*self.numeric, *self.categorical, *self.text)


@dataclass(frozen=True)
class Split:
    """How leads are divided by time."""

    train_share: float = 0.7
    """Share of mature leads, by time, that train; 1.0: all, less the calibration slice. Source: the paper's 7:3."""
    maturity_days: float = 30.0
    """Days. Outcomes younger than this are not yet outcomes; also the gap between training and test.
    Source: method 3.3."""
    calibration_share: float = 0.2
    """Latest share of the training part: stops training, chooses settings, calibrates. Source: ours."""

    def __post_init__(self) -> None:
        if not 0 < self.train_share <= 1:
            raise SchemaError(f"split.train_share must lie in (0, 1], however: got={self.train_share!r}")
        if not 0 <= self.maturity_days < 36_500:
            raise SchemaError(f"split.maturity_days must lie in [0, 36500), however: got={self.maturity_days!r}")
        if not 0 < self.calibration_share < 0.5:
            raise SchemaError(f"split.calibration_share must lie in (0, 0.5), however: got={self.calibration_share!r}")


@dataclass(frozen=True)
class Schema:
    """The whole contract: roles, features, split and funnel of one kind of lead file."""

    roles: Roles
    features: Features = field(default_factory=Features)
    split: Split = field(default_factory=Split)
    funnel: Funnel = field(default_factory=Funnel)

    def __post_init__(self) -> None:
        problems = []
        seen: dict[str, str] = {}
        named = [(f"roles.{f.name}", c) for f in fields(self.roles) for c in _as_tuple(getattr(self.roles, f.name))]
        named += [(f"features.{kind}", c) for kind in KINDS for c in getattr(self.features, kind)]
        for place, column in named:
            if not column:
                problems.append(f"{place} must name a column, however: got=''; without one, leave the line out")
            elif column in seen:
                problems.append(
                    f"column '{column}' is named in {seen[column]} and in {place}: a column plays one part; "
                    "remove one of the two"
                )
            seen.setdefault(column, place)
        for column in self.features.changeable or ():
            if column not in (*self.features.numeric, *self.features.categorical):
                problems.append(f"features.changeable must name numbers and categories, however: got='{column}'")
        for tier in self.funnel.tiers:
            if tier.by is not None and tier.by != "call_seconds":
                problems.append(
                    f"tier '{tier.name}': by must be 'call_seconds' (the role), however: got='{tier.by}'; "
                    "name the signal's column under roles.call_seconds"
                )
        if problems:
            raise SchemaError("\n".join(problems))

    def columns(self) -> tuple[str, ...]:
        """Every column that the schema names."""
        return (*self.roles.columns(), *self.features.columns())


def load_schema(path: Path) -> Schema:
    """Read a schema file.

    Raises:
        SchemaError: the file is missing, is not TOML, or describes no valid schema.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise SchemaError(
            f"cannot read the schema file '{path}': {why}; `guess-schema` writes one from a lead file"
        ) from error
    return parse_schema(text)


def parse_schema(text: str) -> Schema:
    """Schema from TOML text.

    Raises:
        SchemaError: with every unknown key, wrong type or impossible value that was found.

    Example:
        >>> parse_schema('[roles]\\nlead_id = "id"').roles.lead_id
        'id'
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SchemaError(f"the schema is not valid TOML: {error}") from error
    return schema_from_dict(document)


def schema_from_dict(document: dict[str, Any]) -> Schema:
    """Schema from the TOML's (or a run folder's JSON) nested dictionaries. Raises SchemaError."""
    problems: list[str] = []
    kinds: dict[str, Any] = {"roles": Roles, "features": Features, "split": Split}
    keys = {name: {f.name for f in fields(kind)} for name, kind in kinds.items()} | {"funnel": {"stages", "tiers"}}
    _unknown(document, set(keys), "", problems)
    roles, features, split, funnel = tables = [_table(document, name, problems) for name in keys]
    for table, (name, known) in zip(tables, keys.items(), strict=True):
        _unknown(table, known, f"{name}.", problems)
    if not roles.get("lead_id"):
        problems.append("roles.lead_id must name the column with the lead's unique id, however: it is missing")
    for name, value in roles.items():
        if name == "dialogue":
            _strings(value, "roles.dialogue", problems, single=True)
        elif not isinstance(value, str) and value is not None:
            problems.append(f"roles.{name} must be one column name in quotes, however: got={value!r}")
    for name, value in features.items():
        _strings(value, f"features.{name}", problems)
    for name, value in split.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            problems.append(f"split.{name} must be a number, however: got={value!r}")
    _strings(funnel.get("stages", []), "funnel.stages", problems)
    tiers = _tiers(funnel.get("tiers", []), roles.get("call_seconds"), problems)
    if problems:
        raise SchemaError("\n".join(problems))
    named: dict[str, Any] = {k: _as_tuple(v) if k == "dialogue" else v for k, v in roles.items() if v is not None}
    made_roles = Roles(**named)
    made_features = Features(**{k: tuple(v) for k, v in features.items()})
    made_split = _made(lambda: Split(**split), Split(), problems)
    made_funnel = _made(lambda: Funnel(tuple(funnel.get("stages", ())), tiers), Funnel(), problems)
    schema = _made(lambda: Schema(made_roles, made_features, made_split, made_funnel), None, problems)
    if problems or schema is None:
        raise SchemaError("\n".join(problems))
    return schema


def schema_to_dict(schema: Schema) -> dict[str, Any]:
    """Nested dictionaries that `schema_from_dict` reads back; empty entries are left out."""
    tiers = []
    for tier in schema.funnel.tiers:
        skip = {"stage": {"by", "top", "bottom"}, "signal": {"chosen", "rejected"}}.get(
            tier.kind, {"by", "top", "bottom", "chosen", "rejected"}
        )
        skip = skip | ({"weight"} if tier.weight == 1 else set())
        tiers.append({k: _plain(v) for k, v in asdict(tier).items() if k not in skip})
    document = {
        "roles": {k: _plain(v) for k, v in asdict(schema.roles).items() if v},
        "features": {k: _plain(v) for k, v in asdict(schema.features).items() if v or (k, v) == ("changeable", ())},
        "split": asdict(schema.split),
        "funnel": {"stages": list(schema.funnel.stages), "tiers": tiers} if schema.funnel.stages or tiers else {},
    }
    return {name: table for name, table in document.items() if table}


def dump_schema(schema: Schema, comments: dict[str, str] | None = None) -> str:
    """TOML text of the schema; `comments` maps a place (`roles.stage`, `features`) to a remark written above it."""
    remarks = comments or {}
    lines: list[str] = []
    document = schema_to_dict(schema)
    for table in ("roles", "features", "split", "funnel"):
        entries = document.get(table, {})
        if not entries and table not in remarks:
            continue
        lines += ["", *toml_comment(remarks.get(table, "")), f"[{table}]"]
        for key, value in entries.items():
            if key == "tiers":
                continue
            lines += [*toml_comment(remarks.get(f"{table}.{key}", "")), f"{key} = {toml_value(value)}"]
        for tier in entries.get("tiers", []):
            lines += ["", "[[funnel.tiers]]"] + [f"{k} = {toml_value(v)}" for k, v in tier.items()]
    return "\n".join(lines).lstrip("\n") + "\n"


def _made(make: Callable[[], T], otherwise: T, problems: list[str]) -> T:
    try:
        return make()
    except SchemaError as error:
        problems.append(str(error))
        return otherwise


def _tiers(entries: Any, call_seconds: Any, problems: list[str]) -> tuple[Tier, ...]:
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        problems.append(f"funnel.tiers must be [[funnel.tiers]] tables, however: got={entries!r}")
        return ()
    tiers = []
    for number, entry in enumerate(entries, start=1):
        place = f"funnel.tiers[{number}]."
        before = len(problems)
        _unknown(entry, {f.name for f in fields(Tier)}, place, problems)
        problems += [f"{place}{key} is missing" for key in ("name", "margin") if key not in entry]
        for key in ("name", "by"):
            if not isinstance(entry.get(key, ""), str):
                problems.append(f"{place}{key} must be text in quotes, however: got={entry[key]!r}")
        for key in ("chosen", "rejected"):
            _strings(entry.get(key, []), place + key, problems)
        for key in ("margin", "weight", "top", "bottom"):
            if key in entry and (isinstance(entry[key], bool) or not isinstance(entry[key], int | float)):
                problems.append(f"{place}{key} must be a number, however: got={entry[key]!r}")
        if len(problems) == before:
            # A file may name the signal by its column; inside, it goes by its role.
            given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}
            if "by" in given and given["by"] == call_seconds:
                given["by"] = "call_seconds"
            try:
                tiers.append(Tier(**given))
            except SchemaError as error:
                problems.append(str(error))
    return tuple(tiers)


def _table(document: dict[str, Any], name: str, problems: list[str]) -> dict[str, Any]:
    table = document.get(name, {})
    if isinstance(table, dict):
        return table
    problems.append(f"[{name}] must be a table, however: got={table!r}")
    return {}


def _unknown(table: dict[str, Any], known: set[str], place: str, problems: list[str]) -> None:
    for key in table:
        if key not in known:
            problems.append(f"'{place}{key}' is not a key of the schema; expected one of {sorted(known)}")


def _strings(value: Any, place: str, problems: list[str], single: bool = False) -> None:
    if single and isinstance(value, str):
        return
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        problems.append(f"{place} must be a list of names in quotes, however: got={value!r}")


def _as_tuple(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
