"""What a plan may choose from, by the names that files, commands and pages share, and how far its numbers go.

Nothing is imported here: the command line offers these names before it loads anything else.
"""

from __future__ import annotations

ARMS = ("treatment", "control")
METHODS = ("adjusted", "t_test", "permutation", "ratio")
"""Ways to read a trial, the recommended one first."""
KINDS = ("rerandomised", "pairs", "stratified")
"""Ways to draw people into arms."""
LOOKS = ("fixed", "obrien_fleming", "always_valid")
"""When an effect may be read."""
DIRECTIONS = ("lower", "higher")
"""Of a guardrail, which one is bad."""
MOST_DAYS = 3650
"""A trial of more than ten years is none. Source: ours."""
LEAST_UPLIFT, MOST_UPLIFT = 1e-4, 1e4
"""Relative effects to plan for; below, no number of people would do. Source: ours."""
MOST_LEADS = 10**9
"""Leads of one specialist, or what is counted of them. Source: ours."""
