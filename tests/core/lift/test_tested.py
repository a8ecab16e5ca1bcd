"""The test scores of a model from elsewhere: those that ship are taken, forged ones refused before they unpack."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import RunError
from core.lift import tested
from core.lift.tested import check_tested

SHIPPED = Path(__file__).resolve().parents[3] / "sample_data" / "model"
FRAME = pd.DataFrame({"lead_id": ["a", "b"], "score": [2.0, 1.0], "probability": [0.5, 0.1], "rank": [1, 2]})


def written(folder: Path, table: pa.Table) -> Path:
    pq.write_table(table, folder / "test_scores.parquet", compression="zstd", store_schema=False)
    return folder


def test_what_trainings_write_is_taken(tmp_path: Path) -> None:
    check_tested(SHIPPED)
    FRAME.assign(**{"a baseline": [0.1, 0.2]}).to_parquet(tmp_path / "test_scores.parquet", index=False)
    check_tested(tmp_path)


def test_a_few_kilobytes_that_stand_for_terabytes_are_refused(tmp_path: Path) -> None:
    """A page that read them as text would end with its server."""
    rows = 200_000
    ids = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array(["x" * (8 << 20)]))
    zeros = np.zeros(rows)
    bomb = pa.table({"lead_id": ids, "score": zeros, "probability": zeros, "rank": zeros.astype(np.int64)})
    written(tmp_path, bomb)
    assert (tmp_path / "test_scores.parquet").stat().st_size < 100_000
    with pytest.raises(RunError, match="ids are far too long"):
        check_tested(tmp_path)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"lead_id": [1, 2]}, "lead_id must be text"),
        ({"score": ["x" * 200, "y"]}, "'score' is"),
        ({"score": [[1.0], [2.0]]}, "'score' is list"),
        ({"own": ["long text", ""]}, "'own' is"),
        ({"rank": None}, "rank is not there"),
    ],
)
def test_other_tables_are_refused(tmp_path: Path, changed: dict, words: str) -> None:
    columns = {name: values for name, values in {**FRAME.to_dict("list"), **changed}.items() if values is not None}
    with pytest.raises(RunError, match=words):
        check_tested(written(tmp_path, pa.table(columns)))


def test_too_many_leads_and_too_many_bytes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FRAME.to_parquet(tmp_path / "test_scores.parquet")
    for name in ("MOST_LEADS", "MOST_BYTES"):
        with monkeypatch.context() as less:
            less.setattr(tested, name, 1)
            with pytest.raises(RunError, match="too much for a test"):
                check_tested(tmp_path)


def test_no_table_at_all(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="missing or damaged"):
        check_tested(tmp_path)
    (tmp_path / "test_scores.parquet").write_bytes(b"PAR1 not really PAR1")
    with pytest.raises(RunError, match="missing or damaged"):
        check_tested(tmp_path)
