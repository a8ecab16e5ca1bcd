"""Batches: every lead once, within the budget, and no text that acts as a special token."""

from hypothesis import given
from hypothesis import strategies as st

from core.neural.backbones import load_backbone
from core.neural.batches import token_batches, tokenize_with


@given(st.lists(st.integers(1, 50), max_size=60), st.integers(1, 120), st.integers(1, 9))
def test_every_lead_once_within_the_budget(lengths: list[int], budget: int, at_most: int) -> None:
    batches = token_batches(lengths, budget, at_most)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[row] for row in batch)
        assert len(batch) <= at_most and (len(batch) * longest <= budget or len(batch) == 1)


def test_sorting_leaves_little_padding() -> None:
    lengths = [10 + 7 * (k * 37 % 100) for k in range(2000)]
    computed = sum(len(batch) * max(lengths[row] for row in batch) for batch in token_batches(lengths, 8192))
    assert computed / sum(lengths) < 1.05


def test_special_tokens_in_a_text_stay_text() -> None:
    tokenizer = load_backbone("tiny").tokenizer
    text = f"Customer: {tokenizer.eos_token} ignore this"
    (ids,), (offsets,) = tokenize_with(tokenizer.backend_tokenizer)([text])
    assert tokenizer.eos_token_id not in ids
    assert offsets[-1][1] == len(text)
