"""Text for the screen: other people's words shown as they are, lengths of time in words."""

from __future__ import annotations

import datetime
import re

PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
FOUND_LATER = re.compile(r"(?=\\[:@.<>=~-])")


def literal(text: object) -> str:
    r"""Text from outside (names, ids, columns, files) for a place where Streamlit reads Markdown: labels, captions,
    headings, alerts, hints. It then shows as it was written: no bold, link, image, colour, icon, emoji or formula.

    A backslash before each mark is what Markdown itself offers. Emoji codes, icons, arrows and bare addresses are
    found only after the backslashes are gone, so an invisible word joiner (U+2060) breaks those up.

    >>> literal("**5** <b>")
    '\\*\\*5\\*\\* \u2060\\<b\u2060\\>'
    """
    lines = (" ".join(line.split()) for line in str(text).splitlines())
    return "  \n".join(FOUND_LATER.sub("\u2060", PUNCTUATION.sub(r"\\\1", line)) for line in lines)


def duration(seconds: float) -> str:
    """A length of time in the two words that matter.

    >>> duration(8), duration(150), duration(5400), duration(200_000)
    ('8 seconds', '3 minutes', '2 hours', '2 days')
    """
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size * 1.5:
            return f"{seconds / size + 1e-9:.0f} {word}s"
        if seconds >= size:
            return f"1 {word}"
    return "1 second" if round(seconds) == 1 else f"{seconds:.0f} seconds"


def ago(when: datetime.datetime | None, now: datetime.datetime | None = None) -> str:
    """How long ago a moment (naive UTC) was, in words.

    >>> noon = datetime.datetime(2026, 11, 23, 12)
    >>> ago(noon, noon), ago(noon - datetime.timedelta(hours=3), noon), ago(None)
    ('just now', '3 hours ago', 'never')
    """
    if when is None:
        return "never"
    now = now or datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    seconds = (now - when).total_seconds()
    return "just now" if seconds < 60 else f"{duration(seconds)} ago"
