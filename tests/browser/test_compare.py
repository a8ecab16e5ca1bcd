"""An analyst's way to an answer: choose a few ways to rank, watch them run, read which to use, take the report."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

if TYPE_CHECKING:
    from tests.serving import App

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.slow, pytest.mark.timeout(600)]

WAYS = ("Rules without learning: Newest first", "Linear models: Logistic regression (fields)", "DeepFM")
RUN_MS = 300_000


def choose(page: Page) -> None:
    """Three ways that are quick on two cores, trained twice."""
    page.get_by_text("Chosen one by one").click()
    box = page.get_by_role("combobox", name="Ways to rank")
    for way in WAYS:
        box.click()
        box.fill(way)
        page.get_by_role("option", name=re.compile(rf"{re.escape(way)}$")).first.click()
    box.press("Escape")
    page.get_by_role("spinbutton", name="Times each is trained").fill("2")
    page.keyboard.press("Enter")
    expect(page.get_by_text("3 ways to rank, 4 trainings")).to_be_visible()


def test_choose_run_read_and_take_away(app: App, page: Page, browser: Browser, shots: Path) -> None:
    page.goto(f"{app.address}/compare")
    choose(page)
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("The comparison is finished.")).to_be_visible(timeout=RUN_MS)
    expect(page.get_by_role("heading", name=re.compile(r"^Use "))).to_be_visible(timeout=60_000)
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    page.get_by_text("Orders by calls", exact=True).click()
    expect(page.get_by_text("your capacity", exact=True)).to_be_visible()
    with page.expect_download() as taken:
        page.get_by_role("button", name="Report (HTML)").click()
    report = Path(taken.value.path()).read_text("utf-8")
    assert "DeepFM" in report and "http://" not in report.replace("http://www.w3.org", "")
    address = page.url
    page.get_by_role("button", name="All comparisons").click()
    page.get_by_role("button", name="Open this one").click()
    expect(page.get_by_role("heading", name=re.compile(r"^Use "))).to_be_visible()
    looks: tuple[tuple[str, int, Literal["light", "dark"]], ...] = (
        ("light", 1440, "light"),
        ("dark", 1440, "dark"),
        ("phone", 390, "light"),
    )
    for look, width, scheme in looks:
        context = browser.new_context(viewport={"width": width, "height": 1800}, color_scheme=scheme)
        other = context.new_page()
        other.goto(address)
        expect(other.locator(".js-plotly-plot").first).to_be_visible(timeout=60_000)
        other.wait_for_timeout(1500)
        other.screenshot(path=shots / f"comparison-{look}.png", full_page=True)
        assert other.evaluate("document.documentElement.scrollWidth") <= width
        context.close()
