"""AttnLRP: relevance handed back layer by layer, in one backward pass with changed rules.

    RMSNorm            x * factor(x)        the factor counts as a constant            (identity rule)
    silu(gate)         x * sigmoid(x)       the sigmoid counts as a constant           (identity rule)
    silu(gate) * up    a * b                half of the relevance to each              (uniform rule)
    attention * value  A V                  half to each                               (uniform rule)
    query * key        Q K^T                half of what reaches the scores to each    (uniform rule)
    softmax            its own gradient     Taylor's rule, the constant's share is lost
    linear             its own gradient     epsilon rule with epsilon = 0

Each rule only changes the gradient that flows through its step, so gradient x input under them is the relevance.

Source: Achtibat et al. 2024 (arXiv 2402.05602), for decoders built as Llama and Qwen2 are.
# DIFF: the input is the step away from the neutral lead, as for all our methods, not the embedding itself, whose
# relevance counts what any word would say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from core.errors import NotComputable
from core.neural.asllr import Reader
from core.neural.subject import Subject

HANDED_BACK = {"q_proj": 0.25, "k_proj": 0.25, "v_proj": 0.5}
"""Share of the gradient that each projection of attention hands back: halved at A V, and for two of them at Q K^T."""


def relevance(subject: Subject) -> np.ndarray:
    """Of every number of the subject's point, (L * H + T,).

    Raises:
        NotComputable: a language model that is built in another way.
    """
    if subject.prompt is None or subject.model.reader is None:
        return subject.gradient(1.0)[0]
    with rules(subject.model.reader):
        return subject.gradient(1.0)[0]


def known(reader: Reader) -> bool:
    """Whether the language model is built as the rules need it."""
    try:
        with rules(reader):
            return True
    except NotComputable:
        return False


@contextmanager
def rules(reader: Reader) -> Iterator[None]:
    """Backward passes follow AttnLRP's rules as long as this is open; forward passes give what they always give."""
    decoder = reader.model.get_decoder()
    changed: list[nn.Module] = []
    hooks = []
    try:
        for name, part in decoder.named_modules():
            kind, leaf = type(part).__name__, name.rpartition(".")[2]
            if kind.endswith("RMSNorm"):
                _replace(part, partial(_norm, part), changed, needs=("weight", "variance_epsilon"))
            elif leaf == "mlp":
                _replace(part, partial(_gated, part), changed, needs=("gate_proj", "up_proj", "down_proj", "act_fn"))
            elif leaf in HANDED_BACK:
                hooks.append(part.register_forward_hook(partial(_hand_back, share=HANDED_BACK[leaf])))
        if len(hooks) < len(HANDED_BACK) * len(decoder.layers) or len(changed) < 3 * len(decoder.layers):
            raise NotComputable(
                "AttnLRP knows decoders built as Llama and Qwen2 are, however: this language model is "
                f"{type(decoder).__name__}; take another method"
            )
        yield
    finally:
        for part in changed:
            part.__dict__.pop("forward", None)
        for hook in hooks:
            hook.remove()


def _replace(
    part: nn.Module, forward: Callable[[Tensor], Tensor], changed: list[nn.Module], needs: tuple[str, ...]
) -> None:
    if not all(hasattr(part, name) for name in needs):
        raise NotComputable(
            f"AttnLRP knows the parts of Llama and Qwen2, however: got {type(part).__name__}; take another method"
        )
    part.forward = forward
    changed.append(part)


def _norm(part: Any, x: Tensor) -> Tensor:
    kept = x.float()
    factor = torch.rsqrt(kept.pow(2).mean(-1, keepdim=True) + part.variance_epsilon).detach()
    return part.weight * (kept * factor).to(x.dtype)


def _gated(part: Any, x: Tensor) -> Tensor:
    gate = part.gate_proj(x)
    acted = part.act_fn(gate)
    # Where the gate is 0 the ratio is not defined, and nothing passes either way.
    ratio = torch.where(gate == 0, torch.zeros_like(gate), acted / gate).detach()
    return part.down_proj(_handing(gate * ratio * part.up_proj(x), 0.5))


def _hand_back(_part: nn.Module, _inputs: object, out: Tensor, share: float) -> Tensor:
    return _handing(out, share)


def _handing(x: Tensor, share: float) -> Tensor:
    """x, of whose gradient `share` goes back."""
    return x * share + (x * (1 - share)).detach()
