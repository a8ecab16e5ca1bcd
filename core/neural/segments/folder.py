"""A segmentation in a folder: tensors are safetensors, all else is JSON, and nothing in it is executed when read."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from core.data.features import FeatureEncoder
from core.data.schema import schema_from_dict, schema_to_dict
from core.data.segment_rules import FORMAT, SEGMENTS, rules_from_dict
from core.errors import RunError
from core.missing_labels import Labelling, Line, Share
from core.neural.segments import correction, three_classes
from core.neural.segments.correction import Correction
from core.neural.segments.perceptron import perceptron
from core.neural.segments.segmenter import Segmenter
from core.neural.segments.three_classes import ThreeClasses

LABELLING = ("scores", "places", "curve", "doubt")
"""Tensors of a `Labelling`, in its order."""


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
        **{f"labelling.{name}": torch.from_numpy(getattr(stage2.labelling, name)) for name in LABELLING},
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
        "share": asdict(stage2.labelling.share),
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
        scores, places, curve, doubt = (plain[f"labelling.{name}"] for name in LABELLING)
        labelling = Labelling(scores, places, curve, doubt, Share(**document["share"]))
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
