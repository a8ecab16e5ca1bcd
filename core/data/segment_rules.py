"""Rules that tell from columns who was engaged and whom a campaign is known to have brought.

    engaged  any of its conditions holds; low where none does; unknown where none does and one cannot be told
    campaign among the engaged, any of its conditions holds; where none does the label may be missing
    blind    columns that tell whether a campaign could be seen at all, such as consent: stage 2 must not learn by them
    control  who was left out of the campaign by chance, where there is such an arm
    audit    of leads whose truth was looked up: whether a campaign did bring them; a missing value was not looked up
    before   columns of these rules that were known before the campaign, such as the months since the last purchase

The columns of these rules make labels, so they are never what a segment is learned from. An uplift model learns from
who came in either arm and not from these labels, so it may use those of `before`; what came after the campaign, and
who was reached, stays out of it too.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.data.leads import Leads
from core.data.schema import Features
from core.data.splitting import open_rows
from core.errors import ConfigError, SchemaError

TESTS = ("at least", "at most", "is", "is not", "one of")
OUTCOMES = ("converted", "stage", "call_seconds")
"""Roles that a condition may ask for, beside the features."""
SEGMENTS = ("campaign", "organic", "low")
"""What a lead can be; "" where the rules cannot tell."""
FORMAT = 2
"""Of the files in which a segmenter is kept."""
PAID = (
    "campaign",
    "ads",
    "ad",
    "advert",
    "paid",
    "promo",
    "mail",
    "email",
    "newsletter",
    "social",
    "facebook",
    "display",
)
"""Words in values that name a campaign, for the first guess of the rules."""
SOURCES = ("campaign", "source", "medium", "channel")
"""Parts of column names that tell where a lead came from, likeliest first."""
CLICKS = ("click", "clicks", "clicked")
"""Words in names of columns that tell a response to an e-mail. Opens are often earlier ones, so they are no guess."""
NO_COUNT = ("rate", "share", "days", "since", "time", "last")
"""Words in names of columns that count no clicks though they speak of them."""


@dataclass(frozen=True)
class Condition:
    """One test of one column, such as `stage at least test_drive`; of a missing value nothing can be told."""

    column: str
    test: str
    value: Any
    """A number; the name of a stage; text; a list of texts for `one of`."""

    def __post_init__(self) -> None:
        if self.test not in TESTS:
            raise ConfigError(f"a condition's test must be one of {', '.join(TESTS)}, however: got={self.test!r}")
        if (self.test == "one of") != isinstance(self.value, list | tuple):
            raise ConfigError(
                f"'one of' takes a list of values and the other tests one, however: {self.column} {self.test} "
                f"got={self.value!r}"
            )

    def holds(self, leads: Leads) -> np.ndarray:
        """1.0, 0.0, or NaN where it cannot be told. Shape (n,).

        Raises:
            ConfigError: no such column, or a value that does not fit it.
        """
        features = leads.schema.features
        if self.column == "stage":
            return self._by_number(np.where(leads.stage < 0, np.nan, leads.stage), self._stage(leads))
        if self.column in ("converted", "call_seconds"):
            return self._by_number(leads.roles[self.column].to_numpy(dtype=np.float64), self._number())
        if self.column in features.numeric:
            return self._by_number(leads.features[self.column].to_numpy(dtype=np.float64), self._number())
        if self.column in features.categorical:
            return self._by_text(leads.features[self.column])
        roles = (name for name in OUTCOMES if getattr(leads.schema.roles, name))
        known = ", ".join((*roles, *features.numeric, *features.categorical))
        raise ConfigError(
            f"a rule asks for one of the columns {known}, however: got='{self.column}'; if the file has that column, "
            "name it in the schema, under [features] or [roles]: only what is named there is read"
        )

    def _by_number(self, values: np.ndarray, than: float | list[float]) -> np.ndarray:
        found = {
            "at least": lambda: values >= than,
            "at most": lambda: values <= than,
            "is": lambda: values == than,
            "is not": lambda: values != than,
            "one of": lambda: np.isin(values, than),
        }[self.test]()
        return np.where(np.isfinite(values), found, np.nan).astype(np.float64)

    def _by_text(self, values: pd.Series) -> np.ndarray:
        if self.test in ("at least", "at most"):
            raise ConfigError(f"'{self.test}' needs numbers, however: '{self.column}' holds words; use is, or one of")
        wanted = [str(value) for value in (self.value if self.test == "one of" else [self.value])]
        found = values.isin(wanted).to_numpy()
        return np.where((values != "").to_numpy(), ~found if self.test == "is not" else found, np.nan).astype(
            np.float64
        )

    def _number(self) -> float | list[float]:
        try:
            return [float(v) for v in self.value] if self.test == "one of" else float(self.value)
        except (TypeError, ValueError):
            raise ConfigError(f"'{self.column}' holds numbers, however: the rule says {self.value!r}") from None

    def _stage(self, leads: Leads) -> float | list[float]:
        stages = leads.schema.funnel.stages
        wanted = self.value if self.test == "one of" else [self.value]
        unknown = [name for name in wanted if name not in stages]
        if unknown:
            raise ConfigError(f"a rule names a stage, one of {', '.join(stages)}, however: got='{unknown[0]}'")
        places = [float(stages.index(name)) for name in wanted]
        return places if self.test == "one of" else places[0]


@dataclass(frozen=True)
class Rules:
    """See the head of this module."""

    engaged: tuple[Condition, ...]
    campaign: tuple[Condition, ...]
    blind: tuple[str, ...] = ()
    control: Condition | None = None
    audit: Condition | None = None
    before: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.engaged or not self.campaign:
            raise ConfigError(
                "segments need a rule for who was engaged and one for whom a campaign brought, however: "
                f"got {len(self.engaged)} and {len(self.campaign)} conditions"
            )
        late = [one.column for one in (self.control, self.audit) if one and one.column in self.before]
        unasked = [name for name in self.before if name not in self.columns]
        if late or unasked:
            raise ConfigError(
                "`before` names columns of the rules `engaged` and `campaign` that were known before the campaign, "
                f"however: '{(late or unasked)[0]}' " + ("tells who was reached or audited" if late else "is in none")
            )

    @property
    def columns(self) -> frozenset[str]:
        """What the rules look at, and so nothing may be learned from."""
        asked = (*self.engaged, *self.campaign, *(one for one in (self.control, self.audit) if one))
        return frozenset(condition.column for condition in asked)

    def labels(self, leads: Leads) -> np.ndarray:
        """`campaign`, `organic` (no label: it may be missing), `low`, or "" where unknown. Shape (n,), object.

        Who may still come is no low lead yet, and nobody in the control arm was brought by a campaign.
        """
        engaged, campaign = _any(self.engaged, leads), _any(self.campaign, leads)
        young = open_rows(leads)
        engaged[young[engaged[young] == 0]] = np.nan
        campaign[self.arm(leads) == 0] = 0
        told = np.where(engaged == 1, np.where(campaign == 1, SEGMENTS[0], SEGMENTS[1]), SEGMENTS[2])
        return np.where(np.isnan(engaged), "", told).astype(object)

    def arm(self, leads: Leads) -> np.ndarray:
        """1.0 reached, 0.0 left out of the campaign by chance, NaN unknown. Shape (n,); all 1 without such a rule."""
        return 1 - self.control.holds(leads) if self.control else np.ones(len(leads))

    def audited(self, leads: Leads) -> np.ndarray:
        """1.0 where a campaign did bring the lead, 0.0 where it did not, NaN where nobody looked. Shape (n,)."""
        return self.audit.holds(leads) if self.audit else np.full(len(leads), np.nan)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; `rules_from_dict` reads it back."""
        found = asdict(self)
        return {
            **found,
            "blind": list(self.blind),
            "before": list(self.before),
            "engaged": list(found["engaged"]),
            "campaign": list(found["campaign"]),
        }


