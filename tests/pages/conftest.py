"""Pages in a workspace of their own, in an app that has been opened before."""

from __future__ import annotations

import pytest

from tests.running import as_if_running


@pytest.fixture(autouse=True)
def a_running_app(monkeypatch):
    """Nothing is remembered from the test before, and no click is lost."""
    as_if_running(monkeypatch)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A workspace that is empty and stays so: the app brings no sample into it."""
    monkeypatch.setenv("LEADRANK_WORKSPACE", str(tmp_path / "kept"))
    monkeypatch.delenv("LEADRANK_DATABASE", raising=False)
    monkeypatch.setattr("pages._entry.bring_in_sample", lambda ws: [])
    return tmp_path / "kept"
