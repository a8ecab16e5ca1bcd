"""TRL's RewardTrainer as a side of benchmarks/gpu.py: the same LoRA on the same weights, pair by pair."""

from __future__ import annotations

import contextlib
import copy
import gc
import sys
import tempfile

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification, TrainerCallback

from benchmarks.gpu_sides import LORA, Shape, moment
from benchmarks.scoring import random_prompts
from core.config import Config
from core.neural.backbones import TINY, load_backbone

PAIRS = 4
"""That TRL reads in a step; on a GPU doubled, where nothing else is asked for, until memory runs out."""


class Steps(TrainerCallback):
    """When each optimiser step ended."""

    def __init__(self, device: torch.device) -> None:
        self.device, self.ends = device, list[float]()

    def on_step_end(self, args, state, control, **kwargs):
        self.ends.append(moment(self.device))


class Trl:
    """TRL's RewardTrainer, which only trains, at the most pairs a step that fit; its first step is not counted."""

    def __init__(self, shape: Shape, lengths: np.ndarray, training: bool, config: Config, device: torch.device) -> None:
        self.lengths, self.device, self.shape = lengths, device, shape
        settings = copy.deepcopy(shape.model.config)
        settings.num_labels = 1
        self.model = AutoModelForSequenceClassification.from_config(settings, dtype=torch.float32)
        self.model.get_decoder().load_state_dict(shape.model.get_decoder().state_dict())
        self.ids = [prompt.ids.tolist() for prompt in random_prompts(lengths, settings.vocab_size, 0)]
        self.pairs = PAIRS

    @property
    def size(self) -> str:
        return f"{self.pairs} pairs a step"

    def timed(self, few: bool = False) -> tuple[np.ndarray, float]:
        if few and self.device.type == "cuda":
            self._grow()
        while True:
            try:
                return self._run(few)
            except torch.OutOfMemoryError:
                if self.pairs == 1:
                    raise
                self.pairs //= 2
            # Outside of the handler, which keeps the failed pass alive.
            gc.collect()
            torch.cuda.empty_cache()

    def _grow(self) -> None:
        """Twice as many pairs as long as the longest leads fit so often."""
        longest = np.argsort(-self.lengths)
        while 4 * self.pairs <= len(self.lengths):
            try:
                self.pairs *= 2
                self._run(True, longest)
            except torch.OutOfMemoryError:
                self.pairs //= 2
                break
        gc.collect()
        torch.cuda.empty_cache()

    def _run(self, few: bool, order: np.ndarray | None = None) -> tuple[np.ndarray, float]:
        from datasets import Dataset
        from peft import LoraConfig
        from trl import RewardConfig, RewardTrainer

        pairs = self.pairs
        steps = 2 if few else max(len(self.lengths) // (2 * pairs), 2)
        rows = np.resize(np.arange(len(self.lengths)) if order is None else order[: 2 * pairs], steps * 2 * pairs)
        ids = [self.ids[row] for row in rows]
        watch = Steps(self.device)
        # TRL prints its figures to stdout, where ours stand.
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
            arguments = RewardConfig(
                folder,
                per_device_train_batch_size=pairs,
                num_train_epochs=1,
                max_length=None,
                gradient_checkpointing=False,
                bf16=self.shape.dtype == torch.bfloat16,
                use_cpu=self.device.type == "cpu",
                logging_strategy="no",
                save_strategy="no",
                report_to="none",
                disable_tqdm=True,
            )
            trainer = RewardTrainer(
                copy.deepcopy(self.model),
                arguments,
                train_dataset=Dataset.from_dict({"chosen_ids": ids[::2], "rejected_ids": ids[1::2]}),
                processing_class=load_backbone(TINY).tokenizer,
                peft_config=LoraConfig(
                    task_type="SEQ_CLS", r=LORA.rank, lora_alpha=int(LORA.alpha), target_modules=self.shape.linear_names
                ),
                callbacks=[watch],
            )
            trainer.train()
        # Shuffled: the first step held an average share of the tokens.
        share = 1 - 1 / steps
        return self.lengths[rows][: round(len(rows) * share)], watch.ends[-1] - watch.ends[0]
