"""Reading again what changed gives what reading it whole gives, and computes only what follows the change."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from core.data.changing import changed_lead, one_table, without
from core.data.dialogue import Turn, parse_turns
from core.data.leads import Leads
from core.data.prompts import Prompt, PromptWriter
from core.neural.asllr import Encoded, Reader
from core.neural.backbones import Backbone, load_backbone
from core.neural.batches import tokenize_with
from core.neural.checkpoints import add_lora
from core.neural.rereading import NeuralRescorer, Rereader
from core.neural.scorer import make_reader
from core.neural.states import encode
from core.neural.trainer import Trained
from core.scores import Contribution
from core.what_if import what_if
from tests.made import make_leads, tiny_config

CPU = torch.device("cpu")
SAID = "\n".join(
    [
        "Specialist: Good morning, is this a good time to talk about the car you looked at?",
        "Customer: Yes, please call me Anna Schmidt.",
        "Specialist: 您好，请问您考虑什么时候订车？",
        "Customer: 我想这个月就订，能便宜一点吗？",
        "Customer: Could I drive it on Saturday?",
    ]
)


def lead_of(dialogue: str = SAID) -> Leads:
    one = make_leads(3).take(np.array([1]))
    return replace(one, roles=one.roles.assign(dialogue=dialogue))


LEAD = lead_of()


def turn(number: int) -> Contribution:
    return Contribution("turn", f"turn {number + 1}", "", 1.0, number)


def said(*turns: Turn) -> Leads:
    return changed_lead(LEAD, {}, turns)


TURNS = parse_turns(SAID)
CHANGES = {
    "a turn more": said(*TURNS, Turn("Customer", "I take it.")),
    "another first turn": said(Turn("Specialist", "Hello"), *TURNS[1:]),
    "no middle turn": without(LEAD, turn(2)),
    "no last turn": without(LEAD, turn(4)),
    "nothing said": said(),
    "another number": changed_lead(LEAD, {"a": 7.0}),
    "no city": changed_lead(LEAD, {"city": None}),
    "the same": LEAD,
}


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return load_backbone("tiny", depth=2)


def writer(backbone: Backbone, max_tokens: int = 2000) -> PromptWriter:
    return PromptWriter(tokenize_with(backbone.tokenizer.backend_tokenizer), max_tokens)


def assert_alike(found: Encoded, wanted: Encoded) -> None:
    for name in Encoded.__dataclass_fields__:
        torch.testing.assert_close(getattr(found, name), getattr(wanted, name), atol=1e-5, rtol=1e-5, msg=name)


def assert_reread(reader: Reader, held: Prompt, changed: list[Prompt]) -> None:
    rereader = Rereader(reader, CPU, held)
    assert_alike(rereader.read(changed), encode(reader, changed, device=CPU))
    # What is held stays as it was: the lead itself, and a change of it, read as at first.
    rereader._known.clear()
    assert_alike(rereader.read([changed[0], held]), encode(reader, [changed[0], held], device=CPU))


@contextmanager
def counted(reader: Reader) -> Iterator[list[int]]:
    """Tokens that pass through the backbone, by pass."""
    seen: list[int] = []
    hook = (
        reader.model.get_decoder()
        .layers[0]
        .register_forward_hook(lambda module, given, out: seen.append(given[0].shape[0] * given[0].shape[1]))
    )
    try:
        yield seen
    finally:
        hook.remove()


@pytest.mark.parametrize("readout, layers", [("last", ()), ("mean", ()), ("both", (1,)), ("both", (2, 1))])
def test_reading_again_is_reading_whole(backbone: Backbone, readout: str, layers: tuple[int, ...]) -> None:
    write = writer(backbone).write
    reader = make_reader(backbone, readout, layers)
    assert_reread(reader, write(LEAD)[0], [write(change)[0] for change in CHANGES.values()])


def test_reading_again_with_lora_is_reading_whole() -> None:
    backbone = load_backbone("tiny", depth=2)
    add_lora(backbone.model, tiny_config())
    torch.manual_seed(0)
    for name, parameter in backbone.model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.05)
    write = writer(backbone).write
    reader = make_reader(backbone, "both", ()).eval()
    assert_reread(reader, write(LEAD)[0], [write(change)[0] for change in CHANGES.values()])


def test_turns_that_a_token_limit_drops_end_what_is_shared(backbone: Backbone) -> None:
    write = writer(backbone, 400).write
    held, more = write(LEAD)[0], write(said(*TURNS, Turn("Customer", "I take it. " * 15)))[0]
    assert 0 < held.dropped_turns < more.dropped_turns
    reader = make_reader(backbone, "both", (1, 2))
    assert_reread(reader, held, [more, write(without(LEAD, turn(4)))[0]])


def test_several_changes_may_be_read_together(backbone: Backbone) -> None:
    write = writer(backbone).write
    reader = make_reader(backbone, "both", ())
    rereader = Rereader(reader, CPU, write(LEAD)[0])
    changed = [write(change)[0] for change in CHANGES.values()]
    with torch.inference_mode():
        alone = [rereader._read([prompt]) for prompt in changed]
        whole = Encoded(*(torch.cat([getattr(one, name) for one in alone]) for name in Encoded.__dataclass_fields__))
        assert_alike(rereader._read(changed), whole)


def test_a_model_whose_memory_cannot_be_cut_is_read_whole(backbone: Backbone) -> None:
    write = writer(backbone).write
    reader = make_reader(backbone, "both", ())
    rereader = Rereader(reader, CPU, write(LEAD)[0])
    rereader._sliceable = False
    changed = [write(change)[0] for change in CHANGES.values()]
    assert_alike(rereader.read(changed), encode(reader, changed, device=CPU))


def test_a_run_scores_changes_as_it_scores_leads(probed: Trained) -> None:
    rescorer = NeuralRescorer(probed.scorer, LEAD)
    several = Leads(
        pd.concat([change.roles for change in CHANGES.values()], ignore_index=True),
        pd.concat([change.features for change in CHANGES.values()], ignore_index=True),
        LEAD.schema,
    )
    found = rescorer.score(several)
    several = replace(several, roles=several.roles.assign(lead_id=[f"C{i}" for i in range(len(several))]))
    wanted = probed.scorer.score(several).aligned(several.lead_id)
    for name in ("score", "probability", "pointwise_logit", "pairwise_score"):
        np.testing.assert_allclose(found[name], wanted[name], atol=1e-5, rtol=1e-5)
    assert found["score"].nunique() > 5


def test_a_what_if_computes_what_follows_the_change(probed: Trained) -> None:
    reader, writer = probed.scorer.model.reader, probed.scorer.writer
    assert reader is not None and writer is not None
    lead, changed = lead_of(), CHANGES["a turn more"]
    length = {
        name: len(writer.write(probed.scorer.as_read(one))[0]) for name, one in (("lead", lead), ("changed", changed))
    }
    rescorer = NeuralRescorer(probed.scorer, lead)
    with counted(reader) as seen:
        what_if(rescorer, changed)
    # The question is read again; it stands behind the turn that was added.
    question = len(writer.tokenize(["Will this customer place an order? Answer:"])[0][0])
    rest = length["changed"] - length["lead"] + question
    assert seen == [length["lead"], rest] and rest < length["lead"] / 3
    with counted(reader) as seen:
        what_if(rescorer, changed_lead(lead, {"a": 3.0}))
    assert sum(seen) == 0  # a number that only the tower reads


def test_what_was_read_once_is_not_read_again_and_costs_are_told_before(probed: Trained) -> None:
    reader = probed.scorer.model.reader
    assert reader is not None
    rescorer = NeuralRescorer(probed.scorer, LEAD)
    more, number = CHANGES["a turn more"], CHANGES["another number"]
    several = one_table([more, number, LEAD, changed_lead(more, {"a": 9.0})])
    told = rescorer.readings(several)
    assert 0 < told[0] < 0.4 and told[1:].tolist() == [0, 0, 0]  # fields that only the tower reads
    with counted(reader) as seen:
        first = rescorer.score(several)
        assert sum(seen) == round(told[0] * len(rescorer._rereader.held))  # type: ignore[union-attr]
    with counted(reader) as seen:
        again = rescorer.score(several)
    assert not seen and again.equals(first) and not rescorer.readings(several).any()


def test_changes_from_one_place_on_are_read_in_one_pass(backbone: Backbone) -> None:
    write = writer(backbone).write
    reader = make_reader(backbone, "both", ())
    held, *late = (write(said(*TURNS, *more))[0] for more in ([], [Turn("C", "Yes.")], [Turn("C", "No.")]))
    early = write(without(LEAD, turn(0)))[0]
    rereader = Rereader(reader, CPU, held)
    with counted(reader) as seen:
        found = rereader.read([late[0], early, late[1]])
    assert len(seen) == 2 and sum(seen) < 1.6 * len(held)
    assert_alike(found, encode(reader, [late[0], early, late[1]], device=CPU))


def test_values_that_training_hardly_met_are_told(probed: Trained) -> None:
    rescorer = NeuralRescorer(probed.scorer, LEAD)
    far = changed_lead(LEAD, {"a": 50.0})
    several = one_table([LEAD, far, changed_lead(far, {"city": "Ulm"}), changed_lead(LEAD, {"a": None, "city": ""})])
    assert rescorer.unmet(several) == [(), ("a",), ("a", "city"), ()]
