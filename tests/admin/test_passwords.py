"""Passwords are hashed with argon2id, checked, and held to the settings' policy."""

from __future__ import annotations

from time import process_time

import pytest
from argon2 import PasswordHasher, Type

from netraven.admin.passwords import check_password_policy, hash_password, verify_password
from netraven.db.enums import ValueType
from netraven.errors import Invalid
from netraven.models import AdminSetting
from tests.conftest import Database

BOUND_S = 0.15


def test_a_password_fits_its_hash_and_no_other_does() -> None:
    hashed = hash_password("Correct-horse-7")

    check = verify_password(hashed, "Correct-horse-7")

    assert (check.ok, check.needs_rehash) == (True, False)
    assert not verify_password(hashed, "Correct-horse-8").ok
    assert not verify_password(hashed, "").ok
    assert hashed.startswith("$argon2id$")
    assert "horse" not in hashed


def test_equal_passwords_have_different_hashes() -> None:
    assert hash_password("Correct-horse-7") != hash_password("Correct-horse-7")


@pytest.mark.parametrize("hasher", [PasswordHasher(time_cost=1), PasswordHasher(type=Type.I)])
def test_a_hash_of_other_parameters_fits_and_is_to_be_renewed(hasher: PasswordHasher) -> None:
    check = verify_password(hasher.hash("Correct-horse-7"), "Correct-horse-7")

    assert (check.ok, check.needs_rehash) == (True, True)


@pytest.mark.parametrize("text", ["", "-", "plain", "$argon2id$v=19$m=19456,t=2,p=1$x$y"])
def test_nothing_fits_what_is_no_hash(text: str) -> None:
    assert not verify_password(text, "plain").ok


@pytest.mark.parametrize("password", ["a" * 129, "a" * 10_000_000])
def test_a_text_longer_than_any_password_fits_nothing(password: str) -> None:
    assert not verify_password(hash_password("a"), password).ok


@pytest.mark.parametrize("password", ["パスワード🔑", "a\0b", "\udc80broken", " outer "])
def test_any_text_can_be_a_password(password: str) -> None:
    hashed = hash_password(password)

    assert verify_password(hashed, password).ok
    assert not verify_password(hashed, password.strip() + "x").ok


def test_hashing_stays_within_its_bound() -> None:
    def seconds() -> float:
        started = process_time()
        hash_password("Correct-horse-7")
        return process_time() - started

    assert min(seconds() for _ in range(5)) <= BOUND_S


@pytest.mark.parametrize(
    ("password", "lacking"),
    [
        ("Sh0rt-x", "at least 8 characters"),
        ("correct-horse-7", "a capital letter"),
        ("CORRECT-HORSE-7", "a small letter"),
        ("Correct-horse-x", "a digit"),
        ("Correcthorse7", "neither letter nor digit"),
        ("Correct-horse-7" * 9, "at most 128 characters"),
    ],
)
def test_a_password_is_told_what_it_lacks(
    sqlite_database: Database, password: str, lacking: str
) -> None:
    with pytest.raises(Invalid) as caught:
        sqlite_database.run(check_password_policy, password)

    assert caught.value.field == "password"
    assert lacking in caught.value.reason
    assert password not in str(caught.value)


def test_the_policy_is_what_the_settings_say(database: Database) -> None:
    names = ("uppercase", "lowercase", "number", "special")
    with database.unit() as db:
        for name in names:
            db.add(
                AdminSetting(
                    key=f"security.password_policy.require_{name}",
                    value=False,
                    value_type=ValueType.BOOLEAN,
                    category="security",
                )
            )

    database.run(check_password_policy, "        ")

    with pytest.raises(Invalid, match="at least 8"):
        database.run(check_password_policy, "7 chars")
