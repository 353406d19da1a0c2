"""Authenticator codes as RFC 6238 has them, each used once; recovery codes in their place."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from netraven.admin.second_factor import (
    begin_second_factor,
    confirm_second_factor,
    has_second_factor,
    remove_second_factor,
    use_second_factor,
)
from netraven.admin.totp import code_at, matching_step, step_at
from netraven.errors import Conflict, Invalid
from netraven.models import RecoveryCode, SecondFactor
from tests.admin.conftest import Staff

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RFC_SECRET = b"12345678901234567890"


def plain(secret: str) -> bytes:
    return base64.b32decode(secret + "=" * (-len(secret) % 8))


def code(secret: str, *, now: datetime = NOON) -> str:
    return code_at(plain(secret), step_at(now))


def enrol(staff: Staff, user_id: UUID) -> tuple[str, list[str]]:
    """Turn the second factor on, and return its secret with the recovery codes."""
    enrolment = staff.database.run(begin_second_factor, user_id, now=NOON)
    assert enrolment is not None
    secret = enrolment.secret.get_secret_value()
    codes = staff.database.run(confirm_second_factor, user_id, code(secret), now=NOON)
    assert codes is not None
    return secret, [each.get_secret_value() for each in codes]


# RFC 6238, appendix B; six of the eight digits.
@pytest.mark.parametrize(
    ("seconds", "digits"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_the_rfc(seconds: int, digits: str) -> None:
    assert code_at(RFC_SECRET, step_at(datetime.fromtimestamp(seconds, UTC))) == digits


@pytest.mark.parametrize(("steps", "fits"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_a_clock_may_be_off_by_one_step(steps: int, fits: bool) -> None:  # noqa: FBT001
    shown = code_at(RFC_SECRET, step_at(NOON + timedelta(seconds=30 * steps)))

    assert (matching_step(RFC_SECRET, shown, now=NOON) is not None) is fits


def test_it_is_on_once_a_first_code_confirms_it(staff: Staff) -> None:
    user_id = staff.add("ana")

    enrolment = staff.database.run(begin_second_factor, user_id, now=NOON)
    assert enrolment is not None
    assert not staff.database.run(has_second_factor, user_id)
    with pytest.raises(Invalid) as refused:
        staff.database.run(confirm_second_factor, user_id, "000000", now=NOON)
    secret = enrolment.secret.get_secret_value()
    codes = staff.database.run(confirm_second_factor, user_id, code(secret), now=NOON)

    assert refused.value.field == "code"
    assert staff.database.run(has_second_factor, user_id)
    assert len(codes or ()) == 10
    assert enrolment.uri.get_secret_value() == (
        f"otpauth://totp/NetRaven:ana?secret={secret}&issuer=NetRaven"
    )
    assert secret not in repr(enrolment)


def test_a_code_works_once(staff: Staff) -> None:
    user_id = staff.add()
    secret, _ = enrol(staff, user_id)
    later = NOON + timedelta(minutes=1)
    use = staff.database.run

    assert not use(use_second_factor, user_id, code(secret), now=NOON)
    assert use(use_second_factor, user_id, code(secret, now=later), now=later)
    assert not use(use_second_factor, user_id, code(secret, now=later), now=later)


def test_a_recovery_code_works_once_in_any_writing(staff: Staff) -> None:
    user_id = staff.add()
    _, codes = enrol(staff, user_id)
    use = staff.database.run

    assert use(use_second_factor, user_id, f" {codes[0].upper()} ", now=NOON)
    assert not use(use_second_factor, user_id, codes[0], now=NOON)
    assert use(use_second_factor, user_id, codes[1].replace("-", ""), now=NOON)
    assert [event.event_name for event in staff.events()].count("recovery_code_used") == 2


def test_nothing_of_it_lies_in_clear(staff: Staff) -> None:
    user_id = staff.add()
    secret, codes = enrol(staff, user_id)

    with staff.database.unit() as db:
        sealed = db.query(SecondFactor.secret).scalar()
        kept = [row.code_hash for row in db.query(RecoveryCode)]

    assert plain(secret) not in sealed
    assert len(kept) == 10
    assert not set(kept) & set(codes)


def test_a_confirmed_one_is_removed_before_another_is_made(staff: Staff) -> None:
    user_id = staff.add()
    enrol(staff, user_id)

    with pytest.raises(Conflict):
        staff.database.run(begin_second_factor, user_id, now=NOON)
    assert staff.database.run(remove_second_factor, user_id)
    assert not staff.database.run(remove_second_factor, user_id)

    assert not staff.database.run(has_second_factor, user_id)
    with staff.database.unit() as db:
        assert db.query(RecoveryCode).count() == 0
    assert enrol(staff, user_id)


def test_nobody_has_one_who_is_absent(staff: Staff) -> None:
    for user_id in ("no-id", "01900000-0000-7000-8000-000000000000"):
        assert staff.database.run(begin_second_factor, user_id) is None
        assert staff.database.run(confirm_second_factor, user_id, "000000") is None
        assert not staff.database.run(use_second_factor, user_id, "000000")
        assert not staff.database.run(has_second_factor, user_id)
        assert not staff.database.run(remove_second_factor, user_id)
