"""Rows put in another order without holding them: dealt into buckets on disk, of which one at a time is in memory.

    batches -----> bucket 0: rows to stand first, in any order ----> sorted, handed out
              |--> bucket 1: those that come next ...

The work grows as the rows do, whatever their order.
"""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa

from core.errors import LeadRankError

BUCKET_ROWS = 65_536
"""Rows of a bucket, at least; 30 MB where each has 30 columns and short texts."""
MOST_BUCKETS = 128
"""Files that are open at once: of more rows, a bucket takes more. Half of the 256 that macOS allows a process."""
WRITTEN = pa.ipc.IpcWriteOptions(compression="lz4")


def dealt(batches: Iterable[pa.RecordBatch], place: np.ndarray, rows: int, folder: Path) -> Generator[pa.Table]:
    """The rows of all batches by the place of each, `rows` at a time but for the last.

    Args:
        place: shape (rows of all batches,), int: where each is to stand, 0, 1, 2, ... once each; -1: it is left out.
        folder: is made for the buckets, as large as the rows, and gone afterwards.

    Raises:
        LeadRankError: there is no room for them, or the folder cannot be made. What `batches` raises is let through.

    Example:
        >>> from tempfile import mkdtemp
        >>> batches = [pa.record_batch({"a": ["x", "y"]}), pa.record_batch({"a": ["z", "w"]})]
        >>> tables = dealt(batches, np.array([2, -1, 0, 1]), 2, Path(mkdtemp()) / "buckets")
        >>> [table.column("a").to_pylist() for table in tables]
        [['z', 'w'], ['x']]
    """
    wanted = int((place >= 0).sum())
    size = rows * max(1, -(-max(BUCKET_ROWS, wanted // MOST_BUCKETS) // rows))
    shutil.rmtree(folder, ignore_errors=True)
    with _room(folder):
        folder.mkdir()
    try:
        for file in _deal(batches, place, size, folder):
            with _room(folder), pa.OSFile(str(file)) as source:
                table = pa.ipc.open_file(source).read_all()
            table = table.combine_chunks()
            order = np.argsort(table.column(0).to_numpy())
            for start in range(0, len(table), rows):
                yield table.take(pa.array(order[start : start + rows])).remove_column(0)
            file.unlink()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _deal(batches: Iterable[pa.RecordBatch], place: np.ndarray, size: int, folder: Path) -> list[Path]:
    """The files of all buckets, in order; the first column is the place."""
    files = [folder / f"{bucket:03d}.arrow" for bucket in range(-(-(int(place.max(initial=-1)) + 1) // size))]
    writers: list[pa.RecordBatchFileWriter] = []
    start = 0
    with ExitStack() as opened:
        for batch in batches:
            here = place[start : start + len(batch)]
            start += len(batch)
            batch = batch.add_column(0, "place", pa.array(here))
            writers = writers or [_opened(file, batch.schema, opened) for file in files]
            bucket = here // size  # -1 for those left out
            order = np.argsort(bucket, kind="stable")
            batch = batch.take(pa.array(order))
            bounds = np.searchsorted(bucket[order], np.arange(len(files) + 1))
            for writer, low, high in zip(writers, bounds, bounds[1:], strict=False):
                if low < high:
                    with _room(folder):
                        writer.write_batch(batch.slice(low, high - low))
    return files


def _opened(file: Path, schema: pa.Schema, until: ExitStack) -> pa.RecordBatchFileWriter:
    """A bucket to write to, closed with `until`: what is still to be written then may find no room either."""
    with _room(file.parent):
        writer = pa.ipc.new_file(str(file), schema, options=WRITTEN)
    until.callback(_close, writer, file.parent)
    return writer


def _close(writer: pa.RecordBatchFileWriter, folder: Path) -> None:
    with _room(folder):
        writer.close()


@contextmanager
def _room(folder: Path) -> Iterator[None]:
    """What goes wrong with the buckets is told as that: who reads the rows takes other errors for a damaged source."""
    try:
        yield
    except (OSError, pa.ArrowInvalid) as error:
        said = (error.strerror if isinstance(error, OSError) else None) or error
        raise LeadRankError(
            f"putting rows in order needs room on the disk of '{folder.parent}', leave to write there and up to "
            f"{MOST_BUCKETS} open files, however: the system says '{said}'; see to that and start again"
        ) from error
