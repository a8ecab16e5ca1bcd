"""Names, numbers and plates of people, taken out of every text of a sheet: what it says may be passed on or printed.

`core.data.masking` finds them in one text by what is said around them. Here all that is known of a lead is looked at
together, so that a name which one text gives away is hidden in the others too, with the names that no model reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from core.data.dialogue import parse_turns
from core.data.leads import Leads
from core.data.masking import mask
from core.data.names import PERSON_NAMES, ROLE_NAMES, plain_name
from core.data.persons import ALSO_WORDS, NO_NAMES, PARTICLES, PARTS
from core.data.prompts import shown_name
from core.data.speakers import CUSTOMERS

HIDDEN = "(kept hidden)"
"""In place of a whole value that tells who somebody is."""
STAFF = {*ROLE_NAMES["owner"], "team", "staff", "employee", "colleague"} - {"owner", "dealer"}
"""Words of a column's name that make it tell of who sells. An owner may be that of a house, a dealer may be far away:
what is known of the person concerned is not kept from them."""
DIGITS = 7
"""Fewest digits in a row that are held against the numbers that are known."""
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_CHINESE = re.compile(r"[\u4e00-\u9fff]{3}")


@dataclass(frozen=True)
class Hiding:
    """Hides in any text who somebody is, as far as the lead tells it."""

    known: Mapping[str, str]
    """What was found, such as a name in full, and its kind; see `core.data.masking.KINDS`."""

    def __call__(self, text: str) -> str:
        """The text on one line, with `[name]`, `[phone]` and the like.

        Example:
            >>> Hiding({"Oskar Lind": "name", "0171 2345678": "phone"})("Lind, 01712345678: call OSKAR on 0171 2345678")
            '[name], [phone]: call [name] on [phone]'
        """
        text = " ".join(text.split())
        for found, kind in self._whole:
            text = found.sub(f"[{kind}]", text)
        text = re.sub(rf"\d{{{DIGITS},}}", self._number, text)
        return mask(text).text

    def _number(self, found: re.Match[str]) -> str:
        same = (kind for digits, kind in self._digits.items() if found[0].lstrip("0") in digits)
        return next((f"[{kind}]" for kind in same), found[0])

    @cached_property
    def _digits(self) -> dict[str, str]:
        numbers = {re.sub(r"\D", "", told): kind for told, kind in self.known.items()}
        return {digits: kind for digits, kind in numbers.items() if len(digits) >= DIGITS}

    @cached_property
    def _whole(self) -> list[tuple[re.Pattern[str], str]]:
        """Longest first, since a name in full holds its parts."""
        parts = {part: "name" for told, kind in self.known.items() if kind == "name" for part in _parts(told)}
        found = {**parts, **self.known}
        return [(_pattern(told), found[told]) for told in sorted(found, key=len, reverse=True)]


def hiding(lead: Leads, people: Mapping[str, str]) -> Hiding:
    """Everything that the one lead in `lead` tells of who somebody is. `people`: its columns that no model reads."""
    dialogue = str(lead.dialogue.iat[0])
    values = {name: str(lead.features[name].iat[0]) for name in map(str, lead.features)}
    texts = [*dialogue.split("\n"), *values.values()]
    # Lines stay lines when they are masked, and a name that one of them gives away is found in all.
    whole = "\n".join(" ".join(text.split()) for text in texts)
    known = {whole[span.original_start : span.original_end]: span.kind for span in mask(whole).spans}
    told: dict[str, str] = {**values, **people}
    known |= {" ".join(text.split()): "name" for name, text in told.items() if is_personal(name) and text.strip()}
    known |= {turn.speaker: "name" for turn in parse_turns(dialogue) if turn.speaker and not _is_part(turn.speaker)}
    owner = str(lead.roles["owner"].iat[0]).strip()
    return Hiding(known | ({owner: "name"} if _WORD.search(owner) else {}))


def is_personal(column: str) -> bool:
    """Whether a column tells who somebody is by its own name.

    Example:
        >>> is_personal("Customer name"), is_personal("city")
        (True, False)
    """
    return plain_name(column) in PERSON_NAMES


def is_of_staff(column: str) -> bool:
    """Whether a column tells of those who sell, who are not the person concerned.

    Example:
        >>> [is_of_staff(name) for name in ("specialist_open_leads", "team size", "顾问经验", "city", "home_owner")]
        [True, True, True, False, False]
    """
    words = shown_name(column).lower().split()
    # Chinese is written without spaces: a name that holds the word is of it.
    return any(word in STAFF for word in words) or any(word in column for word in STAFF if word >= "\u4e00")


def _is_part(label: str) -> bool:
    """Whether a speaker is called by what they are, not by who they are."""
    name = plain_name(label)
    words = {word.lower() for word in _WORD.findall(label)}
    called = name in ROLE_NAMES["owner"] or any(word in name for word in CUSTOMERS)
    return called or bool(words & PARTS)


def _parts(name: str) -> Iterator[str]:
    """Words of a name that stand for somebody by themselves, and the given name of a Chinese one."""
    common = ALSO_WORDS | NO_NAMES | PARTICLES
    yield from (word for word in _WORD.findall(name) if len(word) > 1 and word.lower() not in common)
    if _CHINESE.fullmatch(name):
        yield name[1:]


def _pattern(told: str) -> re.Pattern[str]:
    # Chinese is written without spaces, so no word begins or ends there.
    begin, end = (r"(?<![^\W\u4e00-\u9fff])" if one.isalnum() and one < "\u4e00" else "" for one in (told[0], told[-1]))
    spaced = r"\s+".join(map(re.escape, told.split()))
    return re.compile(rf"{begin}{spaced}{end.replace('?<!', '?!')}", re.IGNORECASE)
