"""The sheet for the person concerned: names never, plain words, and nothing that somebody wrote acts."""

import re
from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from core.data.dialogue import parse_turns
from core.data.leads import Leads
from core.data.masking import masked_leads
from core.data.schema import Features
from core.disclosure.collecting import made_sheet
from core.disclosure.files import html_sheet, pdf_sheet
from core.disclosure.sections import sections
from core.disclosure.sheet import Model, Sheet, Source, Standing, Use
from core.report.paper import BOX, UNSHOWN
from core.scores import Attribution, Contribution, Proof
from tests.core.trial_report.test_files import HOSTILE, html_words, pdf_words
from tests.made import make_leads

ENGLISH = (
    "Oskar: Hello, this is Oskar at Orin.\nCustomer: Hi, my name is Petra Lindqvist, call me on 0171 2345678. "
    "My plate is B-XY 1234, mail petra@example.com.\nOskar: Thanks, Petra."
)
GERMAN = "Berater: Hier spricht Jürgen Weiß.\nKunde: Ich heiße Ötztürk, Telefon 0160 5551234, Kennzeichen M-AB 987."
CHINESE = "专家: 您好,王先生,我是李婷。\n客户: 我叫王小明。电话13812345678,车牌京A12345,小明要买车"
CARD = {
    "name": "asLLR + HPRO",
    "made": "2026-02-03T04:05:06+00:00",
    "config": {"mask": True},
    "data": {"sha256": "ab12" * 16, "split": {"train": 1593}, "converted": {"train": 213}},
    "backbone": {"name": "smollm2-135m"},
}


def one_lead(dialogue: str, note: str = "", owner: str = "", *, known: bool = True, **fields: object) -> Leads:
    made = make_leads(1)
    texts = {"note": note, **{name: str(value) for name, value in fields.items()}}
    features = made.features.assign(**{name: pd.Series([text], dtype="str") for name, text in texts.items()})
    kinds = Features(("a",), ("city", *fields), ("note",))
    time = made.roles["snapshot_time"] if known else pd.Series([pd.NaT], dtype="datetime64[us]")
    roles = made.roles.assign(dialogue=pd.Series([dialogue], dtype="str"), owner=owner, snapshot_time=time)
    return Leads(roles, features, replace(made.schema, features=kinds))


def reasons_of(lead: Leads, *, masked: bool = True, proved: bool = True) -> Attribution:
    """All that was said speaks for the lead, `a` against it."""
    read = masked_leads(lead) if masked else lead
    turns = tuple(
        Contribution("turn", f"turn {i + 1}", turn.words, 0.9 - 0.1 * i, i, turn.speaker)
        for i, turn in enumerate(parse_turns(str(read.dialogue.iat[0])))
    )
    fields = (
        Contribution("field", "a", "0.126", -0.5),
        Contribution("field", "note", str(read.features["note"].iat[0]), 0.4),
    )
    found = Attribution("any", "pairwise", 1.0, 0.0, 0.01, True, 32, fields, turns, ())
    if not proved:
        return found
    proofs = tuple(Proof(u.kind, u.name, u.turn, 1 - u.value, 0.1, 1 - u.value) for u in (*turns, *fields))
    return replace(found, proofs=proofs, unchanged=Proof("lead", "", None, 1.0, 0.2, 1.0))


def sheet_of(lead: Leads, found: Attribution | None = None, **more) -> Sheet:
    model = Model("run7", CARD, lead.schema.features)
    given = {"uses": (), "place_of": lambda move: 12 - round(100 * move), **more}
    source = Source("Leads of May", "may.csv", datetime(2026, 5, 2), 60)
    return made_sheet(lead, source, Standing(0.082, 12, 395, datetime(2026, 5, 3)), model, found, **given)


def both(sheet: Sheet) -> list[str]:
    return [html_words(html_sheet(sheet)), pdf_words(pdf_sheet(sheet))]


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize(
    ("said", "planted"),
    [
        (ENGLISH, ["Oskar", "Petra", "Lindqvist", "2345678", "1234", "example.com"]),
        (GERMAN, ["Jürgen", "Weiß", "Ötztürk", "5551234", "M-AB", "987"]),
        (CHINESE, ["王", "小明", "李婷", "13812345678", "A12345"]),
    ],
)
def test_no_name_number_or_plate_passes(said: str, planted: list[str], masked: bool) -> None:
    """Where one text gives a name away, it is hidden in the others too, also of a model that reads names."""
    lead = one_lead(said, note=f"{planted[0]} calls back; {said.splitlines()[1]}", town=f"{planted[1]}")
    for words in both(sheet_of(lead, reasons_of(lead, masked=masked))):
        assert not [name for name in planted if name in words]
        assert "[name]" in words and "[phone]" in words and "[plate]" in words


def test_names_that_only_columns_or_labels_tell_are_hidden() -> None:
    said = "Marisol: all fine for dorothea?\nCustomer: Quenby said so, and Wim agreed."
    lead = one_lead(said, note="Quenby is the owner", owner="Wim", customer_name="Dorothea Vance", phone="4445556")
    lead = Leads(lead.roles.assign(lead_id=pd.Series(["+49 171 9998887"], dtype="str")), lead.features, lead.schema)
    people = {"Name": "Quenby Yarrow", "Plan": "gold"}
    for words in both(sheet_of(lead, reasons_of(lead), people=people)):
        assert not [n for n in ("Marisol", "orothea", "Vance", "Quenby", "Wim ", "4445556", "9998887") if n in words]
        assert "(kept hidden)" in words and "with the number [phone]" in words
        assert "never by the program: Name and Plan" in words


