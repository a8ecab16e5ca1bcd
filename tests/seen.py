"""What stands on a page that AppTest opened."""

from __future__ import annotations

import pandas as pd
from streamlit.testing.v1 import AppTest


def sound(at: AppTest) -> AppTest:
    """The page, which neither broke nor shows an error."""
    assert not at.exception, [e.message for e in at.exception]
    assert not at.error, [e.value for e in at.error]
    return at


def words(at: AppTest) -> str:
    """All that is said, without the marks that keep Markdown from reading it."""
    kinds = (at.text, at.markdown, at.caption, at.subheader, at.info, at.success, at.warning, at.error, at.expander)
    said = " ".join(str(getattr(e, "value", None) or getattr(e, "label", "")) for kind in kinds for e in kind)
    return said.replace("\\", "").replace("\u2060", "")


def button(at: AppTest, label: str):
    return next(b for b in at.button if b.label == label)


def metrics(at: AppTest) -> dict[str, str]:
    return {m.label: m.value for m in at.metric}


def table(at: AppTest, column: str) -> pd.DataFrame:
    return next(d.value for d in at.dataframe if column in d.value)
