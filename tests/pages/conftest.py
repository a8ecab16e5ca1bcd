"""Pages in a workspace of their own: caches of Streamlit outlive an AppTest, so they are emptied before each test."""

from __future__ import annotations

import pytest
import streamlit as st


@pytest.fixture(autouse=True)
def no_caches():
    """Nothing is remembered from the test before."""
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A workspace that is empty and stays so: the app brings no sample into it."""
    monkeypatch.setenv("LEADRANK_WORKSPACE", str(tmp_path / "kept"))
    monkeypatch.delenv("LEADRANK_DATABASE", raising=False)
    monkeypatch.setattr("pages._entry.bring_in_sample", lambda ws: [])
    return tmp_path / "kept"
