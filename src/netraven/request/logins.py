"""Logging in: the password tried in a thread, the second factor, and what keeps the login."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from fastapi import Request
from pydantic import SecretStr

from netraven import clock
from netraven.admin.audit import record_audit_event
from netraven.admin.passwords import hash_password, verify_password
from netraven.admin.second_factor import use_second_factor
from netraven.admin.sessions import OpenedSession, open_session, renew_session
from netraven.admin.settings import get_number
from netraven.admin.throttle import begin_login, complete_login, forgive_login
from netraven.db import Actor, unit_of_work
from netraven.db.enums import LoginKind
from netraven.errors import NotAuthenticated, SecondFactorNeeded, TooManyAttempts
from netraven.models import LoginSession
from netraven.request.admission import (
    ask_directory,
    find_directory,
    login_event,
    put_refusal_on_record,
)
from netraven.request.bearers import make_access_token, make_refresh_token, read_refresh_token
from netraven.request.caller import actor_of, client_address
from netraven.request.ground import Ground, get_ground
from netraven.schemas.access import LoginAttempt
from netraven.schemas.user import PasswordCheck

_REFUSED = "user name, password or code are not right"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a person logs in with."""

    username: str
    password: SecretStr
    code: SecretStr | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """A client's tokens: one for requests, for some minutes, and one to renew both, once."""

    access: SecretStr
    refresh: SecretStr
    expires_in_s: int


async def log_in(request: Request, proof: Proof, kind: LoginKind) -> OpenedSession:
    """Open a login for who proves to be a user.

    Raises NotAuthenticated, alike and after the same time for all that can be wrong here,
    SecondFactorNeeded where only the code is missing, TooManyAttempts; of people whom a directory
    proves also SignOnUnavailable, and Forbidden, Conflict, Invalid or InUse for who is not let in.
    """
    ground = get_ground(request)
    address = client_address(request)
    stranger = actor_of(request)
    try:
        async with unit_of_work(ground.async_sessions, actor=stranger) as db:
            attempt = await begin_login(db, proof.username, address=address)
    except TooManyAttempts:
        ground.measures.count_refused_login()
        raise
    directory = await find_directory(ground, attempt)
    renewed: str | None = None
    if directory is not None:
        attempt = await ask_directory(request, directory, attempt, proof.password)
        is_proved = attempt.user_id is not None
    else:
        check, renewed = await _checked(ground, attempt, proof.password.get_secret_value())
        is_proved = check.ok
    if attempt.user_id is None or not is_proved:
        await _refuse(ground, attempt, stranger, "its password was not right")
    user = actor_of(request, name=attempt.username, user_id=attempt.user_id)
    if attempt.has_second_factor and proof.code is None:
        async with unit_of_work(ground.async_sessions, actor=user) as db:
            await forgive_login(db, user.user_id or "", address=address)
        message = "the code of your authenticator is needed too"
        raise SecondFactorNeeded(message)
    if attempt.has_second_factor and not await _code_fits(ground, user, proof):
        await _refuse(ground, attempt, stranger, "its second factor was not right")
    return await open_login(request, user, kind, password_hash=renewed)


async def open_login(
    request: Request, user: Actor, kind: LoginKind, *, password_hash: str | None = None
) -> OpenedSession:
    """Open a login of a user who is proved to be one, with the renewed hash of their password.

    Raises NotAuthenticated where the user was disabled meanwhile.
    """
    ground, user_id = get_ground(request), user.user_id or ""
    async with unit_of_work(ground.async_sessions, actor=user) as db:
        await complete_login(
            db, user_id, address=client_address(request), password_hash=password_hash
        )
        opened = await open_session(db, user_id, kind=kind)
        if opened is not None:
            told = (opened.row.user_id, user.name)
            sentence = f"{user.name} logged in by {kind}"
            await record_audit_event(db, login_event("login_succeeded", sentence, user=told))
    if opened is None:
        raise NotAuthenticated(_REFUSED)
    return opened


async def issue_tokens(ground: Ground, row: LoginSession) -> TokenPair:
    """Return the tokens of a client's login, as long-lived as the settings say now."""
    async with unit_of_work(ground.async_sessions, read_only=True) as db:
        minutes = await get_number(db, "security.token.access_token_expire_minutes")
    access = make_access_token(ground.keys.access, row.id, minutes=minutes, now=clock.now())
    refresh = make_refresh_token(ground.keys.refresh, row.id, row.generation)
    return TokenPair(
        access=SecretStr(access), refresh=SecretStr(refresh), expires_in_s=minutes * 60
    )


async def renew(request: Request, refresh_token: SecretStr) -> TokenPair:
    """Return new tokens for a refresh token that was not used before.

    Raises NotAuthenticated; a used one ends its login besides, so whoever copied it is out.
    """
    ground = get_ground(request)
    token = read_refresh_token(ground.keys.refresh, refresh_token.get_secret_value())
    if token is None:
        message = "this is no refresh token of this installation; log in again"
        raise NotAuthenticated(message)
    async with unit_of_work(ground.async_sessions, actor=actor_of(request)) as db:
        renewal = await renew_session(db, token.session_id, token.generation)
    if renewal.row is None:
        message = "this refresh token was used before, or its login is over; log in again"
        raise NotAuthenticated(message)
    return await issue_tokens(ground, renewal.row)


async def _checked(
    ground: Ground, attempt: LoginAttempt, password: str
) -> tuple[PasswordCheck, str | None]:
    """Return whether the password fits, with its hash made anew where today's is stronger."""

    def check() -> tuple[PasswordCheck, str | None]:
        found = verify_password(attempt.password_hash or ground.nobodys_hash, password)
        renewed = hash_password(password) if found.ok and found.needs_rehash else None
        return found, renewed

    async with ground.hashing:
        return await asyncio.to_thread(check)


async def _code_fits(ground: Ground, user: Actor, proof: Proof) -> bool:
    code = "" if proof.code is None else proof.code.get_secret_value()
    async with unit_of_work(ground.async_sessions, actor=user) as db:
        return await use_second_factor(db, user.user_id or "", code)


async def _refuse(ground: Ground, attempt: LoginAttempt, stranger: Actor, why: str) -> None:
    """Put the refusal on record and raise; a name that nobody has may be a mistyped password."""
    if attempt.user_id is None:
        sentence, user = "refused a login: no active user has this name", None
    else:
        sentence = f"refused a login of {attempt.username}: {why}"
        user = (attempt.user_id, attempt.username)
    await put_refusal_on_record(ground, stranger, sentence, user=user)
    raise NotAuthenticated(_REFUSED)
