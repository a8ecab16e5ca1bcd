"""Ways to say what each field and turn of a lead moved, side by side: all look at the same lead against the same
neutral one, and give a value for each unit in units of the head's logit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import ConfigError
from core.neural.gradients import integrated
from core.neural.occlusion import occlusion
from core.neural.one_pass import FEW_NEUTRAL, ONE_PASS
from core.neural.shapley import shapley
from core.neural.subject import NEUTRAL, Subject


@dataclass(frozen=True)
class Method:
    """A way to say it."""

    values: Callable[[Subject], np.ndarray]
    """Values by unit (units,); `Subject.passes` counts what they cost."""
    sums: bool = False
    """Whether its values promise to sum to F(x) - F(b)."""
    neutrals: tuple[str, ...] = NEUTRAL
    """What it chooses its baseline from where it is shown to people, and so where it is measured."""


def _by_unit(gained: Callable[[Subject], np.ndarray]) -> Method:
    return Method(lambda subject: subject.by_unit(gained(subject)), neutrals=FEW_NEUTRAL)


METHODS = {
    **{name: _by_unit(gained) for name, gained in ONE_PASS.items()},
    "occlusion": Method(occlusion),
    "integrated gradients": Method(integrated, sums=True),
    "Shapley sampling": Method(shapley, sums=True),
}
FULL = "integrated gradients"
"""The method of full reasons: it promises to sum to the logit's difference, and says how far it is from that."""


def need_methods(names: Sequence[str]) -> None:
    """Whether there are such ways.

    Raises:
        ConfigError: there are not.
    """
    if unknown := [name for name in names if name not in METHODS]:
        raise ConfigError(f"methods must be among {', '.join(METHODS)}, however: got={', '.join(unknown)}")
