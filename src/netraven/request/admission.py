"""People whom others proved: let in as users, or turned away with a sentence and on record."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID

from fastapi import Request
from pydantic import SecretStr

from netraven.admin.audit import record_audit_event
from netraven.admin.identities import admit_person, end_logins_of
from netraven.admin.second_factor import has_second_factor
from netraven.admin.sso_setups import get_ldap_setup, is_ldap_enabled
from netraven.db import Actor, unit_of_work
from netraven.db.enums import EventStatus, EventType, IdentityKind
from netraven.errors import Conflict, Forbidden, InUse, Invalid, SignOnUnavailable
from netraven.log import get_logger
from netraven.models import User
from netraven.request.caller import actor_of
from netraven.request.ground import Ground, get_ground
from netraven.schemas.access import LoginAttempt
from netraven.schemas.audit import AuditEventCreate
from netraven.schemas.sso import LdapSetup, Person
from netraven.sso.ldap import prove

_log = get_logger("sign-on")

_MAX_NAME = 64


async def find_directory(ground: Ground, attempt: LoginAttempt) -> LdapSetup | None:
    """Return the directory that this attempt's password is for; None where it is for us alone.

    The password of a user who has one here is never shown to a directory. Raises
    SignOnUnavailable where the directory is switched on, but not set up.
    """
    if attempt.is_known and attempt.proved_by is not IdentityKind.LDAP:
        return None
    try:
        async with unit_of_work(ground.async_sessions, read_only=True) as db:
            return await get_ldap_setup(db) if await is_ldap_enabled(db) else None
    except Conflict as error:
        raise unavailable("the directory", error) from None


async def ask_directory(
    request: Request, setup: LdapSetup, attempt: LoginAttempt, password: SecretStr
) -> LoginAttempt:
    """Return the attempt as that of the user whom the directory proves; as it is where none.

    Raises SignOnUnavailable, and what `admitted` raises.
    """
    ground = get_ground(request)
    try:
        # Threads are few, and a directory that hangs must not take all of them.
        async with ground.asking:
            person = await asyncio.to_thread(
                prove, setup, attempt.username, password.get_secret_value()
            )
    except SignOnUnavailable as error:
        raise unavailable("the directory", error) from None
    if person is None:
        return replace(attempt, user_id=None)
    user = await admitted(request, person)
    async with unit_of_work(ground.async_sessions, read_only=True) as db:
        needs_code = await has_second_factor(db, user.id)
    return replace(
        attempt,
        user_id=user.id,
        username=user.username,
        is_known=True,
        has_second_factor=needs_code,
    )


async def admitted(request: Request, person: Person) -> User:
    """Return the user whom this person is, made now if new, with the role of their groups.

    Raises what `admit_person` raises, on record; who has no role any more is logged out besides.
    """
    ground = get_ground(request)
    # What others call somebody may be anything, and not all of it can be stored.
    name = person.username.encode("unicode_escape").decode("ascii")[:_MAX_NAME]
    actor = actor_of(request, name=name)
    try:
        if person.role is None:
            async with unit_of_work(ground.async_sessions, actor=actor) as db:
                await end_logins_of(db, person)
        async with unit_of_work(ground.async_sessions, actor=actor) as db:
            return await admit_person(db, person)
    except (Conflict, Forbidden, InUse, Invalid) as error:
        sentence = f"refused a login by {person.kind} of {name}: {error}"
        await put_refusal_on_record(ground, actor_of(request), sentence)
        raise


async def put_refusal_on_record(
    ground: Ground, stranger: Actor, sentence: str, *, user: tuple[UUID, str] | None = None
) -> None:
    """Count a login that was refused, and write it into the audit log; `user` is id and name."""
    ground.measures.count_refused_login()
    async with unit_of_work(ground.async_sessions, actor=stranger) as db:
        await record_audit_event(
            db, login_event("login_refused", sentence, user=user, status=EventStatus.FAILURE)
        )


def login_event(
    event_name: str,
    sentence: str,
    *,
    user: tuple[UUID, str] | None = None,
    status: EventStatus = EventStatus.SUCCESS,
) -> AuditEventCreate:
    """Return the audit event of a login; a name that nobody has may be a mistyped password."""
    return AuditEventCreate(
        event_type=EventType.AUTH,
        event_name=event_name,
        status=status,
        target_type="user",
        target_id=None if user is None else str(user[0]),
        target_name=None if user is None else user[1],
        description=sentence,
    )


def unavailable(who: str, error: Exception) -> SignOnUnavailable:
    """Return what strangers are told of it; what is wrong stands in the log only."""
    _log.warning("sign-on failed", of=who, error=str(error))
    return SignOnUnavailable(f"{who} that proves who you are cannot be asked now")
