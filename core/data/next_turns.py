"""What could be said next: plain sentences of a customer, in the language of the conversation."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.data.dialogue import Turn
from core.data.speakers import customer

SENTENCES = {
    "English": (
        "I booked the test drive for Saturday.",
        "The price is fine for me now.",
        "I would like to order it this week.",
        "I still need to talk it over at home.",
        "I am looking at another make now.",
        "Please don't call me again.",
    ),
    "German": (
        "Ich habe die Probefahrt für Samstag gebucht.",
        "Der Preis passt jetzt für mich.",
        "Ich möchte es diese Woche bestellen.",
        "Ich muss das noch zu Hause besprechen.",
        "Ich schaue mir jetzt eine andere Marke an.",
        "Bitte rufen Sie mich nicht mehr an.",
    ),
    "Chinese": (
        "我约了周六试驾。",
        "现在这个价格我可以接受。",
        "我想这周就下订。",
        "我还要跟家里人商量一下。",
        "我现在在看别的品牌。",
        "请不要再给我打电话了。",
    ),
}
"""By language: three that speak for an order, then three that speak against it."""
PARTIES = {"English": ("Customer", "Specialist"), "German": ("Kunde", "Berater"), "Chinese": ("客户", "专家")}
"""Who speaks where nobody has spoken yet: the customer, then ours."""

_COMMON = {
    "English": {"the", "and", "you", "i", "is", "it", "a", "to", "of", "that", "for", "not", "have", "with", "we"},
    "German": {
        "der",
        "die",
        "das",
        "und",
        "ich",
        "sie",
        "ist",
        "nicht",
        "ein",
        "eine",
        "zu",
        "wir",
        "es",
        "mit",
        "für",
    },
}
"""Words that hardly any text of a few sentences lacks."""
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_KANA = re.compile(r"[\u3040-\u30ff]")


def language_of(text: str) -> str | None:
    """One of the languages of `SENTENCES`; None where the text tells no language, or another one.

    Example:
        >>> [language_of(text) for text in ("Is it the red one?", "Ich nehme das rote.", "我要红色的", "Hola, si!")]
        ['English', 'German', 'Chinese', None]
    """
    letters = sum(sign.isalpha() for sign in text)
    if letters and len(_CHINESE.findall(text)) > letters / 3:
        return None if _KANA.search(text) else "Chinese"
    words = re.findall(r"[^\W\d_]+", text.lower())
    hits = {name: sum(word in common for word in words) for name, common in _COMMON.items()}
    best = max(hits, key=hits.__getitem__)
    return best if hits[best] > max(0, *(count for name, count in hits.items() if name != best)) else None


def parties(turns: Sequence[Turn], language: str | None = None) -> list[str]:
    """Who may say something more, the customer first; where nobody is named, as the language calls them.

    Example:
        >>> parties([Turn("Berater", "Hallo"), Turn("Kunde", "Ja?")]), parties([])
        (['Kunde', 'Berater'], ['Customer', 'Specialist'])
    """
    speakers = list(dict.fromkeys(turn.speaker for turn in turns if turn.speaker))
    theirs = customer(speakers)
    return sorted(speakers, key=lambda speaker: speaker != theirs) or list(PARTIES[language or "English"])


def next_turns(turns: Sequence[Turn], own: str = "") -> list[Turn]:
    """What the customer could say after `turns`; `own`: one more sentence, which goes first.

    In English where the conversation does not tell its language.
    """
    language = language_of(" ".join(turn.words for turn in turns))
    speaker = parties(turns, language)[0]
    said = dict.fromkeys([*([own.strip()] if own.strip() else []), *SENTENCES[language or "English"]])
    return [Turn(speaker, words) for words in said]
