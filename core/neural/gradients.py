"""Why one lead got its score: integrated gradients along the straight line from a neutral lead to this one.

    token embeddings (L, H) --.
                              +--> input x (1, L * H + T) --> F(x), the logit of one head
    tower (T), fields as      '
    numbers                        baseline b: the same prompt, with the tokens of values and dialogue replaced by a
                                   neutral one; tower 0, which is the training mean

    IG = (x - b) * mean of grad F over the line, (L * H + T) --> tokens (L) and columns (T) --> words, turns, fields
    sum of IG = F(x) - F(b), up to the error that is measured and reported

One lead at a time, so nothing is padded; structure (instruction, field names, speakers, question) is the same at both
ends of the line and gets exactly 0, and the first token, on which attention rests, takes no credit from the words.

Source: Sundararajan et al. 2017 (arXiv 1703.01365), by captum; recipe of method 5.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from captum.attr import IntegratedGradients
from torch import Tensor

from core.data.leads import Leads
from core.errors import ConfigError
from core.neural.contributions import as_attribution, relative_error
from core.neural.scorer import NeuralScorer
from core.neural.subject import NEUTRAL, Subject, copies_at_once, looking_at
from core.progress import Phase, Watch, nobody
from core.scores import Attribution


def explain(
    scorer: NeuralScorer,
    leads: Leads,
    lead_id: str,
    *,
    head: str = "pairwise",
    neutral: str | None = None,
    steps: int = 32,
    max_steps: int = 512,
    tolerance: float = 0.05,
    watch: Watch = nobody,
) -> Attribution:
    """Contributions of one lead's fields, turns and words to a head's logit, in the order in which they stand.

    A field that enters both as text and as numbers is one field. A field that is missing has text "" and contributes
    what the tower makes of its being missing; a prompt is silent about it. Words are those of the dialogue (`turn` is
    set) and of text fields (`text` is the field's name); they sum to their turns and to those fields. A run that
    reads masked text is explained in masked words; `core.attribution.in_clear` says what they stand for.

    Where text is read, each field and turn has a `second` value, against the second baseline.

    Args:
        head: `pointwise` or `pairwise`.
        neutral: what stands for words not said, the same for several leads, say, and without a second baseline; None:
            of `NEUTRAL` the one that suits the lead best.
        steps: points on the line, doubled up to `max_steps` until the relative error is at most `tolerance`.

    Raises:
        LeadRankError: there is no lead of this id.
        ConfigError: an unknown head, or steps or tolerance out of range.
    """
    if not 1 <= steps <= max_steps or not tolerance > 0:
        raise ConfigError(
            f"expected 1 <= steps <= max_steps and tolerance > 0, however: got steps={steps}, max_steps={max_steps}, "
            f"tolerance={tolerance}"
        )
    line = Line(steps, max_steps, tolerance, watch)
    with looking_at(scorer, leads, lead_id, head=head, neutrals=NEUTRAL if neutral is None else (neutral,)) as subject:
        two = subject.prompt is not None and len(subject.neutrals) > 1
        gained, taken = line.walk(subject, more=two)
        second = None
        if two:
            other = subject.against_second()
            second = other.by_unit(line.walk(other)[0])
    return as_attribution(
        subject, gained, method="integrated gradients", steps=taken, tolerance=tolerance, second=second
    )


def integrated(subject: Subject) -> np.ndarray:
    """Integrated gradients by unit (units,), as `explain` has them."""
    return subject.by_unit(Line().walk(subject)[0])


@dataclass(eq=False)
class Line:
    """How finely the way from the neutral lead is walked; tells `watch` how many points are done."""

    steps: int = 32
    max_steps: int = 512
    tolerance: float = 0.05
    watch: Watch = nobody
    done: int = 0
    total: int = 0

    def walk(self, subject: Subject, *, more: bool = False) -> tuple[np.ndarray, int]:
        """IG of every number of the point, (L * H + T,) float64, and the steps that it took; `more`: as much again is
        to come."""
        steps, phase = self.steps, Phase("explain", self.watch)
        while True:
            self.total = self.done + (2 if more else 1) * steps
            gained = self._integrate(subject, steps, phase)
            if relative_error(subject, gained) <= self.tolerance or 2 * steps > self.max_steps:
                self.steps = steps
                return gained, steps
            steps *= 2

    def _integrate(self, subject: Subject, steps: int, phase: Phase) -> np.ndarray:
        def told(points: Tensor) -> Tensor:
            said = subject(points)
            self.done += len(points)
            subject.passes.backward += len(points)
            phase.at(self.done, self.total)
            return said

        start, end = subject.ends()
        gained = IntegratedGradients(told).attribute(
            end, start, n_steps=steps, method="gausslegendre", internal_batch_size=copies_at_once(subject)
        )
        return gained[0].detach().double().cpu().numpy()
