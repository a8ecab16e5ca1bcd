r"""What the click-through models share: fields embedded alike, a linear term, a deep part.

    x (n, T) --- each field's columns times its own weights ---.
                                                               +--> e (n, F, d) --> FM, CIN, cross, attention, deep part
    text (n, E) --------------- Linear -----------------------'

Source: one embedding per field as in DeepFM (arXiv 1703.04247), section 2.1; numbers as piecewise-linear embeddings
after Gorishniy et al. 2022 (arXiv 2203.05556); the text as one more dense field after asLLR (arXiv 2606.04387).
# DIFF: the papers' columns are 0/1 and sum to one in a field; ours are standardised, so each field has a bias: the
# embedding of the average lead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from core.errors import NotComputable

SPREAD = 0.1
"""Standard deviation of a field's embedding before training: small, so that sums over all pairs of fields start near 0
and the linear term leads. Source: ours."""


@dataclass(frozen=True)
class Fields:
    """Which field each column of x belongs to (`FeatureEncoder.groups`), and E, the width of the text; 0 = none.

    Raises NotComputable where there is neither a column nor a text.

    Example:
        >>> Fields((0, 0, 2), text=16).count
        3
    """

    groups: tuple[int, ...]
    text: int = 0

    def __post_init__(self) -> None:
        if not self.groups and not self.text:
            raise NotComputable(
                "a network needs a field that varies or a text, however: the leads have neither; name more features in "
                "the schema"
            )

    @property
    def count(self) -> int:
        """F: fields that have a column, and the text where there is one."""
        return len(set(self.groups)) + (self.text > 0)


class FieldEmbedding(nn.Module):
    """One embedding per field. Shape: x (n, T), text (n, E), both standardised -> (n, F, d), the text's last."""

    place: Tensor

    def __init__(self, fields: Fields, dimension: int) -> None:
        super().__init__()
        # Fields without a column leave gaps in the numbering.
        _, place, sizes = np.unique(fields.groups, return_inverse=True, return_counts=True)
        self.fields, self.dimension = fields, dimension
        self.register_buffer("place", torch.from_numpy(place))
        self.weight = _drawn(sizes[place], dimension)
        self.text_weight = _drawn(np.full(fields.text, fields.text), dimension)
        self.bias = nn.Parameter(SPREAD * torch.randn(fields.count, dimension))

    def forward(self, x: Tensor, text: Tensor) -> Tensor:
        parts = []
        if self.weight is not None:
            columns, own = len(self.place), self.fields.count - (self.fields.text > 0)
            # One product with zeros outside the blocks: faster than a loop over fields, however uneven they are.
            blocks = self.weight.new_zeros(columns, own, self.dimension)
            blocks = blocks.index_put((torch.arange(columns, device=x.device), self.place), self.weight)
            parts.append((x @ blocks.flatten(1)).unflatten(1, (own, self.dimension)))
        if self.text_weight is not None:
            parts.append((text @ self.text_weight)[:, None])
        return torch.cat(parts, dim=1) + self.bias


def _drawn(columns: np.ndarray, dimension: int) -> nn.Parameter | None:
    """(T, d), smaller where a field has more columns, so that fields wide and narrow begin alike. columns: (T,)."""
    if not columns.size:
        return None
    deviation = torch.from_numpy(SPREAD / np.sqrt(columns)).float()
    return nn.Parameter(deviation[:, None] * torch.randn(len(columns), dimension))


class FirstOrder(nn.Module):
    """The linear term w.x + b, zero before training; the text enters through its field alone. Shape: (n, T) -> (n,)."""

    def __init__(self, fields: Fields) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(len(fields.groups))) if fields.groups else None
        self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        return self.bias.expand(len(x)) if self.weight is None else x @ self.weight + self.bias


class Deep(nn.Sequential):
    """Hidden layers, each Linear, ReLU, dropout. Shape: (n, width) -> (n, out); no layer: out = width."""

    def __init__(self, width: int, hidden: Sequence[int], dropout: float) -> None:
        widths = [width, *hidden]
        layers: list[nn.Module] = []
        for ins, outs in zip(widths, hidden, strict=False):
            layers += [nn.Linear(ins, outs), nn.ReLU(), nn.Dropout(dropout)]
        super().__init__(*layers)
        self.out = widths[-1]
