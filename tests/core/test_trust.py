"""What was measured of reasons, in words and in the card."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core import trust
from core.errors import RunError
from core.faithfulness import Deleted
from tests.core.test_faithfulness import TOLD, found

GOOD = found(TOLD, TOLD)


def test_the_verdict_says_what_is_wrong_with_which_reasons() -> None:
    assert trust.verdict(GOOD) == trust.WELL
    bad = trust.verdict(found(*[replace(TOLD, agreement=0.2, error=0.2)] * 2))
    assert bad.startswith("Take this model's reasons with caution")
    assert "the full reasons do not add up" in bad and "the first, quick reasons change with" in bad
    assert "were not measured" in trust.verdict(replace(GOOD, first="another"))


def test_sentences_have_the_figures() -> None:
    said = " ".join(trust.sentences(GOOD))
    assert "2 test leads, 1 of them from the top twentieth" in said and "1.50 points further (1.50 to 1.50)" in said
    assert "taken out, not said or not known, they move it 1.00 points further (1.00 to 1.00)" in said
    assert "2 of 2 leads fall out of the top twentieth" in said and "80% on average" in said and "within 2.0%" in said
    assert "others (rank correlation 0.10" in said
    assert "too much alike" in " ".join(trust.sentences(replace(GOOD, made_anew={"heads": 0.9})))


def test_the_verdict_asks_whether_reasons_survive_a_shuffled_model() -> None:
    assert "stay alike when" in trust.verdict(replace(GOOD, made_anew={"heads": 0.1, "adapters": 0.5}))
    assert "was not measured" in trust.verdict(replace(GOOD, made_anew={}))


def test_a_caution_stands_before_the_reasons_unless_the_gate_is_passed() -> None:
    assert trust.caution(GOOD) == "" and "not checked yet" in trust.caution(None)
    failed = trust.caution(found(*[replace(TOLD, deleted=Deleted(0.1, 0.4, 0.5, 1.0))] * 2))
    assert "really taking out the strongest of the full reasons does no more" in failed and "proved" in failed


def test_a_card_is_written_from_enough_alone() -> None:
    enough = replace(GOOD, leads=10)
    assert trust.too_little(enough) == ""
    assert "10 test leads, not 9" in trust.too_little(replace(enough, leads=9))
    assert "20 random orders, not 19" in trust.too_little(replace(enough, draws=19))
    assert "that are in use" in trust.too_little(replace(enough, methods=enough.methods[:1]))


def test_the_section_is_written_once_and_then_anew() -> None:
    card = f"# Model card\n\n## {trust.TITLE}\n\n{trust.NOT_MEASURED}\n\n## Limits\n\n- few\n"
    for _ in range(2):
        card = trust.documents(GOOD, card)["README.md"]
        assert card.count(trust.TITLE) == 1 and trust.NOT_MEASURED not in card and trust.WELL in card
        assert card.endswith("\n\n## Limits\n\n- few\n")
    old = trust.documents(GOOD, "# Model card\n\n## Limits\n\n- few\n")["README.md"]
    assert trust.documents(GOOD, old)["README.md"] == old and old.index("## Limits") < old.index(trust.TITLE)


def test_it_is_read_back_from_beside_the_card(tmp_path: Path) -> None:
    assert trust.read(tmp_path) is None
    (tmp_path / trust.FILE).write_text(trust.documents(GOOD, "")[trust.FILE], "utf-8")
    assert trust.read(tmp_path) == GOOD
    for broken in ("{", json.dumps({"methods": []})):
        (tmp_path / trust.FILE).write_text(broken, "utf-8")
        with pytest.raises(RunError, match="check the reasons again"):
            trust.read(tmp_path)


def test_the_table_has_a_row_for_each_method() -> None:
    rows = trust.table(GOOD)
    assert rows["Method"].tolist() == ["full", "first"] and rows["Gate"].tolist() == ["passes", "passes"]
    assert rows["taken out: over random"].tolist() == ["1.00 (1.00 to 1.00)"] * 2
    assert rows["Same top 5"].tolist() == ["80%", "80%"]
