"""Uploaded runs: honest archives come out whole, hostile ones leave nothing behind."""

import io
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core import archives
from core.errors import RunError

RUN = {"manifest.json": b"{}", "card.json": b"{}", "adapter/adapter_model.safetensors": b"weights" * 100}


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, method)
    return out.getvalue()


def tarred(files: dict[str, bytes], *more: tarfile.TarInfo) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for member in more:
            archive.addfile(member, io.BytesIO(b"\0" * member.size))
    return out.getvalue()


def left_in(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir())


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.parametrize("around", ["", "my-run/"])
def test_a_run_comes_out_whole_whatever_the_file_is_called(
    tmp_path: Path, pack: Callable[..., bytes], around: str
) -> None:
    (tmp_path / "picture.png").write_bytes(pack({around + name: content for name, content in RUN.items()}))
    (tmp_path / "run").mkdir()
    archives.unpack_run(tmp_path / "picture.png", tmp_path / "run")
    assert {name: (tmp_path / "run" / name).read_bytes() for name in left_in(tmp_path / "run")} == RUN


def test_what_a_mac_adds_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(zipped({"__MACOSX/._card.json": b"x", ".DS_Store": b"x", **RUN}))
    (tmp_path / "run").mkdir()
    archives.unpack_run(tmp_path / "a", tmp_path / "run")
    assert left_in(tmp_path / "run") == sorted(RUN)


def linked(kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo("config.json")
    member.type, member.linkname = kind, "/etc/passwd"
    return member


def zip_link() -> bytes:
    out = io.BytesIO(zipped(RUN))
    with zipfile.ZipFile(out, "a") as archive:
        link = zipfile.ZipInfo("config.json")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return out.getvalue()


def long_header() -> bytes:
    """A name of 3 MB, which tarfile would read in one piece."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=tarfile.GNU_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo(os.urandom(1_500_000).hex()), io.BytesIO())
    return out.getvalue()


HOSTILE = {
    "upwards": (lambda: zipped({"../card.json": b"{}", **RUN}), "outside"),
    "upwards_tar": (lambda: tarred({"a/../../card.json": b"{}"}), "outside"),
    "absolute": (lambda: tarred({"/card.json": b"{}"}), "outside"),
    "drive": (lambda: zipped({"C:/card.json": b"{}"}), "outside"),
    "backslash": (lambda: zipped({"..\\card.json": b"{}"}), "outside"),
    "symlink": (lambda: tarred(RUN, linked(tarfile.SYMTYPE)), "link"),
    "hard_link": (lambda: tarred(RUN, linked(tarfile.LNKTYPE)), "link"),
    "device": (lambda: tarred(RUN, linked(tarfile.CHRTYPE)), "link"),
    "zip_link": (zip_link, "link"),
    "code": (lambda: zipped({**RUN, "setup.py": b"import os"}), "a run has no file"),
    "pickle": (lambda: tarred({**RUN, "heads.pt": b"\x80\x04"}), "a run has no file"),
    "twice": (lambda: zipped({**{f"a/{n}": c for n, c in RUN.items()}, "b/card.json": b"x"}), "more than one run"),
    "many": (lambda: zipped({f"x/__MACOSX/{i}": b"" for i in range(100)}), "files and folders"),
    "directory": (lambda: zipped({f"__MACOSX/{i:01000d}": b"" for i in range(70)}), "table of contents"),
    "zip_bomb": (lambda: zipped({**RUN, "history.json": b"\0" * (80 << 20)}), "unpacks to more"),
    "tar_bomb": (lambda: tarred({**RUN, "history.json": b"\0" * (80 << 20)}), "unpacks to more"),
    "long_header": (long_header, "headers"),
    "no_manifest": (lambda: zipped({"card.json": b"{}"}), "manifest.json"),
    "cut_zip": (lambda: zipped(RUN)[:-30], "damaged"),
    "cut_tar": (lambda: tarred(RUN)[:-30], "damaged"),
    "gzip_of_text": (lambda: tarred({})[:10] + b"nothing", "damaged"),
    "text": (lambda: b"hello", "neither"),
    "empty": (lambda: b"", "neither"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_archives_are_refused_and_leave_nothing(tmp_path: Path, case: str) -> None:
    make, words = HOSTILE[case]
    (tmp_path / "upload").write_bytes(make())
    (tmp_path / "run").mkdir()
    with pytest.raises(RunError, match=words) as caught:
        archives.unpack_run(tmp_path / "upload", tmp_path / "run")
    assert left_in(tmp_path) == ["upload"] and str(tmp_path) not in str(caught.value)


def test_wrong_bits_never_cause_another_error(tmp_path: Path) -> None:
    """Each byte of the headers flipped in turn: refused in words, or unpacked."""
    for pack in (zipped, tarred):
        sound = pack({"manifest.json": b"{}", "card.json": b"{}"})
        for place in range(0, len(sound), 3):
            folder = tmp_path / f"{pack.__name__}{place}"
            folder.mkdir()
            (tmp_path / "upload").write_bytes(sound[:place] + bytes([sound[place] ^ 0xFF]) + sound[place + 1 :])
            try:
                archives.unpack_run(tmp_path / "upload", folder)
            except RunError:
                assert left_in(folder) == []


def test_a_limit_on_the_whole_size(tmp_path: Path) -> None:
    (tmp_path / "upload").write_bytes(zipped(RUN, zipfile.ZIP_STORED))
    (tmp_path / "run").mkdir()
    with pytest.raises(RunError, match="unpacks to more"):
        archives.unpack_run(tmp_path / "upload", tmp_path / "run", most_bytes=500)


def test_only_the_files_of_a_run_are_copied(tmp_path: Path) -> None:
    for name, content in {**RUN, "notes.txt": b"secret"}.items():
        (tmp_path / "a" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "a" / name).write_bytes(content)
    (tmp_path / "b").mkdir()
    archives.copy_run(tmp_path / "a", tmp_path / "b")
    assert left_in(tmp_path / "b") == sorted(RUN)
    with pytest.raises(RunError, match="no manifest"):
        archives.copy_run(tmp_path / "b" / "adapter", tmp_path / "c")