def rules_from_dict(document: Mapping[str, Any]) -> Rules:
    """Inverse of `Rules.to_dict`. Raises ConfigError where it is no set of rules."""
    try:
        engaged, campaign = ([Condition(**entry) for entry in document[name]] for name in ("engaged", "campaign"))
        control, audit = (Condition(**document[name]) if document.get(name) else None for name in ("control", "audit"))
        blind, before = (tuple(document.get(name, ())) for name in ("blind", "before"))
        return Rules(tuple(engaged), tuple(campaign), blind, control, audit, before)
    except (KeyError, TypeError) as error:
        raise ConfigError(
            "rules hold `engaged` and `campaign`, each a list of {column, test, value}, and may hold `control` and "
            f"`audit`, one each, and the lists `blind` and `before`, however: {error!r} is missing or wrong"
        ) from error


def load_rules(path: Path) -> Rules:
    """Rules from a TOML file. Raises ConfigError where it cannot be read or holds none."""
    try:
        return rules_from_dict(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot read the rules '{path.name}': {error}") from error


def inputs(leads: Leads, rules: Rules, *, blind: bool = False, uplift: bool = False) -> Leads:
    """The leads with the features that a segment may be learned from; `blind`: also without `rules.blind`; `uplift`:
    those that an uplift model may learn from, so with `rules.before`.

    Raises:
        ConfigError: nothing is left.
    """
    left_out = (rules.columns - set(rules.before if uplift else ())) | set(rules.blind if blind else ())
    own = leads.schema.features
    kept = Features(_without(own.numeric, left_out), _without(own.categorical, left_out))
    if not kept.columns():
        raise ConfigError(
            "segments need fields to be learned from, beside those of the rules, however: none is left; name more "
            "under [features]"
        )
    return Leads(leads.roles, leads.features[list(kept.columns())], replace(leads.schema, features=kept))


def first_guess(leads: Leads) -> Rules:
    """Rules to begin with, for a file of leads with a funnel or of an e-mail campaign.

    Raises:
        SchemaError: no column tells of engagement, or none of campaigns.
    """
    features, stages = leads.schema.features, leads.schema.funnel.stages
    clicks = [name for name in features.numeric if _has(name, CLICKS) and not _has(name, NO_COUNT)]
    if len(stages) > 2 and (leads.stage >= 0).any():
        engaged = Condition("stage", "at least", stages[len(stages) // 2])
    elif np.isfinite(leads.converted).any():
        engaged = Condition("converted", "is", 1)
    else:
        raise SchemaError("who was engaged is told by the stage reached, or by the outcome, however: neither is known")
    if clicks:
        return Rules((engaged,), tuple(Condition(name, "at least", 1) for name in clicks))
    for part in SOURCES:
        for name in (name for name in features.categorical if part in name.lower()):
            paid = sorted(value for value in leads.features[name].unique() if _has(value, PAID))
            if paid:
                return Rules((engaged,), (Condition(name, "one of", paid),))
    raise SchemaError(
        "whom a campaign brought is told by clicks, or by a source whose values name campaigns, however: no column "
        "looks so; write the rules yourself"
    )


def _any(conditions: Iterable[Condition], leads: Leads) -> np.ndarray:
    held = np.stack([condition.holds(leads) for condition in conditions])
    return np.where((held == 1).any(axis=0), 1.0, np.where(np.isnan(held).any(axis=0), np.nan, 0.0))


def _without(names: tuple[str, ...], left_out: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in left_out)


def _has(text: str, words: tuple[str, ...]) -> bool:
    """Whole words: `leads` is no `ads`."""
    return bool(set(re.split(r"[^a-z]+", str(text).lower())) & set(words))
