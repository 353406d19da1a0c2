"""Users whom others prove: linked, made at a first login, followed."""

from __future__ import annotations

from dataclasses import replace
from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from netraven.admin.identities import (
    admit_person,
    end_logins_of,
    get_identity,
    link_identity,
    unlink_identity,
)
from netraven.admin.sessions import count_sessions, open_session
from netraven.admin.users import change_password, reset_password
from netraven.db.enums import IdentityKind, LoginKind, Role
from netraven.errors import Conflict, Forbidden, InUse, Invalid, NetRavenError
from netraven.models import User, UserIdentity
from netraven.schemas.sso import IdentityLink, Person
from tests.admin.conftest import PASSWORD, Staff

ISSUER = "https://id.example.com"
ANA = Person(
    kind=IdentityKind.OIDC,
    issuer=ISSUER,
    subject="248289761001",
    username="ana",
    email="ana@example.com",
    full_name="Ana Gómez",
    groups=("netops",),
    role=Role.OPERATOR,
)
LINK = IdentityLink(kind=IdentityKind.OIDC, issuer=ISSUER, subject=ANA.subject)


def test_a_newcomer_is_a_user_with_the_role_of_their_groups(staff: Staff) -> None:
    user_id = staff.database.run(admit_person, ANA).id

    user = staff.read(user_id)
    identity = staff.database.run(get_identity, user_id)
    assert (user.username, user.email, user.role) == ("ana", "ana@example.com", Role.OPERATOR)
    assert identity is not None
    assert (identity.issuer, identity.subject) == (ISSUER, ANA.subject)
    (event,) = staff.events()
    assert event.event_name == "user_created"


def test_who_was_here_before_is_the_same_user_whatever_their_name(staff: Staff) -> None:
    first = staff.database.run(admit_person, ANA).id

    again = staff.database.run(admit_person, replace(ANA, username="ann", email="a@b")).id

    assert again == first
    assert staff.read(first).username == "ana"
    assert len(staff.events()) == 1


@pytest.mark.parametrize(
    "other",
    [
        replace(ANA, issuer="https://id.example.com/"),
        replace(ANA, subject="248289761002"),
        replace(ANA, kind=IdentityKind.LDAP),
    ],
)
def test_somebody_of_the_same_name_is_somebody_else(sync_staff: Staff, other: Person) -> None:
    sync_staff.database.run(admit_person, ANA)

    with pytest.raises(Conflict, match=r"another account here has your (username|email)"):
        sync_staff.database.run(admit_person, other)


def test_the_role_follows_the_groups_and_ends_other_logins(staff: Staff) -> None:
    user_id = staff.database.run(admit_person, ANA).id
    staff.database.run(open_session, user_id, kind=LoginKind.CLIENT)

    staff.database.run(admit_person, replace(ANA, role=Role.VIEWER))

    assert staff.read(user_id).role is Role.VIEWER
    assert staff.database.run(count_sessions, user_id) == 0
    assert staff.events()[-1].event_name == "user_role_followed"
    assert staff.events()[-1].changes == {"role": {"before": "operator", "after": "viewer"}}


def test_without_a_role_nobody_comes_in(staff: Staff) -> None:
    with pytest.raises(Forbidden, match="none of your groups has a role"):
        staff.database.run(admit_person, replace(ANA, role=None))

    assert staff.events() == []


def test_who_has_no_role_any_more_is_logged_out(staff: Staff) -> None:
    user_id = staff.database.run(admit_person, ANA).id
    staff.database.run(open_session, user_id, kind=LoginKind.BROWSER)

    ended = staff.database.run(end_logins_of, replace(ANA, role=None))

    assert ended == 1
    assert staff.database.run(count_sessions, user_id) == 0
    assert staff.database.run(end_logins_of, replace(ANA, subject="nobody")) == 0


def test_a_disabled_user_stays_disabled(staff: Staff) -> None:
    user_id = staff.database.run(admit_person, ANA).id
    staff.update(user_id, is_active=False)

    with pytest.raises(Forbidden, match="disabled"):
        staff.database.run(admit_person, ANA)

    assert not staff.read(user_id).is_active


def test_the_last_administrators_role_is_not_taken_away(staff: Staff) -> None:
    user_id = staff.database.run(admit_person, replace(ANA, role=Role.ADMIN)).id

    with pytest.raises(InUse, match="last active administrator"):
        staff.database.run(admit_person, ANA)

    assert staff.read(user_id).role is Role.ADMIN


