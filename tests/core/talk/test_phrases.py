import pandas as pd

from core.talk.kinds import find_kinds
from core.talk.phrases import telling
from core.talk.turns import turns_of
from tests.core.talk.talking import talking_leads, with_dialogues


def test_phrases_hold_no_number_and_no_placeholder_and_cross_no_comma():
    text = pd.Series(["Call [name] on Monday, 28,900 euros please"] * 4 + ["The colour is nice"] * 6)
    weighs = telling(text)
    assert weighs is not None
    phrases = set(weighs.get_feature_names_out())
    assert "euros please" in phrases and not any("name" in one or one[0].isdigit() for one in phrases)
    assert "monday euros" not in phrases and "call on" not in phrases


def test_nothing_said_gives_no_phrases():
    assert telling(pd.Series(["", "12", "[name]"])) is None


def test_turns_are_masked_and_told_by_side():
    lines = ["Agent: Hello, this is Oskar at Orin.\nCustomer: Call me on 0171 2345678.", "no speaker here", ""]
    turns = turns_of(with_dialogues(talking_leads(3), lines))
    assert turns[["row", "turn", "side"]].values.tolist() == [
        [0, 0, "specialist"],
        [0, 1, "customer"],
        [1, 0, "somebody"],
    ]
    assert not turns["words"].str.contains("Oskar|0171").any()


def test_the_same_turns_give_the_same_kinds():
    turns = turns_of(talking_leads(120))
    one, other = find_kinds(turns), find_kinds(turns)
    assert one.names.equals(other.names) and (one.kind == other.kind).all()
