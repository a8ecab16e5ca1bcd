"""The app in a real browser: a server of its own with a workspace of its own, and Debian's chromium."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MISSING = "no chromium here: `apt-get install chromium` brings it, then these tests run"
SHOTS = ROOT / "build" / "screenshots"
WAIT_MS = 30_000
"""Longest wait for something to appear; the machine may be busy."""


@dataclass(frozen=True)
class App:
    """A running app."""

    address: str
    workspace: Path
    environment: dict[str, str]

    def core(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`python -m core ...` on the same workspace."""
        command = [sys.executable, "-m", "core", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=300)


def serve(workspace: Path, log: Path) -> Iterator[App]:
    """A server on a free port until the generator is closed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"LEADRANK_WORKSPACE": str(workspace), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true", f"--server.port={port}"]
    with log.open("wb") as out:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT)
        try:
            address = f"http://127.0.0.1:{port}"
            _await_health(address, server, log)
            yield App(address, workspace, environment)
        finally:
            server.terminate()
            server.wait(30)


def _await_health(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the app did not come up:\n{log.read_text(errors='replace')[-3000:]}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without any service of its own."""
    if CHROMIUM is None:
        pytest.skip(MISSING)
    quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    quiet += ["--disable-component-update", "--disable-sync", "--no-sandbox"]
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=CHROMIUM, args=quiet)
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
    yield from serve(folder / "workspace", folder / "log.txt")


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
