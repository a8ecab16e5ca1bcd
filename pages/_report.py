"""What a draft makes of its file: pairs live, problems with their rows, the check of the whole file and its report."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.data.alignment import TierReport
from core.data.drafting import PARTS
from core.data.masking import masked_cells
from core.data.sketches import Sketch
from core.drafts import Look
from pages import _shared as shared
from pages._unmask import names_switch

PLACES = {
    **{f"roles.{part}": f"'{words}'" for part, words in PARTS.items()},
    "features.numeric": f"'{PARTS['numeric']}'",
    "features.categorical": f"'{PARTS['categorical']}'",
    "features.text": f"'{PARTS['text']}'",
    "funnel.stages": "the list of stages",
    "split.maturity_days": "'Days until an outcome counts'",
    "split.train_share": "'Share that trains'",
    "split.calibration_share": "'Share that calibrates'",
    "maturity_days": "'Days until an outcome counts'",
    "the schema": "the table of columns",
    "tier": "preference",
}
"""What the files of the command line call a thing -> what this page calls it."""
_PLACE = re.compile(r"(?<![\w.])(" + "|".join(map(re.escape, sorted(PLACES, key=len, reverse=True))) + r")(?![\w.]*\w)")


Rows = Callable[[tuple[int, ...]], pd.DataFrame]
"""Row numbers as a spreadsheet shows them -> these rows, the numbers for an index called `row`."""


def in_words(text: str) -> str:
    """A message of core with places of a schema file in the words of this page.

    >>> in_words("name it under features.text, or set split.maturity_days lower")
    "name it under 'Field: words', or set 'Days until an outcome counts' lower"
    """
    return _PLACE.sub(lambda found: PLACES[found[1]], text)


def show_pairs(look: Look, places: list[DeltaGenerator]) -> None:
    """Below each preference, how many pairs it makes and whether its order is that of the orders."""
    for report, place in zip(look.tiers, places, strict=False):
        place.caption(shared.literal(pair_words(report)))
        if report.warning and look.converted is not None:
            place.warning(shared.literal(in_words(report.warning)), icon=":material/warning:")


def pair_words(report: TierReport) -> str:
    """What one preference would teach, in a few sentences."""
    told = [f"{report.pairs:,} pairs: {report.chosen_leads:,} leads preferred to {report.rejected_leads:,}."]
    if report.agreement and report.by_definition:
        told.append("It agrees with the orders by definition: these leads are told apart by whether they ordered.")
    elif report.agreement:
        told.append(f"Where one of the two ordered, it is the preferred one in {_share(report.agreement)} of pairs.")
    if report.likeness:
        told.append(
            f"Where both or neither ordered, the preferred one looks more like a buyer in {_share(report.likeness)} of "
            "pairs; 50% would be chance."
        )
    return " ".join(told)


def _share(share: tuple[float, float, float]) -> str:
    value, low, high = share
    return f"{value:.0%} ({low:.0%} to {high:.0%})"


def look_words(first: Sketch, look: Look) -> str:
    """On how many leads the pairs are counted."""
    if look.errors:
        return "No pairs can be counted before what is wrong with these leads is mended: it is told below."
    seen = "all" if first.whole else "the first"
    orders = f", {look.converted:,} of them ordered" if look.converted is not None else ""
    spread = "" if look.leads == len(first.frame) else f", spread evenly over {seen} {len(first.frame):,} rows"
    more = "" if first.whole else "; the rest of the file is read when it is checked"
    return f"The pairs below are counted on {look.leads:,} leads{orders}{spread}{more}."


def show_errors(look: Look) -> None:
    """What is wrong with these leads already, so that no pairs can be counted."""
    for problem in look.errors:
        column = f"Column '{problem.column}': " if problem.column else ""
        st.error(shared.literal(in_words(f"{column}{problem.message}; {problem.remedy}.")), icon=":material/error:")


def show_report(report: dict[str, Any], rows: Rows | None, key: str) -> None:
    """Every problem that was found in the whole file; `rows` fetches the rows of one, to be looked at."""
    for name, title in (("errors", "To be mended before it can be used"), ("warnings", "Worth a look")):
        if not report[name]:
            continue
        st.markdown(f"**{title}** ({len(report[name])})")
        for number, problem in enumerate(report[name]):
            with st.container(border=True):
                column = f"{problem['column']}: " if problem["column"] else ""
                st.text(in_words(f"{column}{problem['message']}"))
                remedy = in_words(problem["remedy"])
                st.caption(shared.literal(f"{remedy[:1].upper()}{remedy[1:]}."))
                _rows(problem, rows, f"rows_{key}_{name}_{number}")


def _rows(problem: dict[str, Any], rows: Rows | None, key: str) -> None:
    numbers, count = problem["rows"], problem["count"]
    if not numbers:
        return
    more = f" and {count - len(numbers):,} more" if count > len(numbers) else ""
    words = f"{count:,} {'row' if count == 1 else 'rows'}: {', '.join(f'{number:,}' for number in numbers)}{more}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(words)
        if rows and st.button("Show rows", key=key, icon=":material/table_rows:", type="tertiary"):
            show_rows(rows, tuple(numbers), problem["column"], key)


@st.dialog("Rows of the file", width="large")
def show_rows(rows: Rows, numbers: tuple[int, ...], column: str, of: str) -> None:
    """A small table of the rows with these numbers, the column in question first. `of`: the upload or dataset."""
    with shared.guard():
        found = rows(numbers).astype(str)
        if not names_switch(f"{of}_{'_'.join(map(str, numbers))}", of, {"rows": list(numbers)}):
            found = masked_cells(found)
        number = "row"
        while number in found.columns:
            number += " of the file"
        ahead = [name for name in found.columns if name in column.split(", ")]
        st.caption("As a spreadsheet numbers them: the header is row 1.")
        order = [number, *ahead, *(name for name in found.columns if name not in ahead)]
        st.dataframe(
            found.reset_index(names=number),
            hide_index=True,
            column_order=order,
            alt="Rows of the file with this problem",
        )
