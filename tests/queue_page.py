"""The Queue page as AppTest opens it, and what stands on it, for tests of its parts."""

from pathlib import Path

import pandas as pd
from streamlit.testing.v1 import AppTest

APP = Path(__file__).resolve().parents[1] / "app.py"


def queue_page(**query) -> AppTest:
    at = AppTest.from_file(str(APP), default_timeout=60).run()
    at.switch_page("pages/queue.py")
    for name, value in query.items():
        at.query_params[name] = value
    return at.run()


def sound(at: AppTest) -> AppTest:
    assert not at.exception, [e.message for e in at.exception]
    assert not at.error, [e.value for e in at.error]
    return at


def shown(at: AppTest) -> pd.DataFrame:
    return at.dataframe[0].value


def words(at: AppTest) -> str:
    return " ".join(str(e.value) for e in (*at.text, *at.markdown, *at.caption, *at.subheader, *at.info, *at.success))


def pick(at: AppTest, key: str, *rows: int) -> AppTest:
    """Tick rows of the table, as the browser would."""
    at.session_state[key] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    return sound(at.run())


def button(at: AppTest, label: str):
    return next(b for b in at.button if b.label == label)
