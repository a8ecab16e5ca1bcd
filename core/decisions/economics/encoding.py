"""Fields of leads as standardised columns, for models of time and effort, which learn from hundreds of leads or more.

A number: its value, and whether it is missing. Any other field: one column a value, rare values pooled, missing a value
of its own. Columns that do not vary are dropped; a value further than `REACH` standard deviations out counts as that
far, so that one odd lead cannot get an absurd forecast.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from core.data.values import to_text
from core.errors import NotComputable, ValidationError

RARE_LEADS = 10
"""A value with fewer leads is pooled with other rare ones. Source: as `core.data.features`."""
REACH = 4.0
"""Standard deviations. Source: ours."""
LEAST_VARIANCE = 1e-12
"""Below it a column does not vary."""


@dataclass(frozen=True, eq=False)
class Encoding:
    """Learned from the fields of some leads; make it with `fit`."""

    numbers: tuple[str, ...]
    texts: tuple[str, ...]
    steps: Pipeline

    @staticmethod
    def fit(features: pd.DataFrame) -> Encoding:
        """Learn from fields alone, never from an outcome. Shape (n, fields), such as `Leads.features`.

        Raises:
            NotComputable: there are no leads, or no field varies.
        """
        numeric = features.select_dtypes("number").columns
        numbers = tuple(name for name in features.columns if name in numeric and np.isfinite(features[name]).any())
        texts = tuple(name for name in features.columns if name not in numeric)
        parts = make_column_transformer(
            (SimpleImputer(strategy="median", add_indicator=True), list(numbers)),
            (OneHotEncoder(min_frequency=RARE_LEADS, handle_unknown="ignore", sparse_output=False), list(texts)),
            verbose_feature_names_out=False,
        )
        steps = make_pipeline(parts, VarianceThreshold(LEAST_VARIANCE), StandardScaler())
        encoding = Encoding(numbers, texts, steps)
        raw = encoding._typed(features)
        if not (raw.nunique() > 1).any():
            raise NotComputable(
                f"a forecast by lead needs fields that differ between leads, however: none of {features.shape[1]} "
                f"fields does among {len(features):,} leads; name more fields in the schema, or give more leads"
            )
        try:
            steps.fit(raw)
        except ValueError as error:  # scikit-learn's word for "every value is rare"
            raise NotComputable(
                f"a forecast by lead needs fields of which a value stands in {RARE_LEADS} leads or more, however: "
                f"none of {features.shape[1]} fields has one; give more leads"
            ) from error
        return encoding

    @property
    def names(self) -> tuple[str, ...]:
        """One name per column."""
        return tuple(map(str, self.steps[:-1].get_feature_names_out()))

    def columns(self, features: pd.DataFrame) -> np.ndarray:
        """Shape (n, fields) -> (n, columns), float64, finite.

        Raises:
            ValidationError: fields are missing that were learned from.
        """
        absent = [name for name in (*self.numbers, *self.texts) if name not in features.columns]
        if absent:
            raise ValidationError(
                tuple(f"column '{name}' was learned from, however: these leads lack it; add it" for name in absent)
            )
        if not len(features):
            return np.empty((0, len(self.names)))
        return np.clip(self.steps.transform(self._typed(features)), -REACH, REACH)

    def _typed(self, features: pd.DataFrame) -> pd.DataFrame:
        numbers = features[list(self.numbers)].astype(np.float64)
        texts = {name: to_text(features[name]).astype(object) for name in self.texts}
        return numbers.where(np.isfinite(numbers)).assign(**texts)
