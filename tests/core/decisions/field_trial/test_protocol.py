import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.decisions.field_trial.assignment import Design, assign
from core.decisions.field_trial.protocol import (
    Protocol,
    look_days,
    protocol_from_dict,
    read_protocol,
    write_protocol,
)
from core.decisions.field_trial.specialists import read_specialists
from core.errors import LeadRankError, ValidationError


def protocol(**change) -> Protocol:
    rng = np.random.default_rng(0)
    people = pd.DataFrame({"specialist": [f"S{n}" for n in range(20)], "tier": np.arange(20) % 2 + 1})
    people = read_specialists(people.assign(leads=rng.poisson(200, 20), lock_ins_30=rng.poisson(4, 20)))
    design = Design(accept=0.2)
    drawn = assign(people, design)
    sound = {
        "name": "Spring",
        "made": "2026-02-20T09:00:00+00:00",
        "made_by": "li",
        "start": "2026-03-01",
        "days": 132,
        "maturity_days": 30,
        "leads_per_specialist": 200,
        "design": design,
        "draws": drawn.draws,
        "arms": {"treatment": "model 7", "control": "the old list"},
        "guardrails": (("complaints", "higher"),),
        "specialists": drawn.frame,
    }
    return Protocol(**{**sound, **change})


def test_a_file_holds_all_and_comes_back_alike(tmp_path: Path) -> None:
    made = protocol(looks="obrien_fleming", look_days=look_days(132, 30))
    write_protocol(made, tmp_path / "spring.json")
    read = read_protocol(tmp_path / "spring.json")
    assert read.sha256 == made.sha256 and read.to_dict() == made.to_dict()
    assert read.design == made.design and read.draws == made.draws and read.look_days == (63, 96, 129, 162)
    assert read.guardrails == made.guardrails and read.arm_of() == made.arm_of()
    pd.testing.assert_frame_equal(read.specialists, made.specialists, check_dtype=False)
    assert read.specialists.dtypes.map(str).tolist()[3:9] == ["int64"] * 5 + ["float64"]


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "spring.json"
    write_protocol(protocol(), path)
    before = path.read_bytes()
    with pytest.raises(LeadRankError, match="is there already and stays as it is"):
        write_protocol(protocol(days=10), path)
    assert path.read_bytes() == before
    with pytest.raises(LeadRankError, match="cannot write the protocol"):
        write_protocol(protocol(), tmp_path / "nowhere" / "spring.json")


@pytest.mark.parametrize(
    "change",
    [{"days": 131}, {"headline": "ratio"}, {"alpha": 0.051}, {"made_by": "bo"}, {"draws": (0.1,)}, {"guardrails": ()}],
)
def test_each_change_makes_another_hash_that_is_noticed(change: dict) -> None:
    made = protocol()
    assert replace(made, **change).sha256 != made.sha256
    document = replace(made, **change).to_dict() | {"sha256": made.sha256}
    with pytest.raises(LeadRankError, match="changed after it was frozen"):
        protocol_from_dict(document)


def test_one_person_in_another_arm_is_noticed() -> None:
    document = protocol().to_dict()
    person = document["specialists"][7]
    person["arm"] = "control" if person["arm"] == "treatment" else "treatment"
    with pytest.raises(LeadRankError, match="changed after it was frozen"):
        protocol_from_dict(document)


def test_a_table_that_is_changed_later_does_not_reach_the_protocol_and_its_own_would_be_noticed() -> None:
    given = protocol().specialists
    made = protocol(specialists=given)
    before = made.sha256
    given["arm"] = "treatment"
    assert made.sha256 == before and set(made.arm_of().values()) == {"treatment", "control"}
    made.specialists.loc[0, "arm"] = "control" if made.specialists.loc[0, "arm"] == "treatment" else "treatment"
    assert made.sha256 != before


def test_the_hash_is_that_of_what_is_said_and_not_of_how() -> None:
    made = protocol()
    shuffled = dict(reversed(made.to_dict().items()))
    assert protocol_from_dict(json.loads(json.dumps(shuffled))).sha256 == made.sha256
    assert protocol(maturity_days=30.0, leads_per_specialist=np.float64(200)).sha256 == made.sha256


def test_a_person_in_both_arms_or_twice_is_named_with_the_rows() -> None:
    document = protocol().to_dict()
    person = document["specialists"][3]
    other = "control" if person["arm"] == "treatment" else "treatment"
    document["specialists"].append(person | {"arm": other})
    with pytest.raises(ValidationError, match=r"in both arms, such as 'S3' \(rows 5, 22\)"):
        protocol_from_dict(document)
    document["specialists"][-1] = person
    with pytest.raises(ValidationError, match=r"stands in several rows, such as 'S3' \(rows 5, 22\)"):
        protocol_from_dict(document)


def test_fields_that_lack_or_that_nobody_knows_are_named() -> None:
    document = protocol().to_dict()
    del document["start"], document["sha256"]
    with pytest.raises(LeadRankError, match="the protocol lacks sha256, start and has unknown colour"):
        protocol_from_dict(document | {"colour": "red"})
    document = protocol().to_dict()
    del document["design"]["seed"]
    with pytest.raises(LeadRankError, match="field 'design' lacks seed"):
        protocol_from_dict(document)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("design", 3),
        ("days", "many"),
        ("alpha", "small"),
        ("alpha", None),
        ("draws", 4),
        ("arms", ["a"]),
        ("arms", 1),
        ("guardrails", [["complaints"]]),
        ("look_days", None),
        ("specialists", "all"),
        ("specialists", [1, 2]),
        ("specialists", []),
        ("specialists", None),
        ("start", 20260301),
    ],
)
def test_fields_of_the_wrong_kind_are_refused(field: str, value: object) -> None:
    with pytest.raises(LeadRankError):
        protocol_from_dict(protocol().to_dict() | {field: value})


def test_what_is_no_protocol_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LeadRankError, match="cannot read the protocol"):
        read_protocol(tmp_path / "none.json")
    path = tmp_path / "odd.json"
    for text in (b"{not json", b"\xff\xfe\x00"):
        path.write_bytes(text)
        with pytest.raises(LeadRankError, match="must be JSON"):
            read_protocol(path)
    path.write_text('{"days": ' + "9" * 5000 + "}")
    with pytest.raises(LeadRankError, match="must be JSON"):
        read_protocol(path)
    path.write_text("[1, 2]")
    with pytest.raises(LeadRankError, match="must be an object with named fields, however: got=list"):
        read_protocol(path)


@settings(max_examples=30)
@given(st.integers(1, 400), st.floats(0, 90), st.integers(1, 8))
def test_equal_looks_always_fit_a_protocol(days: int, maturity: float, looks: int) -> None:
    found = look_days(days, maturity, looks)
    made = protocol(days=days, maturity_days=maturity, looks="obrien_fleming", look_days=found)
    assert made.look_days == found and len(found) == min(days, looks)
