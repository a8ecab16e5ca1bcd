"""Can a model's reasons be trusted? What was measured of them, in plain words and as a section of the model card."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd

from core.answers import as_json
from core.errors import RunError
from core.faithfulness import LEAST_AGREEMENT, MOST_ALIKE, MOST_ERROR, Faithfulness, MethodFigures, Removal, from_dict
from core.ranking import Figure
from core.removals import FIRST

TITLE = "Can its reasons be trusted?"
FILE = "faithfulness.json"
"""Beside the card, in the run's folder."""
NOT_MEASURED = (
    "Not measured yet. `python -m core faithfulness --model RUN --leads FILE`, or the button on the page Models, tries "
    "on test leads whether the reasons it gives are its own."
)
WELL = "The reasons that this model gives are its own: every check is passed."
ILL = "Take this model's reasons with caution: {}."
FAILS = {
    "over_random": "leaving out the strongest of {} does no more than leaving out any",
    "deleted": "really taking out the strongest of {} does no more than taking out any",
    "agreement": "the strongest of {} change with what stands for words not said",
    "error": "{} do not add up to the score",
}
SURVIVES = "{} stay alike when the model's numbers are shuffled"
UNKNOWN = "whether {} change when the model's numbers are shuffled was not measured"
LEAST_LEADS, LEAST_DRAWS = 10, 20
"""What a model card is written from, at least. Source: ours."""
FULL_NAME, FIRST_NAME = "the full reasons", "the first, quick reasons"


def read(folder: Path) -> Faithfulness | None:
    """What was measured of the run in `folder`; None where nothing was.

    Raises:
        RunError: the file is damaged.
    """
    try:
        return from_dict(json.loads((folder / FILE).read_text("utf-8")))
    except FileNotFoundError:
        return None
    except ValueError as error:  # neither UTF-8 nor JSON
        raise RunError(f"{FILE} of '{folder.name}' is damaged: {error}; check the reasons again") from error


