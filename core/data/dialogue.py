"""Conversations: from transcript columns as they come to one turn a line, "Speaker: words", oldest first.

    客户:你好｜专家:您好            客户: 你好            Turn("客户", "你好")
    Agent : Good morning     ->    专家: 您好      ->    Turn("专家", "您好")
    and again                      Agent: Good morning and again   ...
         columns                    canonical                 parse_turns

What no speaker begins belongs to the turn before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

_PART = r"[^\s:：|｜,;!?，；。！？、]+"
# A name: 1 to 3 words, at most 30 characters, at least one letter.
_NAME = rf"(?=[^:：\n]{{1,30}}[:：])(?=[^:：\n]*?[^\W\d_]){_PART}(?:[ \t\u3000]{_PART}){{0,2}}"
# Neither an address ("https://") nor a clock or a ratio ("at 10:30") names a speaker.
_COLON = r"[ \t\u3000]*(?:：|:(?!//)(?!(?<=\d:)\d))"
_CLOCK = r"(?:\[?\d{1,2}:\d{2}(?::\d{2})?\]?[ \t-]*(?=[^\W\d_]))?"
_TURN = re.compile(rf"{_CLOCK}(?P<speaker>{_NAME}){_COLON}[ \t\u3000]*")
_BAR = re.compile(rf"[|｜](?=[ \t]*{_NAME}{_COLON})")
_BREAKS = r"\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029"
_CANONICAL = re.compile(rf"(?:{_NAME}:(?!//) \S[^{_BREAKS}|｜]*+(?<!\s)(?:\n(?=.)|\Z))++")


@dataclass(frozen=True)
class Turn:
    """What one person says before somebody else speaks; `speaker` is "" where the transcript names nobody."""

    speaker: str
    words: str


def parse_turns(text: str) -> tuple[Turn, ...]:
    """Turns of a dialogue in the canonical form, oldest first; () for an empty one.

    Example:
        >>> parse_turns("Agent: Shall we meet at 10:30?\\nCustomer: Yes: gladly")
        (Turn(speaker='Agent', words='Shall we meet at 10:30?'), Turn(speaker='Customer', words='Yes: gladly'))
    """
    return tuple(_turn(line.strip()) for line in text.split("\n") if line.strip())


def canonical(columns: list[pd.Series]) -> pd.Series:
    """Join transcript columns, oldest first, into one text a lead with one turn a line.

    A line is a turn if it starts with a speaker: at most three words and 30 characters, then a colon of either width.
    Bars (| or ｜) before a speaker divide turns as well. Other lines continue the turn above, or begin with speaker "".

    Shape: each column str of shape (n,), "" where missing; the result alike, with the first column's index.

    Example:
        >>> calls = [pd.Series(["客户:你好｜专家:您好"]), pd.Series(["Agent : Good morning\\nand again"])]
        >>> canonical(calls)[0].split("\\n")
        ['客户: 你好', '专家: 您好', 'Agent: Good morning and again']
    """
    if not columns:
        raise ValueError("columns must hold at least one transcript column, however: got=[]")
    texts = [[_rewrite(text) for text in column.tolist()] for column in columns]
    joined = texts[0] if len(texts) == 1 else ["\n".join(filter(None, row)) for row in zip(*texts, strict=True)]
    return pd.Series(joined, index=columns[0].index, name="dialogue", dtype="str")


def spoken_share(column: pd.Series) -> float:
    """Share of non-empty cells (str) that start with a speaker and have two turns or more.

    Example:
        >>> spoken_share(pd.Series(["A: hi|B: hello", "a short title", ""]))
        0.5
    """
    texts = [text for text in column.tolist() if text]
    if not texts:
        return 0.0
    turns = [parse_turns(_rewrite(text)) for text in texts]
    return sum(len(some) > 1 and bool(some[0].speaker) for some in turns) / len(texts)


def _turn(line: str) -> Turn:
    found = _TURN.match(line)
    return Turn(found["speaker"], line[found.end() :]) if found else Turn("", line)


def _rewrite(text: str) -> str:
    if not text or _CANONICAL.fullmatch(text):
        return text
    turns: list[tuple[str, list[str]]] = []
    for line in _BAR.sub("\n", text).splitlines():
        if not (line := line.strip()):
            continue
        turn = _turn(line)
        if turn.speaker or not turns:
            turns.append((turn.speaker, [turn.words]))
        else:
            turns[-1][1].append(turn.words)
    lines = [(speaker, " ".join(filter(None, words)).strip()) for speaker, words in turns]
    return "\n".join(f"{speaker}: {words}" if speaker else words for speaker, words in lines if words)
