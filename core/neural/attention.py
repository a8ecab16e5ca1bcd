"""Attention over leads that stand one behind another in one row, each of which sees itself alone.

    row       a a a a a b b c c c c .     (1, T) tokens; . fills the row up
    ends      0         5   7       11 12 (leads + 1,), what FlashAttention takes as cu_seq_lens
    position  0 1 2 3 4 0 1 0 1 2 3 0     (1, T)

A GPU computes it in bf16 with the FlashAttention kernel that torch brings along. Elsewhere each lead goes through
scaled_dot_product_attention by itself, which is the same to rounding. What is not packed goes there too.
"""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention.varlen import varlen_attn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

DROPPED = re.compile("att.*drop")
"""What models call a share of the attention that they drop while they learn: attention_dropout, attn_pdrop."""
LEADS = "leads"
"""What this attention is called among those that transformers knows."""


def packed(lengths: Tensor, width: int) -> dict[str, Any]:
    """What a decoder needs to know of leads of these lengths (B,) in one row of `width` tokens."""
    ends = torch.cat([lengths.new_zeros(1), lengths.cumsum(0)])
    if int(ends[-1]) < width:
        ends = torch.cat([ends, ends.new_full((1,), width)])
    sizes = ends.diff()
    longest, cuts = int(sizes.max()), ends.to(torch.int32)
    return {
        "position_ids": (torch.arange(width, device=lengths.device) - ends[:-1].repeat_interleave(sizes))[None],
        "cu_seq_lens_q": cuts,
        "cu_seq_lens_k": cuts,
        "max_length_q": longest,
        "max_length_k": longest,
    }


def attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    cu_seq_lens_q: Tensor | None = None,
    max_length_q: int = 0,
    **more: Any,
) -> tuple[Tensor, None]:
    """Attention as transformers calls it.

    Shapes: query (1, heads, T, width), key and value (1, key-value heads, T, width); answer (1, T, heads, width).
    """
    if cu_seq_lens_q is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **more)
    shared = query.shape[1] != key.shape[1]
    # Turned in fp32, the queries and keys of a model under autocast are wider than its values.
    query, key = query.to(value.dtype), key.to(value.dtype)
    if value.is_cuda and value.dtype != torch.float32:
        q, k, v = (part[0].transpose(0, 1).contiguous() for part in (query, key, value))
        cuts, longest = cu_seq_lens_q, max_length_q
        causal = (-1, 0)
        said = varlen_attn(q, k, v, cuts, cuts, longest, longest, scale=scaling, window_size=causal, enable_gqa=shared)
        assert isinstance(said, Tensor)
        return said[None], None
    sizes = cu_seq_lens_q.diff().tolist()
    leads = zip(query.split(sizes, dim=2), key.split(sizes, dim=2), value.split(sizes, dim=2), strict=True)
    each = [
        scaled_dot_product_attention(q, k, v, is_causal=True, scale=scaling, enable_gqa=shared) for q, k, v in leads
    ]
    return torch.cat(each, dim=2).transpose(1, 2), None


def _mask(*, q_length: int, kv_length: int, attention_mask: Tensor | None = None, **more: Any) -> Tensor | None:
    """None for whole prompts, packed or not, whose bounds `attend` knows; else as usual."""
    if q_length == kv_length and attention_mask is None:
        return None
    return sdpa_mask(q_length=q_length, kv_length=kv_length, attention_mask=attention_mask, **more)


AttentionInterface.register(LEADS, attend)
AttentionMaskInterface.register(LEADS, _mask)


def packs(config: Any) -> bool:
    """Whether every layer of the language model sees the whole lead and drops nothing, as packing needs."""
    windows = getattr(config, "layer_types", None) or ["full_attention"]
    window = getattr(config, "sliding_window", None) if getattr(config, "use_sliding_window", True) else None
    dropped = any(value for name, value in config.to_dict().items() if DROPPED.search(name))
    return set(windows) == {"full_attention"} and window is None and not dropped
