import pytest

from core.data.dialogue import Turn, parse_turns
from core.data.next_turns import PARTIES, SENTENCES, language_of, next_turns, parties

TALKS = {
    "English": "Specialist: Is this a good time?\nCustomer: Not today, I have to work.",
    "German": "Berater: Haben Sie das Auto gesehen?\nKunde: Ja, es ist mir zu teuer und ich warte.",
    "Chinese": "专家: 您好，请问您考虑什么时候订车？\n客户: 下个月吧，BMW 太贵了。",
}


@pytest.mark.parametrize("language", TALKS)
def test_the_customer_says_it_in_the_language_of_the_talk(language):
    turns = parse_turns(TALKS[language])
    said = next_turns(turns)
    assert [turn.words for turn in said] == list(SENTENCES[language])
    assert {turn.speaker for turn in said} == {turns[1].speaker} and parties(turns)[0] == turns[1].speaker
    assert all(language_of(turn.words) in (language, None) for turn in said)


def test_own_words_come_first_and_once():
    assert [t.words for t in next_turns([], "  I sign. ")] == ["I sign.", *SENTENCES["English"]]
    assert len(next_turns([], SENTENCES["English"][2])) == len(SENTENCES["English"])


def test_where_nothing_was_said_somebody_can():
    assert next_turns([])[0] == Turn("Customer", SENTENCES["English"][0])
    assert parties([Turn("", "hm")], "Chinese") == list(PARTIES["Chinese"])


@pytest.mark.parametrize("text", ["", "12:30!", "これはペンです、日本語の文章", "Bonjour madame, ça va bien?"])
def test_another_language_is_not_guessed(text):
    assert language_of(text) is None
