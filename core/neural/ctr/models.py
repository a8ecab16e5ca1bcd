"""The six click-through models by key, and how they learn and answer: the outcome alone, by its log odds."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.neural.ctr.autoint import AutoInt
from core.neural.ctr.dcn import DCN
from core.neural.ctr.dcn_v2 import DCNV2
from core.neural.ctr.deepfm import DeepFM
from core.neural.ctr.wide_deep import WideDeep
from core.neural.ctr.xdeepfm import XDeepFM
from core.neural.hpro import pointwise_loss
from core.neural.networks import Part

CTR: dict[str, type[WideDeep | DeepFM | XDeepFM | DCN | DCNV2 | AutoInt]] = {
    "wide_deep": WideDeep,
    "deepfm": DeepFM,
    "xdeepfm": XDeepFM,
    "dcn": DCN,
    "dcn_v2": DCNV2,
    "autoint": AutoInt,
}
"""Each is made by `(fields, recipe)`."""


def click_loss(network: nn.Module, part: Part) -> Tensor:
    """Binary cross-entropy, mean over the leads of known outcome; a zero with a graph where there is none."""
    return pointwise_loss(network(part.x, part.text), torch.from_numpy(part.converted))


def click_answer(network: nn.Module, part: Part) -> Tensor:
    """Logits of conversion, (n,)."""
    return network(part.x, part.text)
