r"""asLLR: a language model reads one lead, three heads say how likely it is to order.

    prompt ids (B, L) --> backbone, first `depth` layers, LoRA --> hidden states (B, L, H)
                                                                       |
                    read-out: last token and / or mean over the lead's tokens, at one or several depths
                                                                       |
       last (B, H) ------------------.                        states (B, D)    tower (B, T) fields as numbers
            |                         \                               \          /
       LM head (H, V), frozen     + offset of the Yes and No rows    x (B, D + T), standardised
            |                         |                                |               |
       other (B,) = logsumexp     yes, no (B,)                 pointwise z (B,)   pairwise s (B,)
       of all other tokens            |                                |               |
            '--- semantic: next token "Yes" or "No"           P = sigmoid(z)    P(i > j) = sigmoid(s_i - s_j)

Source: asLLR and HPRO (arXiv 2606.04387), method section; head shapes also from the authors' code.
# DIFF: the mean over the lead's tokens may join the last token: on small data it carries more (own measurement).
# DIFF: heads read standardised states, so that one L2 strength fits all of them and LoRA can start from the probe.
# DIFF: the Yes and No rows get a learned offset: below full depth the LM head was never trained to read the state.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import linear
from transformers import PreTrainedModel

from core.engine import Engine
from core.errors import ConfigError
from core.neural.attention import packed


@dataclass(frozen=True)
class Encoded:
    """What the language model says about leads. Shapes: states (n, D), last (n, H), yes, no, other (n,), all fp32."""

    states: Tensor
    last: Tensor
    yes: Tensor
    no: Tensor
    other: Tensor

    def __len__(self) -> int:
        return len(self.yes)

    def rows(self, index: Tensor) -> Encoded:
        """The leads at `index`."""
        return Encoded(*(getattr(self, name)[index] for name in self.__dataclass_fields__))

    @staticmethod
    def empty(n: int, device: torch.device | str = "cpu") -> Encoded:
        """Leads that no language model reads: width zero, and a semantic head that knows only its offset."""
        wide, flat = torch.zeros(n, 0, device=device), torch.zeros(n, device=device)
        return Encoded(wide, wide, flat, flat, torch.full((n,), -30.0, device=device))


@dataclass(frozen=True)
class Outputs:
    """The heads' answers, each (n,), fp32: pointwise `logit`, ranking `score`, Yes / No / other-token logits."""

    logit: Tensor
    score: Tensor
    yes: Tensor
    no: Tensor
    other: Tensor

    def as_dict(self) -> dict[str, Tensor]:
        """By name, for code that treats all outputs alike."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


class Standardise(nn.Module):
    """x -> (x - mean) / scale with fixed statistics of the training part. Shape: (n, width) -> (n, width)."""

    mean: Tensor
    scale: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))

    def fit(self, x: Tensor) -> None:
        """Take mean and standard deviation from x (n, width); constant columns keep scale 1."""
        if x.shape[1]:
            deviation = x.std(dim=0, correction=0)
            self.mean.copy_(x.mean(dim=0))
            self.scale.copy_(torch.where(deviation > 1e-6, deviation, torch.ones_like(deviation)))

    def forward(self, x: Tensor) -> Tensor:
        return (x.float() - self.mean) / self.scale


class RowByRow(nn.Linear):
    """A linear layer that, where nothing learns, says of a row the same to the last bit whatever rows stand beside it:
    a matrix product adds up in an order that depends on how many there are."""

    def forward(self, input: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            return super().forward(input)
        blocks = input.split(max(1, 2**22 // max(1, self.weight.numel())))
        return torch.cat([(block[:, None] * self.weight).sum(dim=-1) for block in blocks]) + self.bias


def _head(width: int, kind: str) -> nn.Module:
    if kind == "linear":
        head: nn.Module = RowByRow(width, 1)
        nn.init.zeros_(head.weight)  # type: ignore[arg-type]
        nn.init.zeros_(head.bias)  # type: ignore[arg-type]
        return head
    return nn.Sequential(RowByRow(width, 128), nn.GELU(), nn.Dropout(0.5), RowByRow(128, 1))


class Heads(nn.Module):
    """Pointwise, pairwise and semantic heads over what was read off. Always fp32.

    Args:
        state_width: D, width of the read-out; 0 where no language model reads the lead.
        last_width: H, width of the last token's state; 0 likewise.
        tower_width: T, width of the encoded fields; 0 where fields go through the prompt alone.
        kind: `linear` (paper) or `two-layer` (authors' code: 128 units, GELU, dropout 0.5).
    """

    def __init__(self, state_width: int, last_width: int, tower_width: int, kind: str = "linear") -> None:
        super().__init__()
        self.widths = (state_width, last_width, tower_width)
        self.of_states = Standardise(state_width)
        self.of_last = Standardise(last_width)
        self.pointwise = _head(state_width + tower_width, kind)
        self.pairwise = _head(state_width + tower_width, kind)
        # Without a language model it has nothing to read, of which the usual start would warn.
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Initializing zero-element tensors")
            self.semantic_offset = RowByRow(last_width, 2)
        nn.init.zeros_(self.semantic_offset.weight)
        nn.init.zeros_(self.semantic_offset.bias)

    def features(self, encoded: Encoded, tower: Tensor) -> Tensor:
        """x (n, D + T): standardised states beside the encoded fields."""
        return torch.cat([self.of_states(encoded.states), tower.float()], dim=1)

    def forward(self, encoded: Encoded, tower: Tensor) -> Outputs:
        # Under autocast a linear layer answers in bf16, which rounds small differences of scores away.
        with torch.autocast(tower.device.type, enabled=False):
            x = self.features(encoded, tower)
            offset = self.semantic_offset(self.of_last(encoded.last))
            return Outputs(
                self.pointwise(x).squeeze(1),
                self.pairwise(x).squeeze(1),
                encoded.yes + offset[:, 0],
                encoded.no + offset[:, 1],
                encoded.other,
            )


class Reader(nn.Module):
    """The language model and its read-out: token ids in, `Encoded` out.

    Args:
        model: a transformers causal language model, with or without LoRA layers injected.
        yes_no: token ids of "Yes" and "No".
        readout: `last`, `mean` or `both`.
        layers: depths to read off, counted from 1; empty = the deepest.
        engine: how it is computed; `core.neural.plans.prepare` sees to it.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        yes_no: tuple[int, int],
        readout: str,
        layers: tuple[int, ...] = (),
        engine: Engine | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.engine = engine or Engine()
        self.yes_no = yes_no
        self.readout = readout
        self.layers = layers
        config = model.config
        deepest = config.num_hidden_layers
        if any(layer > deepest for layer in layers):
            raise ConfigError(f"readout_layers must be at most the depth {deepest}, however: got={list(layers)}")
        self.hidden = int(config.hidden_size)
        self.width = self.hidden * max(len(layers), 1) * (2 if readout == "both" else 1)

    def forward(self, ids: Tensor, lengths: Tensor, body: Tensor, embeddings: Tensor | None = None) -> Encoded:
        """Read right-padded prompts, or prompts one behind another in one row.

        Args:
            ids: (B, L) token ids; what stands beyond a lead's length never reaches it, since attention is causal. Or
                (1, T), more leads than rows: each sees itself alone.
            lengths: (B,) tokens of each prompt.
            body: (B,) first token that belongs to the lead rather than to the instruction.
            embeddings: (B, L, H) in place of the ids' own, for gradients.
        """
        source: dict[str, object] = {"input_ids": ids} if embeddings is None else {"inputs_embeds": embeddings}
        if len(lengths) > len(ids):
            source |= packed(lengths, ids.shape[1])
        return self.read_off(self.states(**source, use_cache=False), lengths, body)

    def states(self, **source: object) -> tuple[Tensor, ...]:
        """Normed hidden states at each depth that is read off, then those of the last layer: (B, L, H) each.

        `source`: what the decoder takes, such as input_ids.
        """
        decoder = self.model.get_decoder()
        out = decoder(**source, output_hidden_states=bool(self.layers))
        deepest = out.last_hidden_state
        depth = self.model.config.num_hidden_layers
        picked = (deepest if at == depth else decoder.norm(out.hidden_states[at]) for at in self.layers)
        return *picked, deepest

    def read_off(self, states: tuple[Tensor, ...], lengths: Tensor, body: Tensor) -> Encoded:
        """What heads get of `states` as `self.states` gives them, for whole prompts."""
        *picked, deepest = states
        last_token, share = _places(lengths, body, *deepest.shape[:2])
        head = self.model.get_output_embeddings()
        last = deepest.flatten(0, 1)[last_token]
        others = head(last).float()
        others[:, list(self.yes_no)] = float("-inf")
        # In bf16 a mean loses small differences, and Yes and No come in steps too coarse to order leads by.
        with torch.autocast(deepest.device.type, enabled=False):
            blocks = []
            for hidden in picked or [deepest]:
                if self.readout in ("last", "both"):
                    blocks.append(hidden.flatten(0, 1)[last_token].float())
                if self.readout in ("mean", "both"):
                    # A sum rather than a product where a row is a lead: threads then do not change its last bits.
                    wide = hidden.float()
                    blocks.append((wide * share).sum(dim=1) if share.ndim == 3 else share @ wide[0])
            answers = list(self.yes_no)
            bias = None if head.bias is None else head.bias[answers].float()
            yes, no = linear(last.float(), head.weight[answers].float(), bias).unbind(dim=1)
        return Encoded(torch.cat(blocks, dim=1), last.float(), yes, no, others.logsumexp(dim=1))


def _places(lengths: Tensor, body: Tensor, rows: int, width: int) -> tuple[Tensor, Tensor]:
    """Each lead's last token among all tokens of the pass (B,), and the share that each token of the pass has in its
    mean: (B, L, 1) where a row is a lead, (B, T) where one row holds all."""
    packed_row = len(lengths) > rows
    start = lengths.cumsum(0) - lengths if packed_row else torch.zeros_like(lengths)
    token = torch.arange(width, device=lengths.device)
    inside = ((token >= (start + body)[:, None]) & (token < (start + lengths)[:, None])).float()
    share = inside / inside.sum(dim=1, keepdim=True)
    if packed_row:
        return start + lengths - 1, share
    return torch.arange(rows, device=lengths.device) * width + lengths - 1, share[:, :, None]


class AsLLR(nn.Module):
    """Reader and heads together; `reader` is None for a model that reads fields alone."""

    def __init__(self, reader: Reader | None, heads: Heads) -> None:
        super().__init__()
        self.reader = reader
        self.heads = heads

    def forward(
        self, ids: Tensor, lengths: Tensor, body: Tensor, tower: Tensor, embeddings: Tensor | None = None
    ) -> Outputs:
        """Shapes: ids (B, L), lengths and body (B,), tower (B, T); embeddings as for `Reader`."""
        if self.reader is None:
            return self.heads(Encoded.empty(len(tower), tower.device), tower)
        return self.heads(self.reader(ids, lengths, body, embeddings), tower)
