"""Logging in by OpenID Connect: to the provider, back with a code, and in."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi import Request

from netraven import clock
from netraven.admin.sessions import OpenedSession
from netraven.admin.sso_setups import get_oidc_setup, is_oidc_enabled
from netraven.admin.throttle import begin_sign_on
from netraven.db import unit_of_work
from netraven.db.enums import LoginKind
from netraven.errors import Conflict, NotAuthenticated, SignOnUnavailable, TooManyAttempts
from netraven.request.admission import admitted, put_refusal_on_record, unavailable
from netraven.request.caller import actor_of, client_address
from netraven.request.flows import begin_flow, find_flow
from netraven.request.ground import Ground, get_ground
from netraven.request.logins import open_login
from netraven.schemas.sso import OidcSetup
from netraven.sso.oidc import address_to_log_in, address_to_log_out, prove

_PROVIDER = "the provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """Where the browser goes, and the cookie that it comes back with."""

    address: str
    cookie: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a provider sends a browser back with."""

    code: str | None = field(repr=False)
    state: str = field(repr=False)
    issuer: str | None
    error: str | None


async def send_to_provider(request: Request, next_path: str) -> Departure:
    """Return where the browser proves who its user is, to come back and go to this path.

    Raises Conflict where that is not switched on, SignOnUnavailable.
    """
    ground = get_ground(request)
    setup = await _setup(ground)
    try:
        provider = await ground.providers.get(setup)
    except SignOnUnavailable as error:
        raise unavailable(_PROVIDER, error) from None
    cookie, flow = begin_flow(ground.keys.sign_on, next_path, now=clock.now())
    return Departure(address=address_to_log_in(provider, setup, flow), cookie=cookie)


async def take_back(
    request: Request, answer: Answer, cookie: str | None
) -> tuple[OpenedSession, str]:
    """Open a login for who comes back from the provider; return it and the path to go to.

    Raises NotAuthenticated for a browser that was not sent, and where the provider does not stand
    by it; Forbidden, Conflict, Invalid or InUse for a person who is not let in; TooManyAttempts,
    SignOnUnavailable.
    """
    ground = get_ground(request)
    setup = await _setup(ground)
    begun = find_flow(ground.keys.sign_on, cookie, answer.state, now=clock.now())
    await _count(request)
    try:
        provider = await ground.providers.get(setup)
        if answer.issuer != setup.issuer and (answer.issuer is not None or provider.says_issuer):
            raise _refused("the answer is another provider's")
        if answer.error is not None or answer.code is None:
            raise _refused("it does not say who you are")
        person = await prove(provider, setup, answer.code, begun.flow)
    except NotAuthenticated as error:
        sentence = f"refused a login by oidc: {error}"
        await put_refusal_on_record(ground, actor_of(request), sentence)
        raise
    except SignOnUnavailable as error:
        raise unavailable(_PROVIDER, error) from None
    user = await admitted(request, person)
    actor = actor_of(request, name=user.username, user_id=user.id)
    return await open_login(request, actor, LoginKind.BROWSER), begun.next_path


async def where_to_log_out(request: Request) -> str | None:
    """Return where the browser ends the provider's own login; None where there is no such place."""
    ground = get_ground(request)
    try:
        setup = await _setup(ground)
        return address_to_log_out(await ground.providers.get(setup), setup)
    except (Conflict, SignOnUnavailable):
        return None  # being logged out here must not depend on it


async def _setup(ground: Ground) -> OidcSetup:
    async with unit_of_work(ground.async_sessions, read_only=True) as db:
        if not await is_oidc_enabled(db):
            message = "logging in by OpenID Connect is not switched on (sso.oidc.enabled)"
            raise Conflict("sso", message)
        return await get_oidc_setup(db)


async def _count(request: Request) -> None:
    ground = get_ground(request)
    try:
        async with unit_of_work(ground.async_sessions, actor=actor_of(request)) as db:
            await begin_sign_on(db, address=client_address(request))
    except TooManyAttempts:
        ground.measures.count_refused_login()
        raise


def _refused(why: str) -> NotAuthenticated:
    return NotAuthenticated(f"the provider did not let you in: {why}; log in again")
