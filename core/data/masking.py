"""Who somebody is, taken out of what is said: names, phone numbers and the like become words in brackets.

    "this is Oskar, call me on 0171 2345678"  -->  "this is [name], call me on [phone]"
                                                            |                   |
                                              spans: where it stands in either text, so that reasons stay aligned

Lines stay lines, and masking what is masked changes nothing. The speaker's label stays, unless it is a name: one that a
cue elsewhere in the text gives away, one with a title, or two or three large words none of which names a part ("Anna
Schmidt:"). A label of one word that no cue goes with ("Oskar:") could be any word in any language, and stays.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from core.data.identifiers import claim, identifiers
from core.data.leads import Leads
from core.data.mapping import GROUP_LEADS, lay_table, mapped_table
from core.data.persons import persons
from core.progress import Phase, Watch, nobody

KINDS = ("name", "phone", "email", "plate", "id")
PLACEHOLDER = re.compile(rf"\[(?:{'|'.join(KINDS)})\]")


@dataclass(frozen=True)
class Span:
    """One placeholder: `start` to `end` in the masked text stands for `original_start` to `original_end` before."""

    kind: str
    start: int
    end: int
    original_start: int
    original_end: int


@dataclass(frozen=True)
class Masked:
    """A text without names and numbers of people, and where they stood, in order."""

    text: str
    spans: tuple[Span, ...]

    @cached_property
    def _starts(self) -> list[int]:
        return [span.start for span in self.spans]

    def original_range(self, start: int, end: int) -> tuple[int, int]:
        """Where characters `start` to `end` of the masked text stood in the original, whole placeholders at a time.

        A range that begins within a placeholder begins after what that stands for, so that pieces never repeat it.
        """
        return self._place(start), self._place(end)

    def _place(self, at: int) -> int:
        before = bisect_right(self._starts, at - 1) - 1
        if before < 0:
            return at
        span = self.spans[before]
        return span.original_end + max(0, at - span.end)


def mask(text: str) -> Masked:
    """Put `[name]`, `[phone]`, `[email]`, `[plate]` or `[id]` where a text tells who somebody is.

    Example:
        >>> mask("Hi, this is Oskar at Orin. The Talo Cross is 28,900, call 0171 2345678.").text
        'Hi, this is [name] at Orin. The Talo Cross is 28,900, call [phone].'
    """
    masked = Masked(text, ())
    # What is masked can make something else in its line stand out, so it ends only when nothing more is found.
    while (not masked.spans or _find(_touched(masked.text))) and (new := _find(masked.text)):
        ranges = [(span.original_start, span.original_end, span.kind) for span in masked.spans]
        ranges += [(*masked.original_range(start, end), kind) for start, end, kind in new]
        masked = _write(text, sorted(ranges))
    return masked


def masked_leads(leads: Leads) -> Leads:
    """The same leads with every dialogue and text feature masked; all else is as it was."""
    dialogue = _masked_column(leads.dialogue)
    texts = {name: _masked_column(leads.features[name]) for name in leads.schema.features.text}
    return Leads(leads.roles.assign(dialogue=dialogue), leads.features.assign(**texts), leads.schema)


def masked_on_disk(leads: Leads, folder: Path, watch: Watch = nobody) -> Leads:
    """`masked_leads` for any number of them: the masked texts lie in `folder`, and what is there already stays."""
    folder.mkdir(parents=True, exist_ok=True)
    files, phase = [], Phase("mask names and numbers", watch)
    for start in range(0, len(leads), GROUP_LEADS):
        part = leads.take(np.arange(start, min(start + GROUP_LEADS, len(leads))))
        file = folder / f"masked-{part.content_hash[:24]}.arrow"
        if not file.exists():
            masked = masked_leads(part)
            words = {"": masked.dialogue} | {name: masked.features[name] for name in leads.schema.features.text}
            lay_table(pa.table({name: pa.array(column, pa.large_string()) for name, column in words.items()}), file)
        files.append(file)
        phase.at(start + len(part), len(leads))
    if not files:
        return masked_leads(leads)
    table = mapped_table(files)
    texts = {name: table.column(name).to_pandas() for name in leads.schema.features.text}
    dialogue = table.column("").to_pandas()
    return Leads(leads.roles.assign(dialogue=dialogue), leads.features.assign(**texts), leads.schema)


def masked_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """The same table for people to look at: every cell as text, masked; "" where there is none.

    Example:
        >>> masked_cells(pd.DataFrame({"calls": [2], "note": ["wants +49 171 1234567 called"]})).values.tolist()
        [['2', 'wants [phone] called']]
    """
    return frame.astype(str).fillna("").apply(_masked_column)


def unmask(pieces: Sequence[str], masked: Masked, original: str, start: int = 0) -> list[str]:
    """Pieces of the masked text, in the order in which they stand in it from `start` on, as they were said.

    Example:
        >>> said = "Thanks, Tom, bye."
        >>> unmask(["Thanks,", "[name],", "bye."], mask(said), said)
        ['Thanks,', 'Tom,', 'bye.']

    Raises:
        ValueError: a piece is not in the masked text, or stands earlier than the one before.
    """
    found = []
    for piece in pieces:
        start = masked.text.index(piece, start)
        low, high = masked.original_range(start, start + len(piece))
        found.append(original[low:high])
        start += len(piece)
    return found


def _masked_column(column: pd.Series) -> pd.Series:
    return pd.Series([mask(text).text for text in column.tolist()], index=column.index, name=column.name, dtype="str")


def _touched(text: str) -> str:
    """The lines with a placeholder: nothing is found across lines, and in the others nothing was."""
    return "\n".join(line for line in text.split("\n") if PLACEHOLDER.search(line))


def _find(text: str) -> list[tuple[int, int, str]]:
    """What one look finds, without overlaps: the surer kinds, which come first, keep their place."""
    taken = [found.span() for found in PLACEHOLDER.finditer(text)] if "[" in text else []
    kept = []
    for start, end, kind in (*identifiers(text), *persons(text)):
        if claim(taken, start, end):
            kept.append((start, end, kind))
    return kept


def _write(original: str, ranges: list[tuple[int, int, str]]) -> Masked:
    pieces, spans, done, length = [], [], 0, 0
    for low, high, kind in ranges:
        told = f"[{kind}]"
        pieces += [original[done:low], told]
        length += low - done
        spans.append(Span(kind, length, length + len(told), low, high))
        length += len(told)
        done = high
    return Masked("".join([*pieces, original[done:]]), tuple(spans))
