"""Both stages of a segmentation together: labels from rules, chances for each lead, a folder to keep them in.

    rules --> campaign / organic / low --> stage 1 --> P(engaged) ------------------.
                    |                                                               +--> campaign, organic, low
                    '--> engaged alone --> stage 2 --> P(campaign | engaged) -------'
                                              '--> line: from where on a missing label is filled in

Nothing in the folder is executed when it is read: tensors are safetensors, all else is JSON.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from core.data.features import FeatureEncoder
from core.data.leads import Leads
from core.data.schema import Schema, schema_from_dict, schema_to_dict
from core.data.segment_rules import SEGMENTS, Rules, inputs, rules_from_dict
from core.data.splitting import Parts, split_by_time
from core.errors import ConfigError, NotComputable, RunError
from core.missing_labels import Labelling, Line
from core.neural.segments import correction, three_classes
from core.neural.segments.correction import Correcting, Correction, Engaged, fit_correction
from core.neural.segments.perceptron import perceptron
from core.neural.segments.three_classes import ThreeClasses, fit_classes
from core.progress import Phase, Watch, nobody

FORMAT = 1
ENCODED_AT_ONCE = 100_000
"""Leads held as encoded fields at once when segments are assigned: 40 MB at a hundred columns."""


@dataclass(frozen=True, eq=False)
class Segmenter:
    """A fitted segmentation."""

    rules: Rules
    schema: Schema
    encoder: FeatureEncoder
    blind_encoder: FeatureEncoder
    """Of stage 2: without the columns that only tell whether a campaign could be seen."""
    stage1: ThreeClasses
    stage2: Correction

    def assign(self, leads: Leads, watch: Watch = nobody) -> pd.DataFrame:
        """Segments and chances, a row a lead in the order of `leads`.

        Columns: lead_id; observed, what the rules say (campaign, organic, low, "" unknown); segment, campaign, organic
        or low: of an engaged lead without a label by stage 2 and its line, of one whose engagement is unknown the
        likeliest; corrected, whether a missing label was filled in; p_campaign, p_organic, p_low, before anything is
        known of the lead's response; p_campaign_if_engaged; answer, what stage 2 ranks by.

        Raises:
            ConfigError: the leads lack columns that the rules ask for.
            ValidationError: they lack fields that were learned from.
        """
        phase, found = Phase("assign segments", watch), []
        for rows in _blocks(len(leads)):
            found.append(self._block(leads.take(rows)))
            phase.at(int(rows[-1]) + 1, len(leads))
        return pd.concat(found, ignore_index=True) if found else self._block(leads)

    def _block(self, leads: Leads) -> pd.DataFrame:
        observed = self.rules.labels(leads)
        chance = self.stage1.chances(self.encoder.transform(inputs(leads, self.rules)))
        answer = self.stage2.answers(self.blind_encoder.transform(inputs(leads, self.rules, blind=True)))
        campaign = self.stage2.labelling.positive(answer)
        engaged = 1 - chance[:, SEGMENTS.index("low")]
        p = np.column_stack([engaged * campaign, engaged * (1 - campaign), 1 - engaged])
        corrected = (observed == "organic") & (answer >= self.stage2.line.threshold) & (self.rules.arm(leads) != 0)
        likeliest = np.array(SEGMENTS, dtype=object)[p.argmax(axis=1)] if len(p) else observed
        segment = np.where(observed == "", likeliest, np.where(corrected, "campaign", observed))
        return pd.DataFrame(
            {
                "lead_id": leads.lead_id.to_numpy(dtype=object),
                "observed": observed,
                "segment": segment,
                "corrected": corrected,
                "p_campaign": p[:, 0],
                "p_organic": p[:, 1],
                "p_low": p[:, 2],
                "p_campaign_if_engaged": campaign,
                "answer": answer,
            }
        )


@dataclass(frozen=True, eq=False)
class Material:
    """Leads as stages 1 and 2 take them: labels by the rules, parts by time, fields encoded on the training part."""

    leads: Leads
    rules: Rules
    labels: np.ndarray
    parts: Parts
    encoder: FeatureEncoder
    blind_encoder: FeatureEncoder

    @staticmethod
    def of(leads: Leads, rules: Rules) -> Material:
        """Raises ConfigError, ValidationError, NotComputable: nothing to learn from, or leads that cannot be split."""
        gone = [name for name in rules.blind if name not in leads.schema.features.columns()]
        if gone:
            raise ConfigError(f"`blind` names fields of these leads, however: there is no '{gone[0]}'")
        labels = rules.labels(leads)
        counts = {name: int((labels == name).sum()) for name in SEGMENTS}
        if min(counts.values()) == 0:
            told = ", ".join(f"{name} {count:,}" for name, count in counts.items())
            raise NotComputable(f"the rules must find leads of each kind, however: {told}; look at their values")
        engaged = np.where(labels == "", np.nan, (labels != "low").astype(np.float64))
        parts = split_by_time(replace(leads, roles=leads.roles.assign(converted=engaged)))
        train = leads.take(parts.train)
        encoders = [FeatureEncoder.fit(inputs(train, rules, blind=blind)) for blind in (False, True)]
        if min(encoder.width for encoder in encoders) == 0:
            raise NotComputable("segments need a field that varies, however: none does beside those of the rules")
        return Material(leads, rules, labels, parts, *encoders)

    def encoded(self, rows: np.ndarray, *, blind: bool) -> np.ndarray:
        """Fields of these leads (n, T) fp32."""
        encoder, taken = self.blind_encoder if blind else self.encoder, self.leads.take(rows)
        return encoder.transform(inputs(taken, self.rules, blind=blind))

    def reached(self, rows: np.ndarray) -> np.ndarray:
        """Those of `rows` whom the campaign could bring: known not to be of the control arm."""
        return rows[self.rules.arm(self.leads.take(rows)) == 1]

    def engaged_rows(self, rows: np.ndarray) -> np.ndarray:
        """The reached and engaged among `rows`."""
        rows = self.reached(rows)
        return rows[np.isin(self.labels[rows], SEGMENTS[:2])]

    def engaged(self, rows: np.ndarray, hidden: np.ndarray | None = None) -> Engaged:
        """The reached and engaged among `rows`; the labels of `hidden` (all leads, bool) count as missing."""
        rows = self.engaged_rows(rows)
        label = (self.labels[rows] == "campaign").astype(np.int64)
        if hidden is not None:
            label[hidden[rows]] = 0
        return Engaged(self.encoded(rows, blind=True), label)


def fit_segmenter(
    material: Material, how: Correcting | None = None, *, seed: int = 0, watch: Watch = nobody
) -> Segmenter:
    """Fit both stages on the reached of the training part; the later slice stops, scales and draws the line.

    Raises:
        NotComputable: a segment is too small to be learned.
    """
    places = {name: number for number, name in enumerate(SEGMENTS)}
    parts = []
    for rows in (material.parts.train, material.parts.calibration):
        rows = material.reached(rows)
        label = np.array([places[name] for name in material.labels[rows]])
        parts.append(three_classes.Labelled(material.encoded(rows, blind=False), label))
    stage1 = fit_classes(parts[0], parts[1], names=SEGMENTS, seed=seed, watch=watch)
    train, later = (material.engaged(rows) for rows in (material.parts.train, material.parts.calibration))
    stage2 = fit_correction(train, later, how, seed=seed, watch=watch)
    return Segmenter(material.rules, material.leads.schema, material.encoder, material.blind_encoder, stage1, stage2)


def save_segmenter(folder: Path, segmenter: Segmenter, card: dict[str, Any]) -> None:
    """Write the folder; `card`: what is known about how good it is. Raises RunError where it is not empty."""
    if folder.exists() and any(folder.iterdir()):
        raise RunError(f"'{folder.name}' is not empty; give a new folder as --out")
    folder.mkdir(parents=True, exist_ok=True)
    stage1, stage2 = segmenter.stage1, segmenter.stage2
    tensors = {
        **{f"stage1.{name}": value for name, value in stage1.network.state_dict().items()},
        **{f"stage2.{name}": value for name, value in stage2.network.state_dict().items()},
        "scaling.weight": torch.from_numpy(stage1.weight),
        "scaling.bias": torch.from_numpy(stage1.bias),
        "labelling.scores": torch.from_numpy(np.asarray(stage2.labelling.scores, dtype=np.float64)),
        "labelling.rates": torch.from_numpy(np.asarray(stage2.labelling.rates, dtype=np.float64)),
    }
    save_file({name: value.contiguous() for name, value in tensors.items()}, folder / "networks.safetensors")
    line = asdict(stage2.line)
    sure = np.isfinite(stage2.line.threshold)
    document = {
        "format": FORMAT,
        "rules": segmenter.rules.to_dict(),
        "schema": schema_to_dict(segmenter.schema),
        "encoder": segmenter.encoder.to_dict(),
        "blind_encoder": segmenter.blind_encoder.to_dict(),
        "label_share": stage2.labelling.share,
        "telling": stage2.labelling.telling,
        "line": line if sure else {**line, "threshold": None, "precision": None},
        "log": list(stage2.log),
        "card": card,
    }
    part = folder / "segmenter.json.part"
    part.write_text(json.dumps(document, ensure_ascii=False, allow_nan=False), "utf-8")
    os.replace(part, folder / "segmenter.json")


def load_segmenter(folder: Path) -> tuple[Segmenter, dict[str, Any]]:
    """The segmenter of a folder and its card. Raises RunError where it is incomplete or altered."""
    try:
        document = json.loads((folder / "segmenter.json").read_text("utf-8"))
        tensors = load_file(folder / "networks.safetensors")
        if document["format"] != FORMAT:
            raise RunError(
                f"'{folder.name}' is of format {document['format']}, this version reads {FORMAT}; train again"
            )
        encoders = [FeatureEncoder.from_dict(document[name]) for name in ("encoder", "blind_encoder")]
        networks = [
            perceptron(encoder.width, widths, answers)
            for encoder, widths, answers in zip(
                encoders, (three_classes.WIDTHS, correction.WIDTHS), (len(SEGMENTS), 1), strict=True
            )
        ]
        for number, network in enumerate(networks, 1):
            own = {name.removeprefix(f"stage{number}."): value for name, value in tensors.items()}
            network.load_state_dict({name: own[name] for name in network.state_dict()})
        plain = {name: value.numpy() for name, value in tensors.items() if not name.startswith("stage")}
        line = document["line"]
        line = Line(
            float("inf") if line["threshold"] is None else line["threshold"],
            float("nan") if line["precision"] is None else line["precision"],
        )
        labelling = Labelling(
            plain["labelling.scores"], plain["labelling.rates"], float(document["label_share"]), document["telling"]
        )
        segmenter = Segmenter(
            rules_from_dict(document["rules"]),
            schema_from_dict(document["schema"]),
            encoders[0],
            encoders[1],
            ThreeClasses(networks[0].eval(), plain["scaling.weight"], plain["scaling.bias"]),
            Correction(networks[1].eval(), labelling, line, tuple(document["log"])),
        )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise RunError(f"'{folder.name}' holds no segmentation that can be read: {error}; train it again") from error
    return segmenter, document["card"]


def _blocks(n: int) -> Iterator[np.ndarray]:
    for start in range(0, n, ENCODED_AT_ONCE):
        yield np.arange(start, min(start + ENCODED_AT_ONCE, n))
