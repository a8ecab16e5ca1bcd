"""CSV of every usual kind comes back as it was meant; what does not fit is named by its rows."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data import csv_files
from core.data.reading import column_names, read_chunks, read_table
from core.errors import ReadError

CELLS = st.text(
    st.one_of(st.sampled_from(',;\t|"\r\n é中'), st.characters(min_codepoint=32, exclude_categories=["Cs"])),
    max_size=12,
)


def normalised(cell: str) -> str:
    return cell.replace("\r\n", "\n").replace("\r", "\n")


def refused(source: bytes) -> str:
    with pytest.raises(ReadError) as caught:
        for _ in read_chunks(source):
            pass
    return str(caught.value)


@settings(max_examples=100, deadline=None)
@given(
    table=st.integers(1, 4).flatmap(
        lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=6)
    ),
    separator=st.sampled_from(csv_files.SEPARATORS),
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
    monkeypatch.setattr(csv_files, "_FIELD_LIMIT", 1000)
    assert "quote" in refused(b'id,words\n1,"' + b"a\n" * 600 + b'"\n')
    assert "more than 1,000 characters" in refused(b"id,words\n1," + b"a" * 2000 + b"\n")


def test_a_dialogue_longer_than_the_csv_modules_own_limit():
    words = "Customer: hello\n" * 20_000
    assert read_table(f'id,words\n1,"{words}"\n'.encode())["words"].tolist() == [words]


def test_a_single_column_is_read():
    assert read_table(b"dialogue\nhello; you | there\n\nyes\n")["dialogue"].tolist() == ["hello; you | there", "yes"]
