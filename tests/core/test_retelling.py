from dataclasses import replace

import numpy as np

from core.attribution import in_clear
from core.data.leads import Leads
from core.data.schema import Features
from core.retelling import for_and_against, turns_of, without_names
from core.scores import Attribution, Contribution
from tests.made import make_leads

SAID = "Specialist: Hi, this is Oskar at Orin.\nCustomer: Thanks, Tom, call me on 0171 2345678, please."


def lead() -> Leads:
    made = make_leads(3).take(np.array([0]))
    return Leads(made.roles.assign(dialogue=SAID), made.features, made.schema)


def explained(masked: bool) -> Attribution:
    turns = turns_of(lead(), masked=masked)
    whole = tuple(Contribution("turn", f"turn {i + 1}", t.words, 0.5, i, t.speaker) for i, t in enumerate(turns))
    words = tuple(
        Contribution("word", word, f"turn {i + 1}", 0.1, i, t.speaker)
        for i, t in enumerate(turns)
        for word in t.words.split()
    )
    return Attribution(str(lead().lead_id.iat[0]), "pairwise", 1.0, 0.0, 0.0, True, 32, (), whole, words)


def test_what_was_read_in_clear_is_shown_without_names():
    told = without_names(explained(masked=False), lead())
    text = " ".join([*(c.text for c in told.turns), *(c.name for c in told.words)])
    assert "Oskar" not in text and "Tom" not in text and "2345678" not in text and "[phone]" in text
    phone = next(c for c in told.words if c.name == "[phone]")
    assert phone.value == 0.2  # two words of the number
    assert round(sum(c.value for c in told.words), 6) == round(sum(c.value for c in explained(False).words), 6)


def test_what_was_read_without_names_comes_back_as_it_was_even_by_way_of_the_clear():
    found = explained(masked=True)
    assert without_names(found, lead()) == found
    clear = in_clear(found, lead())
    assert "Oskar" in clear.turns[0].text
    back = without_names(clear, lead())
    assert [c.text for c in back.turns] == [c.text for c in found.turns]


def test_words_of_text_fields_are_shown_without_names_too():
    note = "wants 0171 2345678 called"
    made = make_leads(1)
    features = Features(("a",), ("city",), ("note",))
    one = Leads(made.roles, made.features.assign(note=note), replace(made.schema, features=features))
    fields = (Contribution("field", "a", "0.1", 0.1), Contribution("field", "note", note, 0.4))
    words = tuple(Contribution("word", word, "note", 0.1) for word in note.split())
    told = without_names(replace(explained(True), fields=fields, turns=(), words=words), one)
    assert [(c.name, round(c.value, 6)) for c in told.words] == [("wants", 0.1), ("[phone]", 0.2), ("called", 0.1)]
    assert told.fields[1].text == "wants [phone] called"
    assert without_names(told, one) == told


def test_five_for_and_five_against_in_words():
    fields = tuple(Contribution("field", f"f{i}", str(i), (-1) ** i * (i + 1) / 10) for i in range(14))
    speaking, against = for_and_against(replace(explained(True), fields=fields, turns=(), words=()))
    assert len(speaking) == len(against) == 5
    assert speaking[0] == "f12: 12 (+1.30)" and against[0] == "f13: 13 (-1.40)"
