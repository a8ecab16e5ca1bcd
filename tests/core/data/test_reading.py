"""Reading lead files of every usual kind, and refusing every other with a sentence that helps."""

from __future__ import annotations

import gzip
import io
import itertools
import pickle
import zipfile
from datetime import datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from core.data.reading import column_names, read_chunks, read_table
from core.errors import ReadError

DATA = Path(__file__).parents[4] / "shared" / "data"


def refused(source: Path | bytes) -> str:
    with pytest.raises(ReadError) as caught:
        for _ in read_chunks(source):
            pass
    return str(caught.value)


def test_columns_rows_and_progress(tmp_path):
    path = tmp_path / "leads.csv"
    path.write_text("a,b,c\n" + "1,2,3\n" * 1000)
    shares: list[float] = []
    frame = read_table(path, columns=["c", "a"], on_progress=shares.append)
    assert (list(frame.columns), len(frame)) == (["c", "a"], 1000)
    assert shares == sorted(shares) and shares[-1] == 1.0 and 0 <= shares[0] <= 1
    assert len(read_table(path, rows=7)) == 7
    with pytest.raises(ReadError, match=r"no column 'd', 'e'; its columns are \['a', 'b', 'c'\]"):
        read_table(path, columns=["a", "d", "e"])


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet", "xlsx"])
def test_path_and_bytes_give_the_same(kind, tmp_path):
    path = tmp_path / "any.name"
    frame = pd.DataFrame({"id": ["007", "008"], "words": ["a\nb", "客户"]})
    match kind:
        case "csv":
            frame.to_csv(path, index=False)
        case "csv.gz":
            path.write_bytes(gzip.compress(frame.to_csv(index=False).encode()))
        case "parquet":
            frame.to_parquet(path)
        case "xlsx":
            with path.open("wb") as stream:
                frame.to_excel(stream, index=False, engine="openpyxl")
    pd.testing.assert_frame_equal(read_table(path), frame)
    pd.testing.assert_frame_equal(read_table(path.read_bytes()), frame)
    assert column_names(path) == column_names(path.read_bytes()) == ["id", "words"]
    assert list(read_table(path, columns=["words"]).columns) == ["words"]


def test_parquet_keeps_types_and_what_pandas_made_its_index(tmp_path):
    path = tmp_path / "leads.parquet"
    long_id = 2**60 + 1
    frame = pd.DataFrame(
        {
            "a.b": [1.5, None, 2.0],
            "when": pd.DatetimeIndex(["2025-12-31", pd.NaT, "2026-01-01"]),
            "sold": [True, False, True],
            "customer": pd.array([long_id, None, 5], dtype="Int64"),
        },
        index=pd.Index(["x", "y", "z"], name="lead_id"),
    )
    frame.to_parquet(path, row_group_size=2)
    shares: list[float] = []
    chunks = list(
        read_chunks(
            path, columns=["lead_id", "a.b", "when", "sold", "customer"], chunk_rows=2, on_progress=shares.append
        )
    )
    read = pd.concat(chunks)
    assert read["lead_id"].tolist() == ["x", "y", "z"]
    assert read["a.b"].dtype == "float64" and read["when"].dtype.kind == "M" and read["sold"].dtype == bool
    assert read["customer"].iloc[0] == long_id
    assert [len(chunk) for chunk in chunks] == [2, 1] and shares[-1] == 1.0


def workbook(rows: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.create_sheet("second").append(["not", "read"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_excel_keeps_types_fills_short_rows_and_skips_empty_ones():
    content = workbook([[" id ", "price", "when"], ["007", 1.5, datetime(2025, 12, 31)], [], ["008"]])
    frame = read_table(content)
    assert frame["id"].tolist() == ["007", "008"]
    assert frame["price"].iloc[0] == 1.5 and pd.isna(frame["price"].iloc[1])
    assert frame["when"].iloc[0] == pd.Timestamp("2025-12-31")


def test_excel_cells_beside_the_named_columns_are_refused():
    assert "the first of them [3]" in refused(workbook([["id"], ["1"], ["2", "stray"]]))


def zipped(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), "id\n1\n")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n\n \n", "no leads|blank lines"),
        (b"a,b\n", "no leads"),
        (b"a,b,a\n1,2,3\n", r"\['a'\] stand more than once"),
        (b"a,b\n1,\0\n", "binary"),
        (b"a,b\n" + b"1,2\n" * 5000 + b"\0\0\n", "line 5,002 holds NUL"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "a picture"),
        (pickle.dumps({"a": 1}), "pickle"),
        (bytes(range(1, 32)) * 20, "binary"),
        (zipped("leads.csv"), "zip archive but no .xlsx"),
        (zipped("leads.csv")[:40], "damaged or cut-off zip"),
        (zipped("xl/workbook.xml"), "damaged Excel workbook"),
        (workbook([]), "first sheet is empty"),
        (workbook([["id", "when"]]), "no leads"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), r"old Excel workbook \(\.xls\)"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "HTML"),
        (b'[{"id": 1}]', "JSON"),
        (b"PAR1 and nothing else", "damaged, encrypted or cut-off Parquet"),
        (gzip.compress(b"a,b\n1,2\n" * 5000, mtime=0)[:-40], "gzip compression is damaged"),
        (gzip.compress(bytes(5000), mtime=0), "binary"),
    ],
    ids=map(str, itertools.count()),  # a workbook's bytes hold the clock
)
def test_what_is_no_table_of_leads_is_refused_with_its_reason(content, message):
    with pytest.raises(ReadError, match=message):
        list(read_chunks(content))


def test_bank_marketing():
    path = DATA / "bank_marketing" / "bank-additional.zip"
    if not path.exists():
        pytest.skip("the public data is not here")
    content = zipfile.ZipFile(path).read("bank-additional/bank-additional-full.csv")
    frame = read_table(content)
    assert frame.shape == (41188, 21)
    assert frame["y"].value_counts().to_dict() == {"no": 36548, "yes": 4640}
    assert frame["emp.var.rate"].iloc[0] == "1.1"
    assert "zip archive but no .xlsx" in refused(path)


def test_hillstrom():
    path = DATA / "hillstrom" / "hillstrom_data.csv.gz"
    if not path.exists():
        pytest.skip("the public data is not here")
    frame = read_table(path, columns=["segment", "conversion"])
    assert len(frame) == 64_000
    assert frame["conversion"].astype(int).sum() == 578
