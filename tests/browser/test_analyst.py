"""An analyst's way: a file of strangers' leads, its columns, a training, its figures, its queue, an export."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from playwright.sync_api import Dialog, Page, expect

if TYPE_CHECKING:
    from tests.serving import App

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.slow, pytest.mark.timeout(900)]

BANK = Path(__file__).resolve().parents[3] / "shared" / "data" / "bank_marketing" / "bank-additional.zip"
TRAINING_MS = 600_000


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every 100th contact of the bank's, in its own format: `;`, no ids, no dates."""
    if not BANK.exists():
        pytest.skip("the public data is not here")
    content = zipfile.ZipFile(BANK).read("bank-additional/bank-additional-full.csv")
    frame = pd.read_csv(io.BytesIO(content), sep=";", dtype=str)
    path = tmp_path_factory.mktemp("bank") / "bank.csv"
    frame.iloc[::100].to_csv(path, sep=";", index=False)
    return path


def bring_in(app: App, page: Page, path: Path) -> None:
    """Upload a file, take what was guessed, check and save."""
    page.goto(f"{app.address}/leads")
    page.locator("input[type=file]").set_input_files(path)
    expect(page.get_by_role("heading", name="1. What the columns are")).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Check and save").click()


def test_upload_train_lift_queue_export(app: App, page: Page, bank: Path) -> None:
    bring_in(app, page, bank)
    expect(page.get_by_role("button", name="Train a model")).to_be_visible(timeout=90_000)
    page.get_by_role("button", name="Train a model").click()
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("button", name="See the lift")).to_be_visible(timeout=TRAINING_MS)
    use = page.get_by_role("button", name="Use this model")
    if use.count():
        use.click()
        expect(use).to_have_count(0)
    training = page.url
    page.get_by_role("button", name="See the lift").click()
    expect(page.get_by_role("heading", name="Lift")).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible(timeout=60_000)
    page.goto(training)
    page.get_by_role("button", name="Open the queue").click()
    expect(page.get_by_text(re.compile(r"1 to 25 of \d+ leads"))).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as taken:
        page.get_by_role("button", name=re.compile("CSV")).first.click()
    exported = pd.read_csv(taken.value.path())
    assert len(exported) > 25
    assert any("rank" in str(name).lower() for name in exported.columns)


def test_a_training_can_be_cancelled_and_resumed(app: App, page: Page) -> None:
    page.goto(f"{app.address}/train")
    page.get_by_label("Leads").first.wait_for()
    page.get_by_role("button", name="Start training").click()
    cancel = page.get_by_role("button", name="Cancel")
    expect(cancel).to_be_visible(timeout=60_000)
    address = page.url
    page.goto(f"{app.address}/queue")  # leave, and come back
    page.goto(address)
    expect(cancel).to_be_visible(timeout=60_000)
    cancel.click()
    resume = page.get_by_role("button", name="Resume")
    expect(resume).to_be_visible(timeout=60_000)
    resume.click()
    expect(cancel).to_be_visible(timeout=60_000)
    cancel.click()
    expect(resume).to_be_visible(timeout=60_000)


def test_a_hostile_file_is_shown_as_written(app: App, page: Page, tmp_path: Path) -> None:
    said = "Customer: <script>document.title='taken'</script> **bold** :red[red] $x^2$"
    rows = [
        {"lead_id": f"=1+{n}", "converted": n % 3 == 0, "city": "<img src=x onerror=alert(1)>", "dialogue": said}
        for n in range(120)
    ]
    path = tmp_path / "<b>hostile.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    alerts: list[str] = []

    def noted(dialog: Dialog) -> None:
        alerts.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", noted)
    bring_in(app, page, path)
    expect(page.get_by_text("<b>hostile").first).to_be_visible(timeout=90_000)
    assert page.locator("main b, main img[src=x], main script").count() == 0
    assert not alerts
    assert "taken" not in page.title()
