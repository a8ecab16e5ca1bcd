"""Reading lead files of every usual kind, and refusing every other with a sentence that helps."""

from __future__ import annotations

import csv
import gzip
import io
import pickle
import zipfile
from datetime import datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data import reading
from core.data.reading import column_names, read_chunks, read_table
from core.errors import ReadError

DATA = Path(__file__).parents[4] / "shared" / "data"
CELLS = st.text(
    st.one_of(st.sampled_from(',;\t|"\r\n é中'), st.characters(min_codepoint=32, exclude_categories=["Cs"])),
    max_size=12,
)


def normalised(cell: str) -> str:
    return cell.replace("\r\n", "\n").replace("\r", "\n")


def refused(source: Path | bytes) -> str:
    with pytest.raises(ReadError) as caught:
        for _ in read_chunks(source):
            pass
    return str(caught.value)


@settings(max_examples=100, deadline=None)
@given(
    table=st.integers(1, 4).flatmap(
        lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=6)
    ),
    separator=st.sampled_from(reading.SEPARATORS),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    chunk_rows=st.integers(1, 4),
)
def test_what_a_csv_writer_writes_comes_back(table, separator, line_end, encoding, quoting, chunk_rows):
    # Python's writer quotes only its own kind of line end: these two cases cannot be told from other tables.
    if line_end == "\r" or any(row[-1].endswith("\r") for row in table):
        quoting = csv.QUOTE_ALL
    names = [f"name {n}" for n in range(len(table[0]))]
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, lineterminator=line_end, quoting=quoting)
    writer.writerows([names, *table])
    content = out.getvalue().encode(encoding)
    chunks = list(read_chunks(content, chunk_rows=chunk_rows))
    frame = pd.concat(chunks)
    assert frame.to_numpy().tolist() == [[normalised(cell) for cell in row] for row in table]
    assert list(frame.columns) == names
    assert list(frame.index) == list(range(len(table)))
    assert all(dtype == "str" for dtype in frame.dtypes)
    assert all(len(chunk) <= chunk_rows for chunk in chunks)


@settings(max_examples=50, deadline=None)
@given(
    words=st.one_of(
        st.tuples(
            st.just("gb18030"),
            st.lists(st.sampled_from(["客户：你好", "北京，上海", "续航", "好", "hi, 你"]), min_size=2),
        ),
        st.tuples(
            st.just("cp1252"), st.lists(st.sampled_from(["Müller", "à bientôt", "5 €", "Ærø", "né; hi"]), min_size=2)
        ),
    ),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_the_two_old_encodings_are_told_apart(words, line_end):
    encoding, cells = words
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";", lineterminator=line_end).writerows([["id", "words"], *enumerate(cells)])
    assert read_table(out.getvalue().encode(encoding))["words"].tolist() == cells


GREETINGS = {
    "cp1252": ["Müller", "José", "Zoë – 5 €", "Ærø"],
    "latin-1": ["Müller", "José", "\x81 Zoë", "Ærø"],
    "gb18030": ["客户：你好，我想看看这款车", "专家：您好", "续航怎么样", "六百公里左右"],
    "utf-16-le": ["客户 hello", "Müller", "plain", "x"],
    "utf-16-be": ["客户 hello", "Müller", "plain", "x"],
    "utf-8": ["客户 hello", "Müller", "plain", "😀"],
}


@pytest.mark.parametrize("encoding", GREETINGS)
@pytest.mark.parametrize("late", [False, True])
def test_an_encoding_without_mark_is_found_even_where_it_shows_late(encoding, late):
    rows = [f"{n};hello" for n in range(60_000 if late else 1)] + [f"9;{text}" for text in GREETINGS[encoding]]
    frame = read_table("\r\n".join(["id;words", *rows]).encode(encoding))
    assert frame["words"].tail(4).tolist() == GREETINGS[encoding]


def test_one_damaged_byte_late_in_a_utf8_file_is_named_by_its_line():
    content = "id,words\n" + "1,客户：你好\n" * 100_000
    damaged = bytearray(content.encode())
    damaged[-4] = 0xFF
    assert "line 100,001 is damaged: it is no UTF-8 text" in refused(bytes(damaged))


def test_one_damaged_byte_late_in_a_gb18030_file_is_named_by_its_line():
    damaged = bytearray(("id,words\n" + "1,客户：你好，续航怎么样\n" * 50_000).encode("gb18030"))
    damaged[-3:-1] = b"\xff\xff"
    assert "line 50,001 is damaged: it is no GB18030 text" in refused(bytes(damaged))


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "words", ["Customer: hi\rAgent: hello", '"Customer: hi\rAgent: hello"', '"Customer: hi\r\nAgent: hello"']
)
def test_every_break_within_a_cell_is_handed_on_as_newline(line_end, words):
    content = line_end.join(["id,words,more", f"007,{words},1", "008,,2"]).encode()
    assert read_table(content).to_dict("list") == {
        "id": ["007", "008"],
        "words": ["Customer: hi\nAgent: hello", ""],
        "more": ["1", "2"],
    }


