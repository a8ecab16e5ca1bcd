from dataclasses import replace
from html.parser import HTMLParser

from core.charts.reasons import STYLE, bars, conversation, largest, legend, level, signed
from core.data.dialogue import Turn
from core.scores import Attribution, Contribution, Proof

HOSTILE = (
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    '"><a href="javascript:alert(1)">x</a>',
    "</style><iframe src=//x>",
    "' onmouseover='alert(1)",
)


class Tags(HTMLParser):
    """What a browser would make of it: tags, attributes, and the text that is read."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.values: list[str] = []
        self.text = ""
        self.feed(html.replace(STYLE, ""))

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.values += [value or "" for _, value in attrs]

    def handle_data(self, data):
        self.text += data


def attribution(turns: list[str], values: list[float], speaker: str = "Customer") -> Attribution:
    whole = tuple(
        Contribution("turn", f"turn {i + 1}", t, v, i, speaker)
        for i, (t, v) in enumerate(zip(turns, values, strict=True))
    )
    words = tuple(
        Contribution("word", word, f"turn {i + 1}", v / 2, i, speaker)
        for i, (text, v) in enumerate(zip(turns, values, strict=True))
        for word in text.split()
    )
    return Attribution("L", "pairwise", 1.0, 0.0, 0.0, True, 32, (), whole, words)


def test_uploaded_text_never_becomes_a_tag_an_attribute_or_a_style():
    for text in HOSTILE:
        found = attribution([text], [1.0], speaker=text)
        html = conversation([Turn(text, text)], found, 1.0) + conversation([Turn(text, text)])
        html += bars([Contribution("field", text, text, 1.0)], 1.0) + legend(1.0)
        read = Tags(html)
        assert read.tags <= {"div", "span", "em"} and read.attributes <= {"class", "style", "title"}
        assert not any(sign in value for value in read.values for sign in "<>\"'") and read.text.count(text) >= 3


def test_words_keep_what_stands_between_them():
    said = "想买车，很急  ok?"
    words = tuple(Contribution("word", w, "turn 1", 0.5, 0, "客户") for w in ("想", "买", "车，", "很急", "ok?"))
    found = Attribution(
        "L", "pairwise", 1, 0, 0, True, 32, (), (Contribution("turn", "turn 1", said, 1.0, 0, "客户"),), words
    )
    assert said in Tags(conversation([Turn("客户", said)], found, 1.0)).text


def test_a_word_is_told_by_line_or_wave_and_figure_not_by_colour_alone():
    html = conversation([Turn("Customer", "yes no")], attribution(["yes no"], [1.0]), 1.0)
    assert 'class="lr-w lr-f3" title="+0.50">yes<' in html
    against = conversation([Turn("Customer", "no")], attribution(["no"], [-1.0]), 1.0)
    assert 'class="lr-w lr-a3" title="−0.50">no<' in against and ">−1.00<" in against
    assert "underline wavy" in STYLE


def test_a_turn_that_the_model_did_not_read_says_so():
    found = attribution(["new"], [1.0])
    old = Attribution(**{**found.__dict__, "turns": (Contribution("turn", "turn 2", "new", 1.0, 1, "Customer"),)})
    html = conversation([Turn("Customer", "old"), Turn("Customer", "new")], old, 1.0)
    assert html.count("not read by the model") == 1 and html.index("not read") < html.index(">old")


def test_the_customer_stands_left_whoever_begins():
    html = conversation([Turn("Specialist", "Hi"), Turn("Customer", "Hello"), Turn("Specialist", "So")])
    assert html.count("lr-turn lr-ours") == 2 and html.count("lr-turn lr-theirs") == 1


def test_fields_and_turns_share_one_scale():
    found = attribution(["a"], [2.0])
    both = Attribution(**{**found.__dict__, "fields": (Contribution("field", "age", "", -1.0),)})
    assert largest(both) == 2.0
    html = bars(both.fields, largest(both))
    assert "width:50.0%" in html and "not known" in html and "−1.00" in html
    assert "2.00" in legend(2.0) and level(2.0, 2.0) == 4 and level(0.0, 0.0) == 0


def test_nothing_said_and_nothing_moved_show_nothing():
    assert conversation([]) == "" and bars([Contribution("field", "a", "1", 0.001)], 1.0) == "" and legend(0.0) == ""
    assert signed(-0.0) == "0.00"


def test_a_turn_whose_proof_failed_is_told_so_and_not_coloured():
    told = attribution(["I order it", "hm"], [0.5, -0.9])
    turns = [Turn("Customer", "I order it"), Turn("Customer", "hm")]
    assert "−0.90" in conversation(turns, told, 0.9) and largest(told) == 0.9
    proofs = (Proof("turn", "turn 1", 0, 0.5, 0.3, 0.5), Proof("turn", "turn 2", 1, 1.0, 0.4, 1.0))
    tried = replace(told, proofs=proofs, unchanged=Proof("lead", "", None, 1.0, 0.4, 1.0))
    drawn = conversation(turns, tried, largest(tried))
    assert largest(tried) == 0.5 and "checked: no reason" in drawn and "−0.90" not in drawn and "+0.50" in drawn
    assert "lr-ef" in drawn.replace(STYLE, "") and "lr-ea" not in drawn.replace(STYLE, "")
