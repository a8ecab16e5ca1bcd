"""Value: one priority for each lead out of several questions, with the manager's weights."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.charts import style
from core.charts.priority import parts_chart, profile_chart
from core.data.prompts import shown_name
from core.decisions.economics.money import Terms
from core.decisions.economics.profile import Question, in_words, priority, profile
from core.exports import to_csv
from core.workspace.tables import Dataset, Scoring
from pages import _shared as shared
from pages._value_data import FIELD, chance_range, field_names, scored_leads
from pages._value_learned import NAMES, learned_box, with_learned
from pages._value_plan import fingerprint

CHANCE = "probability"
MOST = 200_000
"""Leads that are compared: the first of the ranking."""
QUESTIONS = 5
"""Columns beside the chance of an order; more cannot be told apart in a chart."""
WEIGHT, FIRST, SHOWN, DRAWN = 1, 5, 200, 12
"""First weights of a column and of the chance; rows of the table and of the chart."""


def priority_section(dataset: Dataset, scoring: Scoring, terms: Terms) -> None:
    """Questions and weights, the leads by priority with its parts, and one lead's answers."""
    questions, names = _questions(scoring)
    learned, column = learned_box(dataset)
    questions, names = (*questions, *learned), names | {one.name: NAMES[one.name] for one in learned}
    weights = _weights(names)
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
    answers, rows = _ordered(fingerprint(leads), questions, tuple(weights.items()), leads)
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
    one = answers.loc[leads.index[leads["lead_id"] == lead][0]]
    drawn = profile_chart(one, names, lead)
    shared.chart(drawn, one.to_frame("answer").reset_index(names="question"), "priority_lead", style.spoken(drawn))


def _questions(scoring: Scoring) -> tuple[tuple[Question, ...], dict[str, str]]:
    """The chance of an order, and columns that somebody picked; question in words by its name."""
    numbers = field_names(scoring, numeric=True)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        columns = st.multiselect(
            "Other questions, answered by these columns",
            numbers,
            format_func=shown_name,
            max_selections=QUESTIONS,
            placeholder="How fresh, how much effort, how well it fits …",
            help="Beside the chance of an order: whatever else makes a lead worth calling first.",
            key=f"priority_columns_{scoring.dataset_id}",
            persist_state="session",
        )
        fewer = st.multiselect(
            "Of these, less is better in",
            columns,
            format_func=shown_name,
            key=f"priority_fewer_{scoring.dataset_id}",
            persist_state="session",
        )
    names = {CHANCE: "chance of an order"} | {FIELD + column: shown_name(column) for column in columns}
    asked = [Question(FIELD + column, FIELD + column, more_is_better=column not in fewer) for column in columns]
    return (Question(CHANCE, CHANCE), *asked), shared.told_apart(names)


def _weights(names: dict[str, str]) -> dict[str, int]:
    with st.container(horizontal=True):
        return {
            name: st.slider(
                shared.literal(words[:1].upper() + words[1:]),
                0,
                10,
                FIRST if name == CHANCE else WEIGHT,
                key=f"priority_weight_{name}",
                width=200,
                persist_state="session",
                help="How much this counts beside the others; 0: not at all.",
            )
            for name, words in names.items()
        }


@st.cache_data(max_entries=8, show_spinner="Comparing the leads …")
def _ordered(
    key: str, questions: tuple[Question, ...], weights: tuple[tuple[str, float], ...], _leads: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Answers as the leads stand, and the leads by priority with its parts."""
    answers = profile(_leads, questions)
    frame = priority(answers, dict(weights)).frame
    table = pd.concat([_leads[["lead_id", "rank", "owner"]], frame], axis=1)
    return answers, table.sort_values("priority", ascending=False, kind="stable", ignore_index=True)


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
            **{name: number(words[:1].upper() + words[1:], format="%.1f") for name, words in parts.items()},
        },
    )
    if len(rows) > SHOWN:
        st.caption(f"The first {SHOWN:,} of {len(rows):,} are shown; the file has all.")
