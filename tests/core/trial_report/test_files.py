"""The report as it is mailed: the same words in HTML and PDF, nothing that a person wrote acts, no effect too early."""

import base64
import html
import re
import zlib
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from core.decisions.field_trial.assignment import ARMS
from core.decisions.field_trial.estimates import Estimate
from core.decisions.field_trial.protocol import Protocol
from core.decisions.field_trial.reading import TrialResult
from core.decisions.field_trial.watching import Check
from core.trial_report.files import html_report, pdf_report
from core.trial_report.sections import sections

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
HEADLINE = Estimate("adjusted", 0.0913, 0.0213, 0.1634, 0.011, 0.0146, 0.0134, 0.0005, 118.0)
VERDICT = "The new ranking brought 9.1% more orders; the plan's test calls this a real difference."


def made_protocol(**changes: Any) -> Protocol:
    people = 12
    frame = pd.DataFrame(
        {
            "specialist": [f"Secret Name {number}" for number in range(people)],
            "tier": ["1", "2"] * (people // 2),
            "region": "",
            "leads": 200 + np.arange(people),
            "orders": 5,
            "lock_ins_7": 1,
            "lock_ins_14": 2,
            "lock_ins_30": 2 + np.arange(people) % 3,
            "follow_ups": 100.0 + np.arange(people),
            "stratum": ["1", "2"] * (people // 2),
            "arm": np.repeat(ARMS, people // 2),
        }
    )
    settings: dict[str, Any] = {
        "name": "Süd-Württemberg",
        "made": "2026-01-02T10:00:00Z",
        "made_by": "Jürgen Weiß",
        "start": "2026-01-05",
        "days": 132,
        "maturity_days": 30.0,
        "leads_per_specialist": 200.0,
        "draws": (9.0, 0.1),
        "arms": {"treatment": "HPRO of May", "control": "newest first"},
        "specialists": frame,
    }
    return Protocol(**settings | changes)


def made_result(**changes: Any) -> TrialResult:
    methods = pd.DataFrame(
        [
            ("t_test", 0.0717, -0.0512, 0.2023, 0.24, 0.0145, 0.0135, ""),
            ("adjusted", 0.0913, 0.0213, 0.1634, 0.011, 0.0146, 0.0134, ""),
            ("ratio", *[np.nan] * 6, "the old arm has no orders"),
        ],
        columns=["method", "uplift", "low", "high", "p", "treatment", "control", "reason"],
    )
    groups = pd.DataFrame(
        {
            "tier": ["1", "2"],
            "leads": [12345, 900],
            "orders_treatment": [120, 0],
            "orders_control": [110, 0],
            "uplift": [0.0888, np.nan],
            "low": [-0.1, np.nan],
            "high": [0.3, np.nan],
        }
    )
    settings: dict[str, Any] = {
        "name": "Süd-Württemberg",
        "protocol_sha256": made_protocol().sha256,
        "until": pd.Timestamp("2026-06-20"),
        "state": "final",
        "headline": HEADLINE,
        "methods": methods,
        "tiers": groups,
        "weeks": groups.rename(columns={"tier": "week"}),
        "days": pd.DataFrame({"day": [1, 2], "treatment": [9.0, 14.6], "control": [8.0, 13.4]}),
        "sequence": pd.DataFrame(columns=["day", "uplift", "low", "high"]),
        "checks": (Check("Sample ratio", "fine", "Both arms get their leads.", {}),),
        "verdict": VERDICT,
        "extra_orders": (132.4, 30.6, 240.2),
    }
    return TrialResult(**settings | changes)


def pdf_words(pdf: bytes) -> str:
    """The text of a PDF: every glyph by the table of its font, which stands in the file in the order of the fonts."""
    tables = [
        {int(glyph, 16): chr(int(letter, 16)) for glyph, letter in re.findall(rb"<(\w{4})> <(\w{4})>", table)}
        for table in re.findall(rb"beginbfchar(.*?)endbfchar", pdf, re.DOTALL)
    ]
    said, font = [], 0
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        page = zlib.decompress(stream) if stream[:1] == b"x" else b""
        if not page.startswith(b"2 J"):
            continue  # a picture or a font
        for face, shown in re.findall(rb"/F(\d+) [\d.]+ Tf|\(((?:\\.|[^\\)])*)\) Tj", page, re.DOTALL):
            font = int(face) - 1 if face else font
            glyphs = re.sub(rb"\\(.)", lambda sign: b"\r" if sign[1] == b"r" else sign[1], shown, flags=re.DOTALL)
            said.append("".join(tables[font][int.from_bytes(glyphs[at : at + 2])] for at in range(0, len(glyphs), 2)))
    return " ".join(one for one in said if one)


def html_words(page: str) -> str:
    """What a browser would show as text."""
    shown = re.sub(r"<style>.*?</style>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", shown)).split())


def both(result: TrialResult, protocol: Protocol) -> tuple[str, str]:
    return html_words(html_report(result, protocol)), pdf_words(pdf_report(result, protocol))


def test_the_answer_stands_first_and_is_the_same_in_both_files() -> None:
    protocol = made_protocol()
    for words in both(made_result(), protocol):
        assert "Orders: +9.1%, likely between +2.1% and +16% (95% of such ranges hold the truth)" in words
        assert "That is +132 orders" in words and "likely between +31 and +240" in words
        assert "Of 1,000 leads, 14.6 ordered with the new ranking and 13.4 with the old" in words
        assert "Jürgen Weiß" in words and "Süd-Württemberg" in words and "2026-01-02 10:00 UTC" in words
        assert words.index(VERDICT) < words.index("What was compared") < words.index("Every method")
    pdf = pdf_report(made_result(), protocol)
    (pages,) = re.findall(rb"/Type /Pages\n|/Count (\d+)\n/Kids", pdf)[:1]
    assert pdf.startswith(b"%PDF-") and 2 <= int(pages) == len(re.findall(rb"/Type /Page\n", pdf)) <= 5
    assert protocol.sha256 in html_report(made_result(), protocol)


def test_the_planned_method_is_on_top_of_the_table_and_marked() -> None:
    page = html_report(made_result(), made_protocol())
    marked = re.findall(r'<tr class="marked">(.*?)</tr>', page)
    assert any("Past results counted (named in the plan)" in row and "+9.1%" in row for row in marked)
    (every,) = (one for one in sections(made_result(), made_protocol()) if one.heading == "Every method")
    assert every.table is not None and every.table.marked == 0
    assert [row[1] for row in every.table.rows] == ["+9.1%", "+7.2%", "the old arm has no orders"]
    assert [row[5] for row in every.table.rows] == ["0.011", "0.240", ""]


def test_groups_that_cannot_tell_say_so() -> None:
    found = {one.heading: one for one in sections(made_result(), made_protocol())}
    for heading in ("By tier", "By week"):
        table = found[heading].table
        assert table is not None and [row[4:] for row in table.rows] == [
            ("+8.9%", "-10% to +30%"),
            ("cannot be told", ""),
        ]


def test_people_are_counted_and_never_named() -> None:
    for words in both(made_result(), made_protocol()):
        assert "Secret" not in words and "12 people took part" in words
    (people,) = (one for one in sections(made_result(), made_protocol()) if one.heading == "Who took part")
    assert people.table is not None and people.table.rows == (
        ("Tier 1", "3", "3"),
        ("Tier 2", "3", "3"),
        ("All", "6", "6"),
    )


def test_while_the_trial_runs_nothing_of_the_effect_is_in_the_file() -> None:
    verdict = "The trial runs for 40 days more; no effect is shown before, since early looks mislead."
    running = made_result(state="running", headline=None, verdict=verdict)
    headings = [one.heading for one in sections(running, made_protocol())]
    assert not {"Day by day", "Every method", "By tier", "By week"} & set(headings), "even where a result holds them"
    page = html_report(running, made_protocol())
    assert page.count("<img") == 1, "how alike the groups were, alone"
    for words in both(running, made_protocol()):
        assert verdict in words and "running" in words and "Sample ratio" in words
        assert not any(figure in words for figure in ("9.1%", "+8.9%", "+7.2%", "+132", "14.6"))


def test_an_effect_that_could_not_be_computed_leaves_the_rest() -> None:
    words = html_words(html_report(made_result(headline=None, extra_orders=None), made_protocol()))
    assert VERDICT in words and "Every method" in words and "Orders: +" not in words


def test_a_check_that_stops_is_said_with_the_answer() -> None:
    checks = (
        Check("Sample ratio", "stop", "The new arm gets 2,000 leads too many.", {}),
        Check("Maturity", "look", "100 leads wait.", {}),
    )
    for words in both(made_result(checks=checks), made_protocol()):
        assert "something is wrong with Sample ratio" in words and "2 of 2 checks should be looked at" in words
        assert words.index("Read this with care") < words.index("What was compared")


def test_a_stop_is_told_beside_the_plan() -> None:
    stop = pd.Timestamp("2026-03-03 14:00")
    for words in both(made_result(stopped=stop), made_protocol()):
        assert "Otherwise than planned stopped early, on 2026-03-03" in words and "The trial is over." in words
    waiting = html_words(html_report(made_result(stopped=stop, state="running", headline=None), made_protocol()))
    assert "The trial was stopped, and outcomes of its leads are awaited." in waiting
    assert "Otherwise than planned" not in html_words(html_report(made_result(), made_protocol()))


def test_what_people_wrote_does_nothing() -> None:
    protocol = made_protocol(name=HOSTILE, made_by=HOSTILE, arms={"treatment": HOSTILE, "control": "a\x00\ud800b"})
    result = made_result(verdict=HOSTILE, checks=(Check(HOSTILE, "stop", HOSTILE, {}),))
    page = html_report(result, protocol)
    assert "<script" not in page and page.count("<img") == 3 and "src=x" in html_words(page)
    assert len(re.findall(r"<img alt=\"[^\"<>]*\" src=\"data:image/svg\+xml;base64,[\w+/=]+\">", page)) == 3
    assert page.encode() and "<td>ab</td>" in page
    assert HOSTILE in pdf_words(pdf_report(result, protocol))


def test_pictures_are_drawings_with_words_and_nothing_is_fetched() -> None:
    page = html_report(made_result(), made_protocol())
    drawings = re.findall(r"base64,([\w+/=]+)", page)
    assert len(drawings) == 3
    for drawing in drawings:
        assert ElementTree.fromstring(base64.b64decode(drawing)).tag.endswith("svg")
    assert "http" not in page and all(words for words in re.findall(r'<img alt="(.*?)"', page))


@pytest.mark.parametrize(
    ("looks", "days", "words"),
    [("obrien_fleming", (60, 162), "days 60, 162"), ("always_valid", (), "On any day")],
)
def test_the_plan_tells_when_it_may_be_read(looks: str, days: tuple[int, ...], words: str) -> None:
    page = html_words(html_report(made_result(), made_protocol(looks=looks, look_days=days)))
    assert words in page and "2 Draws" not in page


def test_letters_that_no_font_knows_do_not_break_the_file() -> None:
    assert pdf_report(made_result(), made_protocol(name="試験 🚗 Łódź")).startswith(b"%PDF-")
