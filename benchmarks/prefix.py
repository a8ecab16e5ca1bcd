"""Fine-tuning the last layers: frozen layers run once and kept on disk, against each epoch reading the whole model.

The same leads, adapters, batches and seeds, by `core.neural.tuning.tune`; training and validation both count, and the
one pass over the frozen layers counts too. Seconds are processor time. Figures of validation must agree.

    python -m benchmarks.prefix [--backbone smollm2-135m] [--depth 12] [--last 3] [--leads 60] [--epochs 3] [--json]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.config import PRESETS, Config, with_settings
from core.data.leads import Leads
from core.data.simulation import schema_for_sample, simulate
from core.data.validation import validate
from core.neural.asllr import AsLLR, Heads
from core.neural.checkpoints import add_lora
from core.neural.material import Material
from core.neural.scorer import Answers, pick_device
from core.neural.tuning import Course, figures, tune
from core.progress import nobody


def made(config: Config, leads: Leads, train: int, work: Path) -> tuple[AsLLR, Course]:
    """A model and what it is to learn; the leads after the first `train` validate."""
    rows, later = np.arange(train), np.arange(train, len(leads))
    material = Material(leads, rows, later, config, work, nobody)
    reader = material.reader()
    torch.manual_seed(config.seed)
    add_lora(reader.model, config)
    heads = Heads(reader.width, reader.hidden, material.encoder.width)
    lesson, after = (material.lesson(part, config.fields) for part in (rows, later))
    return AsLLR(reader, heads), Course(lesson, after, material.pairing, config, work)


def tuned(config: Config, leads: Leads, train: int) -> tuple[float, Answers, Course]:
    """Processor seconds of a fine-tuning and its answers on the later leads."""
    with tempfile.TemporaryDirectory() as folder:
        model, course = made(config, leads, train, Path(folder))
        start = time.process_time()
        answers, _ = tune(model, course, pick_device("cpu"), nobody)
        return time.process_time() - start, answers, course


def measure(backbone: str, depth: int, last: Sequence[int], leads: int, epochs: int, seed: int) -> dict[str, Any]:
    """Seconds and validation by number of layers that learn, with and without states kept."""
    rows = []
    told = simulate(leads + leads // 2, seed, base_rate=0.3).frame
    found, _ = validate(told, schema_for_sample())
    for layers in last:
        settings = [
            f"backbone={backbone}",
            f"depth={depth}",
            f"lora.last_layers={layers}",
            f"epochs={epochs}",
            f"patience={epochs}",
            f"seed={seed}",
            "fields=tower",
            "max_tokens=160",
            "batch_leads=16",
            "device=cpu",
        ]
        config = with_settings(PRESETS["cpu-quick"], settings)
        seconds, answers, course = tuned(config, found, leads)
        without, whole, _ = tuned(with_settings(config, ["engine.cache_gb=0"]), found, leads)
        rows.append(
            {
                "last_layers": layers,
                "seconds": seconds,
                "seconds_without": without,
                "ratio": without / seconds,
                "validation": figures(answers, course.later.converted)["auc"],
                "validation_without": figures(whole, course.later.converted)["auc"],
                "largest_difference": float(np.abs(answers.score - whole.score).max()),
            }
        )
    return {"backbone": backbone, "depth": depth, "leads": leads, "epochs": epochs, "rows": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", default="smollm2-135m")
    parser.add_argument("--depth", type=int, default=12)
    parser.add_argument("--last", type=int, nargs="+", default=[2, 4], help="deepest layers that learn")
    parser.add_argument("--leads", type=int, default=60, help="to learn from; half as many validate")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--smoke", action="store_true", help="tiny: only to see that it runs")
    asked = parser.parse_args()
    if asked.smoke:
        asked.backbone, asked.depth, asked.last, asked.leads, asked.epochs = "tiny", 2, [1], 24, 1
    result = measure(asked.backbone, asked.depth, asked.last, asked.leads, asked.epochs, asked.seed)
    if asked.json:
        print(json.dumps(result))
        return
    told = f"{result['leads']} leads, {result['epochs']} epochs of LoRA"
    print(f"{told} on the last layers of {result['backbone']}, {result['depth']} layers deep")
    for row in result["rows"]:
        print(
            f"last {row['last_layers']:>2}: {row['seconds']:7.1f} s, without {row['seconds_without']:7.1f} s, "
            f"{row['ratio']:.2f} times; validation AUC {row['validation']:.4f} and {row['validation_without']:.4f}, "
            f"scores at most {row['largest_difference']:.1e} apart"
        )


if __name__ == "__main__":
    main()
