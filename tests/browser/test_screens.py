"""Every page in light, dark and on a phone: no error, nothing wider than the screen; the pictures stay in build/."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from playwright.sync_api import Browser, expect

from core.workspace import datasets
from core.workspace.store import open_workspace

if TYPE_CHECKING:
    from tests.serving import App

pytestmark = pytest.mark.xdist_group("browser")

PAGES = (
    "today",
    "queue",
    "why",
    "lift",
    "trials",
    "campaigns",
    "value",
    "talk",
    "segments",
    "leads",
    "train",
    "pairs",
    "compare",
    "models",
)
WAIT_MS = 60_000


@pytest.mark.parametrize(
    ("look", "width", "scheme"),
    [("light", 1440, "light"), ("dark", 1440, "dark"), ("phone", 390, "light")],
    ids=lambda value: str(value),
)
def test_every_page_is_drawn_whole(
    app: App, browser: Browser, look: str, width: int, scheme: Literal["light", "dark"], shots: Path
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 1800}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    outside: list[str] = []
    page.on("request", lambda request: outside.append(request.url) if "127.0.0.1" not in request.url else None)
    for name in PAGES:
        page.goto(f"{app.address}/{'' if name == 'today' else name}")
        expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=WAIT_MS)
        page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
        page.wait_for_timeout(1500)  # charts draw themselves after the script has ended
        page.screenshot(path=shots / f"{name}-{look}.png", full_page=True)
        assert page.get_by_test_id("stException").count() == 0
        assert page.get_by_text("Something went wrong on our side").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is wider than the screen"
    assert not [address for address in outside if not address.startswith(("data:", "blob:"))], "the app called outside"
    context.close()


def test_the_sample_is_there_without_being_asked(app: App) -> None:
    found = datasets.datasets(open_workspace(app.workspace))
    (sample,) = (dataset for dataset in found if dataset.name.startswith("Sample"))
    assert (sample.leads, sample.open_leads) == (4000, 373)
