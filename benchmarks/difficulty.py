"""How hard the simulated leads are: what is possible at best, and what plain methods reach on later leads.

    python -m benchmarks.difficulty [--leads 4000] [--seed 7] [--base-rate 0.10] [--alignment 0.9]

The split is the product's own (by time, with the maturity gap, no customer on both sides), and so are the baselines.
The perfect reader knows what was said about each subject, however it was worded: the ceiling of any reading of the
dialogue.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from core.boosted.scorer import train_boosted
from core.data.features import FeatureEncoder
from core.data.leads import Leads
from core.data.simulation import Simulation, best_possible_auc, schema_for_sample, simulate
from core.data.splitting import split_by_time
from core.data.validation import validate
from core.metrics import auc
from core.scores import Scorer
from core.words import train_logistic, train_words


def difficulty(simulation: Simulation, seed: int = 0) -> pd.Series:
    """AUC on the test part by method, and the strongest single field and word over all mature leads."""
    leads, _ = validate(simulation.frame, schema_for_sample())
    truth = simulation.truth.set_index("lead_id").loc[leads.lead_id]
    parts = split_by_time(leads)
    train, calibration, test = leads.take(parts.train), leads.take(parts.calibration), leads.take(parts.test)
    learn = np.r_[parts.train, parts.calibration]
    figures: dict[str, float] = {
        "leads": len(leads), "trained on": len(train), "calibrated on": len(calibration), "tested on": len(test),
        "converted in the test part": int(test.converted.sum()),
    }  # fmt: skip
    probability = truth["probability"].to_numpy()[parts.test]
    figures["best possible, expected"] = best_possible_auc(probability)
    figures["best possible, as it fell"] = auc(test.converted, probability)
    baselines: dict[str, Callable[[], Scorer]] = {
        "fields: LightGBM, tuned": lambda: train_boosted(train, calibration, seed=seed),
        "fields: logistic regression": lambda: train_logistic(train, calibration, seed=seed),
        "words: TF-IDF + logistic regression": lambda: train_words(train, calibration, fields=False, seed=seed),
        "words and fields: TF-IDF + logistic regression": lambda: train_words(
            train, calibration, fields=True, seed=seed
        ),
    }
    for name, fit in baselines.items():
        figures[name] = auc(test.converted, fit().score(test).aligned(test.lead_id)["score"])
    said = truth.filter(like="said_").to_numpy(dtype=float)
    fields = FeatureEncoder.fit(leads.take(learn)).transform(leads)
    for name, x in {"perfect reader": said, "perfect reader and fields": np.hstack([said, fields])}.items():
        model = LogisticRegression(C=0.1, max_iter=2000).fit(x[learn], leads.converted[learn])
        figures[name] = auc(test.converted, model.decision_function(x[parts.test]))
    mature = leads.take(np.r_[learn, parts.test])
    for what, (name, value) in {"field": _strongest_field(mature), "word": _strongest_word(mature)}.items():
        figures[f"strongest single {what} ({name})"] = value
    return pd.Series(figures)


def _strongest_field(leads: Leads) -> tuple[str, float]:
    """AUC of one field in its better direction; a category counts by its own conversion rate, which flatters it."""
    best = ("", 0.5)
    for name in (*leads.schema.features.numeric, *leads.schema.features.categorical):
        values = leads.features[name]
        if name in leads.schema.features.categorical:
            values = values.map(pd.Series(leads.converted).groupby(values).mean())
        area = auc(leads.converted, values.fillna(values.median()))
        best = max(best, (name, max(area, 1 - area)), key=lambda pair: pair[1])
    return best


def _strongest_word(leads: Leads) -> tuple[str, float]:
    """AUC of one word's presence in its better direction, among words in 1% of the dialogues."""
    words = CountVectorizer(binary=True, min_df=0.01)
    present = words.fit_transform(leads.dialogue)
    won = leads.converted == 1
    area = 0.5 + np.abs(present[won].mean(axis=0).A1 - present[~won].mean(axis=0).A1) / 2
    return str(words.get_feature_names_out()[area.argmax()]), float(area.max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--base-rate", type=float, default=0.10)
    parser.add_argument("--alignment", type=float, default=0.9)
    args = parser.parse_args()
    figures = difficulty(simulate(args.leads, args.seed, base_rate=args.base_rate, alignment=args.alignment))
    for name, value in figures.items():
        print(f"{name!s:52s} {value:8.3f}" if value < 1 else f"{name!s:52s} {value:8.0f}")


if __name__ == "__main__":
    main()
