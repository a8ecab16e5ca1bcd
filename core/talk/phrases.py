"""Words and phrases that tell turns apart, in any language, without a list of words to leave out.

    "I'd like a test drive this week."  -->  i'd | like | a | test | drive | this | week | i'd like | test drive | ...
    the commonest words say little alone, and two that often meet by chance say nothing together: both are left out

Phrases never reach over punctuation, a number or a placeholder such as [name], so none of these stands in one. Scripts
that write no blanks go by 2 to 4 characters in place of words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from core.data.masking import PLACEHOLDER
from core.words import is_unspaced

COMMON, COMMON_SHARE = 150, 1 / 10
"""Words that say little alone: so many of the commonest, but no more than this share of all. Source: measured on the
sample: they are the, of, with, and hardly one that names a subject."""
TOGETHER, LIFT, LIFT_COMMON = 0.5, 2.0, 8.0
"""Words are a phrase if half of either are said together, or so many times as often as by chance; of two common words
more is asked."""
LEAST_TURNS, LEAST_SHARE = 3, 0.001
"""A phrase is said in so many turns, and in this share of them, at least."""
LONGEST = 4
"""Characters of a phrase where the script writes no blanks."""
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_BREAK = re.compile(rf"{PLACEHOLDER.pattern}|[^\w\s'’]|\w*\d\w*|_|\n")

Grams = Callable[[str], list[str]]


def grams_of(text: pd.Series) -> Grams:
    """What takes a turn apart, by the script that most of `text` is written in.

    Example:
        >>> grams_of(pd.Series(["A test drive, please"]))("A test drive, please")
        ['a', 'test', 'drive', 'a test', 'test drive', 'please']
        >>> grams_of(pd.Series(["想试驾。"]))("想试驾。")
        ['想', '试', '驾', '想试', '试驾', '想试驾']
    """
    return _characters if is_unspaced(text) else _words


def telling(text: pd.Series) -> TfidfVectorizer | None:
    """Weighs the phrases of turns; None where none is said often enough. Shape of `text`: (turns,), masked."""
    grams = grams_of(text)
    count = CountVectorizer(analyzer=grams, binary=True, min_df=max(LEAST_TURNS, int(LEAST_SHARE * len(text))))
    try:
        said = np.asarray(count.fit_transform(text).sum(axis=0)).ravel()
    except ValueError:  # scikit-learn's word for "no words at all"
        return None
    often = dict(zip(count.get_feature_names_out().tolist(), said.tolist(), strict=True))
    kept = _kept_characters(often, len(text)) if grams is _characters else _kept_words(often, len(text))
    if not kept:
        return None
    return TfidfVectorizer(analyzer=grams, vocabulary=kept, sublinear_tf=True).fit(text)


def _words(text: str) -> list[str]:
    found = []
    for piece in _BREAK.split(text.lower()):
        words = _WORD.findall(piece)
        found += words + [f"{one} {other}" for one, other in pairwise(words)]
    return found


def _characters(text: str) -> list[str]:
    runs = [run for piece in _BREAK.split(text.lower()) for run in _WORD.findall(piece)]
    return [
        run[at : at + long]
        for run in runs
        for long in range(1, min(LONGEST, len(run)) + 1)
        for at in range(len(run) - long + 1)
    ]


def _kept_words(often: dict[str, int], turns: int) -> list[str]:
    alone = sorted((word for word in often if " " not in word), key=lambda word: (-often[word], word))
    common = set(alone[: min(COMMON, int(COMMON_SHARE * len(alone)))])
    kept = [word for word in alone if word not in common]
    for phrase in (phrase for phrase in often if " " in phrase):
        one, other = phrase.split(" ")
        least = LIFT_COMMON if one in common and other in common else LIFT
        if _belong(often[phrase], often[one], often[other], turns, least):
            kept.append(phrase)
    return sorted(kept)


def _kept_characters(often: dict[str, int], turns: int) -> list[str]:
    """Those whose every cut parts what belongs together; one character alone says little."""
    return sorted(
        gram
        for gram in often
        if len(gram) > 1
        and all(_belong(often[gram], often[gram[:cut]], often[gram[cut:]], turns, LIFT) for cut in range(1, len(gram)))
    )


def _belong(both: int, one: int, other: int, turns: int, lift: float) -> bool:
    return both >= TOGETHER * max(one, other) or both * turns >= lift * one * other
