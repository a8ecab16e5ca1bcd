"""Talks in English to learn from: put together from sentences, of log-normal length as benchmarks/padding.py has them.

In the last turn a customer who will order says so and another one puts it off; one in twenty says the other. A question
whether they will order ends the prompt, as in the product's.
"""

from __future__ import annotations

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from benchmarks.padding import dialogue_lengths
from core.data.prompts import Prompt
from core.funnel import PRESETS
from core.neural.lesson import Lesson

FUNNEL = PRESETS["automotive"]
TALK = (
    "Customer: How many seats does it have?",
    "Agent: It has five seats, and the boot takes two large suitcases.",
    "Customer: What does it use on the motorway?",
    "Agent: About six litres on a hundred kilometres.",
    "Customer: My brother drives the older model.",
    "Agent: The new one has a quieter cabin and a larger screen.",
    "Customer: Is the blue one on your yard now?",
    "Agent: The blue one stands in the second row, behind the office.",
    "Customer: I read about it in the newspaper last week.",
    "Agent: I can send you the brochure by mail.",
    "Customer: Where exactly is your house, near the station?",
    "Agent: Two streets from the station, next to the bakery.",
)
BUYS = (
    "Customer: I have decided, I will take the car, please send me the contract.",
    "Customer: The loan is approved and I want to sign this week.",
    "Customer: Please reserve it for me, I transfer the deposit today.",
)
WAITS = (
    "Customer: I have decided nothing yet, please do not send me a contract.",
    "Customer: The loan was refused and I cannot buy anything this year.",
    "Customer: Please do not reserve it for me, I bought another one today.",
)
QUESTION = "\nWill this customer order the car? Answer:"
WRONG = 0.05
"""Share of the customers who say what the others say: no model can know better than .95."""


def talks(leads: int, tokenizer: PreTrainedTokenizerBase, shorter: float, seed: int) -> Lesson:
    """Talks in which one sentence tells whether the customer orders; half of them do."""
    rng = np.random.default_rng((2, seed))
    converted = rng.permutation(np.arange(leads) % 2 == 0)
    prompts = []
    for orders, length in zip(converted, dialogue_lengths(leads, seed) / shorter, strict=True):
        told = BUYS if orders != (rng.random() < WRONG) else WAITS
        turns = [str(rng.choice(told))]  # the last one
        while sum(len(turn) for turn in turns) < 4 * length:  # about four letters a token
            turns.insert(int(rng.integers(len(turns))), str(rng.choice(TALK)))
        ids = np.array(tokenizer("\n".join(turns) + QUESTION)["input_ids"])
        prompts.append(Prompt(ids, 0, np.full(len(ids), -1), np.zeros((len(ids), 2), dtype=np.int64), (), 0))
    stage = np.where(converted, len(FUNNEL.stages) - 1, 0)
    return Lesson(prompts, torch.zeros(leads, 0), converted.astype(float), stage, np.full(leads, 60.0))
