"""The six click-through models: seconds an epoch of training, ours against deepctr-torch's.

The same simulated leads, batches, embedding and hidden widths and Adam on both sides, on one thread. Ours takes numbers
as piecewise-linear columns and categories as columns of their levels; deepctr-torch takes one code per field, numbers
cut into as many bins, so that every field is embedded on both sides. Both are fed by the same plain loop, which spares
deepctr-torch its loader; `its own fit` is an epoch with it. Epochs of both alternate and the fastest of each counts,
since other work on the machine only ever adds.

    pip install -r requirements-bench.txt   (without it, ours alone is timed)
    python -m benchmarks.ctr [--leads 20000] [--epochs 5] [--json] [--smoke]
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from core.data.features import BINS, FeatureEncoder
from core.data.simulation import schema_for_sample, simulate
from core.data.validation import validate
from core.neural.ctr.dcn import CROSSES
from core.neural.ctr.layers import Fields
from core.neural.ctr.models import CTR
from core.neural.networks import Recipe

PEER = "deepctr_torch"
PLAIN = {"l2_reg_linear": 0, "l2_reg_embedding": 0}
"""No penalties, for they cost time in its steps; ours are AdamW's, which cost none."""


@dataclass(frozen=True)
class Data:
    """Leads for both. Shapes: x (n, T) and groups (T,) ours; codes (n, F) and levels (F,) theirs; outcome (n,)."""

    x: Tensor
    groups: tuple[int, ...]
    codes: Tensor
    levels: tuple[int, ...]
    outcome: Tensor


def make_data(leads: int, seed: int = 0) -> Data:
    """Simulated leads, encoded both ways; fields that do not vary are left out of both."""
    frame = simulate(leads, seed, base_rate=0.1, dialogue=False).frame
    checked, _ = validate(frame, schema_for_sample())
    encoder = FeatureEncoder.fit(checked)
    table = encoder.table(checked)
    columns = []
    for place in sorted(set(encoder.groups.tolist())):
        values = table.iloc[:, place]
        if place < len(encoder.numbers):
            known = values.to_numpy(dtype=float)
            edges = np.unique(np.nanquantile(known, np.linspace(0, 1, BINS + 1)[1:-1]))
            columns.append(np.where(np.isnan(known), 0, 1 + np.searchsorted(edges, known)))
        else:
            columns.append(1 + values.cat.codes.to_numpy())
    codes = np.stack(columns, axis=1)
    outcome = torch.from_numpy(np.nan_to_num(checked.converted)).float()
    x = torch.from_numpy(encoder.transform(checked))
    # Floats, since deepctr-torch takes all fields in one float matrix.
    return Data(
        x,
        tuple(encoder.groups.tolist()),
        torch.from_numpy(codes).float(),
        tuple((codes.max(axis=0) + 1).tolist()),
        outcome,
    )


def make_peer(key: str, data: Data, recipe: Recipe) -> Any:
    """deepctr-torch's model of the same name and widths."""
    models, inputs = importlib.import_module(f"{PEER}.models"), importlib.import_module(f"{PEER}.inputs")
    columns = [
        inputs.SparseFeat(f"f{field}", levels, embedding_dim=recipe.dimension)
        for field, levels in enumerate(data.levels)
    ]
    deep = {"dnn_hidden_units": recipe.hidden, "dnn_dropout": recipe.dropout}
    cross = {"cross_num": CROSSES, **PLAIN, "l2_reg_cross": 0}
    cin = {"cin_layer_size": recipe.hidden, "cin_split_half": False, "cin_activation": "linear"}
    made: dict[str, Callable[[], Any]] = {
        "wide_deep": lambda: models.WDL(columns, columns, **PLAIN, **deep),
        "deepfm": lambda: models.DeepFM(columns, columns, **PLAIN, **deep),
        "xdeepfm": lambda: models.xDeepFM(columns, columns, **cin, **PLAIN, **deep),
        "dcn": lambda: models.DCN(columns, columns, **cross, **deep),
        "dcn_v2": lambda: models.DCN(columns, columns, cross_parameterization="matrix", **cross, **deep),
        "autoint": lambda: models.AutoInt(columns, columns, l2_reg_embedding=0, **deep),
    }
    return made[key]()


