"""Tokens on disk: the same as the prompts themselves, written once, and again only where a shard is not whole."""

from pathlib import Path

import numpy as np
import pytest

from core.data.prompts import PromptWriter
from core.errors import ConfigError
from core.neural import token_store as module
from core.neural.backbones import load_backbone
from core.neural.batches import tokenize_with
from core.neural.token_store import Picked, TokenStore, lengths_of, write
from tests.made import make_leads

LEADS = make_leads(23)
ROWS = np.array([5, 3, 22, 0, 1, 7, 8, 9, 10, 11, 12, 13])
WRITER = PromptWriter(tokenize_with(load_backbone("tiny").tokenizer.backend_tokenizer), 512)


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK_LEADS", 2)
    monkeypatch.setattr(module, "SHARD_CHUNKS", 2)


def stored(folder: Path, writer: PromptWriter = WRITER, rows: np.ndarray = ROWS) -> TokenStore:
    return write(LEADS, rows, writer, folder, tokenizer="tiny")


def test_it_holds_what_the_prompts_hold(tmp_path: Path) -> None:
    store, prompts = stored(tmp_path), WRITER.write(LEADS.take(ROWS))
    assert len(store.files) == 3 and len(store) == len(ROWS)
    for tokens, prompt in zip(store, prompts, strict=True):
        np.testing.assert_array_equal(tokens.ids, prompt.ids)
        assert tokens.ids.dtype == prompt.ids.dtype and tokens.body == prompt.body
    assert store.lengths.tolist() == [len(prompt) for prompt in prompts]
    some = Picked(store, np.array([4, 2]))
    for leads in (store, prompts, some):
        assert lengths_of(leads).tolist() == [len(lead) for lead in leads]
    assert [len(tokens) for tokens in store[5:9]] == [len(prompt) for prompt in prompts[5:9]]
    np.testing.assert_array_equal(store[-1].ids, prompts[-1].ids)
    with pytest.raises(IndexError, match="got=12"):
        store[12]


def test_a_killed_run_writes_only_the_shard_that_is_not_whole(tmp_path: Path) -> None:
    whole = stored(tmp_path)
    kept = [file.stat().st_mtime_ns for file in whole.files]
    whole.files[1].rename(whole.files[1].with_suffix(".part"))
    again = stored(tmp_path)
    assert again.files == whole.files
    assert [a.stat().st_mtime_ns == b for a, b in zip(again.files, kept, strict=True)] == [True, False, True]


def test_other_leads_and_settings_are_other_files(tmp_path: Path) -> None:
    files = set(stored(tmp_path).files)
    assert not files & set(stored(tmp_path, PromptWriter(WRITER.tokenize, 300)).files)
    assert not files & set(stored(tmp_path, rows=ROWS[::-1]).files)
    assert set(stored(tmp_path, rows=ROWS[:4]).files) < files


def test_no_leads_and_no_room(tmp_path: Path) -> None:
    none = stored(tmp_path, rows=ROWS[:0])
    assert len(none) == 0 and none.lengths.tolist() == [] and none[:3] == []
    with pytest.raises(ConfigError, match="max_tokens"):
        stored(tmp_path, PromptWriter(WRITER.tokenize, 48), ROWS[:0])
