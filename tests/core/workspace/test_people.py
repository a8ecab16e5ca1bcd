"""Who may do what."""

import pytest

from core.errors import LeadRankError
from core.workspace.audit import audit_trail
from core.workspace.people import ROLES, allowed, people, remove_person, role_of, set_role, signed_in, welcome


def test_each_role_may_do_what_those_before_it_may():
    assert [[allowed(role, needed) for needed in ROLES] for role in ROLES] == [
        [True, False, False, False],
        [True, True, False, False],
        [True, True, True, False],
        [True, True, True, True],
    ]
    assert not allowed(None, "viewer") and not allowed("root", "viewer")
    with pytest.raises(ValueError):
        allowed("admin", "owner")


def test_a_role_is_given_changed_and_noted(ws):
    assert role_of(ws, "ana@example.com") is None
    set_role(ws, "Ana@Example.com ", "viewer", "boss", name="Ana")
    set_role(ws, "ana@example.com", "analyst", "boss")
    assert role_of(ws, "ANA@example.com") == "analyst"
    assert [(person.email, person.name) for person in people(ws)] == [("ana@example.com", "Ana")]
    events = audit_trail(ws, what="role given")
    assert [event.details for event in events] == [
        {"before": "viewer", "after": "analyst"},
        {"before": None, "after": "viewer"},
    ]


def test_one_admin_must_stay(ws):
    set_role(ws, "a@x.org", "admin", "boss")
    for take in (lambda: set_role(ws, "a@x.org", "viewer", "boss"), lambda: remove_person(ws, "a@x.org", "boss")):
        with pytest.raises(LeadRankError, match="the only admin"):
            take()
    assert role_of(ws, "a@x.org") == "admin"
    set_role(ws, "b@x.org", "admin", "boss")
    remove_person(ws, "a@x.org", "boss")
    assert role_of(ws, "a@x.org") is None and audit_trail(ws)[0].what == "person removed"
    with pytest.raises(LeadRankError, match="no such person"):
        remove_person(ws, "a@x.org", "boss")


def test_who_was_removed_stays_out_until_somebody_gives_a_role(ws):
    assert welcome(ws, "Ana@x.org", "viewer", "Ana") == "viewer"
    assert welcome(ws, "ana@x.org", "admin", "Ana") == "viewer"  # known by now
    remove_person(ws, "ana@x.org", "boss")
    assert welcome(ws, "ana@x.org", "viewer", "Ana") is None
    assert signed_in(ws, "ana@x.org", "Ana") is None and people(ws) == []
    set_role(ws, "ana@x.org", "manager", "boss")
    assert signed_in(ws, "ana@x.org", "Ana") == "manager"
    assert audit_trail(ws)[0].details == {"before": "removed", "after": "manager"}


def test_a_name_is_kept_as_the_last_sign_in_told_it(ws):
    set_role(ws, "ana@x.org", "viewer", "boss")
    assert signed_in(ws, "ANA@x.org", "Ana\nAlba " + "a" * 300) == "viewer"
    (person,) = people(ws)
    assert person.name.startswith("Ana Alba a") and len(person.name) == 200
    assert signed_in(ws, "ana@x.org", "") == "viewer"
    assert people(ws)[0].name == person.name
    assert signed_in(ws, "bo@x.org", "Bo") is None and len(people(ws)) == 1


@pytest.mark.parametrize("email", ["", "ana", "@x", "x@", "a" * 250 + "@x.org"])
def test_addresses_that_are_none(ws, email):
    with pytest.raises(LeadRankError, match="e-mail address"):
        set_role(ws, email, "viewer", "boss")
    assert people(ws) == []


def test_roles_that_are_none(ws):
    with pytest.raises(LeadRankError, match="viewer, manager, analyst, admin"):
        set_role(ws, "a@x.org", "root", "boss")