def test_pure_carriage_returns_as_line_ends_with_quoted_newlines():
    content = b'id,words\r1,"a\nb"\r2,"c\r\nd"\r'
    assert read_table(content)["words"].tolist() == ["a\nb", "c\nd"]


def test_header_is_stripped_and_blank_names_are_numbered():
    content = b'\xef\xbb\xbf id ,, "when\nmade" \n1,2,3\n'
    assert column_names(content) == ["id", "column_2", "when made"]


@pytest.mark.parametrize(
    "content",
    [
        b"sep=;\nid;price\n1;1,5\n",
        b'"sep=;"\r\n"id";"price"\r\n"1";"1,5"\r\n',
        b"\n\nid;price\n\n1;1,5\n\n   \n",
        b"id;price\n1;1,5",
        b"id|price\n1|1,5\n",
        b'id, "price"\n1, "1,5"\n',
    ],
)
def test_usual_quirks_of_csv(content):
    assert read_table(content).to_dict("list") == {"id": ["1"], "price": ["1,5"]}


def test_decimal_commas_do_not_pass_for_separators():
    rows = "\n".join(f"{n};{n},5;{n},25" for n in range(50))
    assert column_names(f"id;a;b\n{rows}\n".encode()) == ["id", "a", "b"]


def test_rows_that_do_not_fit_are_counted_and_the_first_are_named():
    rows = [f"{n},x,y" for n in range(30_000)]
    for place in (3, 12_000, 20_000, 20_001, 20_002, 20_003, 29_999):
        rows[place] += ",too many"
    rows[7] = "7"
    message = refused(("a,b,c\n" + "\n".join(rows)).encode())
    assert "every row must have 3 fields separated by ','" in message
    assert "8 of 30,000 rows have not, row 5 has 4, row 9 has 1, row 12,002 has 4, row 20,002 has 4" in message


def test_misfits_after_the_first_chunks_still_end_in_an_error():
    chunks = read_chunks(b"a,b\n" + b"1,2\n" * 10 + b"1\n" + b"1,2\n" * 10, chunk_rows=4)
    assert len(next(chunks)) == 4
    with pytest.raises(ReadError, match="row 12 has 1"):
        list(chunks)


@pytest.mark.parametrize("content", [b'id,words\n1,"never closed\n2,b\n', b'"id,words\n1,a\n'])
def test_a_quote_that_is_never_closed(content):
    assert "is never closed" in refused(content)


def test_a_cell_over_the_limit(monkeypatch):
    monkeypatch.setattr(reading, "_FIELD_LIMIT", 1000)
    assert "quote" in refused(b'id,words\n1,"' + b"a\n" * 600 + b'"\n')
    assert "more than 1,000 characters" in refused(b"id,words\n1," + b"a" * 2000 + b"\n")


def test_a_dialogue_longer_than_the_csv_modules_own_limit():
    words = "Customer: hello\n" * 20_000
    assert read_table(f'id,words\n1,"{words}"\n'.encode())["words"].tolist() == [words]


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
        archive.writestr(name, "id\n1\n")
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
        (gzip.compress(b"a,b\n1,2\n" * 5000)[:-40], "gzip compression is damaged"),
        (gzip.compress(bytes(5000)), "binary"),
    ],
)
def test_what_is_no_table_of_leads_is_refused_with_its_reason(content, message):
    with pytest.raises(ReadError, match=message):
        list(read_chunks(content))


def test_decompression_bombs_are_refused(monkeypatch):
    monkeypatch.setattr(reading, "_INFLATION", (100_000, 200))
    assert "over 200 times its size" in refused(gzip.compress(b"a,b\n" + b"0,0\n" * 1_000_000))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * 1_000_000)
    assert "over 200 times its size" in refused(out.getvalue())


def test_messages_name_the_file_and_never_its_folder(tmp_path):
    (tmp_path / "cut.parquet").write_bytes(b"PAR1 and nothing else")
    for path in (tmp_path, tmp_path / "missing.csv", tmp_path / "cut.parquet"):
        message = refused(path)
        assert path.name in message and str(tmp_path) not in message
    assert "there is no such file" in refused(tmp_path / "missing.csv")
    assert "it is a folder" in refused(tmp_path)


def test_a_single_column_is_read():
    assert read_table(b"dialogue\nhello; you | there\n\nyes\n")["dialogue"].tolist() == ["hello; you | there", "yes"]


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
