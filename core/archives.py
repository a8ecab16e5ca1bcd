"""A run that was uploaded as one file, unpacked: zip or tar.gz, told apart by content; nothing in it is executed.

    bytes -> zip or tar.gz -> members: plain files with the names of a run folder, nothing else -> folder

Sizes are counted while unpacking, never believed. Whether the files are those of a run that was saved, its manifest
says: `core.neural.checkpoints.load_run` checks each against its hash.
"""

from __future__ import annotations

import errno
import gzip
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import BytesIO
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile
from typing import IO, Any, NoReturn

from core.errors import RunError

RUN_FILES = frozenset(
    {
        "README.md",
        "adapter/adapter_model.safetensors",
        "backbone.json",
        "card.json",
        "config.json",
        "encoder.json",
        "faithfulness.json",
        "heads.safetensors",
        "history.json",
        "manifest.json",
        "ranking.json",
        "schema.json",
        "teaching.safetensors",
        "test_scores.parquet",
        "tokenizer.json",
    }
)
"""What a run folder may hold; see `core.neural.checkpoints`."""

MOST_MEMBERS = 64
MOST_BYTES = 4 << 30
"""Unpacked, all files together: LoRA adapters of the largest backbones stay below."""
INFLATION = (64 << 20, 100)
"""An archive that unpacks to more than this many bytes and more than this many times its size is an attack."""
_PIECE = 1 << 20
_DIRECTORY_BYTES = 1 << 16
"""Most bytes of a zip's table of contents: 64 names need a tenth of it."""
_DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    ValueError,
    NotImplementedError,
)
"""What these libraries raise over bytes that make no sense."""
_LEFTOVERS = ("__MACOSX", ".DS_Store")


def unpack_run(archive: Path, into: Path, *, most_bytes: int = MOST_BYTES) -> None:
    """Unpack an uploaded run into the folder `into`; one folder around the files is taken off.

    Nothing is left in `into` where an error is raised.

    Raises:
        RunError: neither zip nor tar.gz, damaged, encrypted, with links, with paths that lead out, with files that no
            run has, or one that unpacks to too much.
    """
    try:
        with archive.open("rb") as stream:
            head = stream.read(4)
            stream.seek(0)
            unpacked = _Budget(archive.stat().st_size, most_bytes)
            if head == b"PK\x03\x04":
                _write(_zip_members(stream), into, unpacked)
            elif head[:2] == b"\x1f\x8b":
                _write(_tar_members(stream, unpacked, into), into, _Budget(unpacked.packed, most_bytes))
            else:
                _refuse("it is neither a zip nor a tar.gz archive, whatever its name says")
    except BaseException as error:
        for name in RUN_FILES:
            (into / name).unlink(missing_ok=True)
        # A damaged zip can name places before its own start, which only the system refuses.
        if isinstance(error, _DAMAGED) or (isinstance(error, OSError) and error.errno == errno.EINVAL):
            _refuse("it is damaged or cut off", "pack the run folder again, or send the file again")
        raise


def copy_run(source: Path, into: Path) -> None:
    """Copy the files of the run folder `source`, and no others, into the folder `into`.

    Raises:
        RunError: there is no run at `source`.
    """
    if not (source / "manifest.json").is_file():
        raise RunError(f"expected a run folder, however: '{source.name}' has no manifest.json; `train` makes one")
    for name in sorted(RUN_FILES):
        if (source / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, into / name)


def pack_run(folder: Path) -> bytes:
    """The run in `folder` as one zip, to keep or to take elsewhere; `unpack_run` takes it.

    Raises:
        RunError: there is no run at `folder`.
    """
    if not (folder / "manifest.json").is_file():
        raise RunError(f"expected a run folder, however: '{folder.name}' has no manifest.json; load the model again")
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(RUN_FILES):
            if (folder / name).is_file():
                archive.write(folder / name, name)
    return packed.getvalue()


def place_of(name: str) -> PurePosixPath | None:
    """Where a member belongs, with its folders as they are; None for what some systems add on their own.

    Raises:
        RunError: the name is absolute, leads upwards, or is none that a run folder may hold.

    Example:
        >>> str(place_of("my-run/card.json"))
        'my-run/card.json'
    """
    path = PurePosixPath(name)
    if name.startswith(("/", "\\")) or "\\" in name or ":" in name or ".." in path.parts or "\0" in name:
        _refuse(f"{name[:80]!r} would lie outside its folder, as only a harmful archive has it")
    if any(part in _LEFTOVERS for part in path.parts):
        return None
    for taken_off in (0, 1):
        if "/".join(path.parts[taken_off:]) in RUN_FILES:
            return path
    _refuse(f"a run has no file {name[:80]!r}", "pack the run folder alone, with nothing added")