@pytest.mark.parametrize(
    ("person", "field"),
    [
        (replace(ANA, username="no name"), "username"),
        (replace(ANA, username="x" * 65), "username"),
        (replace(ANA, email="no@such@address"), "email"),
        (replace(ANA, full_name="a\x00b"), "full_name"),
        (replace(ANA, full_name="\ud800"), "full_name"),
        (replace(ANA, subject="x" * 1001), "subject"),
        (replace(ANA, subject="a\x00b"), "subject"),
        (replace(ANA, subject="\ud800"), "subject"),
    ],
)
def test_what_no_user_can_be_called_is_refused_by_name(
    sync_staff: Staff, person: Person, field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        sync_staff.database.run(admit_person, person)

    assert caught.value.field == field
    assert sync_staff.events() == []


@pytest.mark.parametrize(
    ("username", "address"),
    [("ana", "ana@no-address.invalid"), ("ana@example.org", "ana@example.org")],
)
def test_without_an_address_a_user_has_one_that_leads_nowhere(
    sync_staff: Staff, username: str, address: str
) -> None:
    person = replace(ANA, username=username, email=None)

    user_id = sync_staff.database.run(admit_person, person).id

    assert sync_staff.read(user_id).email == address


def test_of_two_first_logins_at_once_both_are_the_same_user(sync_staff: Staff) -> None:
    together, ids = Barrier(2), []

    def log_in() -> None:
        together.wait()
        ids.append(sync_staff.database.run(admit_person, ANA).id)

    threads = [Thread(target=log_in) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(ids) == 2
    assert ids[0] == ids[1]


def test_a_linked_users_password_and_logins_are_over(staff: Staff) -> None:
    user_id = staff.add("ana")
    staff.database.run(open_session, user_id, kind=LoginKind.CLIENT)

    row = staff.database.run(link_identity, user_id, LINK)

    assert row is not None
    assert staff.read(user_id).password_hash == ""
    assert staff.database.run(count_sessions, user_id) == 0
    assert staff.database.run(admit_person, ANA).id == user_id
    assert [event.event_name for event in staff.events()][1] == "user_linked"


def test_a_linked_user_has_no_password_here(staff: Staff) -> None:
    user_id = staff.add("ana")
    staff.database.run(link_identity, user_id, LINK)

    with pytest.raises(Conflict, match="logs in by oidc"):
        staff.database.run(change_password, user_id, PASSWORD, "Other-horse-8")
    with pytest.raises(Conflict, match="logs in by oidc"):
        staff.database.run(reset_password, user_id, "Other-horse-8")


def test_an_unlinked_user_gets_a_password_and_is_local_again(staff: Staff) -> None:
    user_id = staff.add("ana")
    staff.database.run(link_identity, user_id, LINK)

    assert staff.database.run(unlink_identity, user_id)

    assert not staff.database.run(unlink_identity, user_id)
    assert staff.database.run(reset_password, user_id, PASSWORD)
    with pytest.raises(Conflict, match="another account here"):
        staff.database.run(admit_person, ANA)


def test_an_identity_is_one_users(staff: Staff) -> None:
    ana, ben = staff.add("ana"), staff.add("ben")
    staff.database.run(link_identity, ana, LINK)
    other = IdentityLink(kind=IdentityKind.OIDC, issuer=ISSUER, subject="other")
    staff.database.run(link_identity, ben, other)

    with pytest.raises(Conflict) as caught:
        staff.database.run(link_identity, ben, LINK)

    kept = staff.database.run(get_identity, ben)
    assert caught.value.field == "identity"
    assert kept is not None
    assert kept.subject == "other"


def test_a_link_can_be_changed(staff: Staff) -> None:
    user_id = staff.add("ana")
    staff.database.run(link_identity, user_id, LINK)
    entry = IdentityLink(kind=IdentityKind.LDAP, subject="UID=Ana, OU=People,dc=Example")

    staff.database.run(link_identity, user_id, entry)

    identity = staff.database.run(get_identity, user_id)
    assert identity is not None
    assert (identity.kind, identity.issuer) == (IdentityKind.LDAP, "")
    assert identity.subject == "uid=ana,ou=people,dc=example"


@pytest.mark.parametrize(
    "link",
    [
        IdentityLink(kind=IdentityKind.OIDC, subject="x"),
        IdentityLink(kind=IdentityKind.LDAP, issuer=ISSUER, subject="x"),
    ],
)
def test_an_issuer_belongs_to_a_provider_only(sync_staff: Staff, link: IdentityLink) -> None:
    user_id = sync_staff.add("ana")

    with pytest.raises(Invalid) as caught:
        sync_staff.database.run(link_identity, user_id, link)

    assert caught.value.field == "issuer"


@pytest.mark.parametrize("user_id", ["", "x", "0192d3c4-0000-7000-8000-000000000000"])
def test_an_absent_user_has_no_identity(staff: Staff, user_id: str) -> None:
    assert staff.database.run(get_identity, user_id) is None
    assert staff.database.run(link_identity, user_id, LINK) is None
    assert not staff.database.run(unlink_identity, user_id)


def test_a_deleted_users_identity_is_free(staff: Staff) -> None:
    user_id = staff.database.run(admit_person, ANA).id
    with staff.database.unit() as db:
        db.query(User).filter_by(id=user_id).delete()
        assert db.scalars(select(UserIdentity)).all() == []

    assert staff.database.run(admit_person, ANA).id != user_id


def test_a_refusal_changes_nothing(sync_staff: Staff) -> None:
    sync_staff.add("ana")

    with sync_staff.database.unit() as db:
        with pytest.raises(NetRavenError):
            admit_person(db, replace(ANA, email="other@example.com"))
        assert db.scalars(select(UserIdentity)).all() == []

    assert [event.event_name for event in sync_staff.events()] == ["user_created"]
