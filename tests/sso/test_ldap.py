"""Asking a real directory who a name and a password belong to."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest
from pydantic import SecretStr

from netraven.db.enums import IdentityKind, Role
from netraven.errors import SignOnUnavailable
from netraven.sso.ldap import check_directory, look_up, prove
from tests.sso.directory import BASE, GROUPS, PEOPLE, SEARCHER, Directory, password_of


def test_a_name_and_a_password_prove_a_person_with_their_groups(directory: Directory) -> None:
    person = prove(directory.setup(), "Ana", password_of("ana"))

    assert person is not None
    assert person.kind is IdentityKind.LDAP
    assert person.subject == f"uid=ana,{PEOPLE}"
    assert (person.username, person.email) == ("ana", "ana@example.com")
    assert person.full_name == "Ana Gómez"
    assert person.groups == (f"cn=netops,{GROUPS}",)
    assert person.role is Role.OPERATOR


def test_of_several_groups_the_highest_role_counts(directory: Directory) -> None:
    person = prove(directory.setup(), "eva", password_of("eva"))

    assert person is not None
    assert person.role is Role.ADMIN


def test_who_is_in_no_named_group_has_no_role(directory: Directory) -> None:
    person = prove(directory.setup(), "otto", password_of("otto"))

    assert person is not None
    assert person.role is None


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("ana", "wrong"),
        ("nobody", password_of("ana")),
        ("ana", ""),
        ("", password_of("ana")),
        ("ana", "\x00"),
        ("ana\x00", password_of("ana")),
        ("search", "look-but-do-not-touch "),  # an entry, but no person
        ("twin", password_of("twin")),  # two entries prove nobody
    ],
)
def test_whatever_is_wrong_proves_nobody(
    directory: Directory, username: str, password: str
) -> None:
    assert prove(directory.setup(), username, password) is None


@pytest.mark.parametrize(
    "username",
    [
        "*",
        "a*",
        "ana)(uid=*",
        "*)(|(uid=ana",
        "ana)(objectClass=*",
        "an\\61",
        "(",
        "\\",
        "ana,ou=x",
    ],
)
def test_a_name_is_no_filter(directory: Directory, username: str) -> None:
    assert prove(directory.setup(), username, password_of("ana")) is None
    assert look_up(directory.setup(), username) is None


def test_a_name_with_a_filters_characters_is_found(directory: Directory) -> None:
    person = prove(directory.setup(), "star*man", password_of("star*man"))

    assert person is not None
    assert (person.full_name, person.email) == ("Star (Man)", None)
    assert person.role is Role.OPERATOR


def test_an_empty_password_never_binds(directory: Directory) -> None:
    setup = directory.setup(bind_password=None)

    with pytest.raises(SignOnUnavailable, match=r"does not take sso\.ldap\.bind_dn"):
        prove(setup, "ana", password_of("ana"))


def test_start_tls_encrypts_the_other_way_in(directory: Directory) -> None:
    person = prove(directory.setup(urls=(directory.ldap,)), "ana", password_of("ana"))

    assert person is not None


@pytest.mark.parametrize("way", ["ldap", "ldaps"])
def test_a_certificate_of_somebody_else_is_not_believed(directory: Directory, way: str) -> None:
    setup = directory.setup(urls=(getattr(directory, way),), ca_certificates="")

    with pytest.raises(SignOnUnavailable, match=r"(?i)certificate verify failed"):
        prove(setup, "ana", password_of("ana"))


@pytest.mark.parametrize("way", ["ldap", "ldaps"])
def test_a_certificate_of_another_host_is_not_believed(directory: Directory, way: str) -> None:
    by_address = getattr(directory, way).replace("localhost", "127.0.0.1")

    with pytest.raises(SignOnUnavailable, match=r"(?i)certificate"):
        prove(directory.setup(urls=(by_address,)), "ana", password_of("ana"))


def test_cleartext_is_spoken_only_when_that_is_allowed(directory: Directory) -> None:
    by_address = directory.ldap.replace("localhost", "127.0.0.1")
    setup = directory.setup(urls=(by_address,), allows_cleartext=True, ca_certificates="")

    assert prove(setup, "ana", password_of("ana")) is not None


def test_the_next_server_is_asked_where_one_is_away(directory: Directory) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        away = f"ldaps://localhost:{closed.getsockname()[1]}"

        setup = directory.setup(urls=(away, directory.ldaps))
        assert prove(setup, "ana", password_of("ana")) is not None
        assert check_directory(setup) == directory.ldaps
        with pytest.raises(SignOnUnavailable, match=away):
            prove(directory.setup(urls=(away,)), "ana", password_of("ana"))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"bind_dn": f"cn=nobody,{BASE}"}, "does not take sso.ldap.bind_dn"),
        ({"bind_password": SecretStr("wrong")}, "does not take sso.ldap.bind_dn"),
        ({"user_base": f"ou=nowhere,{BASE}"}, "refuses to search below"),
        ({"user_filter": "(&(objectClass=person)"}, "cannot be used"),
        ({"user_base": "nonsense"}, "cannot be used"),
        ({"group_base": f"ou=nowhere,{BASE}"}, "refuses to search below"),
        ({"ca_certificates": "nonsense"}, "sso.ldap.ca_certificates is unusable"),
    ],
)
def test_a_wrong_setup_is_named(directory: Directory, changed: dict[str, Any], told: str) -> None:
    with pytest.raises(SignOnUnavailable, match=told) as caught:
        check_directory(directory.setup(**changed))

    assert "look-but" not in str(caught.value)


def test_groups_may_be_told_by_the_persons_entry(directory: Directory) -> None:
    setup = directory.setup(group_base="", group_attribute="memberOf")

    ana = prove(setup, "ana", password_of("ana"))
    eva = prove(setup, "eva", password_of("eva"))

    assert ana is not None
    assert eva is not None
    assert (ana.groups, ana.role) == ((f"cn=netops,{GROUPS}",), Role.OPERATOR)
    assert (eva.groups, eva.role) == ((), None)


def test_members_may_be_listed_by_name(directory: Directory) -> None:
    setup = directory.setup(group_filter="(objectClass=posixGroup)", member_attribute="memberUid")

    person = prove(setup, "ana", password_of("ana"))

    assert person is not None
    assert person.groups == (f"cn=unix,{GROUPS}",)


def test_without_an_account_to_search_with_nothing_is_found_here(directory: Directory) -> None:
    setup = directory.setup(bind_dn="", bind_password=None)

    with pytest.raises(SignOnUnavailable, match="refuses to search"):
        prove(setup, "ana", password_of("ana"))


def test_the_searcher_is_named_in_no_repr(directory: Directory) -> None:
    assert SEARCHER in repr(directory.setup())
    assert "look-but" not in repr(directory.setup())
    assert password_of("ana") not in repr(prove(directory.setup(), "ana", password_of("ana")))


def test_a_server_that_says_nothing_is_given_up(directory: Directory) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"ldaps://localhost:{silent.getsockname()[1]}"

        def hang_up() -> None:
            silent.accept()[0].close()

        hung_up = threading.Thread(target=hang_up)
        hung_up.start()

        with pytest.raises(SignOnUnavailable, match="cannot be used"):
            prove(directory.setup(urls=(url,)), "ana", password_of("ana"))
        hung_up.join()
