"""What each token and each column of the tower gained, told as people read it: fields, turns and words.

A field that enters both as text and as numbers is one field. Words sum to their turns and to their text fields.
"""

from __future__ import annotations

import re

import numpy as np

from core.data.prompts import Part
from core.neural.subject import Subject
from core.scores import Attribution, Contribution

LEAST_DIFFERENCE = 0.1
"""The error is relative to |F(x) - F(b)|, but to no less than this: near zero every error would be large."""
_UNSPACED = (  # Thai and Lao, Burmese, Khmer, kana, Han
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD = re.compile(rf"[{_UNSPACED}][^\w\s\[]*|[^\s{_UNSPACED}]+")  # a bracket opens [name] and the like


def as_attribution(
    subject: Subject,
    gained: np.ndarray,
    *,
    method: str,
    steps: int,
    tolerance: float,
    second: np.ndarray | None = None,
) -> Attribution:
    """The attribution of what each number of the subject's point gained, (L * H + T,).

    Args:
        second: the same by unit (units,), against the second baseline.
    """
    tokens, _ = subject.by_place(gained)
    values = subject.by_unit(gained)
    told: dict[str, list[Contribution]] = {"field": [], "turn": []}
    for number, unit in enumerate(subject.units):
        beside = None if second is None else float(second[number])
        told[unit.kind].append(
            Contribution(unit.kind, unit.name, unit.text, float(values[number]), unit.turn, unit.speaker, second=beside)
        )
    error = relative_error(subject, values)
    return Attribution(
        lead_id=str(subject.lead.lead_id.iat[0]),
        head=subject.head,
        logit=subject.logit,
        baseline_logit=subject.neutral.logit,
        relative_error=error,
        converged=error <= tolerance,
        steps=steps,
        fields=tuple(told["field"]),
        turns=tuple(told["turn"]),
        words=_all_words(subject, tokens),
        truncated_turns=subject.prompt.dropped_turns if subject.prompt else 0,
        method=method,
        neutral=subject.neutral.text,
    )


def relative_error(subject: Subject, values: np.ndarray) -> float:
    """How far values, of any shape, are from summing to F(x) - F(b)."""
    difference = subject.logit - subject.neutral.logit
    return abs(float(values.sum()) - difference) / max(abs(difference), LEAST_DIFFERENCE)


def _all_words(subject: Subject, tokens: np.ndarray) -> tuple[Contribution, ...]:
    """Words of turns and of text fields, in the order in which the prompt has them."""
    prompt, found = subject.prompt, []
    for index, part in enumerate(prompt.parts if prompt else ()):
        assert prompt is not None
        own = prompt.part == index
        if part.kind == "turn" or part.name in subject.lead.schema.features.text:
            found += _words(part, prompt.offsets[own], tokens[own])
    return tuple(found)


def _words(part: Part, offsets: np.ndarray, values: np.ndarray) -> list[Contribution]:
    """Every word of a turn or text field with the sum of its tokens; 0 for words that the token limit cut off."""
    spans = split_words(part.text, offsets)
    if not spans:
        return []
    edges = np.array(spans)
    sums = np.zeros(len(spans))
    for (low, high), value in zip(offsets, values, strict=True):
        shared = np.minimum(edges[:, 1], high) - np.maximum(edges[:, 0], low)
        # A token of blanks alone goes to the word that follows it.
        word = shared.argmax() if shared.max() > 0 else min(np.searchsorted(edges[:, 0], low), len(spans) - 1)
        sums[word] += value
    return [
        Contribution("word", part.text[low:high], part.name, float(value), part.turn, part.speaker)
        for (low, high), value in zip(spans, sums, strict=True)
    ]


def split_words(text: str, offsets: np.ndarray) -> list[tuple[int, int]]:
    """Where each word of `text` starts and ends, in characters.

    Blanks part words. Scripts that write none, such as Chinese, are parted by character, a sign of punctuation staying
    with the character before it, and characters that share a token staying together.

    Args:
        offsets: (tokens, 2), the characters that each token covers.

    Example:
        >>> text, tokens = "想买车，很急 ok", np.array([[0, 1], [1, 3], [4, 6]])
        >>> [text[low:high] for low, high in split_words(text, tokens)]
        ['想', '买车，', '很急', 'ok']
    """
    inside = {at for low, high in offsets for at in range(low + 1, high)}
    spans: list[tuple[int, int]] = []
    for found in _WORD.finditer(text):
        if spans and spans[-1][1] == found.start() and found.start() in inside:
            spans[-1] = (spans[-1][0], found.end())
        else:
            spans.append(found.span())
    return spans
