"""Value: one priority for each lead out of several questions, with the manager's weights."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.charts import style
from core.charts.priority import parts_chart, profile_chart
from core.decisions.economics.money import Terms
from core.decisions.economics.profile import Question, in_words, priority, profile
from core.exports import to_csv
from core.workspace.tables import Dataset, Scoring
from pages import _shared as shared
from pages._value_data import FIELD, chance_range, open_key, scored_leads
from pages._value_learned import NAMES, learned_box, with_learned
from pages._value_questions import questions_box, weights_box

MOST = 200_000
"""Leads that are compared: the first of the ranking."""
SHOWN, DRAWN = 200, 12
"""Rows of the table and of the chart."""


def priority_section(dataset: Dataset, scoring: Scoring, terms: Terms) -> None:
    """Questions and weights, the leads by priority with its parts, and one lead's answers."""
    questions, names = questions_box(scoring)
    learned, column = learned_box(dataset)
    questions, names = (*questions, *learned), names | {one.name: NAMES[one.name] for one in learned}
    weights = weights_box(names)
    if not any(weights.values()):
        st.info("Give one question at least a weight above 0.", icon=":material/tune:")
        return
    leads = scored_leads(
        scoring, tuple(one.column.removeprefix(FIELD) for one in questions if one.column.startswith(FIELD))
    )
    if len(leads) > MOST:
        st.caption(f"The {MOST:,} leads that stand first are compared.")
        leads = leads.head(MOST)
    likely = chance_range(scoring, leads["probability"].to_numpy(dtype=float))
    if likely is not None:
        leads = leads.assign(probability_low=likely[0], probability_high=likely[1])
    if learned:
        leads = with_learned(leads, dataset, scoring, column)
        questions = tuple(one for one in questions if one.column in leads)
        weights = {one.name: weights[one.name] for one in questions}
    asked = (open_key(leads, scoring), dataset.id, column, likely is None)
    answers, rows = _ordered(asked, questions, tuple(weights.items()), leads)
    rows.insert(2, "owner", leads["owner"].loc[rows.index])
    in_use = {names[name]: weight for name, weight in weights.items()}
    st.caption(
        shared.literal(
            f"Priority = {in_words(in_use)}. Each answer is the share of these leads that are worse in it (0 to 100); "
            "an unknown answer counts 50. Ranges: where the answer's own range would put the lead."
        )
    )
    if len(names) == 1:
        st.info("With one question the priority is the order of the chances. Add others above.", icon=":material/add:")
    drawn = parts_chart(rows.head(DRAWN), names)
    shared.chart(drawn, rows.head(DRAWN), "priority_parts", style.spoken(drawn))
    _table(rows, names)
    shared.download(
        "Priorities as CSV",
        lambda: to_csv(rows.rename(columns={f"part:{name}": f"points from {words}" for name, words in names.items()})),
        "priorities.csv",
        "text/csv",
        f"priorities of scoring {scoring.id} as CSV, {len(rows)} leads",
        "manager",
        key="priority_csv",
    )
    names = {one.name: names[one.name] for one in questions}
    lead = st.selectbox("One lead's answers", rows["lead_id"].head(SHOWN).tolist(), key="priority_lead", width=300)
    one = answers.loc[rows.index[rows["lead_id"] == lead][0]]
    drawn = profile_chart(one, names, lead)
    shared.chart(drawn, one.to_frame("answer").reset_index(names="question"), "priority_lead", style.spoken(drawn))


@st.cache_data(max_entries=8, show_spinner="Comparing the leads …")
def _ordered(
    asked: tuple, questions: tuple[Question, ...], weights: tuple[tuple[str, float], ...], _leads: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Answers as the leads stand, and the leads by priority with its parts, both under the leads' index."""
    answers = profile(_leads, questions)
    frame = priority(answers, dict(weights)).frame
    table = pd.concat([_leads[["lead_id", "rank"]], frame], axis=1)
    return answers, table.sort_values("priority", ascending=False, kind="stable")


def _table(rows: pd.DataFrame, names: dict[str, str]) -> None:
    shown = rows.head(SHOWN)
    parts = {f"part:{name}": words for name, words in names.items() if f"part:{name}" in rows}
    number = st.column_config.NumberColumn
    scaled = shown.assign(**{name: 100 * shown[name] for name in ("priority", "low", "high", *parts)})
    st.dataframe(
        scaled.drop(columns=["unknown"] if not shown["unknown"].any() else []),
        hide_index=True,
        height=320,
        alt="Leads by priority with the points of each question",
        column_config={
            "lead_id": "Lead",
            "rank": number("Rank in the queue"),
            "owner": "Sales person",
            "priority": number("Priority", format="%.0f"),
            "low": number("From", format="%.0f", help="With the range of each answer counted in."),
            "high": number("To", format="%.0f"),
            "unknown": "Not known",
            **{name: number(f"Points from {words}", format="%.1f") for name, words in parts.items()},
        },
    )
    if len(rows) > SHOWN:
        st.caption(f"The first {SHOWN:,} of {len(rows):,} are shown; the file has all.")
