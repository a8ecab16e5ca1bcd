"""What a benchmark is asked, and what cannot be asked of these leads."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from core.config import Config, config_to_dict
from core.data.leads import Leads
from core.data.leaks import future_columns
from core.data.schema import Schema, schema_to_dict
from core.data.splitting import Parts
from core.errors import ConfigError, ValidationError

ADDED = ("arms", "seeds", "capacity")
"""What another call may ask more of, or otherwise, of the same folder."""


@dataclass(frozen=True)
class Asked:
    """What is to be compared, and how."""

    arms: tuple[str, ...] = ("default",)
    """Keys, families, `default` or `all`; see `core.benchmark.arms.choose`."""
    seeds: int = 3
    trials: int = 5
    """Settings tried for each network and seed, the default among them."""
    capacity: float = 0.05
    """Share of the leads that the team can call, 0..1."""
    known_stage: str = ""
    recency: str = ""
    allowed: tuple[str, ...] = ()
    """Columns that look as if they told the future, and that the user vouches for."""

    def __post_init__(self) -> None:
        if self.seeds < 1 or self.trials < 1:
            raise ConfigError(f"seeds and trials must be 1 or more, however: got={self.seeds} and {self.trials}")
        if not 0 < self.capacity <= 1:
            raise ConfigError(f"capacity is a share of the leads, above 0 and at most 1, however: got={self.capacity}")


def identity(leads: Leads, config: Config, asked: Asked) -> dict[str, Any]:
    """What results of one folder have in common, as JSON: with another of these they could not be compared."""
    settings = {name: value for name, value in asdict(asked).items() if name not in ADDED}
    schema = schema_to_dict(leads.schema)
    return {"leads": leads.content_hash, "schema": schema, "settings": config_to_dict(config), **settings}


def check_columns(schema: Schema, asked: Asked) -> None:
    """Raises ConfigError where a column that is named is no feature of its kind."""
    features = schema.features
    if unknown := sorted({*asked.allowed} - {*features.columns()}):
        raise ConfigError(f"--allow takes features, of {', '.join(features.columns())}, however: got={unknown}")
    for option, column, fitting in (
        ("--known-stage", asked.known_stage, (*features.numeric, *features.categorical)),
        ("--recency", asked.recency, features.numeric),
    ):
        if column and column not in fitting:
            raise ConfigError(
                f"{option} takes a feature that is known at scoring time, one of {', '.join(fitting)}, however: "
                f"got='{column}'; what is known only afterwards, such as the stage reached in the end, cannot be used"
            )


def refuse_leaks(leads: Leads, parts: Parts, asked: Asked) -> None:
    """Raises ValidationError where a feature seems to tell the future, and nobody vouches for it."""
    found = {column: why for column, why in future_columns(leads, parts.train).items() if column not in asked.allowed}
    if found:
        raise ValidationError(
            tuple(
                f"column '{column}' seems to be known only after the outcome: {why}. Take it out of [features], or "
                f"vouch for it with --allow {column}"
                for column, why in found.items()
            )
        )
