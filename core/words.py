"""Linear baselines: TF-IDF and logistic regression on the words, on the fields, or on both."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

from core.calibration import Platt
from core.data.features import FeatureEncoder
from core.data.leads import Leads
from core.data.schema import Schema
from core.errors import NotComputable
from core.progress import Watch, nobody
from core.scores import Scores

MAX_TERMS = 50_000
"""Most n-grams kept, by how often they occur. Source: ours."""
MIN_LEADS = 2
"""An n-gram must occur in this many training leads. Source: ours."""
WORD_STRENGTHS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
"""Values of C tried where there are words, strongest penalty first. Source: ours."""
FIELD_STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Values of C tried for fields alone, strongest penalty first. Source: ours."""
FIELD_SHARES = (0.03, 0.1, 0.3)
"""Factors tried on the standardised fields beside the unit-length TF-IDF rows: at 1 the penalty would hold the words
far more tightly than the fields. Source: ours."""
READ_LEADS = 100_000
"""Most leads whose words are in memory at once to be learned from. Source: ours."""
_LETTERS = re.compile(r"[^\W\d_]")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


@dataclass(frozen=True)
class LogisticScorer:
    """Logistic regression over TF-IDF columns, field columns, or both."""

    name: str
    schema: Schema
    words: TfidfVectorizer | None
    fields: FeatureEncoder | None
    field_share: float
    """Factor on the field columns."""
    model: LogisticRegression
    platt: Platt

    def score(self, leads: Leads, watch: Watch = nobody) -> Scores:
        """Rank by the raw logit; `probability` is Platt-scaled on the calibration slice."""
        logit = self.model.decision_function(_columns(self, leads)) if len(leads) else np.empty(0)
        return Scores.ranked(leads.lead_id, score=logit, probability=self.platt(logit))


def train_words(train: Leads, calibration: Leads, *, fields: bool, seed: int = 0) -> LogisticScorer:
    """TF-IDF of words (1-2-grams; characters, 1-3, where the script writes no spaces) over dialogue and text features.

    `fields` adds the feature encoder's columns. C and the weight of the fields are those of the best average precision
    on the calibration slice; leads without an outcome are left out. Give at most `READ_LEADS` of either part: all of
    their words are in memory at once.

    Raises:
        NotComputable: there are no words, no fields where they are wanted, or a part lacks one of the two outcomes.
    """
    name = f"TF-IDF + logistic regression ({'words and fields' if fields else 'words'})"
    train, calibration = train.labelled("training"), calibration.labelled("calibration")
    text = lead_text(train)
    words = tf_idf(text, words=2, characters=3, min_df=MIN_LEADS, max_features=MAX_TERMS)
    try:
        words.fit(text)
    except ValueError as error:
        raise NotComputable(
            f"no words: {int((text.str.strip() != '').sum())} of {len(text)} training leads have a dialogue or a text "
            f"feature, and no word occurs in {MIN_LEADS} of them; name roles.dialogue or features.text in the schema"
        ) from error
    return _fit(name, train, calibration, words, _encoder(train) if fields else None, seed)


def train_logistic(train: Leads, calibration: Leads, *, seed: int = 0) -> LogisticScorer:
    """Logistic regression on the feature encoder's columns alone; C as in `train_words`.

    Raises:
        NotComputable: there are no fields, or a part lacks one of the two outcomes.
    """
    train, calibration = train.labelled("training"), calibration.labelled("calibration")
    return _fit("Logistic regression (fields)", train, calibration, None, _encoder(train), seed)


