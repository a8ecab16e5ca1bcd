import numpy as np
import pandas as pd
import pytest

from core.data.reading import read_table
from core.decisions.economics.people import COLUMNS, factors, read_people
from core.errors import ValidationError

FULL = b"""person,capacity,regions,skills,shop
An,12,north; south,electric=1.2; used cars,A
007,0,,,B
"""


def problems(text: bytes) -> tuple[str, ...]:
    with pytest.raises(ValidationError) as caught:
        read_people(read_table(text))
    return caught.value.problems


def test_a_file_is_read_and_read_again_alike() -> None:
    read = read_people(read_table(FULL))
    assert tuple(read.columns) == COLUMNS
    assert read["person"].tolist() == ["An", "007"] and read["capacity"].tolist() == [12, 0]
    assert read["regions"].tolist() == [("north", "south"), ()]
    assert read["skills"].tolist() == [{"electric": 1.2, "used cars": 1.0}, {}]
    pd.testing.assert_frame_equal(read_people(read), read)


def test_names_and_capacities_are_enough() -> None:
    read = read_people(pd.DataFrame({"person": ["An", "Bo"], "capacity": ["12", 3]}))
    assert read["regions"].tolist() == [(), ()] and read["skills"].tolist() == [{}, {}]


def test_every_problem_is_named_with_its_rows() -> None:
    said = problems(
        b"person,capacity,skills\nAn,1,electric=0\nAn,,\n,-5,used=old\nBo,some,\nCy,3.5,electric=1.5; vans=-1\n"
    )
    expected = [
        ("person", "stands in several rows, such as 'An' (rows 2, 3)"),
        ("person", "name is empty (row 4)"),
        ("capacity", "the number is missing (row 3)"),
        ("capacity", "negative number of calls, such as '-5' (row 4)"),
        ("capacity", "not a number, such as 'some' (row 5)"),
        ("capacity", "not a whole number, such as '3.5' (row 6)"),
        ("skills", "such as 'electric=0' (rows 2, 4, 6)"),
    ]
    for column, part in expected:
        assert any(one.startswith(f"column '{column}'") and part in one for one in said), (column, part, said)
    assert len(said) == len(expected)


def test_a_list_without_capacities_or_people_is_refused() -> None:
    assert "column 'capacity': there is no such column; the table has person" in problems(b"person\nAn\n")[0]
    with pytest.raises(ValidationError, match="nobody in the table"):
        read_people(pd.DataFrame({"person": [], "capacity": []}))


def test_who_may_take_what() -> None:
    people = read_people(
        pd.DataFrame(
            {
                "person": ["all", "north", "electric", "both"],
                "capacity": 1,
                "regions": [(), ("north",), (), ("south", "north")],
                "skills": [{}, {}, {"electric": 1.5}, {"used": 0.8}],
            }
        )
    )
    kinds = pd.DataFrame(
        [("north", "electric"), ("south", "used"), ("south", ""), ("", "electric")], columns=["region", "skill"]
    )
    expected = [[1, 1, 1, 1], [1, 0, 0, 1], [1.5, 0, 1, 1.5], [0, 0.8, 1, 0]]
    np.testing.assert_array_equal(factors(people, kinds), expected)
