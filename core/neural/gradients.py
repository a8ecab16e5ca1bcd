"""Why one lead got its score: integrated gradients along the straight line from a neutral lead to this one.

    token embeddings (L, H) --.
                              +--> input x (1, L * H + T) --> F(x), the logit of one head
    tower (T), fields as      '
    numbers                        baseline b: the same prompt, with the tokens of values and dialogue replaced by a
                                   neutral one; tower 0, which is the training mean

    IG = (x - b) * mean of grad F over the line, (L * H + T) --> tokens (L) and columns (T) --> words, turns, fields
    sum of IG = F(x) - F(b), up to the error that is measured and reported

One lead at a time, so nothing is padded; structure (instruction, field names, speakers, question) is the same at both
ends of the line and gets exactly 0, and the first token, on which attention rests, takes no credit from the words.

Source: Sundararajan et al. 2017 (arXiv 1703.01365), by captum; recipe of method 5.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from captum.attr import IntegratedGradients
from torch import Tensor, nn

from core.data.leads import Leads
from core.data.prompts import Part, Prompt, shown_value
from core.errors import ConfigError
from core.neural.asllr import AsLLR, Encoded, Outputs
from core.neural.batches import collate
from core.neural.scorer import NeuralScorer
from core.neural.states import token_budget
from core.progress import Phase, Watch, nobody
from core.scores import Attribution, Contribution

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
"""
LEAST_DIFFERENCE = 0.1
"""The error is relative to |F(x) - F(b)|, but to no less than this: near zero every error would be large."""
PASS_TOKENS = 2048
"""Most tokens in one forward and backward pass. Source: measured on a CPU, 1,024 to 4,096 are equally fast."""
_UNSPACED = (  # Thai and Lao, Burmese, Khmer, kana, Han
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD = re.compile(rf"[{_UNSPACED}][^\w\s\[]*|[^\s{_UNSPACED}]+")  # a bracket opens [name] and the like


def explain(
    scorer: NeuralScorer,
    leads: Leads,
    lead_id: str,
    *,
    head: str = "pairwise",
    steps: int = 32,
    max_steps: int = 512,
    tolerance: float = 0.05,
    watch: Watch = nobody,
) -> Attribution:
    """Contributions of one lead's fields, turns and words to a head's logit, in the order in which they stand.

    A field that enters both as text and as numbers is one field. A field that is missing has text "" and contributes
    what the tower makes of its being missing; a prompt is silent about it. Words are those of the dialogue (`turn` is
    set) and of text fields (`text` is the field's name); they sum to their turns and to those fields. A run that
    reads masked text is explained in masked words; `core.attribution.in_clear` says what they stand for.

    Args:
        head: `pointwise` or `pairwise`.
        steps: points on the line, doubled up to `max_steps` until the relative error is at most `tolerance`.

    Raises:
        LeadRankError: there is no lead of this id.
        ConfigError: an unknown head, or steps or tolerance out of range.
    """
    if head not in HEADS:
        raise ConfigError(f"head must be one of {', '.join(HEADS)}, however: got={head!r}")
    if not 1 <= steps <= max_steps or not tolerance > 0:
        raise ConfigError(
            f"expected 1 <= steps <= max_steps and tolerance > 0, however: got steps={steps}, max_steps={max_steps}, "
            f"tolerance={tolerance}"
        )
    lead = scorer.as_read(leads.take(np.array([leads.row_of(lead_id)])))
    prompt, neutral = None, [0]
    if scorer.model.reader is not None and scorer.writer is not None:
        prompt = scorer.writer.write(lead)[0]
        # The last token, for some tokenizers put a blank before.
        neutral = [ids[-1] for ids in scorer.writer.tokenize(NEUTRAL)[0]]
    tower = torch.from_numpy(scorer.tower(lead)).to(scorer.device)
    average = getattr(scorer.run.ranking, f"{head}_mean")
    with _frozen(scorer.model.to(scorer.device)) as model:
        line = _Line(model, HEADS[head], prompt, tower, watch)
        start, end = line.draw(neutral, average)
        while True:
            gained = line.integrate(steps)
            error = abs(float(gained.sum()) - (end - start)) / max(abs(end - start), LEAST_DIFFERENCE)
            if error <= tolerance or 2 * steps > max_steps:
                break
            steps *= 2
    tokens, columns = line.by_place(gained)
    fields, turns, words = _add_up(scorer, lead, prompt, tokens, columns)
    return Attribution(
        lead_id=lead_id,
        head=head,
        logit=end,
        baseline_logit=start,
        relative_error=error,
        converged=error <= tolerance,
        steps=steps,
        fields=fields,
        turns=turns,
        words=words,
        truncated_turns=prompt.dropped_turns if prompt else 0,
    )


class _Line:
    """The way from the neutral lead to this one; called on points (B, L * H + T) it gives F (B,)."""

    def __init__(self, model: AsLLR, answer: Answer, prompt: Prompt | None, tower: Tensor, watch: Watch) -> None:
        self.model, self.answer, self.prompt, self.tower = model, answer, prompt, tower
        self.phase, self.done, self.total = Phase("explain", watch), 0, 0
        self.shape, self.per_pass = (0, 0), PASS_TOKENS
        if prompt is not None and model.reader is not None:
            self.shape = (len(prompt), model.reader.hidden)
            layers = model.reader.model.config.num_hidden_layers
            budget = min(token_budget(model.reader, tower.device, learning_layers=layers), PASS_TOKENS)
            self.per_pass = max(budget // len(prompt), 1)

    def draw(self, neutral: Sequence[int], average: float) -> tuple[float, float]:
        """Fix both ends, the neutral one by the token whose logit is nearest to `average`; their logits."""
        points = torch.zeros(len(neutral) + 1, self.shape[0] * self.shape[1] + self.tower.shape[1])
        points = points.to(self.tower.device)
        points[-1:, points.shape[1] - self.tower.shape[1] :] = self.tower
        with torch.no_grad():
            if self.prompt is not None and self.model.reader is not None:
                embed: nn.Module = self.model.reader.model.get_input_embeddings()
                says = self.prompt.part >= 0
                ids = np.stack([*(np.where(says, token, self.prompt.ids) for token in neutral), self.prompt.ids])
                told = embed(torch.from_numpy(ids).to(points.device)).float()
                points[:, : points.shape[1] - self.tower.shape[1]] = told.flatten(1)
            logits = torch.cat([self(part) for part in points.split(self.per_pass)]).double()
        nearest = int((logits[:-1] - average).abs().argmin())
        self.start, self.end = points[[nearest]], points[[-1]]
        return float(logits[nearest]), float(logits[-1])

    def __call__(self, points: Tensor) -> Tensor:
        width, n = self.tower.shape[1], len(points)
        embeddings, tower = points.split([points.shape[1] - width, width], dim=1)
        encoded = Encoded.empty(n, points.device)
        if self.prompt is not None and self.model.reader is not None:
            batch = collate([self.prompt] * n, points.device)
            told = embeddings.reshape(n, *self.shape)
            encoded = self.model.reader(batch.ids, batch.lengths, batch.body, told)
        return self.answer(self.model.heads(encoded, tower))

    def integrate(self, steps: int) -> np.ndarray:
        """IG of every number of the input, shape (L * H + T,), float64."""
        self.total += steps

        def told(points: Tensor) -> Tensor:
            said = self(points)
            self.done += len(points)
            self.phase.at(self.done, self.total)
            return said

        gained = IntegratedGradients(told).attribute(
            self.end, self.start, n_steps=steps, method="gausslegendre", internal_batch_size=self.per_pass
        )
        return gained[0].detach().double().cpu().numpy()

    def by_place(self, gained: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """IG by token (L,) and by column of the tower (T,)."""
        cut = len(gained) - self.tower.shape[1]
        return gained[:cut].reshape(self.shape).sum(axis=1), gained[cut:]


@contextmanager
def _frozen(model: AsLLR) -> Iterator[AsLLR]:
    """The model in eval mode with no parameter asking for gradients; both are put back as they were."""
    modes: list[tuple[nn.Module, bool]] = [(part, part.training) for part in model.modules()]
    asking = [parameter for parameter in model.parameters() if parameter.requires_grad]
    try:
        model.eval().requires_grad_(False)
        yield model
    finally:
        for part, training in modes:
            part.training = training
        for parameter in asking:
            parameter.requires_grad_(True)


Contributions = tuple[Contribution, ...]


def _add_up(
    scorer: NeuralScorer, lead: Leads, prompt: Prompt | None, tokens: np.ndarray, columns: np.ndarray
) -> tuple[Contributions, Contributions, Contributions]:
    """Tokens (L,) and tower columns (T,) to fields, turns and words."""
    by_field: dict[str, float] = {}
    if len(columns):
        encoder = scorer.run.encoder
        sums = np.bincount(encoder.groups, columns, len(encoder.fields))
        by_field = {encoder.fields[group]: float(sums[group]) for group in np.unique(encoder.groups)}
    turns: list[Contribution] = []
    words: list[Contribution] = []
    for index, part in enumerate(prompt.parts if prompt else ()):
        assert prompt is not None
        own = prompt.part == index
        value = float(tokens[own].sum())
        if part.kind == "turn":
            turns.append(Contribution("turn", part.name, part.text, value, part.turn, part.speaker))
        else:
            by_field[part.name] = by_field.get(part.name, 0.0) + value
        if part.kind == "turn" or part.name in lead.schema.features.text:
            words += _words(part, prompt.offsets[own], tokens[own])
    fields = tuple(
        Contribution("field", name, shown_value(lead.features[name].iat[0]), by_field[name])
        for name in lead.schema.features.columns()
        if name in by_field
    )
    return fields, tuple(turns), tuple(words)


def _words(part: Part, offsets: np.ndarray, values: np.ndarray) -> list[Contribution]:
    """Every word of a turn or text field with the sum of its tokens; 0 for words that the token limit cut off."""
    spans = split_words(part.text, offsets)
    if not spans:
        return []
    edges = np.array(spans)
    sums = np.zeros(len(spans))
    for (low, high), value in zip(offsets, values, strict=True):
        shared = np.minimum(edges[:, 1], high) - np.maximum(edges[:, 0], low)
        # A token of blanks alone goes to the word that follows it.
        word = shared.argmax() if shared.max() > 0 else min(np.searchsorted(edges[:, 0], low), len(spans) - 1)
        sums[word] += value
    return [
        Contribution("word", part.text[low:high], part.name, float(value), part.turn, part.speaker)
        for (low, high), value in zip(spans, sums, strict=True)
    ]


def split_words(text: str, offsets: np.ndarray) -> list[tuple[int, int]]:
    """Where each word of `text` starts and ends, in characters.

    Blanks part words. Scripts that write none, such as Chinese, are parted by character, a sign of punctuation staying
    with the character before it, and characters that share a token staying together.

    Args:
        offsets: (tokens, 2), the characters that each token covers.

    Example:
        >>> text, tokens = "想买车，很急 ok", np.array([[0, 1], [1, 3], [4, 6]])
        >>> [text[low:high] for low, high in split_words(text, tokens)]
        ['想', '买车，', '很急', 'ok']
    """
    inside = {at for low, high in offsets for at in range(low + 1, high)}
    spans: list[tuple[int, int]] = []
    for found in _WORD.finditer(text):
        if spans and spans[-1][1] == found.start() and found.start() in inside:
            spans[-1] = (spans[-1][0], found.end())
        else:
            spans.append(found.span())
    return spans
