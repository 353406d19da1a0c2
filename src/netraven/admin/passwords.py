"""Passwords of users: argon2id, and the policy that the settings draw."""

from __future__ import annotations

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.orm import Session

from netraven.admin.settings import get_number, get_setting_value
from netraven.db import operation
from netraven.errors import Invalid
from netraven.schemas.user import PasswordCheck

MAX_PASSWORD = 128

_POLICY = "security.password_policy"

# OWASP's first choice for argon2id (Password Storage Cheat Sheet, 2025): 19 MiB, two passes.
# It takes about 50 ms of one slow core, and the contract allows 150.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)

_CHARACTERS = (
    ("require_uppercase", str.isupper, "a capital letter"),
    ("require_lowercase", str.islower, "a small letter"),
    ("require_number", str.isdecimal, "a digit"),
    (
        "require_special",
        lambda character: not character.isalnum(),
        "a character that is neither letter nor digit",
    ),
)


def hash_password(password: str) -> str:
    """Return the argon2id hash with a new salt, in PHC form; some 50 ms of work."""
    return _HASHER.hash(_as_bytes(password))


def verify_password(password_hash: str, password: str) -> PasswordCheck:
    """Tell whether the password fits the hash, and whether to hash it anew.

    Some 50 ms of work. Nothing fits a text that is no hash, and no hash fits a text that is
    longer than a password may be.
    """
    if len(password) > MAX_PASSWORD:
        return PasswordCheck(ok=False, needs_rehash=False)
    try:
        _HASHER.verify(password_hash, _as_bytes(password))
    except (VerificationError, InvalidHashError):
        return PasswordCheck(ok=False, needs_rehash=False)
    return PasswordCheck(ok=True, needs_rehash=_HASHER.check_needs_rehash(password_hash))


@operation
def check_password_policy(db: Session, password: str) -> None:
    """Raise Invalid("password") that names everything the password lacks."""
    least = get_number(db, f"{_POLICY}.min_length")
    lacking = []
    if len(password) < least:
        lacking.append(f"at least {least} characters")
    if len(password) > MAX_PASSWORD:
        lacking.append(f"at most {MAX_PASSWORD} characters")
    for name, fits, what in _CHARACTERS:
        if get_setting_value(db, f"{_POLICY}.{name}") and not any(map(fits, password)):
            lacking.append(what)
    if lacking:
        raise Invalid("password", f"needs {', '.join(lacking)}")


def _as_bytes(password: str) -> bytes:
    # A broken character of a terminal or a request must not end in an error that quotes it.
    return password.encode("utf-8", "surrogatepass")