class _Budget:
    """Counts what comes out of an archive and stops what no honest one unpacks to."""

    def __init__(self, packed: int, most: int) -> None:
        self.packed, self.most, self.bytes = packed, most, 0

    def spend(self, size: int) -> None:
        self.bytes += size
        least, ratio = INFLATION
        if self.bytes > self.most or self.bytes > max(least, ratio * self.packed):
            _refuse(f"it unpacks to more than {self.bytes >> 20:,} MB, too much for a run of its size")


def _write(members: Iterator[tuple[str, IO[bytes]]], into: Path, budget: _Budget) -> None:
    """Write each member to its place below `into`."""
    wrappers: set[str] = set()
    seen: set[str] = set()
    for name, content in members:
        path = place_of(name)
        if path is None:
            continue
        inside = str(path) if str(path) in RUN_FILES else "/".join(path.parts[1:])
        wrappers.add("" if inside == str(path) else path.parts[0])
        if inside in seen or len(wrappers) > 1:
            _refuse("it holds more than one run", "pack one run folder alone")
        seen.add(inside)
        target = into / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as out:
            while piece := content.read(_PIECE):
                budget.spend(len(piece))
                out.write(piece)
    if "manifest.json" not in seen:
        _refuse("there is no manifest.json in it, so it is no finished run", "pack a folder that `train` made")


def _zip_members(stream: IO[bytes]) -> Iterator[tuple[str, IO[bytes]]]:
    _check_directory(stream)
    with zipfile.ZipFile(stream) as archive:
        members = archive.infolist()
        _check_count(len(members))
        for member in members:
            if member.is_dir():
                continue
            mode = member.external_attr >> 16
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                _refuse(f"{member.filename[:80]!r} is a link or no plain file")
            if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                _refuse("it is encrypted or packed in an unusual way", "pack it as a plain zip or tar.gz")
            with archive.open(member) as content:
                yield member.filename, content


def _check_directory(stream: IO[bytes]) -> None:
    """A zip's table of contents is read whole before anything can be counted: its size is looked at first."""
    size = stream.seek(0, 2)
    tail_size = min(size, 22 + 65_535 + 20)
    stream.seek(size - tail_size)
    tail = stream.read(tail_size)
    stream.seek(0)
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or end + 22 > len(tail):
        raise zipfile.BadZipFile
    listed = int.from_bytes(tail[end + 12 : end + 16], "little")
    if listed > _DIRECTORY_BYTES or b"PK\x06\x07" in tail[max(end - 20, 0) : end]:
        _refuse("its table of contents is far too long for a run")


def _tar_members(stream: IO[bytes], budget: _Budget, beside: Path) -> Iterator[tuple[str, IO[bytes]]]:
    with _inflated(stream, budget, beside) as plain, tarfile.open(fileobj=plain, mode="r:") as archive:
        for number, member in enumerate(archive, start=1):
            _check_count(number)
            if member.isdir():
                continue
            if not member.isreg() or member.issparse():
                _refuse(f"{member.name[:80]!r} is a link or no plain file")
            content = archive.extractfile(member)
            assert content is not None
            with closing(content):
                yield member.name, content


@contextmanager
def _inflated(stream: IO[bytes], budget: _Budget, beside: Path) -> Iterator[Any]:
    """The plain tar, in a file without a name on the same disk."""
    with TemporaryFile(dir=beside) as plain:
        with gzip.GzipFile(fileobj=stream) as packed:
            while piece := packed.read(_PIECE):
                budget.spend(len(piece))
                plain.write(piece)
        plain.seek(0)
        yield _SmallReads(plain)


class _SmallReads:
    """A file that refuses to be read in one huge piece: long headers of a tar are taken into memory as a whole."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.seek, self.tell = file, file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _PIECE:
            _refuse("its headers are far too long for a run")
        return self.file.read(size)


def _check_count(members: int) -> None:
    if members > MOST_MEMBERS:
        _refuse(f"it holds more than {MOST_MEMBERS} files and folders; a run has {len(RUN_FILES)} files")


def _refuse(what: str, remedy: str = "upload the zip or tar.gz of one run folder") -> NoReturn:
    # What caused it often carries the server's path: the chain is cut on purpose.
    raise RunError(f"the uploaded archive cannot be used: {what}; {remedy}") from None
