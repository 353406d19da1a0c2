"""`netraven sso test`, `user link` and `user unlink`, against real servers."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Program
from tests.sso.directory import (
    GROUPS,
    PEOPLE,
    SEARCHER,
    SEARCHERS_PASSWORD,
    Directory,
)
from tests.sso.provider import CLIENT_ID, REDIRECT_URI, RunningProvider

PASSWORD = "Correct-horse-7\n"


def set_oidc(program: Program, provider: RunningProvider) -> None:
    wanted = {
        "issuer": provider.issuer,
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT_URI,
        "roles": '{"netops": "operator"}',
        "ca_certificates": provider.authority.pem,
    }
    for key, value in wanted.items():
        program.ok("setting", "set", f"sso.oidc.{key}", "--", value)


def set_ldap(program: Program, directory: Directory) -> None:
    wanted = {
        "urls": directory.ldaps,
        "bind_dn": SEARCHER,
        "user_base": PEOPLE,
        "group_attribute": "",
        "group_base": GROUPS,
        "roles": json.dumps({f"cn=netops,{GROUPS}": "operator"}),
        "ca_certificates": directory.authority.pem,
    }
    for key, value in wanted.items():
        program.ok("setting", "set", f"sso.ldap.{key}", "--", value)
    password = f"{SEARCHERS_PASSWORD}\n"
    program.ok("setting", "set", "sso.ldap.bind_password", "--value-stdin", stdin=password)


def test_without_a_setup_the_command_says_what_to_set(program: Program) -> None:
    answer = program.run("sso", "test")

    assert answer.exit_code == 4
    assert "set sso.oidc.issuer or sso.ldap.urls" in answer.err


def test_a_provider_that_works_is_told(program: Program, provider: RunningProvider) -> None:
    set_oidc(program, provider)

    told = program.json("sso", "test")

    assert told == {"provider": provider.issuer, "provider_roles": {"netops": "operator"}}
    assert "netops: operator" in program.ok("sso", "test").out


def test_a_provider_that_does_not_is_told_with_the_reason(
    program: Program, provider: RunningProvider
) -> None:
    set_oidc(program, provider)
    program.ok("setting", "set", "sso.oidc.ca_certificates", "")

    answer = program.run("sso", "test", "--json")

    assert answer.exit_code == 1
    told = json.loads(answer.err)["error"]
    assert told["code"] == "sign_on_unavailable"
    assert "certificate verify failed" in told["message"].lower()


def test_what_would_become_of_a_person_is_told(program: Program, directory: Directory) -> None:
    set_ldap(program, directory)

    ana = program.json("sso", "test", "--user", "ana")
    otto = program.ok("sso", "test", "--user", "otto")
    nobody = program.run("sso", "test", "--user", "nobody")

    assert ana["directory"] == directory.ldaps
    assert (ana["user"], ana["subject"]) == ("ana", f"uid=ana,{PEOPLE}")
    assert (ana["groups"], ana["role"]) == ([f"cn=netops,{GROUPS}"], "operator")
    assert "none: refused" in otto.out
    assert nobody.exit_code == 3


def test_a_user_is_linked_and_unlinked(program: Program) -> None:
    program.ok("user", "add", "ana", "--email", "a@b", "--password-stdin", stdin=PASSWORD)

    linked = program.json("user", "link", "ana", "--ldap", "--subject", f"UID=Ana,{PEOPLE}")
    password = program.run("user", "password", "ana", "--password-stdin", stdin=PASSWORD)
    unlinked = program.ok("user", "unlink", "ana", "--yes")
    again = program.run("user", "unlink", "ana", "--yes")

    assert (linked["kind"], linked["subject"]) == ("ldap", f"uid=ana,{PEOPLE}")
    assert password.exit_code == 4
    assert "unlink them first" in password.err
    assert "needs a password" in unlinked.out
    assert again.exit_code == 4
    program.ok("user", "password", "ana", "--password-stdin", stdin=PASSWORD)


@pytest.mark.parametrize("given", [(), ("--ldap", "--oidc", "https://id.example.com")])
def test_a_link_says_to_what(program: Program, given: tuple[str, ...]) -> None:
    program.ok("user", "add", "ana", "--email", "a@b", "--password-stdin", stdin=PASSWORD)

    answer = program.run("user", "link", "ana", "--subject", "x", *given)

    assert answer.exit_code == 2
    assert "--oidc ISSUER or --ldap" in answer.err
