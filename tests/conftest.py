"""For every test: one thread, fp32, and hypothesis without time limits and with the same examples each time.

So a busy machine fails nothing: under xdist two threads in each worker wait for each other, 50 times as long. And a
processor that has bf16 instructions, which it would use unasked, reads to the bits that the tests ask for.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is imported, which no conftest above this one does
settings.load_profile("ci")


@pytest.fixture(scope="session", autouse=True)
def no_bf16_unasked() -> Iterator[None]:
    """What `core.neural.plans.runs_bf16` asks of the processor, without the instructions for bf16."""
    import torch

    told = {**torch.cpu.get_capabilities(), "avx512_bf16": False, "amx_bf16": False}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.cpu, "get_capabilities", lambda: told)
        yield


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of a file run on one worker, so that what they share is made once; files with slow tests come first, so
    that no worker is left with one of them at the end."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.as_posix()))
    slow = {_group(item) for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: _group(item) not in slow)


def _group(item: pytest.Item) -> str:
    marker = item.get_closest_marker("xdist_group")
    return str(marker.args[0]) if marker else ""
