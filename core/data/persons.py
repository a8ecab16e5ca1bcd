"""Where a text tells somebody's name: by what is said around it, since no list knows all names.

    "Hello, this is Oskar at Orin."  "Mara speaking."  "Thanks, Tom."  "My name is ..."  "Mrs Lindqvist"  "王先生"

A name said once with such a cue is then found wherever it stands in the same text, speaker labels included. Products
and places are left, as nobody is greeted as or speaks as one. A name that no cue goes with is missed.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from core.data.identifiers import Found, claim

_WORD = r"[^\W\d_]+(?:['’-][^\W\d_]+)*"
_NEXT_WORD = re.compile(_WORD)
_LAST_WORD = re.compile(rf"(?<![\w'’-]){_WORD}\Z")
_LISTS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
PARTICLES, NO_NAMES, NO_SMALL, ALSO_WORDS, PARTS = (
    frozenset(_LISTS[name].split()) for name in ("particles", "no_names", "no_small_names", "also_words", "parts")
)
_NOT_CHINESE = "|".join(_LISTS["no_chinese_names"].split())
_VOWEL = re.compile("[AEIOUYÄÖÜÁÉÍÓÚÅÆØÈÊÀÂÎÔÛ]")
_CONTRACTIONS = ("'m", "'ll", "'d", "'ve", "'re", "'t", "’m", "’ll", "’d", "’ve", "’re", "’t")

_GREET = (
    r"(?:[Hh]ello|[Hh]i|[Hh]ey|[Hh]iya|[Gg]ood (?:morning|afternoon|evening|day)|[Mm]orning|[Dd]ear|[Mm]e again"
    r"|[Hh]allo|[Gg]uten (?:Tag|Morgen|Abend)|[Bb]onjour|[Hh]ola|[Cc]iao|[Hh]ej)(?: (?:again|there))?"
)
_NAMED = re.compile(
    r"(?i:\b(?:(?:my|the|his|her) (?:first |last |full )?name(?: is|'s|’s)|mein name ist|ich heiße|hier spricht"
    r"|je m['’]appelle|mon nom est|me llamo|mi nombre es|mi chiamo|mijn naam is|nazywam się|jag heter)) "
)
_NAMED_GATE = (
    "name",
    "heiße",
    "spricht",
    "appelle",
    "mon nom",
    "llamo",
    "nombre",
    "chiamo",
    "naam",
    "nazywam",
    "heter",
)
"""Without any of these, small, there is none of the above: thrice as quick as looking for it."""
_CALL_ME = re.compile(r"\b[Cc]all me ")
_TITLED = re.compile(
    r"\b(?:Mr|Mrs|Ms|Mx|Miss|Dr|Prof|Herr|Herrn|Frau|Monsieur|Mme|Señora?|Sra|Sr|Signora?|Meneer|Mevrouw)\.? "
    r"(?:Dr\.? )?"
)
_KIN = re.compile(
    r"\b(?:[Mm]y|[Oo]ur|[Yy]our|[Hh]is|[Hh]er) (?:wife|husband|son|daughter|brother|sister|mother|father|boyfriend"
    r"|girlfriend|cousin|uncle|aunt|colleague|boss|neighbou?r|friend|partner|manager)s?,? "
)
_SELF = re.compile(r"\b(?:[Tt]his is|[Ii]t['’]?s|[Ii]t is|[Ii]['’]m|[Ii] am|[Hh]ere is|[Hh]ier ist) (?=[^\W\d_a-z])")
_SELF_SMALL = re.compile(
    rf"\b[Tt]his is (?P<name>{_WORD}(?: {_WORD})?) from (?!(?:an?|the|this|that|it|my|your|our|his|her|their|you|me|us"
    r"|them|here|there|now|then|what|where|when|which|who|all|any|every|each|one|home|scratch)\b)[^\W\d]"
)
"""As transcribers write it who know no large letters. Not with an article after it: much else comes "from the shop"."""
_SMALL_END = re.compile(r"(?:[a-z]{4}ed|[a-z]{3}ing|ment|tion)\Z")
"""Ends of words, as in "this is copied from", that no name has."""
_AFTER_GREETING = re.compile(rf"{_GREET}[,.!]? \Z")
_GREETED = re.compile(
    rf"(?<![^\W_])(?:{_GREET}|[Tt]hanks(?: again)?|[Tt]hank you|[Gg]oodbye|[Bb]ye(?: bye)?|[Oo]kay|[Ss]orry)[,!]? "
)
_SAYS = re.compile(r"(?<=[^\W_]) (?:speaking|here|once more|calling|again)\b")
# What follows who somebody is, and nothing else.
_STRONG = re.compile(
    r",? (?:(?:from|von|vom) (?=[^\W\d])|(?:at|with|of|bei) (?:the |your |our |(?=[A-Z]))"
    r"|(?:speaking|calling|here|again|once more)\b)"
)
_PAUSE = re.compile(r" ?(?:[,.!?;:…—–]|\n|\Z)")
_THEN_GREETS = re.compile(rf"[,.!]? {_GREET}\b")
_SMALL = re.compile(rf"{_WORD}(?: {_WORD})?(?= ?(?:[,.!?;:…—–]|\n|\Z))")
_BEGINS = re.compile(rf"(?:(?:\A|\n)(?:[^\n:：]{{1,30}}[:：] ?)?|[.!?,] |{_GREET} )\Z")
_LABEL = re.compile(rf"^({_WORD} {_WORD}(?: {_WORD})?)(?=[:：])", re.MULTILINE)
_SPEAKER = re.compile(r"^[^\n:：]{1,30}[:：]", re.MULTILINE)

_SURNAMES = "".join(_LISTS["surnames"].split())
_CHINESE = re.compile(
    rf"[{_SURNAMES}][\u4e00-\u9fff]{{0,2}}?(?=先生|女士|小姐|太太|师傅)"
    rf"|(?<=我叫)[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}(?![\u4e00-\u9fff])|(?<=我姓)[{_SURNAMES}]"
    # "I am ..." is said of much else: not with a word that is no name, nor with signs that no given name holds.
    rf"|(?<=我是)(?!{_NOT_CHINESE})[{_SURNAMES}](?:(?![{''.join(_LISTS['not_given'].split())}])[\u4e00-\u9fff]){{1,2}}"
    r"(?![\u4e00-\u9fff])"
)


def persons(text: str) -> Iterator[Found]:
    """Every name found, whole, without overlaps."""
    spans = set(_cued(text))
    known = {
        word
        for start, end in spans
        for word in _NEXT_WORD.findall(text[start:end])
        if (_is_name(word) or _is_shouted(word)) and len(word) > 1 and word.lower() not in ALSO_WORDS
    }
    known |= {word.title() for word in known if _is_shouted(word)}
    if known:
        spans |= {found.span() for found in re.finditer(rf"\b(?:{'|'.join(map(re.escape, sorted(known)))})\b", text)}
    kept: list[tuple[int, int]] = []
    for start, end in sorted(spans, key=lambda span: (span[0] - span[1], span[0])):
        if claim(kept, start, end):
            yield start, end, "name"


def _cued(text: str) -> Iterator[tuple[int, int]]:
    small = text.lower()
    if any(word in small for word in _NAMED_GATE):
        for cue in _NAMED.finditer(text):
            yield from _forward(text, cue.end(), loose=True, shouted=True)
    for pattern in (*([_CALL_ME] if "call me " in small else []), _TITLED, _KIN):
        for cue in pattern.finditer(text):
            for start, end in _forward(text, cue.end(), shouted=pattern is _TITLED):
                yield start, end
                if text.startswith(" and ", end):
                    yield from _forward(text, end + len(" and "))
    for cue in _SELF.finditer(text):
        for start, end in _forward(text, cue.end(), shouted=True):
            if text[start:end].isupper() and " " not in text[start:end]:
                continue  # one alone is a brand or a short form: "This is SEAT at Ulm"
            greets = _is_greeted(text, cue.start()) or (
                cue[0][1] != "t" and cue[0][0] in "Ii" and _THEN_GREETS.match(text, end)
            )
            if _STRONG.match(text, end) or (_PAUSE.match(text, end) and greets):
                yield start, end
    if "his is " in text:
        yield from (cue.span("name") for cue in _SELF_SMALL.finditer(text) if _is_small_name(text, cue))
    for cue in _GREETED.finditer(text):
        for start, end in _forward(text, cue.end()):
            if _STRONG.match(text, end) or _PAUSE.match(text, end):
                yield start, end
    for cue in _SAYS.finditer(text):
        yield from _backward(text, cue)
    # In a talk several lines have a speaker; a line alone, such as "Talo Cross: delivery time?", is a title.
    for label in _LABEL.finditer(text) if len(_SPEAKER.findall(text)) > 1 else ():
        words = label[1].split(" ")
        if all(_is_name(word) and word.lower() not in PARTS for word in words):
            yield label.span(1)
    if not text.isascii():
        yield from (found.span() for found in _CHINESE.finditer(text))


def _forward(text: str, start: int, loose: bool = False, shouted: bool = False) -> Iterator[tuple[int, int]]:
    """The name that begins at `start`, of at most three words beside particles; none or one.

    `loose`: it may be one or two small words before a pause, as transcribers write it. `shouted`: words in large
    letters alone count as well.
    """
    end, at, words = start, start, 0
    while words < 3 and (word := _NEXT_WORD.match(text, at)):
        if _is_name(word[0]) or (shouted and _is_shouted(word[0])):
            end, words = word.start() + len(_bare(word[0])), words + 1
        elif not words or word[0].lower() not in PARTICLES:
            break
        if (end < word.end() and word[0].lower() not in PARTICLES) or text[word.end() : word.end() + 1] != " ":
            break
        at = word.end() + 1
    if words:
        yield start, end
    elif (
        loose and (small := _SMALL.match(text, start)) and not NO_NAMES & {_bare(word) for word in small[0].split(" ")}
    ):
        yield small.span()


def _backward(text: str, cue: re.Match[str]) -> Iterator[tuple[int, int]]:
    """The name of at most three words that ends where "speaking", "here" or "calling" begins; none or one."""
    end = start = cue.start()
    for _ in range(3):
        word = _LAST_WORD.search(text, max(0, start - 40), start)
        name = word and (_is_name(word[0]) or (cue[0] == " speaking" and _is_shouted(word[0])))
        if not word or not name or (start == end and _bare(word[0]) != word[0]):
            break
        begin = word.start()
        start = begin - 1 if text[begin - 1 : begin] == " " else begin
        if start == begin:
            break
    begin = start + (text[start : start + 1] == " ")
    if begin >= end or not _BEGINS.search(text, max(0, begin - 60), begin):
        return
    said = cue[0].strip()
    sure = _STRONG.match(text, cue.start()) and (said == "speaking" or re.match(r",? (?:from|at)\b", text[cue.end() :]))
    if sure or (_PAUSE.match(text, cue.end()) and _is_greeted(text, begin)):
        yield begin, end


def _is_greeted(text: str, at: int) -> bool:
    """Whether "Hello again, " or the like stands right before."""
    return _AFTER_GREETING.search(text, max(0, at - 30), at) is not None


def _is_name(word: str) -> bool:
    """Whether it is written as a name is, and is none of the words that often are too."""
    bare = _bare(word)
    small = bare.lower()
    return (
        bare[:1].isupper()
        and not bare.isupper()
        and small not in NO_NAMES
        and not small.endswith(_CONTRACTIONS)
        and word.lower() not in NO_NAMES
    )


def _is_shouted(word: str) -> bool:
    """Whether it may be a name in large letters: of three or more, one of them a vowel, unlike most short forms.

    Example:
        >>> [_is_shouted(word) for word in ("SMITH", "VW", "BMW", "ASAP", "Smith")]
        [True, False, False, False, False]
    """
    bare = _bare(word)
    return bare.isupper() and len(bare) > 2 and bool(_VOWEL.search(bare)) and _is_name(bare.title())


def _is_small_name(text: str, cue: re.Match[str]) -> bool:
    """Whether what `_SELF_SMALL` found could be a name, begins what is said, and stands in a line where no letter but
    the speaker's and the first is large."""
    line = text[text.rfind("\n", 0, cue.start()) + 1 : cue.end()]
    if not _SPEAKER.sub("", line, count=1).strip()[1:].islower():
        return False
    words = cue["name"].split(" ")
    return _BEGINS.search(text, max(0, cue.start() - 60), cue.start()) is not None and not any(
        word in NO_NAMES or word in NO_SMALL or _SMALL_END.search(word) for word in words
    )


def _bare(word: str) -> str:
    """Without the 's of the possessive."""
    return re.sub(r"['’]s\Z", "", word)
