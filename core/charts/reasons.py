"""Reasons as HTML, made for st.html: a conversation whose words and turns are coloured by how they moved the score, and
fields as bars, all on one scale with its legend.

Everything that comes from outside goes through html.escape, and nothing of it ever stands in a tag or a style. Colour
is never the only sign: what speaks for the lead is underlined with a line, what speaks against it with a wave, each
number has its sign, and each coloured word its figure as a title. Blue and orange are the two that colour-blind people
tell apart; text keeps the theme's own colour, so that both themes can be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise

from core.data.dialogue import Turn
from core.data.prompts import shown_name
from core.data.speakers import customer
from core.proofs import refuted
from core.scores import Attribution, Contribution

LEVELS = 4
"""Shades on either side of nothing; a word's shade goes by the root of its size, since words are parts of turns."""
STYLE = """<style>
.lr{font-size:.95rem;line-height:1.55;overflow-wrap:anywhere}
.lr-turn{display:flex;flex-direction:column;margin:.45rem 0;max-width:88%}
.lr-ours{margin-left:auto;align-items:flex-end}.lr-theirs{align-items:flex-start}
.lr-who{font-size:.8rem;opacity:.8;margin:0 .25rem}
.lr-say{border:1px solid rgba(128,140,150,.45);border-radius:.8rem;padding:.4rem .7rem}
.lr-say.lr-ef{border-bottom:3px solid #0072B2}.lr-say.lr-ea{border-bottom:3px dotted #D55E00}
.lr-theirs .lr-say{border-bottom-left-radius:.15rem}.lr-ours .lr-say{border-bottom-right-radius:.15rem}
.lr-cut .lr-say{border-style:dashed;opacity:.75}
.lr-num{font-variant-numeric:tabular-nums;font-weight:600;white-space:nowrap}
.lr-f1{background:rgba(0,114,178,.12)}.lr-f2{background:rgba(0,114,178,.24)}
.lr-f3{background:rgba(0,114,178,.36)}.lr-f4{background:rgba(0,114,178,.48)}
.lr-a1{background:rgba(213,94,0,.12)}.lr-a2{background:rgba(213,94,0,.24)}
.lr-a3{background:rgba(213,94,0,.36)}.lr-a4{background:rgba(213,94,0,.48)}
.lr-w{border-radius:.2rem;padding:0 .1rem;text-underline-offset:.2em}
.lr-w.lr-f1,.lr-w.lr-f2{text-decoration:underline 1px}.lr-w.lr-f3,.lr-w.lr-f4{text-decoration:underline 2px}
.lr-w.lr-a1,.lr-w.lr-a2{text-decoration:underline wavy 1px}.lr-w.lr-a3,.lr-w.lr-a4{text-decoration:underline wavy 2px}
.lr-row{display:grid;grid-template-columns:minmax(8rem,16rem) minmax(5rem,11rem) 1fr 4rem;gap:.1rem .8rem;
 max-width:58rem; align-items:center;padding:.2rem 0;border-bottom:1px solid rgba(128,140,150,.2)}
.lr-bar{display:grid;grid-template-columns:1fr 1fr;height:.9rem}
.lr-bar>span{height:100%;display:block;border-radius:.15rem}
.lr-bar .lr-left{border-right:1px solid rgba(128,140,150,.8);display:flex;justify-content:flex-end}
.lr-bar .lr-left>span{
 background:repeating-linear-gradient(45deg,#D55E00,#D55E00 4px,#E8894A 4px,#E8894A 7px);height:100%}
.lr-bar .lr-right>span{background:#0072B2;height:100%;display:block}
.lr-row>.lr-num{text-align:right}
.lr-key{display:flex;flex-wrap:wrap;gap:.3rem .9rem;font-size:.85rem;margin:.2rem 0 .6rem}
@media(max-width:640px){.lr-row{grid-template-columns:1fr 4rem}.lr-row .lr-bar{grid-column:1/-1;grid-row:2}
 .lr-row .lr-val{grid-column:1/-1;grid-row:3;opacity:.8}.lr-row .lr-num{grid-row:1;grid-column:2}
 .lr-turn{max-width:96%}}
</style>"""


def largest(attribution: Attribution) -> float:
    """Size of the strongest field or turn: the end of the scale that fields and dialogue share; 0 where none moved.
    What did not hold once it was left out is not drawn, and does not count."""
    units = (*attribution.fields, *attribution.turns)
    return max((abs(c.value) for c in units if not refuted(attribution, c)), default=0.0)


def level(value: float, scale: float) -> int:
    """Shade of a value: 0 for nothing, to `LEVELS`, by the root of its share of `scale`.

    >>> [level(value, 1.0) for value in (0.001, 0.05, 0.2, -0.5, 1.0)]
    [0, 1, 2, 3, 4]
    """
    if scale <= 0 or abs(value) < scale / 64:
        return 0
    return min(LEVELS, int((abs(value) / scale) ** 0.5 * LEVELS - 1e-9) + 1)


