"""The sheet for the person concerned on the Why page: for managers, recorded, and without names."""

from dataclasses import replace

import numpy as np
from streamlit.testing.v1 import AppTest

from core.disclosure.collecting import kept_sheet
from core.disclosure.files import html_sheet
from core.disclosure.sheet import Standing
from core.jobs.rankings import keep_explanation
from core.scores import Proof
from pages import _sheet as sheet_part
from tests.core.disclosure.test_sheet import html_words
from tests.core.trial_report.test_files import pdf_words
from tests.pages.test_above import explained
from tests.why_page import sound, why_page

SAID = "Specialist: Hi, this is Oskar at Orin.\nCustomer: Thanks, call me on 0171 2345678."


def test_the_buttons_make_both_files_and_record_who_took_them(kept, monkeypatch) -> None:
    ws, dataset, leads, run, _ = kept
    lead = leads.take(np.array([0]))
    told = explained(lead, 1.0)
    proofs = tuple(Proof(u.kind, u.name, u.turn, -9.0, 0.01, -9.0) for u in (*told.fields, *told.turns))
    keep_explanation(ws, run.id, lead, replace(told, proofs=proofs, unchanged=Proof("lead", "", None, 1.0, 0.2, 1.0)))
    made = {}
    monkeypatch.setattr(
        sheet_part.shared,
        "download",
        lambda label, make, name, mime, what, role, **_: made.update({label: (make, name, what, role)}),
    )
    at = sound(why_page(lead="L0000"))
    assert any(box.label == "Whom they can turn to" for box in at.text_input)
    make, name, what, role = made["PDF"]
    assert (name, role) == ("sheet_L0000.pdf", "manager") and what.endswith(
        f"lead L0000 of dataset {dataset.id} as PDF"
    )
    for words in (pdf_words(make()), html_words(made["HTML"][0]().decode())):
        assert "of 60 in our order of calls" in words and "You said: “Thanks, call me on [phone]." in words
        assert "Leads of May" in words and not [n for n in ("Oskar", "2345678", "Person 0") if n in words]


def test_viewers_have_no_button(kept, monkeypatch) -> None:
    monkeypatch.setattr(sheet_part.shared, "may", lambda role: role == "viewer")
    at: AppTest = sound(why_page(lead="L0000"))
    assert not any(box.label == "Whom they can turn to" for box in at.text_input)


def test_a_lead_without_kept_reasons_or_records_has_a_sheet(kept) -> None:
    ws, _, _, _, scoring = kept
    words = html_words(html_sheet(kept_sheet(ws, scoring, "L0007", Standing(None, 3, 60))))
    assert (
        "the reasons were not worked out" in words and "Put your enquiry in the order of calls the program 1" in words
    )
