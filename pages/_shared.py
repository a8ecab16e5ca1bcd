"""What all pages share: who is looking, guards, empty states, charts, downloads, the choice of dataset and model.

Pages use these names through `from pages import _shared as shared`. Nothing is cached by a frame: Streamlit hashes a
sample of a large one, so two files with other top leads would share an answer.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pandas as pd
import streamlit as st
from plotly.graph_objects import Figure

from core.errors import without_folders
from core.exports import to_csv
from core.workspace import datasets, runs, scorings
from core.workspace.tables import Dataset, Run
from pages._access import guard, may, need, sign_in_on, user, workspace
from pages._deferred import noted, told
from pages._jobs import watch_job
from pages._text import ago, duration, literal

__all__ = [
    "ago",
    "chart",
    "download",
    "duration",
    "empty",
    "guard",
    "literal",
    "may",
    "need",
    "pick_dataset",
    "pick_run",
    "sign_in_on",
    "told_apart",
    "trained",
    "watch_job",
    "without_folders",
    "workspace",
]


def empty(title: str, body: str, page: str | None = None, label: str | None = None) -> None:
    """An empty state: what is missing, in our own words, and one button that leads on.

    Args:
        title: What is not there yet.
        body: What it is for and how to get it (Markdown; escape text from outside with `literal`).
        page: The page that leads on, for example `leads`; no button without it.
        label: Words of the button.
    """
    with st.container(border=True):
        st.subheader(title, anchor=False)
        st.write(body)
        if page and st.button(label or f"Open {page}", type="primary", icon=":material/arrow_forward:"):
            st.switch_page(f"pages/{page}.py")


def chart(figure: Figure, data: pd.DataFrame, name: str, alt: str) -> None:
    """A chart and a small button that downloads the figures behind it.

    Args:
        figure: From core.charts; names of leads, columns and values in it are escaped there.
        data: What the chart shows, one row a mark.
        name: Short and unique on the page: key of the chart and name of the file.
        alt: What the chart shows, for those who cannot see it.
    """
    st.plotly_chart(figure, key=f"chart_{name}", config={"displayModeBar": False}, alt=alt)
    st.download_button(
        "Download data",
        lambda: to_csv(data),
        f"{name}.csv",
        "text/csv",
        key=f"data_{name}",
        type="tertiary",
        icon=":material/download:",
        on_click="ignore",
    )


def download(label: str, make: Callable[[], bytes], file_name: str, mime: str, what: str, role: str, **button) -> None:
    """A button for a file that is made only when it is asked for; who took it is noted in the audit trail.

    Args:
        label: Words of the button.
        make: Makes the file; runs outside the page, so it must not use `st`.
        file_name: Suggested name of the file.
        mime: Its media type.
        what: For the audit trail, for example `queue of 3f2a as CSV, 120 leads`.
        role: Lowest role that may have it, asked for once more when the button is pressed.
        **button: More arguments of `st.download_button`, for example `key`.
    """
    made = noted(make, user().email, what, role)
    st.download_button(label, told(made), file_name, mime, on_click="ignore", icon=":material/download:", **button)


def trained(run: Run) -> datetime.datetime:
    """When a model was trained (naive UTC); when it came in where its card does not tell."""
    try:
        made = datetime.datetime.fromisoformat(str(run.card.get("made")))
    except ValueError:
        return run.made
    return made.astimezone(datetime.UTC).replace(tzinfo=None) if made.tzinfo else made


def pick_dataset(key: str = "dataset") -> Dataset | None:
    """A box to choose a dataset; the address keeps the choice (?dataset=). None when there are no datasets."""
    ws = workspace()
    found = {each.id: each for each in datasets.datasets(ws)}
    scored = (id for id in found if scorings.scoring_in_use(ws, id) is not None)
    chosen = _pick("Leads", "dataset", key, {id: each.name for id, each in found.items()}, lambda: next(scored, None))
    return found[chosen] if chosen else None


def pick_run(key: str = "model") -> Run | None:
    """A box to choose a model; the address keeps the choice (?model=). None when there are no models."""
    ws = workspace()
    found = {each.id: each for each in runs.runs(ws)}
    names = {id: f"{each.name} (in use)" if each.in_use else each.name for id, each in found.items()}
    chosen = _pick("Model", "model", key, names, lambda: next((id for id in found if found[id].in_use), None))
    return found[chosen] if chosen else None


def told_apart(names: dict[str, str]) -> dict[str, str]:
    """Names by id, with a number to each that stands more than once: a select box answers with the first of equal
    words, which would be another dataset or model than the one that was chosen.

    >>> told_apart({"a": "May", "b": "May", "c": "June"})
    {'a': 'May', 'b': 'May (2)', 'c': 'June'}
    """
    made: dict[str, str] = {}
    for id, name in names.items():
        number, words = 1, name
        while words in made.values():
            number += 1
            words = f"{name} ({number})"
        made[id] = words
    return made


def _pick(label: str, param: str, key: str, names: dict[str, str], usual: Callable[[], str | None]) -> str | None:
    """The chosen id: from the address, else from the last choice of this session, else the usual one.

    The address is the truth: the box is set from it before it is drawn and writes to it when it changes. Moving
    between pages by the menu clears the address, hence the memory in the session.
    """
    if not names:
        return None
    names = told_apart(names)
    memory = f"chosen_{param}"
    asked = st.query_params.get(param)
    if asked is not None and asked not in names:
        st.warning(f"The {label.lower()} in the address of this page cannot be found, so another choice is shown.")
    wanted = [asked, st.session_state.get(memory)]
    chosen = next((id for id in wanted if id in names), None) or usual() or next(iter(names))
    st.session_state[key] = st.session_state[memory] = chosen

    def moved() -> None:
        st.query_params[param] = st.session_state[memory] = st.session_state[key]

    return st.selectbox(label, list(names), format_func=names.__getitem__, key=key, on_change=moved, width=480)