def epoch(forward: Callable[[Tensor], Tensor], network: nn.Module, optimiser: Any, data: Data, batch: int) -> float:
    """Seconds of processor time of one epoch: shuffled batches, forward pass, loss, backward pass, Adam."""
    network.train()
    start = time.process_time()
    for rows in torch.randperm(len(data.outcome)).split(batch):
        optimiser.zero_grad(set_to_none=True)
        functional.binary_cross_entropy_with_logits(forward(rows), data.outcome[rows]).backward()
        optimiser.step()
    return time.process_time() - start


def own_fit(peer: Any, data: Data, batch: int) -> float:
    """Seconds of processor time of one epoch of deepctr-torch's own `fit`."""
    peer.compile("adam", "binary_crossentropy")
    given = {f"f{field}": column for field, column in enumerate(data.codes.numpy().T)}
    start = time.process_time()
    peer.fit(given, data.outcome.numpy(), batch_size=batch, epochs=1, verbose=0)
    return time.process_time() - start


def measure_one(key: str, data: Data, recipe: Recipe, epochs: int, compare: bool) -> dict[str, float]:
    """Seconds an epoch of ours and, where it is installed, of theirs; `ratio` is ours over theirs."""
    torch.manual_seed(0)
    network = CTR[key](Fields(data.groups), recipe)
    text = torch.zeros(len(data.outcome), 0)
    sides: list[tuple[str, nn.Module, Callable[[Tensor], Tensor]]] = [
        ("ours", network, lambda rows: network(data.x[rows], text[rows]))
    ]
    if compare:
        peer = make_peer(key, data, recipe)
        # Its models end in a sigmoid; the loss wants the logits that went in.
        peer.out = nn.Identity()
        sides.append(("theirs", peer, lambda rows: peer(data.codes[rows]).squeeze(1)))
    ready = [(name, side, forward, torch.optim.Adam(side.parameters())) for name, side, forward in sides]
    seconds: dict[str, list[float]] = {name: [] for name, *_ in ready}
    for _ in range(epochs):
        for name, side, forward, optimiser in ready:
            seconds[name].append(epoch(forward, side, optimiser, data, recipe.batch_leads))
    result = {name: min(each) for name, each in seconds.items()}
    if compare:
        result["own_fit"] = own_fit(make_peer(key, data, recipe), data, recipe.batch_leads)
        result["ratio"] = result["ours"] / result["theirs"]
    return result


def measure(leads: int, epochs: int) -> dict[str, Any]:
    """Every model on the same leads; says so where deepctr-torch is not installed."""
    recipe = Recipe()
    data = make_data(leads)
    compare = importlib.util.find_spec(PEER) is not None
    return {
        "leads": leads,
        "columns": len(data.groups),
        "fields": len(data.levels),
        "batch": recipe.batch_leads,
        "compared": compare,
        "note": "" if compare else "deepctr-torch is not installed: ours alone was timed",
        "models": {key: measure_one(key, data, recipe, epochs, compare) for key in CTR},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=20_000)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--smoke", action="store_true", help="few leads, one epoch: only to see that it runs")
    arguments = parser.parse_args()
    # Processor time counts all threads, those included that only wait for one another.
    torch.set_num_threads(1)
    # deepctr-torch prints, and from a thread of its own: to stdout, where the figures stand.
    answers, sys.stdout = sys.stdout, sys.stderr
    result = measure(600, epochs=1) if arguments.smoke else measure(arguments.leads, arguments.epochs)
    if arguments.json:
        print(json.dumps(result), file=answers)
        return
    what = "{leads} leads, {fields} fields in {columns} columns, batches of {batch}".format(**result)
    print(f"{what}; seconds of processor time an epoch", file=answers)
    print(f"{'':<12}{'ours':>8}{'deepctr-torch':>15}{'ratio':>8}{'its own fit':>13}", file=answers)
    for key, row in result["models"].items():
        cells = [row.get(name, float("nan")) for name in ("theirs", "ratio", "own_fit")]
        print(f"{key:<12}{row['ours']:>8.2f}{cells[0]:>15.2f}{cells[1]:>8.2f}{cells[2]:>13.2f}", file=answers)
    if result["note"]:
        print(result["note"], file=answers)


if __name__ == "__main__":
    main()
