"""The state of a process in which the app has been opened before, for AppTest."""

from __future__ import annotations

import pytest
import streamlit as st
from streamlit.runtime.pages_manager import PagesManager


def as_if_running(monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty caches, which outlive an AppTest, and `st.navigation` called once.

    AppTest begins each run as a new process, where the first run is made again through app.py (pages/_access.py):
    a click would be lost with it.
    """
    st.cache_data.clear()
    st.cache_resource.clear()
    begin = PagesManager.__init__

    def begun(self, *arguments, **more):
        begin(self, *arguments, **more)
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", begun)
