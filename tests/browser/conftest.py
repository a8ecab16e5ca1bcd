"""The app in a real browser: a server of its own with a workspace of its own, and Debian's chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.serving import CHROMIUM, ROOT, App, open_browser, serve

MISSING = "no chromium here: `apt-get install chromium` brings it, then these tests run"
SHOTS = ROOT / "build" / "screenshots"
WAIT_MS = 30_000
"""Longest wait for something to appear; the machine may be busy."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without any service of its own."""
    if CHROMIUM is None:
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        one = open_browser(playwright)
        yield one
        one.close()


@pytest.fixture(scope="session")
def shots() -> Path:
    """Where pictures of the pages are kept."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    return SHOTS


@pytest.fixture(scope="session")
def app(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app with the sample in it, as `make app` opens it."""
    folder = tmp_path_factory.mktemp("app")
    with serve(folder / "workspace", folder / "log.txt") as app:
        yield app


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh window at 1440 pixels."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, accept_downloads=True)
    one = context.new_page()
    one.set_default_timeout(WAIT_MS)
    expect.set_options(timeout=WAIT_MS)
    yield one
    context.close()


def settled(page: Page) -> None:
    """Wait until Streamlit has drawn everything."""
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
