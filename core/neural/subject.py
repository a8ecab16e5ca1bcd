"""One lead under one head, as gradients, occlusion and their kin see it.

    prompt --> tokens (L) --> embeddings (L, H) --.
       |           '-- of_token (L): its unit      +--> point (1, L * H + T) --> F(point), the logit of one head
       |                                          |
    tower (T), fields as numbers -----------------'
                   '-- of_column (T): its unit

    unit = a field (the tokens of its value and its columns of the tower, together) or a turn
    left out = its tokens replaced by a neutral one, its columns 0, which is the training mean

Structure (instruction, field names, speakers, question) belongs to no unit and is never touched. A turn or field left
out thus keeps its place and length, so nothing else moves: the same removal is used in every figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from core.data.leads import Leads
from core.data.prompts import Part, Prompt
from core.errors import ConfigError
from core.neural.asllr import AsLLR, Encoded, Outputs
from core.neural.batches import collate
from core.neural.passes import checkpoints, frozen, most_bytes, rows_at_once, token_bytes
from core.neural.scorer import NeuralScorer
from core.neural.states import token_budget
from core.neural.units import units_of

Answer = Callable[[Outputs], Tensor]
HEADS: dict[str, Answer] = {
    "pointwise": lambda said: said.logit,
    "pairwise": lambda said: said.score,
}
"""What is explained: always a logit. A probability saturates, and contributions would no longer add up to anything."""
NEUTRAL = (",", ";", ".", "-", "?", " and", " the", " of")
"""What may stand for words not said: the one is taken with which the neutral lead scores nearest to the average lead.
With one and the same for all, every word would carry what is odd about that one: on SmolLM2 at depth 12 the neutral
lead's score lies anywhere from -1.5 to 5.9, where the average is 0.5 and the deviation 3.6.
# DIFF: method 5.2 names the padding token and the mean embedding. Along the line from either of them the logit swings
by 11 in all, from a comma by 4; 32 steps come within 2% here, 64 leave 43% there. Source: measured, 4 leads.
The second baseline is therefore the token that scores next nearest.
"""


@dataclass(frozen=True)
class Neutral:
    """A neutral lead: what stands for words not said, "" where none are read, and the logit of that lead."""

    text: str
    token: int
    logit: float


@dataclass
class Passes:
    """Times that the lead was read, from its first token to its last: forwards, and backwards."""

    forward: int = 0
    backward: int = 0


@dataclass(frozen=True, eq=False)
class Subject:
    """One lead under one head. Made by `looking_at`, and of use as long as that is open.

    `words` (L, H) are the embeddings of its tokens, `tower` (1, T) its fields as numbers; L is 0 where nothing is read.
    """

    model: AsLLR
    head: str
    lead: Leads
    prompt: Prompt | None
    words: Tensor
    tower: Tensor
    units: tuple[Part, ...]
    of_token: np.ndarray
    of_column: np.ndarray
    logit: float
    neutrals: tuple[Neutral, ...]
    """Nearest to the average lead first."""
    passes: Passes

    @property
    def neutral(self) -> Neutral:
        """The baseline."""
        return self.neutrals[0]

    @property
    def side(self) -> float:
        """1 where the lead lies above the neutral one, else -1: which way its strongest reasons point."""
        return 1.0 if self.logit >= self.neutral.logit else -1.0

    def among(self, texts: Sequence[str]) -> Subject:
        """The same lead with these texts alone to choose the baselines from, unless nothing is read."""
        return replace(self, neutrals=tuple(one for one in self.neutrals if one.text in ("", *texts)))

    def against_second(self) -> Subject:
        """The same lead against the second baseline. Raises ConfigError where there is one baseline alone."""
        if len(self.neutrals) < 2:
            raise ConfigError("a second baseline needs two neutral tokens and text, however: there is one")
        return replace(self, neutrals=self.neutrals[1:])

    def unread(self) -> Subject:
        """The same lead with nothing read yet, and its own count of passes."""
        return replace(self, passes=Passes())

    def moved(self, by: Tensor) -> Subject:
        """The lead with the embeddings of its tokens moved by `by` (L, H), and with the logit that it then has."""
        moved = replace(self, words=self.words + by)
        return replace(moved, logit=float(moved.logits(np.ones((1, len(self.units)), dtype=bool))[0]))

    @property
    def text_units(self) -> np.ndarray:
        """Which units have tokens, (units,) bool: to leave those out, the text is read again."""
        return np.isin(np.arange(len(self.units)), self.of_token)

    def ends(self) -> tuple[Tensor, Tensor]:
        """The neutral lead and this one as points, each (1, L * H + T)."""
        told = torch.zeros_like(self.tower)
        blank = self._said(np.zeros((1, len(self.units)), dtype=bool))
        return torch.cat([blank.flatten(1), told], dim=1), torch.cat([self.words[None].flatten(1), self.tower], dim=1)

    def __call__(self, points: Tensor) -> Tensor:
        """F of points (n, L * H + T), shape (n,), with a graph where they ask for one."""
        width = self.tower.shape[1]
        words, tower = points.split([points.shape[1] - width, width], dim=1)
        return self._answer(self._read(words.reshape(len(points), *self.words.shape)), tower)

    def gradient(self, at: float) -> tuple[np.ndarray, float]:
        """(x - b) * grad F at the point `at` of the line from the neutral lead (0) to this one (1), and F there.

        Shape (L * H + T,), float64: one forward and one backward pass.
        """
        start, end = self.ends()
        point = (start + at * (end - start)).requires_grad_(True)
        answer = self(point)
        (slope,) = torch.autograd.grad(answer.sum(), point)
        self.passes.backward += 1
        return ((end - start) * slope)[0].detach().double().cpu().numpy(), float(answer.detach())

    def by_place(self, gained: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What each number of the point gained, (L * H + T,), by token (L,) and by column of the tower (T,)."""
        cut = len(gained) - self.tower.shape[1]
        return gained[:cut].reshape(self.words.shape).sum(axis=1), gained[cut:]

    def by_unit(self, gained: np.ndarray) -> np.ndarray:
        """What each number of the point gained, (L * H + T,), by unit (units,)."""
        tokens, columns = self.by_place(gained)
        told = self.of_token >= 0
        sums = np.bincount(self.of_token[told], tokens[told], len(self.units))
        return sums + np.bincount(self.of_column, columns, len(self.units))

    def logits(self, keep: np.ndarray) -> np.ndarray:
        """F of the lead with the units left out that `keep` (n, units) does not keep. Shape (n,), float64.

        The text is read once for each set of kept text units; fields of the tower alone cost no reading.
        """
        if not len(keep):
            return np.zeros(0)
        sets, row = np.unique(keep & self.text_units, axis=0, return_inverse=True)
        keys = [one.tobytes() for one in sets]
        new = [number for number, key in enumerate(keys) if key not in self._states]
        for part in np.array_split(np.array(new, dtype=np.int64), -(-len(new) // self._rows) or 1) if new else ():
            with torch.no_grad():
                read = self._read(self._said(sets[part]))
            for place, number in enumerate(part.tolist()):
                self._states[keys[number]] = read.rows(torch.tensor([place], device=self.tower.device))
        names = Encoded.__dataclass_fields__
        states = Encoded(*(torch.cat([getattr(self._states[key], name) for key in keys]) for name in names))
        told = torch.from_numpy(keep[:, self.of_column].reshape(len(keep), -1)).to(self.tower.device)
        with torch.no_grad():
            rows = states.rows(torch.from_numpy(row.reshape(-1)).to(self.tower.device))
            return self._answer(rows, self.tower * told).double().cpu().numpy()

    @cached_property
    def _states(self) -> dict[bytes, Encoded]:
        """What was read so far, by the set of kept text units."""
        return {}

    @cached_property
    def _rows(self) -> int:
        """Leads of this length in one forward pass."""
        reader = self.model.reader
        if reader is None or self.prompt is None:
            return 4096
        return max(token_budget(reader, self.tower.device) // len(self.prompt), 1)

    def _said(self, keep: np.ndarray) -> Tensor:
        """Embeddings (n, L, H) with the tokens of units that are not kept replaced by the neutral one."""
        if self.prompt is None or self.model.reader is None:
            return self.words.expand(len(keep), *self.words.shape)
        # Structure, -1, looks into the column that is added last, and is always kept.
        kept = np.concatenate([keep, np.ones((len(keep), 1), dtype=bool)], axis=1)[:, self.of_token]
        blank = embedded(self.model, np.array([self.neutral.token]), self.tower.device)
        return torch.where(torch.from_numpy(kept).to(self.tower.device)[:, :, None], self.words, blank)

    def _read(self, words: Tensor) -> Encoded:
        """What the language model says of embeddings (n, L, H)."""
        if self.prompt is None or self.model.reader is None:
            return Encoded.empty(len(words), self.tower.device)
        self.passes.forward += len(words)
        batch = collate([self.prompt] * len(words), self.tower.device)
        return self.model.reader(batch.ids, batch.lengths, batch.body, words)

    def _answer(self, encoded: Encoded, tower: Tensor) -> Tensor:
        return HEADS[self.head](self.model.heads(encoded, tower))


@contextmanager
def looking_at(
    scorer: NeuralScorer, leads: Leads, lead_id: str, *, head: str = "pairwise", neutrals: Sequence[str] = NEUTRAL
) -> Iterator[Subject]:
    """The lead under `head`, read as the run reads it; the model does not learn as long as this is open.

    Args:
        head: `pointwise` or `pairwise`.
        neutrals: what may stand for words not said; one alone fixes it.

    Raises:
        LeadRankError: there is no lead of this id.
        ConfigError: an unknown head, or no neutral token.
    """
    if head not in HEADS:
        raise ConfigError(f"head must be one of {', '.join(HEADS)}, however: got={head!r}")
    if not neutrals:
        raise ConfigError("neutrals must name at least one token, however: got=()")
    lead = scorer.as_read(leads.take(np.array([leads.row_of(lead_id)])))
    reader, prompt, words = scorer.model.reader, None, torch.zeros(0, 0, device=scorer.device)
    tokens = {"": 0}
    tower = torch.from_numpy(scorer.tower(lead)).to(scorer.device)
    with ExitStack() as stack:
        model = stack.enter_context(frozen(scorer.model.to(scorer.device)))
        if reader is not None and scorer.writer is not None:
            prompt = scorer.writer.write(lead)[0]
            # The last token, for some tokenizers put a blank before.
            written = scorer.writer.tokenize(list(neutrals))[0]
            tokens = {text: ids[-1] for text, ids in zip(neutrals, written, strict=True)}
            words = embedded(model, prompt.ids, scorer.device)
            if len(prompt) * token_bytes(reader) > most_bytes(scorer.device):
                stack.enter_context(checkpoints(reader))
        units, of_token, of_column = units_of(scorer, lead, prompt)
        whole = Subject(model, head, lead, prompt, words, tower, units, of_token, of_column, np.nan, (), Passes())
        yield _settled(whole, tokens, getattr(scorer.run.ranking, f"{head}_mean"))


def _settled(subject: Subject, named: Mapping[str, int], average: float) -> Subject:
    """The subject with its logit, and with those of the neutral leads, nearest to `average` first."""
    tokens, texts = np.array([*named.values()]), [*named]
    said, tower = subject.words[None], torch.zeros(len(tokens) + 1, subject.tower.shape[1], device=subject.tower.device)
    tower[-1:] = subject.tower
    if subject.prompt is not None:
        ids = np.where(subject.of_token >= 0, tokens[:, None], subject.prompt.ids)
        said = torch.cat([embedded(subject.model, ids, tower.device), said])
    else:
        said = said.expand(len(tower), *subject.words.shape)
    rows = subject._rows
    with torch.no_grad():
        parts = zip(said.split(rows), tower.split(rows), strict=True)
        logits = torch.cat([subject._answer(subject._read(some), told) for some, told in parts]).double().cpu().numpy()
    order = np.argsort(np.abs(logits[:-1] - average), kind="stable")
    return replace(
        subject,
        logit=float(logits[-1]),
        neutrals=tuple(Neutral(texts[one], int(tokens[one]), float(logits[one])) for one in order),
    )


def embedded(model: AsLLR, ids: np.ndarray, device: torch.device) -> Tensor:
    """The embeddings of token ids, one more axis of size H."""
    assert model.reader is not None
    with torch.no_grad():
        return model.reader.model.get_input_embeddings()(torch.from_numpy(ids).to(device)).float()


def copies_at_once(subject: Subject) -> int:
    """Points of the subject in one forward and backward pass."""
    if subject.prompt is None or subject.model.reader is None:
        return 4096
    return rows_at_once(subject.model.reader, len(subject.prompt), subject.tower.device)