def signed(value: float) -> str:
    """With its sign, the minus being a real one.

    >>> signed(0.414), signed(-0.2), signed(-0.001)
    ('+0.41', '−0.20', '0.00')
    """
    text = f"{value:+.2f}"
    return "0.00" if text in ("+0.00", "-0.00") else text.replace("-", "−")


def legend(scale: float) -> str:
    """What the colours mean, in points of the score."""
    if scale <= 0:
        return ""
    edges = [scale * (step / LEVELS) ** 2 for step in range(1, LEVELS + 1)]
    spans = ["up to " + f"{edges[0]:.2f}", *(f"{a:.2f} to {b:.2f}" for a, b in pairwise(edges))]

    def keys(mark: str) -> str:
        return " ".join(f'<span class="lr-w lr-{mark}{n}">{span}</span>' for n, span in enumerate(spans, start=1))

    return (
        f'{STYLE}<div class="lr lr-key"><span>Speaks for this lead (line): {keys("f")}</span>'
        f"<span>Speaks against it (wave): {keys('a')}</span><span>in points of the score</span></div>"
    )


def bars(contributions: Sequence[Contribution], scale: float) -> str:
    """Fields as bars to the left (against) or right (for), strongest first; those that moved nothing are left out."""
    rows = []
    for c in sorted(contributions, key=lambda c: -abs(c.value)):
        if signed(c.value) == "0.00" or scale <= 0:
            continue
        share = f"{min(1.0, abs(c.value) / scale):.1%}"
        left, right = ("", f'<span style="width:{share}"></span>')[:: 1 if c.value > 0 else -1]
        rows.append(
            f'<div class="lr-row"><span>{escape(shown_name(c.name))}</span>'
            f'<span class="lr-val">{escape(c.text) or "<em>not known</em>"}</span>'
            f'<span class="lr-bar"><span class="lr-left">{left}</span><span class="lr-right">{right}</span></span>'
            f'<span class="lr-num">{signed(c.value)}</span></div>'
        )
    return f'{STYLE}<div class="lr">{"".join(rows)}</div>' if rows else ""


def conversation(turns: Sequence[Turn], attribution: Attribution | None = None, scale: float = 0.0) -> str:
    """Turns as speech bubbles, the customer's on the left; with an attribution, coloured by it.

    `turns` are those of the lead's dialogue, in which the attribution counts; what it does not hold (the model's token
    limit left it out) is shown with a dashed edge. A turn whose proof failed is told so, without colours.
    """
    moved = {c.turn: c for c in attribution.turns} if attribution else {}
    words: dict[int | None, list[Contribution]] = {}
    for word in attribution.words if attribution else ():
        words.setdefault(word.turn, []).append(word)
    left = customer([turn.speaker for turn in turns])
    shown = []
    for number, turn in enumerate(turns):
        side = "lr-theirs" if turn.speaker == left else "lr-ours"
        who, cut, edge, own = escape(turn.speaker) or "Somebody", "", "", words.get(number, [])
        if attribution and number in moved and refuted(attribution, moved[number]):
            who, own = f"{who} (checked: no reason)", []
        elif number in moved:
            value = moved[number].value
            tint = _tint(value, scale)
            edge = f" lr-e{tint[3]}" if tint else ""
            who += f' <span class="lr-num lr-w {tint}" title="points of the score">{signed(value)}</span>'
        elif attribution:
            who, cut = f"{who} (too long ago: not read by the model)", " lr-cut"
        said = _coloured(turn.words, own, scale)
        shown.append(
            f'<div class="lr-turn {side}{cut}"><span class="lr-who">{who}</span>'
            f'<div class="lr-say{edge}">{said}</div></div>'
        )
    return f'{STYLE}<div class="lr">{"".join(shown)}</div>' if shown else ""


def _tint(value: float, scale: float) -> str:
    shade = level(value, scale)
    return f"lr-{'f' if value > 0 else 'a'}{shade}" if shade else ""


def _coloured(text: str, words: Sequence[Contribution], scale: float) -> str:
    """The text with each word of `words`, which stand in its order, marked; what lies between them is kept."""
    pieces, at = [], 0
    for word in words:
        start = text.find(word.name, at)
        if start < 0 or not word.name:
            continue
        pieces.append(escape(text[at:start]))
        at = start + len(word.name)
        tint = _tint(word.value, scale)
        mark = f'<span class="lr-w {tint}" title="{signed(word.value)}">{escape(word.name)}</span>'
        pieces.append(mark if tint else escape(word.name))
    return "".join([*pieces, escape(text[at:])])
