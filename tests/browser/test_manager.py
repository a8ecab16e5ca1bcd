"""A sales manager's first visit: who to call, why, and the whole queue."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from tests.serving import App

pytestmark = pytest.mark.xdist_group("browser")


def test_from_today_to_a_lead_and_its_reasons(app: App, page: Page) -> None:
    page.goto(app.address)
    expect(page.get_by_role("heading", name="Today")).to_be_visible()
    expect(page.get_by_text("Leads to call", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="Call these 10 first")).to_be_visible()
    page.get_by_role("button", name="Why").first.click()
    expect(page).to_have_url(re.compile(r"/why\?.*lead="))
    expect(page.get_by_role("heading", name="What its rank score is made of")).to_be_visible()
    expect(page.get_by_role("heading", name="What was said")).to_be_visible()
    expect(page.get_by_text("1 of 373")).to_be_visible()


def test_a_filtered_view_can_be_shared_by_its_address(app: App, page: Page) -> None:
    page.goto(app.address)
    page.get_by_role("button", name="Open the queue").click()
    expect(page.get_by_text("1 to 25 of 373 leads.")).to_be_visible()
    search = page.get_by_role("textbox", name=re.compile("search", re.IGNORECASE))
    search.fill("S0017")
    search.press("Enter")
    expect(page.get_by_text(re.compile(r"of \d{1,2} leads\."))).to_be_visible()
    shown = page.get_by_text(re.compile(r"of \d{1,2} leads\.")).inner_text()
    page.goto(page.url)  # what a colleague would open
    expect(page.get_by_text(shown)).to_be_visible()


def test_a_lead_marked_as_called_leaves_the_list_and_comes_back(app: App, page: Page) -> None:
    page.goto(f"{app.address}/why")
    page.get_by_role("button", name="Mark as").click()
    page.get_by_role("button", name="Called").click()
    expect(page.get_by_text(re.compile("^1 lead marked as called"))).to_be_visible()
    page.get_by_role("link", name="Queue").click()
    expect(page.get_by_text("1 to 25 of 372 leads.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("1 to 25 of 373 leads.")).to_be_visible()


def test_a_field_trial_is_planned_drawn_and_frozen(app: App, page: Page) -> None:
    page.goto(f"{app.address}/trials")
    expect(page.get_by_text(re.compile("This team can only see effects above"))).to_be_visible()
    page.get_by_text("2 Draw and freeze", exact=True).click()
    expect(page.get_by_text(re.compile("until both halves were alike enough"))).to_be_visible()
    page.get_by_role("button", name="Freeze the trial").click()
    expect(page.get_by_text("No leads of this trial yet")).to_be_visible()
    expect(page.get_by_role("heading", name="What was frozen")).to_be_visible()
    expect(page.get_by_role("button", name="Stop the trial")).to_be_visible()
