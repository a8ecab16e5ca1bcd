"""Where fine-tuning stands, kept on disk: trained weights, optimiser and history of the last step that was saved."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor


@dataclass(frozen=True)
class Standing:
    """Where training stands: steps done, epochs done, the best epoch so far, running means, tokens held at once."""

    step: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    best: tuple[dict[str, float], dict[str, Tensor]] | None = None
    sums: dict[str, float] = field(default_factory=dict)
    budget: int = 0


class Checkpoint:
    """One file of safetensors and JSON, replaced as a whole."""

    def __init__(self, folder: Path, trainable: Mapping[str, Tensor], optimiser: torch.optim.Optimizer) -> None:
        self.folder, self.trainable, self.optimiser = folder, trainable, optimiser

    def save(self, at: Standing) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        tensors = {f"now/{name}": value.detach().cpu().contiguous() for name, value in self.trainable.items()}
        for name, value in self.trainable.items():
            for key, moment in self.optimiser.state.get(value, {}).items():
                tensors[f"optimiser/{key}/{name}"] = torch.as_tensor(moment).detach().cpu().contiguous()
        if at.best is not None:
            tensors |= {f"best/{name}": value.contiguous() for name, value in at.best[1].items()}
        best = at.best[0] if at.best else None
        said = {"step": at.step, "history": at.history, "best": best, "sums": at.sums, "budget": at.budget}
        save_file(tensors, self.folder / "step.part", metadata={"said": json.dumps(said)})
        os.replace(self.folder / "step.part", self.folder / "step.safetensors")

    def load(self) -> Standing:
        """Put weights and optimiser back as they were saved, and tell where that was: at the start without a file."""
        path = self.folder / "step.safetensors"
        if not path.exists():
            return Standing()
        tensors = load_file(path)
        with path.open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        said = json.loads(header["__metadata__"]["said"])
        with torch.no_grad():
            for name, value in self.trainable.items():
                value.copy_(tensors[f"now/{name}"])
                moments = {
                    key.split("/")[1]: kept
                    for key, kept in tensors.items()
                    if key.startswith("optimiser/") and key.split("/", 2)[2] == name
                }
                self.optimiser.state[value] = {
                    key: kept.clone() if key == "step" else kept.to(value.device) for key, kept in moments.items()
                }
        kept_best = {name[len("best/") :]: value for name, value in tensors.items() if name.startswith("best/")}
        best = (said["best"], kept_best) if said["best"] else None
        return Standing(said["step"], said["history"], best, said["sums"], said["budget"])
