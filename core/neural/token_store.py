"""Leads as tokens on disk: written once, by shard, and mapped into memory, so that any number can be trained on.

    leads --1,024 at a time--> prompts --> ids (list<int32>), body (int32) --> tokens-<key>.arrow, 65,536 leads each

A file's name holds the hash of what it was made of. So a run that was killed goes on with the shards that are whole,
and the same leads are not written again for another pass. What explanations need of a prompt is not kept.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import overload

import numpy as np
import pyarrow as pa

from core.data.leads import Leads
from core.data.prompts import DIALOGUE_TITLE, FIELDS_TITLE, INSTRUCTION, QUESTION, PromptWriter, Tokens
from core.progress import Phase

CHUNK_LEADS = 1_024
"""Leads whose dialogues and prompts are in memory at once: about 100 MB at 400 tokens a lead."""
SHARD_CHUNKS = 64
"""Chunks of a file: what a killed run writes again at most."""
COLUMNS = pa.schema([("ids", pa.list_(pa.int32())), ("body", pa.int32())])


class TokenStore(Sequence[Tokens]):
    """The leads of these files, one after the other; made by `write`. What is read is mapped, not held."""

    def __init__(self, files: Sequence[Path], leads: int) -> None:
        self.files, self._leads = tuple(files), leads
        self._readers: dict[int, pa.RecordBatchFileReader] = {}
        self._chunks: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}

    def __len__(self) -> int:
        return self._leads

    @overload
    def __getitem__(self, index: int) -> Tokens: ...
    @overload
    def __getitem__(self, index: slice) -> list[Tokens]: ...
    def __getitem__(self, index: int | slice) -> Tokens | list[Tokens]:
        if isinstance(index, slice):
            return [self[row] for row in range(*index.indices(self._leads))]
        row = int(index)
        if not -self._leads <= row < self._leads:
            raise IndexError(f"expected a lead among {self._leads:,}, however: got={row}")
        chunk, row = divmod(row % self._leads, CHUNK_LEADS)
        ends, ids, body = self._chunk(chunk)
        return Tokens(ids[ends[row] : ends[row + 1]].astype(np.int64), int(body[row]))

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each lead, shape (n,) int64."""
        chunks = range(-(-self._leads // CHUNK_LEADS))
        return np.concatenate([np.zeros(0, np.int64), *(np.diff(self._chunk(chunk)[0]) for chunk in chunks)])

    def _chunk(self, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Views of a chunk's mapped memory: where each lead's tokens end (n + 1,), all tokens, bodies (n,)."""
        if number not in self._chunks:
            file, batch = divmod(number, SHARD_CHUNKS)
            if file not in self._readers:
                self._readers[file] = pa.ipc.open_file(pa.memory_map(str(self.files[file])))
            found = self._readers[file].get_batch(batch)
            ids = found.column("ids")
            self._chunks[number] = ids.offsets.to_numpy(), ids.values.to_numpy(), found.column("body").to_numpy()
        return self._chunks[number]


def lengths_of(leads: Sequence[Tokens]) -> np.ndarray:
    """Tokens of each lead, shape (n,) int64, without building the leads where the sequence knows."""
    known = getattr(leads, "lengths", None)
    return known if known is not None else np.array([len(lead) for lead in leads], dtype=np.int64)


class Picked(Sequence[Tokens]):
    """Some leads of a sequence, by position, without holding them."""

    def __init__(self, source: Sequence[Tokens], rows: np.ndarray) -> None:
        self.source, self.rows = source, rows

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each lead, shape (n,) int64."""
        return lengths_of(self.source)[self.rows]

    @overload
    def __getitem__(self, index: int) -> Tokens: ...
    @overload
    def __getitem__(self, index: slice) -> list[Tokens]: ...
    def __getitem__(self, index: int | slice) -> Tokens | list[Tokens]:
        if isinstance(index, slice):
            return [self.source[int(row)] for row in self.rows[index]]
        return self.source[int(self.rows[index])]


def write(
    leads: Leads, rows: np.ndarray, writer: PromptWriter, folder: Path, *, tokenizer: str, phase: Phase | None = None
) -> TokenStore:
    """The leads at `rows` as tokens in `folder`, in that order; shards that are there already stay.

    Args:
        tokenizer: says which one `writer` uses, such as a hash of it.

    Raises:
        ConfigError: as `PromptWriter.write`.
    """
    made_by = (writer.max_tokens, writer.include_fields, tokenizer, leads.schema.features)
    settings = repr((*made_by, INSTRUCTION, FIELDS_TITLE, DIALOGUE_TITLE, QUESTION)).encode()
    files = []
    size = CHUNK_LEADS * SHARD_CHUNKS
    # Without leads too the writer is asked, for it refuses settings that leave no room.
    for start in range(0, max(len(rows), 1), size):
        part = rows[start : start + size]
        digest = hashlib.sha256(settings)
        for chunk in _chunks(leads, part):
            digest.update(chunk.content_hash.encode())
        file = folder / f"tokens-{digest.hexdigest()[:24]}.arrow"
        if not file.exists():
            _write_shard(leads, part, writer, file, phase, start, len(rows))
        files.append(file)
    return TokenStore(files, len(rows))


def _write_shard(
    leads: Leads, rows: np.ndarray, writer: PromptWriter, file: Path, phase: Phase | None, done: int, total: int
) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".part")
    with pa.OSFile(str(partial), "wb") as sink, pa.ipc.new_file(sink, COLUMNS) as out:
        for chunk in _chunks(leads, rows):
            prompts = writer.write(chunk)
            ids = np.concatenate([np.zeros(0, np.int64), *(prompt.ids for prompt in prompts)]).astype(np.int32)
            ends = np.cumsum([0, *(len(prompt) for prompt in prompts)], dtype=np.int32)
            body = pa.array([prompt.body for prompt in prompts], pa.int32())
            out.write_batch(pa.record_batch([pa.ListArray.from_arrays(ends, ids), body], schema=COLUMNS))
            done += len(prompts)
            if phase is not None:
                phase.at(done, total)
    os.replace(partial, file)


def _chunks(leads: Leads, rows: np.ndarray) -> Iterator[Leads]:
    for start in range(0, max(len(rows), 1), CHUNK_LEADS):
        yield leads.take(rows[start : start + CHUNK_LEADS])