def cross_fitted(leads: Leads, *, folds: int = 5, seed: int = 0) -> np.ndarray:
    """Each lead's log odds of converting, (n,) float64, by a linear model of words and fields blind to its customer.

    An estimate to judge other signals against, at a fixed penalty; not a model to rank by.

    Raises:
        NotComputable: no words and no fields, or too few leads of one outcome.
    """
    known = leads.labelled("training")
    if len(known) < len(leads) or min(known.converted.sum(), len(known) - known.converted.sum()) < folds:
        raise NotComputable(f"cross-fitting needs every outcome and {folds} leads of each; give more leads")
    encoder = FeatureEncoder.fit(leads)
    text = lead_text(leads)
    blocks = [sparse.csr_matrix(encoder.transform(leads) * FIELD_SHARES[1])] if encoder.width else []
    if (text.str.strip() != "").any():
        blocks.append(TfidfVectorizer(sublinear_tf=True, min_df=MIN_LEADS, max_features=MAX_TERMS).fit_transform(text))
    if not blocks:
        raise NotComputable("cross-fitting needs words or fields that vary, however: there are neither")
    return cross_val_predict(
        LogisticRegression(C=1.0, max_iter=500),
        sparse.hstack(blocks, format="csr"),
        leads.converted.astype(int),
        groups=leads.roles["customer_id"].to_numpy(dtype=object),
        cv=StratifiedGroupKFold(folds, shuffle=True, random_state=seed),
        method="decision_function",
    )


def lead_text(leads: Leads) -> pd.Series:
    """Each lead's words in one string: the dialogue, then the text features, a line each."""
    return leads.dialogue.str.cat(leads.features[list(leads.schema.features.text)], sep="\n")


def _encoder(train: Leads) -> FeatureEncoder:
    encoder = FeatureEncoder.fit(train)
    if not encoder.width:
        raise NotComputable("no fields: no numeric or categorical feature of the schema varies in the training part")
    return encoder


def _fit(
    name: str, train: Leads, calibration: Leads, words: TfidfVectorizer | None, fields: FeatureEncoder | None, seed: int
) -> LogisticScorer:
    best: tuple[float, LogisticScorer] | None = None
    unfitted = Platt(1.0, 0.0)
    # Few dense columns: second-order steps are exact and fast; thousands of sparse ones: no room for their Hessian.
    strengths, solver = (FIELD_STRENGTHS, "newton-cholesky") if words is None else (WORD_STRENGTHS, "lbfgs")
    shares = FIELD_SHARES if words is not None and fields is not None else (1.0,)
    for share in shares:
        draft = LogisticScorer(name, train.schema, words, fields, share, LogisticRegression(), unfitted)
        x, held_out = _columns(draft, train), _columns(draft, calibration)
        for strength in strengths:
            model = LogisticRegression(C=strength, solver=solver, max_iter=2000, random_state=seed)
            model.fit(x, train.converted)
            logit = model.decision_function(held_out)
            precision = float(average_precision_score(calibration.converted, logit))
            if best is None or precision > best[0]:
                platt = Platt.fit(logit, calibration.converted)
                best = (precision, replace(draft, model=model, platt=platt))
    assert best is not None
    return best[1]


def _columns(scorer: LogisticScorer, leads: Leads) -> sparse.csr_matrix | np.ndarray:
    if scorer.words is None:
        assert scorer.fields is not None
        return scorer.fields.transform(leads)
    words = scorer.words.transform(lead_text(leads))
    if scorer.fields is None:
        return words
    return sparse.hstack([words, sparse.csr_matrix(scorer.fields.transform(leads) * scorer.field_share)], format="csr")


def tf_idf(text: pd.Series, *, words: int, characters: int, **limits: int) -> TfidfVectorizer:
    """Counts n-grams of 1 to `words` words or, where the script of `text` writes no spaces, of 1 to `characters`
    characters. `limits`: `min_df` and `max_features` of scikit-learn. It is not fitted yet."""
    unspaced = is_unspaced(text)
    return TfidfVectorizer(
        analyzer="char" if unspaced else "word",
        ngram_range=(1, characters if unspaced else words),
        token_pattern=None if unspaced else r"(?u)\b\w+\b",
        sublinear_tf=True,
        dtype=np.float32,
        **limits,
    )


def is_unspaced(text: pd.Series) -> bool:
    """Whether most letters are Chinese or Japanese, judged by at most 2,000 leads spread over the part."""
    sample = "".join(text.iloc[:: max(1, len(text) // 2000)].str.slice(0, 2000))
    return 2 * len(_UNSPACED.findall(sample)) > len(_LETTERS.findall(sample))