def test_it_says_what_was_used_why_and_what_follows() -> None:
    lead = one_lead(ENGLISH, note="wants a car")
    uses = (Use("Had names shown", "sales managers", 2, datetime(2026, 5, 4), datetime(2026, 6, 1)),)
    for words in both(sheet_of(lead, reasons_of(lead), uses=uses, contact="dpo@firm.example")):
        assert "place 12 of 395" in words and "8.2 of 100 such enquiries lead to an order" in words
        assert "The conversation with you, 3 turns" in words and "as they were on 1 January 2025" in words
        assert "Note wants a car" in words and "City" in words
        assert "Leads of May" in words and "brought in on 2 May 2026" in words
        assert "1,593 earlier enquiries, 213 of which led to an order" in words
        assert "makes no decision about you by itself" in words
        assert "You said: “Hi, my name is [name], call me on [phone]" in words and "Our side said: “Hello" in words
        assert "A: 0.126 further down place" in words and "place 102 instead of 12" in words
        assert "version run7" in words and "made on 3 February 2026" in words
        assert not re.search(r"[0-9a-f]{16}", words.replace(" ", "")), "a fingerprint says nothing to a person"
        assert "Had names shown sales managers 2 4 May 2026 1 June 2026" in words
        assert words.rstrip().endswith("dpo@firm.example") or "Contact: dpo@firm.example" in words
        assert not [jargon for jargon in ("logit", "probability", "feature", "token", "pairwise") if jargon in words]


def test_hostile_text_is_shown_and_does_not_act() -> None:
    lead = one_lead(f"Customer: {HOSTILE}", note=HOSTILE)
    sheet = replace(sheet_of(lead, reasons_of(lead), contact=HOSTILE), source=Source(HOSTILE, HOSTILE))
    page = html_sheet(sheet)
    assert "<script" not in page and "<img src=x" not in page and "&lt;script&gt;" in page
    assert pdf_sheet(sheet).startswith(b"%PDF-")


def test_without_conversation_dates_reasons_records_or_card() -> None:
    lead = one_lead("", known=False)
    bare = replace(sheet_of(lead, uses=None), model=Model("r", {}, Features()), standing=Standing(None))
    for words in both(bare):
        assert "No conversation with you was used. They carry no date. No further fields." in words
        assert "the reasons were not worked out" in words and "made from files" in words
        assert "without an estimate of how likely an order is" in words and "Contact: ____" in words
        assert "learned from earlier enquiries, what" in words
    assert "Nothing is recorded so far" in both(sheet_of(lead))[0]


def test_only_reasons_that_were_proved_and_change_something_are_told() -> None:
    lead = one_lead(ENGLISH)
    unproved = replace(reasons_of(lead, proved=False), truncated_turns=2)
    words = html_words(html_sheet(sheet_of(lead, unproved)))
    assert "not worked out and checked" in words and "further down" not in words and "The last 1 of 3 turns" in words
    nothing = replace(reasons_of(lead), fields=(), turns=())
    assert "No single field" in html_words(html_sheet(sheet_of(lead, nothing)))
    # Nothing takes it from its place: what is left to tell is the chance, where that falls with what speaks for it.
    told = {s.heading: s for s in sections(sheet_of(lead, reasons_of(lead), place_of=lambda move: 12))}
    table = told["The main reasons"].table
    assert table is not None and {row[1:] for row in table.rows} == {
        ("towards the top", "a chance of 10.0% instead of 20.0%")
    }
    still = reasons_of(lead)
    still = replace(still, proofs=tuple(replace(proof, probability=0.2) for proof in still.proofs))
    assert "No single field" in html_words(html_sheet(sheet_of(lead, still, place_of=lambda move: 12)))


def test_figures_of_colleagues_are_named_and_not_printed() -> None:
    lead = one_lead(ENGLISH, specialist_rate=0.7313, city_tier="tier_2")
    found = reasons_of(lead)
    unit = Contribution("field", "specialist_rate", "0.7313", 0.8)
    proof = Proof("field", "specialist_rate", None, 0.2, 0.1, 0.2)
    found = replace(found, fields=(*found.fields, unit), proofs=(*found.proofs, proof))
    for words in both(sheet_of(lead, found)):
        assert "7313" not in words and "specialist_" not in words and "City tier tier 2" in words
        assert "1 figure on those who look after you: Specialist rate" in words
        assert "Who looks after you: Specialist rate towards the top" in words


def test_chances_that_were_too_high_lately_are_told() -> None:
    sheet = sheet_of(one_lead(ENGLISH))
    off = {"value": 0.7, "low": 0.6, "high": 0.8}
    card = CARD | {"metrics": {"leads": 1081, "converted": 89, "calibration": {"observed_over_expected": off}}}
    told = html_words(html_sheet(replace(sheet, model=replace(sheet.model, card=card))))
    assert "of 1,081 later enquiries it expected 127 to end with an order, and 89 did" in told
    assert "probably lower" in told and "too high lately" not in html_words(html_sheet(sheet))


def test_letters_that_no_font_has_are_boxes_and_that_is_said() -> None:
    lead = one_lead("Customer: I like \U00016800 it", note="\U00016800")
    words = pdf_words(pdf_sheet(sheet_of(lead, reasons_of(lead))))
    assert BOX in words and UNSHOWN in words
    assert UNSHOWN not in pdf_words(pdf_sheet(sheet_of(one_lead("Customer: Grüße, świetnie"))))


def test_no_lead_of_many_shows_a_phone_number() -> None:
    """What the model reads as a number is held against the numbers that are known."""
    lead = one_lead("Customer: call 0171 2345678", note="id 1712345678")
    features = lead.features.assign(a=np.array([1712345678.0]))
    for words in both(sheet_of(Leads(lead.roles, features, lead.schema))):
        assert "1712345678" not in words
