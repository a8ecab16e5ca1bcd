"""Errors that a user can mend: one root, few children; messages say what was expected, what came and what to do."""

from __future__ import annotations


class LeadRankError(Exception):
    """Root of every error whose cause is input, settings or files rather than a bug."""


class ReadError(LeadRankError):
    """A file could not be read as a table of leads."""


class SchemaError(LeadRankError):
    """The schema file is not a valid description of roles, features, split and funnel."""


class ConfigError(LeadRankError):
    """A setting does not exist or has a value outside its range."""


class BackboneError(LeadRankError):
    """A language model could not be found, converted or verified."""


class RunError(LeadRankError):
    """A run folder is missing, incomplete, altered or made for something else."""


class NotComputable(LeadRankError):
    """A figure has no value on this data, for example an AUC with one class only."""


class ValidationError(LeadRankError):
    """The leads do not fit the schema; `problems` holds every one that was found, not the first alone."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))
