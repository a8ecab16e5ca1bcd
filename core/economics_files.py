"""The files that the steps of `economics` read and write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from core.console import load, reading
from core.data.reading import read_table
from core.data.schema import ROW_NUMBER, load_schema
from core.data.splitting import final_outcomes
from core.data.values import to_text
from core.errors import ConfigError
from core.exports import safe_csv
from core.scores import read_scores


def table_of(path: Path) -> pd.DataFrame:
    """A table of a person, every cell as text."""
    return read_table(path, on_progress=reading(path))


def chances_of(path: Path) -> pd.DataFrame:
    """What `score` wrote: lead_id, probability and more, best first."""
    return read_scores(path).frame


def outcomes_of(leads: Path, schema: Path | None, ids: pd.Series) -> np.ndarray:
    """The outcome of each scored lead, in that order; NaN where it is not known, or may still change. Shape (n,)."""
    if schema is None:
        raise ConfigError("--leads needs --schema, however: it is not given; name the schema of these leads")
    found = load(leads, load_schema(schema))
    return pd.Series(final_outcomes(found), found.lead_id).reindex(ids).to_numpy(dtype=np.float64)


def columns_of(path: Path, id_column: str, names: list[str], ids: pd.Series) -> pd.DataFrame:
    """Columns of the file that its schema does not name, a row a lead in the order of `ids`."""
    raw = table_of(path)
    missing = [name for name in names if name not in raw]
    if missing:
        raise ConfigError(f"the lead file has no column {', '.join(missing)}; it has {', '.join(map(str, raw))}")
    if id_column == ROW_NUMBER:
        return raw[names].reset_index(drop=True)
    return raw.set_index(to_text(raw[id_column]))[names].reindex(ids).reset_index(drop=True)


def weights_of(text: str) -> dict[str, float]:
    """`conversion=3,speed=1` as numbers by name. Raises ConfigError."""
    pairs = [part.partition("=") for part in text.split(",")]
    try:
        return {name.strip(): float(value) for name, _, value in pairs}
    except ValueError:
        raise ConfigError(f"--weights must be NAME=NUMBER, with commas between, however: got='{text}'") from None


def new_file(out: Path | None) -> None:
    """Whether a table can be written there, asked before anything is computed. Raises ConfigError."""
    if out is None:
        return
    if out.suffix not in (".csv", ".parquet"):
        raise ConfigError(f"--out must end in .csv or .parquet, however: got='{out.name}'")
    if out.exists():
        raise ConfigError(f"'{out}' exists already; give another --out, so that nothing is lost")
    if not out.parent.is_dir():
        raise ConfigError(f"--out must lie in a folder that is there, however: '{out.parent}' is none; make it first")


def write_table(frame: pd.DataFrame, out: Path) -> None:
    """A new .csv, in which neither a name nor a text can act as a spreadsheet formula, or .parquet."""
    new_file(out)
    if out.suffix == ".csv":
        out.write_bytes(safe_csv(frame, "utf-8"))
    else:
        frame.to_parquet(out, index=False)