def documents(found: Faithfulness, readme: str) -> dict[str, str]:
    """The files that tell of it, by name: the figures, and the run's card with its section written anew."""
    figures = json.dumps(as_json(found), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    return {FILE: figures, "README.md": with_section(readme, "\n".join(markdown(found)))}


def with_section(readme: str, section: str) -> str:
    """The card with this text in place of its section on reasons, or with it at the end where it has none.

    Example:
        >>> with_section("# Model card\\n\\n## Limits\\n\\n- few\\n", "measured").splitlines()[-3:]
        ['## Can its reasons be trusted?', '', 'measured']
    """
    heading = f"## {TITLE}\n\n"
    part = re.compile(rf"^## {re.escape(TITLE)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    if part.search(readme):
        return part.sub(lambda _: f"{heading}{section}\n\n", readme, count=1).rstrip("\n") + "\n"
    return f"{readme.rstrip()}\n\n{heading}{section}\n"


def verdict(found: Faithfulness) -> str:
    """Whether the gate is passed, and where not, why."""
    wrong = []
    for name, words in ((found.explains, FULL_NAME), (found.first, FIRST_NAME)):
        method = found.method(name)
        if method is None:
            wrong.append(f"{words} were not measured")
        else:
            wrong += [FAILS[check].format(words) for check, holds in method.gate.items() if not holds]
    if not found.forgets:
        wrong.append((UNKNOWN if found.forgets is None else SURVIVES).format(FIRST_NAME))
    return ILL.format("; ".join(dict.fromkeys(wrong))) if wrong else WELL


def caution(found: Faithfulness | None) -> str:
    """What has to be known before any reason of the model is read; "" where the gate is passed."""
    if found is None:
        return "Whether the reasons that this model gives are its own was not checked yet."
    return "" if found.passed else f"{verdict(found)} What was proved by leaving it out holds; the rest does not count."


def too_little(found: Faithfulness) -> str:
    """Why so small a check is no matter for the model card, which stays as it was; "" where it is."""
    least = []
    if found.leads < LEAST_LEADS:
        least.append(f"{LEAST_LEADS} test leads, not {found.leads}")
    if found.draws < LEAST_DRAWS:
        least.append(f"{LEAST_DRAWS} random orders, not {found.draws}")
    if found.method(found.explains) is None or found.method(found.first) is None:
        least.append("the ways to give reasons that are in use")
    told = "The model card is left as it was: it is written from a check of at least {}."
    return told.format("; ".join(least)) if least else ""


def sentences(found: Faithfulness) -> list[str]:
    """What was measured, a sentence each, for a person who does not know the words."""
    said = [
        f"Measured on {found.leads} test leads, {found.top_leads} of them from the top twentieth, against "
        f"{found.draws} random orders of each lead's fields and turns."
    ]
    for name, words in ((found.explains, FULL_NAME), (found.first, FIRST_NAME)):
        if (method := found.method(name)) is not None:
            said += _of_method(method, words)
    shuffled: list[str] = []
    for part, alike in found.made_anew.items():
        shuffled.append(part)
        said.append(
            f"With the numbers of the model's {' and '.join(shuffled)} shuffled, its first reasons are "
            f"{'too much alike' if alike > MOST_ALIKE else 'others'} (rank correlation {alike:.2f} in size, at most "
            f"{MOST_ALIKE} is asked; reasons that are the model's own do not survive this)."
        )
    return said


def _of_method(method: MethodFigures, words: str) -> list[str]:
    gain = method.over_random
    said = [
        f"Without the strongest of {words} ({method.name}) the score moves {gain.value:.2f} points further "
        f"({gain.low:.2f} to {gain.high:.2f}) than without fields and turns taken at random."
    ]
    if method.deleted is not None:
        real = method.deleted.over_random
        said.append(
            f"Really taken out, not said or not known, they move it {real.value:.2f} points further ({real.low:.2f} to "
            f"{real.high:.2f}) than others taken out at random."
        )
    out, inside = method.falls.get("0.05", (0, 0))
    if inside:
        said.append(f"Without the strongest fifth of them {out} of {inside} leads fall out of the top twentieth.")
    if method.agreement is not None:
        said.append(
            f"Of the {FIRST} strongest, two ways of saying nothing share {method.agreement:.0%} on average (at least "
            f"{LEAST_AGREEMENT:.0%} is asked)."
        )
    if method.sums:
        said.append(f"They add up to the score within {method.error:.1%} (at most {MOST_ERROR:.0%} is asked).")
    return said


def table(found: Faithfulness) -> pd.DataFrame:
    """One row a method, for those who know the words."""
    return pd.DataFrame(
        {
            "Method": one.name,
            "Comprehensiveness": _shown(one.comprehensiveness),
            "over random": _shown(one.over_random),
            "Sufficiency": _shown(one.sufficiency),
            "under random": _shown(one.under_random),
            **_taken_out(one.deleted),
            "over gradient x input": _shown(one.over_gradient),
            "Infidelity": f"{one.infidelity:.3f}",
            "Sensitivity": _known(one.sensitivity, ".2f"),
            "Sum off by": f"{one.error:.1%}",
            "Same top 5": _known(one.agreement, ".0%"),
            "Readings of the lead": f"{one.passes:.0f}",
            "Gate": "passes" if one.passes_gate else "fails",
        }
        for one in found.methods
    )


def markdown(found: Faithfulness) -> list[str]:
    """The section's lines, without its heading."""
    rows = table(found)
    return [
        f"**{verdict(found)}**",
        "",
        *(f"- {line}" for line in sentences(found)),
        "",
        f"| {' | '.join(rows.columns)} |",
        "|" + "---|" * len(rows.columns),
        *(f"| {' | '.join(row)} |" for row in rows.itertuples(index=False)),
        "",
        f"Means over leads with 95% bootstrap intervals, in units of the {found.head} head's logit; infidelity, "
        f"sensitivity and sum are medians. A neutral token stands for the words of a unit that is left out, and the "
        f"average for its numbers; taken out: the turn is not said, the field not known. Measured {found.measured}.",
    ]


def _taken_out(found: Removal | None) -> dict[str, str]:
    return {
        "Taken out: comprehensiveness": _shown(found.comprehensiveness if found else None),
        "taken out: over random": _shown(found.over_random if found else None),
        "Taken out: sufficiency": _shown(found.sufficiency if found else None),
        "taken out: under random": _shown(found.under_random if found else None),
    }


def _shown(figure: Figure | None) -> str:
    return "" if figure is None else f"{figure.value:.2f} ({figure.low:.2f} to {figure.high:.2f})"


def _known(value: Any, form: str) -> str:
    return "" if value is None else f"{value:{form}}"
