"""How the language model is computed: what changes time and memory, not what is learned.

attention   flash, flex: many leads in one row, none sees another; no padding        GPU
            sdpa: leads of about one length side by side, padded to the longest      GPU
            a processor reads each lead alone, whatever is set: as fast as any, and what is read of a lead is the
            same to the last bit whichever leads are read with it
precision   the language model's arithmetic; what learns (adapters, heads) always stays fp32. While bf16 learns, the
            weights of its frozen layers are kept in bf16; else they are fp32, of which each pass in bf16 makes copies
            as it goes: what has scored leads in bf16 explains them in fp32
"""

from __future__ import annotations

from dataclasses import dataclass

from core.bounds import Checked, setting


@dataclass(frozen=True)
class Engine(Checked):
    """How the language model is computed."""

    attention: str = setting(
        "auto",
        "How a GPU reads many leads at once: flash = packed without padding, in bf16; flex = packed in any precision, "
        "compiled at first; sdpa = sorted by length and padded; auto = flash where the GPU computes in bf16, else "
        "sdpa. A processor reads each lead alone.",
        choices=("auto", "sdpa", "flex", "flash"),
    )
    precision: str = setting(
        "auto",
        "Arithmetic of the language model: bf16 takes about half the time where the hardware computes in it, and half "
        "the memory of what learning keeps of a pass and of frozen layers; what learns stays in fp32. fp32 is exact, "
        "auto = bf16 there, else fp32.",
        choices=("auto", "fp32", "bf16"),
    )
    checkpointing: bool = setting(
        False, "Keep each layer's input alone and compute the layer again on the way back: less memory, a third slower."
    )
    compile: bool = setting(
        False, "On a GPU, compile the language model (torch.compile): pays over thousands of leads; a minute at first."
    )
    cache_gb: float = setting(
        20.0, "Most disk, in GB, for what the layers that do not learn say of the training leads; 0 = none.", low=0
    )
