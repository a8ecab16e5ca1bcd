"""Each name that a plan may choose has its words on the screen, in the choices' order."""

import subprocess
import sys

from core.charts.trial_words import DRAWN, METHODS, READ, STATES
from core.decisions.field_trial import choices


def test_every_choice_has_words_and_no_word_is_left_over() -> None:
    assert tuple(METHODS) == choices.METHODS and tuple(DRAWN) == choices.KINDS and tuple(READ) == choices.LOOKS
    assert tuple(STATES) == ("fine", "look", "stop")


def test_the_names_cost_no_time() -> None:
    asked = "import sys, core.steps; print(any(name in sys.modules for name in ('scipy', 'pandas', 'numpy')))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
