"""The costs of campaigns: taken from a file or typed in, kept with the leads for everybody, and mended in place."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.charts import style
from core.data.prompts import shown_name
from core.data.reading import read_table
from core.decisions.economics.campaigns import NAMES, read_costs
from core.decisions.economics.money import Terms, told
from core.workspace import costs
from core.workspace.costs import KeptCosts
from core.workspace.tables import Dataset
from pages import _shared as shared

FILE, TYPED = "A file", "Type them in"
LIMIT_MB = 20
READ = (*NAMES, "period", "cost")
WORDS = {
    "campaign": "Campaign",
    "channel": "Channel",
    "message": "Message",
    "period": "Period starts on",
    "cost": "Cost",
}
USUAL = {
    "campaign": ("campaign", "campaign name"),
    "channel": ("channel", "source", "medium"),
    "message": ("message", "ad", "creative"),
    "period": ("period", "date", "start", "week", "month"),
    "cost": ("cost", "costs", "spend", "amount"),
}
"""Names of columns that are recognised, in small letters."""
MOST_NAMES = 50
"""Values of a column that are offered as names to type costs for."""


def show_costs(dataset: Dataset, kept: KeptCosts, terms: Terms) -> None:
    """The kept costs, folded: to be mended, replaced or deleted."""
    frame = kept.frame
    dated = sorted(set(frame["period"]) - {""})
    when = f", {dated[0]} to {dated[-1]}" if dated else ""
    total = f"{style.counted(len(frame), 'row')}, {told(float(frame['cost'].sum()), terms)} in all{when}"
    with st.expander(shared.literal(f"The costs: {total}"), icon=":material/receipt_long:"):
        edited = _table(frame[list(READ)], f"costs_{kept.sha256[:16]}")
        with st.container(horizontal=True):
            if st.button("Keep the changes", icon=":material/save:"):
                _keep(dataset, edited)
            if st.button("Delete these costs", icon=":material/delete:"):
                costs.drop_costs(shared.workspace(), dataset.id, shared.need("manager").email)
                st.rerun()
        st.subheader("Bring in others in their place", anchor=False)
        bring_in(dataset, {})


def bring_in(dataset: Dataset, values: dict[str, list[str]]) -> None:
    """A file or a table to type in. `values`: names by column of the leads, to type costs for."""
    ways = [FILE, TYPED] if values else [FILE]
    way = st.segmented_control("Where they come from", ways, default=FILE, required=True, key="costs_way")
    if way == TYPED:
        _typed(dataset, values)
    else:
        _from_file(dataset)


def _from_file(dataset: Dataset) -> None:
    file = st.file_uploader(
        f"A file of costs: CSV (any separator), Excel or Parquet, at most {LIMIT_MB} MB",
        max_upload_size=LIMIT_MB,
        key=f"costs_file_{st.session_state.get('costs_turn', 0)}",
        help="A row for each channel or campaign and period, below a header: what it is called, when the period "
        "starts, such as 2026-03-01, and what it cost. Six periods or more tell how orders follow the money.",
    )
    if file is None:
        return
    with shared.guard():
        table = read_table(file.getvalue())
        columns = [str(name) for name in table.columns]
        st.caption("What the columns of the file are:")
        picked = {}
        with st.container(horizontal=True):
            for name in READ:
                usual = next((place for place, one in enumerate(columns) if one.lower() in USUAL[name]), None)
                picked[name] = st.selectbox(
                    WORDS[name],
                    columns,
                    usual,
                    placeholder="Not in the file",
                    key=f"costs_{name}_{file.file_id}",
                    width=190,
                )
        st.dataframe(table.head(5).astype(str), hide_index=True, alt="The first rows of the file of costs")
        if st.button("Keep these costs", type="primary", icon=":material/save:"):
            _keep(dataset, pd.DataFrame({name: table[column] for name, column in picked.items() if column is not None}))


def _typed(dataset: Dataset, values: dict[str, list[str]]) -> None:
    names = [name for name, found in values.items() if len(found) <= MOST_NAMES]
    with st.container(horizontal=True):
        column = st.selectbox(
            "Names from this column of the leads", names, _likeliest(names), format_func=shown_name, key="costs_names"
        )
        what = st.selectbox("They are", NAMES, NAMES.index("channel"), format_func=WORDS.__getitem__, key="costs_what")
    listed = values[column] if column is not None else []
    start = pd.DataFrame({what: listed, "period": "", "cost": None}).astype({"period": "str", "cost": "float"})
    edited = _table(start, f"typed_{column}_{what}_{st.session_state.get('costs_turn', 0)}")
    st.caption("Rows without a cost are left out; add rows at the end for more periods.")
    if st.button("Keep these costs", type="primary", icon=":material/save:"):
        _keep(dataset, edited[edited["cost"].notna()])


def _table(frame: pd.DataFrame, key: str) -> pd.DataFrame:
    shown = {name: WORDS[name] for name in frame.columns}
    return st.data_editor(
        frame,
        key=key,
        num_rows="dynamic",
        hide_index=True,
        alt="Costs, a row for each name and period",
        column_config={
            name: st.column_config.NumberColumn(label, min_value=0.0, format="%.2f")
            if name == "cost"
            else st.column_config.TextColumn(label, help="Such as 2026-03-01" if name == "period" else None)
            for name, label in shown.items()
        },
    )


def _keep(dataset: Dataset, given: pd.DataFrame) -> None:
    """Check the costs and keep them, or say what is wrong with which row."""
    with shared.guard():
        read = read_costs(given)
        costs.keep_costs(shared.workspace(), dataset.id, read, shared.need("manager").email)
        # Another box and table: theirs would start from what was kept just now.
        st.session_state["costs_turn"] = st.session_state.get("costs_turn", 0) + 1
        st.rerun()


def _likeliest(names: Sequence[str]) -> int | None:
    """Where the column stands that sounds like a channel."""
    found = (
        place for word in ("channel", "campaign", "source") for place, name in enumerate(names) if word in name.lower()
    )
    return next(found, 0 if names else None)
