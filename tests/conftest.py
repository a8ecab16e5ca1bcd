"""For every test: hypothesis without time limits, with the same examples each time: a busy machine fails nothing."""

from hypothesis import settings

settings.load_profile("ci")
