"""The answer of a comparison in words first, then what it rests on: chart by chart, and files to take away."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from core.benchmark.curves import arm_lines, lines_frame
from core.benchmark.spread import Point
from core.benchmark.table import Table
from core.benchmark.verdict import More, Verdict, verdict
from core.benchmark.wording import between, duration, fewer_or_more, measure_words, per_thousand
from core.benchmark_report.files import html_report, markdown_report
from core.benchmark_report.sections import sections
from core.charts import style
from core.charts.benchmark import arm_gains_chart, cost_chart, forest_chart
from core.evaluation import Measure
from core.exports import safe_csv
from core.ranking import Figure
from core.report.parts import Section
from pages import _shared as shared
from pages._compare_tables import all_figures, plain_table

APART, GAINS, FIGURES, COST, TAUGHT, HOW = (
    "Against the best usual method",
    "Orders by calls",
    "All figures",
    "What it costs",
    "What it teaches",
    "How it was done",
)
LESSONS = {
    "tiers": "Which stage pairs helped, and which hurt",
    "text": "What the talk adds to click-through networks",
    "ablations": "What each change of the language model does",
}
"""Topics of `core.benchmark.lessons`."""
METHOD = ("How it was done", "What was compared")
"""Sections of the report that tell the method."""


@st.cache_resource(max_entries=6, show_spinner=False)
def _told(job_id: str, kept: tuple[int, ...], _table: Table) -> tuple[Verdict, tuple[Section, ...]]:
    said = verdict(_table)
    found = [replace(each, picture=None) for each in sections(_table, said) if each.heading in METHOD]
    return said, tuple(found)


def show_answer(table: Table, job_id: str, kept: tuple[int, ...]) -> None:
    """All of it; `kept`: of which state of the comparison, as `finished` tells it."""
    said, method = _told(job_id, kept, table)
    _verdict(table, said)
    section = st.segmented_control(
        "What to look at",
        [APART, GAINS, FIGURES, COST, TAUGHT, HOW],
        default=APART,
        required=True,
        key="compare_section",
        label_visibility="collapsed",
    )
    if section == APART:
        _apart(table)
    elif section == GAINS:
        _gains(table, said, job_id)
    elif section == FIGURES:
        all_figures(table, table.at_capacity)
    elif section == COST:
        _show(cost_chart(table, _measure(table)), table.to_frame(), "cost")
    elif section == TAUGHT:
        _taught(table, said)
    else:
        _not_there(table)
        _method(method)
    _downloads(table, said, job_id)


def _verdict(table: Table, said: Verdict) -> None:
    with st.container(border=True):
        st.header(shared.literal(said.headline), anchor=False)
        for sentence in said.answer:
            st.text(sentence)
        with st.container(horizontal=True):
            _figures(table, said)
    for sentence in said.cautions:
        st.warning(shared.literal(sentence), icon=":material/warning:")


def _figures(table: Table, said: Verdict) -> None:
    # Without words the best form of the language model has not read any: it goes by its title.
    named = shared.literal(table.arms[said.language].title) if said.language else ""
    model = "With the language model" if table.reads else named
    simplest = None if said.simplest == said.reference else said.simplest
    usual = (("Simplest that did as well", simplest), ("Best usual method", said.reference))
    for label, key in (*usual, (model, said.language)):
        if key is None:
            continue
        figure, title = said.orders[key], table.arms[key].title
        value, told = "not known", ""
        if isinstance(figure, Figure):
            value = f"{per_thousand(figure.value)} of 1,000"
            told = f"likely {per_thousand(figure.low)} to {per_thousand(figure.high)}"
        elif isinstance(figure, Point):
            value = f"{per_thousand(figure.value)} of 1,000"
        hint = (
            f"{title}: orders of 1,000 calls at your capacity. Takes {duration(said.train_seconds[key])} to train, "
            f"{duration(said.score_seconds[key])} to score 1,000 leads."
        )
        st.metric(
            label, value, told, delta_color="off", delta_arrow="off", border=True, width=230, help=shared.literal(hint)
        )
    if isinstance(said.more, More):
        st.metric(
            "The language model brings" if table.reads else f"{named} brings",
            f"{fewer_or_more(said.more.value)} of 1,000",
            between(said.more.low, said.more.high),
            delta_color="off",
            delta_arrow="off",
            border=True,
            width=260,
            help="More or fewer orders of 1,000 calls than the best usual method. If the range holds 0, chance alone "
            "could explain it.",
        )


def _measure(table: Table) -> Measure:
    known = [one for one in (table.at_capacity, *table.measures) if one.name not in table.missing]
    names = {measure_words(one): one for one in known}
    return names[st.selectbox("Figure", list(names), key="compare_measure", width=420)]


def _apart(table: Table) -> None:
    measure = _measure(table)
    frame = table.to_frame()
    _show(forest_chart(table, measure), frame[frame["measure"] == measure.name], "apart")
    st.caption(
        "Right of the dotted line is better. Bars are likely ranges: they hold the truth in 95 of 100 such tests; one "
        "that crosses the line may be chance."
    )


def _gains(table: Table, said: Verdict, job_id: str) -> None:
    usual = list(dict.fromkeys([*([said.use] if said.use else []), *table.telling]))
    titles = shared.told_apart({key: arm.title for key, arm in table.arms.items()})
    chosen = st.multiselect(
        "Ways to rank", list(titles), usual, format_func=titles.__getitem__, max_selections=6, key=f"gains_{job_id}"
    )
    if chosen:
        lines = arm_lines(table.results, chosen)
        _show(arm_gains_chart(lines, table.results.capacity), lines_frame(lines), "orders_by_calls")


def _taught(table: Table, said: Verdict) -> None:
    tiers = [f"- {shared.literal(tier['summary'])}" for tier in table.results.shared.get("tiers", ())]
    if tiers:
        st.subheader("What the leads say of the stage pairs, before any training", anchor=False)
        st.markdown("\n".join(tiers))
    for topic, heading in LESSONS.items():
        if said.lessons.get(topic):
            st.subheader(heading, anchor=False)
            st.markdown("\n".join(f"- {shared.literal(sentence)}" for sentence in said.lessons[topic]))
    if not any(said.lessons.values()) and not tiers:
        st.caption("Nothing beyond the answer: compare the variations of the language model too to learn what does it.")


def _not_there(table: Table) -> None:
    """Ways that were asked for and have no row in the tables, or not the whole of it."""
    arms, unfinished = table.results.arms, table.results.unfinished
    if unfinished:
        st.subheader("Left out or not finished", anchor=False)
        lines = (f"- {shared.literal(arms[key].title)}: {shared.literal(why)}" for key, why in unfinished.items())
        st.markdown("\n".join(lines))


def _method(method: tuple[Section, ...]) -> None:
    for each in method:
        st.subheader(each.heading, anchor=False)
        for sentence in each.sentences:
            st.text(sentence)
        if each.table is not None:
            plain_table(each.table, each.heading)


def _downloads(table: Table, said: Verdict, job_id: str) -> None:
    st.caption("To take away: the report with everything, and every figure as a table.")
    made: dict[str, tuple[Callable[[], bytes], str, str]] = {
        "Report (HTML)": (lambda: html_report(table, said).encode(), "comparison.html", "text/html"),
        "Report (Markdown)": (lambda: markdown_report(table, said).encode(), "comparison.md", "text/markdown"),
        "Figures (CSV)": (lambda: safe_csv(table.to_frame(), "utf-8-sig"), "comparison.csv", "text/csv"),
        "Figures (Parquet)": (partial(_parquet, table), "comparison.parquet", "application/vnd.apache.parquet"),
    }
    with st.container(horizontal=True):
        for label, (make, name, mime) in made.items():
            shared.download(label, make, name, mime, f"{name} of {job_id}", role="analyst", key=f"take_{name}")


def _parquet(table: Table) -> bytes:
    stream = io.BytesIO()
    table.to_frame().to_parquet(stream, index=False)
    return stream.getvalue()


def _show(figure: Any, data: Any, name: str) -> None:
    shared.chart(figure, data, name, style.spoken(figure))
