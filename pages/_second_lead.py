"""The second lead of a comparison: the next one in rank, or any that is searched for; and how it stands."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.queue.store import Queue
from core.queue.view import View
from pages import _shared as shared
from pages._find_lead import find_lead
from pages._scored import scored_lead

ALL = View(statuses=())


def second_lead(queue: Queue, row: dict[str, Any]) -> dict[str, Any] | None:
    """The lead of the address (?beside=), else the next one in rank, None where there is no other; with a search.

    `row`: the lead that it stands beside.
    """
    find_lead(queue, "Find the other lead", "beside", beside=str(row["lead_id"]))
    asked = st.query_params.get("beside", "")
    found = scored_lead(queue, asked) if asked and asked != str(row["lead_id"]) else None
    if asked and found is None and asked != str(row["lead_id"]):
        st.info(shared.literal(f"Lead {asked} is not in this ranking, so the next one in rank is shown."))
    if found is None and len(queue) > 1:
        place = int(row["rank"]) + 1 if int(row["rank"]) < len(queue) else int(row["rank"]) - 1
        found = queue.lead(str(queue.page(ALL, place, 1)["lead_id"].iat[0]))
    return found


def look_at(lead_id: str, beside: str) -> None:
    """The other lead's page, with this one beside it."""
    st.query_params["lead"], st.query_params["beside"] = lead_id, beside


def lead_card(row: dict[str, Any], queue: Queue) -> None:
    """Who it is and how it stands, in two lines."""
    people = [str(value) for name, value in row.items() if name.startswith("shown:") and value]
    st.subheader(shared.literal(" · ".join([str(row["lead_id"]), *people])), anchor=False)
    chance = row["probability"]
    known = chance is not None and chance == chance
    told = f"rank {int(row['rank']):,} of {len(queue):,}" + (f" · chance {chance:.1%}" if known else "")
    st.caption(f"{told} · rank score {row['score']:.2f}")
