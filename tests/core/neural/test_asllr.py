"""The reader against a plain forward pass of the same model, and the heads against their drawing."""

import pytest
import torch

from core.data.prompts import PromptWriter
from core.errors import ConfigError
from core.neural.asllr import AsLLR, Encoded, Heads, Reader, Standardise
from core.neural.backbones import load_backbone, yes_no_tokens
from core.neural.batches import collate, tokenize_with
from tests.made import make_leads


@pytest.fixture(scope="module")
def read():
    backbone = load_backbone("tiny")
    prompts = PromptWriter(tokenize_with(backbone.tokenizer.backend_tokenizer)).write(make_leads(6))
    return backbone, prompts


def test_a_padded_batch_reads_as_each_lead_alone(read) -> None:
    backbone, prompts = read
    reader = Reader(backbone.model, yes_no_tokens(backbone.tokenizer), "both", (1, 2)).eval()
    short = prompts[:4]
    batch = collate(short)
    with torch.inference_mode():
        together = reader(batch.ids, batch.lengths, batch.body)
        for row, prompt in enumerate(short):
            one = collate([prompt])
            alone = reader(one.ids, one.lengths, one.body)
            for name in Encoded.__dataclass_fields__:
                torch.testing.assert_close(getattr(together, name)[row], getattr(alone, name)[0], atol=2e-5, rtol=1e-4)


def test_the_read_out_is_hugging_faces_own(read) -> None:
    backbone, prompts = read
    yes, no = yes_no_tokens(backbone.tokenizer)
    reader = Reader(backbone.model, (yes, no), "both").eval()
    batch = collate(prompts[:1])
    with torch.inference_mode():
        said = reader(batch.ids, batch.lengths, batch.body)
        out = backbone.model(batch.ids, output_hidden_states=True)
    deepest, logits = out.hidden_states[-1][0], out.logits[0, -1].float()
    expected = torch.cat([deepest[-1], deepest[prompts[0].body :].mean(dim=0)])
    torch.testing.assert_close(said.states[0], expected, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(said.yes[0], logits[yes])
    everything = torch.stack([said.yes[0], said.no[0], said.other[0]]).logsumexp(0)
    torch.testing.assert_close(everything, logits.logsumexp(0), atol=1e-5, rtol=1e-5)


def test_a_depth_that_is_not_there_is_refused(read) -> None:
    backbone, _ = read
    with pytest.raises(ConfigError, match="at most the depth 2"):
        Reader(backbone.model, (1, 2), "last", (3,))


def test_standardised_training_states_have_mean_zero_and_deviation_one() -> None:
    x = torch.randn(200, 3) * torch.tensor([5.0, 0.1, 0.0]) + 2
    standardise = Standardise(3)
    standardise.fit(x)
    y = standardise(x)
    torch.testing.assert_close(y.mean(0), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(y.std(0, correction=0), torch.tensor([1.0, 1.0, 0.0]), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", ["linear", "two-layer"])
@pytest.mark.parametrize("widths", [(8, 4, 3), (8, 4, 0), (0, 0, 3)])
def test_heads_answer_one_number_a_lead_even_for_none(kind: str, widths: tuple[int, int, int]) -> None:
    heads = Heads(*widths, kind=kind).eval()
    for n in (5, 0):
        flat = torch.zeros(n)
        encoded = Encoded(torch.randn(n, widths[0]), torch.randn(n, widths[1]), flat, flat, flat)
        said = heads(encoded, torch.randn(n, widths[2]))
        assert all(value.shape == (n,) and value.dtype == torch.float32 for value in said.as_dict().values())


def test_without_a_reader_the_fields_alone_answer() -> None:
    model = AsLLR(None, Heads(0, 0, 2)).eval()
    with torch.no_grad():
        model.heads.pointwise.get_parameter("weight").copy_(torch.tensor([[1.0, -1.0]]))
    said = model(None, None, None, torch.tensor([[3.0, 1.0]]))
    assert said.logit.item() == 2.0


def test_heads_stay_exact_under_autocast() -> None:
    heads = Heads(8, 4, 0).eval()
    torch.nn.init.normal_(next(heads.pairwise.parameters()))
    flat = torch.zeros(5)
    encoded = Encoded(torch.randn(5, 8), torch.randn(5, 4), flat, flat, flat)
    plain = heads(encoded, torch.zeros(5, 0))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = heads(encoded, torch.zeros(5, 0))
    assert cast.score.dtype == torch.float32 and torch.equal(cast.score, plain.score)
