"""A kind of talk is called by what is most typically said of it: one plain sentence that was really said."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from core.data.masking import PLACEHOLDER

LONGEST, SHORTEST = 60, 8
"""Characters of a name: a longer sentence is cut, a shorter one is hardly a subject. Of a script without blanks, which
says as much in fewer, a quarter of the least."""
_END = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])")


def typical(weighs: TfidfVectorizer, turns: Sequence[str], centre: np.ndarray) -> str:
    """The sentence of `turns` that is nearest to their centre and said often, without its full stop.

    Args:
        centre: Mean of what `weighs` makes of the turns, (phrases,).

    Example:
        >>> weighs = TfidfVectorizer().fit(["a lovely talk", "the price is too high"])
        >>> turns = ["Yes. A lovely talk.", "A lovely talk.", "Such a lovely talk, really, and the price is high."]
        >>> typical(weighs, turns, weighs.transform(turns).mean(axis=0).A1)
        'A lovely talk'
    """
    said = [sentence.strip() for turn in turns for sentence in _END.split(turn) if sentence.strip()]
    often = Counter(sentence.casefold() for sentence in said)
    first = {sentence.casefold(): sentence for sentence in reversed(said)}
    keys = sorted(often)
    near = np.asarray(weighs.transform(keys) @ centre).ravel()  # rows are of unit length
    fit = np.array([_fitness(key) for key in keys])
    best = keys[int(np.argmax(near * (1 + np.log([often[key] for key in keys])) * fit))]
    name = first[best].strip('"“”„ ').rstrip(".。")
    return name if len(name) <= LONGEST else name[: LONGEST - 1].rstrip() + "…"


def _fitness(sentence: str) -> float:
    """How well a sentence reads as a name: short enough, long enough, and no name hidden in it."""
    shortest = SHORTEST if sentence.isascii() or " " in sentence else SHORTEST // 4
    fits = shortest <= len(sentence) <= LONGEST
    return (1.0 if fits else 0.3) * (0.5 if PLACEHOLDER.search(sentence) else 1.0)
