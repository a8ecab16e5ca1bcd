"""Other people's text, escaped by `literal`, in a real browser: what is read is what was written, and nothing acts."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Error, Page, expect

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = (
    "**bold** _slanted_ ~~gone~~ `code`",
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "[link](https://example.com) ![picture](https://example.com/x.png)",
    "https://example.com www.example.com ana@example.com mailto:ana@example.com",
    ":red[red] :blue-background[blue] :green-badge[badge] :shimmer[s]",
    ':red[x]{foreground="#E03131"}',
    ":smile: :+1: :streamlit: :material/delete:",
    r"$x^2$ and $$y$$ and \(z\)",
    "-> <- <-> -- >= <= ~= a -- b",
    "# heading",
    "> quote",
    "1. one",
    "- [ ] task",
    "| a | b |",
    "---",
    r"&lt;b&gt; &amp; &#58;smile&#58; \* back\slash",
)
PLACES = ("markdown", "button", "error", "subheader")
SCRIPT = """
import streamlit as st
from pages._text import literal
for place in {places!r}:
    for number, text in enumerate({hostile!r}):
        with st.container(key=f"{{place}}_{{number}}"):
            getattr(st, place)(literal(text))
st.markdown("**bold** :smile: :red[red] https://example.com -> $x^2$")
st.text("drawn")
"""
ACTING = (
    "a[href^='http'], a[href^='mailto'], script, img, code, strong, em, del, h1, blockquote, li, table, .katex, "
    "[data-testid='stIconMaterial']"
)


def test_what_others_wrote_is_shown_as_it_is(page: Page, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(places=PLACES, hostile=HOSTILE), "utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.headless=true", f"--server.port={port}"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with (tmp_path / "log.txt").open("wb") as log:
        server = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        _open(page, f"http://localhost:{port}")
        expect(page.get_by_text("drawn")).to_be_visible()
        for place in PLACES:
            for number, text in enumerate(HOSTILE):
                shown = page.locator(f".st-key-{place}_{number}")
                told = " ".join(shown.inner_text().replace("\u2060", "").split())
                assert told == text, (place, text, told)
                assert shown.locator(ACTING).count() == 0, (place, text)
        # The same without `literal` does act: the check above can fail.
        assert page.locator("a, strong, .katex").count() >= 3
    finally:
        server.terminate()
        server.wait(30)


def _open(page: Page, address: str) -> None:
    for _ in range(60):
        try:
            page.goto(address)
            return
        except Error:
            page.wait_for_timeout(500)
    raise AssertionError("the script's server did not come up")
