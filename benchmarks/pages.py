"""How soon does the app show something? `python -m benchmarks.pages`: its start, the first page, each page again.

A visit is a new tab, from the address until the title shows, and until the script has sent all: what somebody waits for
who opens a bookmark. The first is in a browser that was never here, the others in one that keeps what it has loaded.
The app holds the sample leads, as `make app` opens it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import BrowserContext, sync_playwright

from tests.serving import open_browser, serve

PAGES = ("today", "queue", "why", "lift", "leads", "train", "models")


def visit(window: BrowserContext, address: str) -> tuple[float, float]:
    """Seconds until the page's title shows, and until all of it is drawn."""
    page = window.new_page()
    page.set_default_timeout(120_000)
    began = time.perf_counter()
    page.goto(address)
    page.get_by_role("heading", level=1).wait_for()
    title = time.perf_counter() - began
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
    whole = time.perf_counter() - began
    page.close()
    return title, whole


def measure(visits: int) -> dict[str, object]:
    """Seconds: the server's start, the first visit of all, and the median visit of each page."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = open_browser(playwright)
        began = time.perf_counter()
        with serve(Path(folder) / "workspace", Path(folder) / "log.txt") as app:
            started = time.perf_counter() - began
            window = browser.new_context(viewport={"width": 1440, "height": 1000})
            first = visit(window, app.address)
            pages = {}
            for name in PAGES:
                address = f"{app.address}/{'' if name == 'today' else name}"
                visit(window, address)
                seen = [visit(window, address) for _ in range(visits)]
                pages[name] = [round(statistics.median(times), 2) for times in zip(*seen, strict=True)]
        browser.close()
    return {"start": round(started, 2), "first_visit": [round(seconds, 2) for seconds in first], "pages": pages}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visits", type=int, default=5, help="visits of each page, after one that is not counted")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.visits)
    if options.json:
        print(json.dumps(found))
        return
    print(f"server up after {found['start']} s; first visit: title, whole page after {found['first_visit']} s")
    print(f"{'page':8s} {'title, s':>10s} {'whole, s':>10s}")
    for name, (title, whole) in found["pages"].items():  # type: ignore[attr-defined]
        print(f"{name:8s} {title:10.2f} {whole:10.2f}")


if __name__ == "__main__":
    main()
