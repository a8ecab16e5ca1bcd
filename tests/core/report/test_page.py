"""Reports of any kind: what a person wrote is shown as it was written, in HTML and Markdown."""

from html.parser import HTMLParser

from core.report.drawing import empty, named_rows
from core.report.markdown import markdown_page
from core.report.page import html_page
from core.report.parts import Picture, Section, Table
from tests.benchmarked import HOSTILE


class Seen(HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def made_section() -> Section:
    figure, axes = empty(2)
    named_rows(axes, [HOSTILE, "$not a formula"])
    table = Table((HOSTILE, "b"), ((HOSTILE, "line\nbreak"), ("1 | 2", "*3*")), marked=1)
    return Section(HOSTILE, (HOSTILE,), Picture(HOSTILE, figure), table)


def test_html_stands_alone_and_nothing_in_it_acts() -> None:
    page = html_page(HOSTILE, [made_section()])
    seen = Seen(page)
    assert "script" not in seen.tags and not any(name.startswith("on") for name, _ in seen.attributes)
    assert seen.text.count(HOSTILE) == 6, "shown as written: twice as the title, in heading, sentence and two cells"
    assert all((value or "").startswith("data:image/svg") for name, value in seen.attributes if name == "src")
    assert seen.tags.count("img") == 1 and 'class="marked"' in page and "@media print" in page


def test_markdown_keeps_its_tables_whatever_the_cells_hold() -> None:
    page = markdown_page(HOSTILE, [made_section()])
    assert "<script" not in page and "<img" not in page
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert len(rows) == 4 and rows[1] == "|---|---|"
    assert [row.replace("\\|", "").count("|") for row in rows] == [3] * 4
    assert "line break" in page and "\\*3\\*" in page
