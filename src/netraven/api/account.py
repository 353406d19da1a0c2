"""What users do with their own account: facts, password, second factor, logins."""

from __future__ import annotations

from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from netraven.admin.permissions import Permission
from netraven.admin.second_factor import (
    begin_second_factor,
    confirm_second_factor,
    has_second_factor,
    remove_second_factor,
    use_second_factor,
)
from netraven.admin.sessions import count_sessions, get_sessions, revoke_session, revoke_sessions
from netraven.admin.users import change_password, get_user, update_user
from netraven.api.access import guarded_router
from netraven.api.replies import found, refusals, require_found
from netraven.db import unit_of_work
from netraven.errors import Invalid
from netraven.request.bearers import csrf_mark
from netraven.request.caller import Me
from netraven.request.ground import get_ground
from netraven.request.guesses import counted_proof
from netraven.request.pages import Page, PageAsked, page_of
from netraven.request.units import Reading, Writing, writing_in_thread
from netraven.schemas.access import LoginSessionRead
from netraven.schemas.user import UserRead, UserSelfUpdate

router = guarded_router("/account", "Own account")

Code = Annotated[SecretStr, Field(min_length=1, max_length=64)]


class Account(BaseModel):
    """Who asks, and what they may do; `csrf_token` belongs to the present login."""

    user: UserRead
    permissions: list[Permission]
    has_second_factor: bool
    csrf_token: str


class PasswordChange(BaseModel):
    """The present password and the new one."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    current_password: SecretStr
    new_password: SecretStr


class CodeGiven(BaseModel):
    """A code of the authenticator, or a recovery code."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    code: Code


class Enrolled(BaseModel):
    """What an authenticator is set up with: a secret, or the same as a URI for a QR code."""

    secret: str
    uri: str


class RecoveryCodes(BaseModel):
    """Codes that stand in for the authenticator, each once; they are not shown again."""

    codes: list[str]


class Ended(BaseModel):
    """How many logins ended."""

    ended: int


@router.get("", responses=refusals(401, 403))
async def get_account(request: Request, db: Reading, me: Me) -> Account:
    """Show who asks and what they may do."""
    user = UserRead.model_validate(found(await get_user(db, me.user_id), "user"))
    return Account(
        user=user,
        permissions=sorted(me.permissions),
        has_second_factor=await has_second_factor(db, me.user_id),
        csrf_token=csrf_mark(get_ground(request).keys.csrf, me.session_id or me.user_id),
    )


@router.patch("", responses=refusals(400, 401, 403, 409, 413, 415, 422))
async def change_account(db: Writing, me: Me, change: UserSelfUpdate) -> UserRead:
    """Change one's address, full name and mails; fields left out stay."""
    return UserRead.model_validate(found(await update_user(db, me.user_id, change), "user"))


@router.post("/password", status_code=204, responses=refusals(400, 401, 403, 409, 413, 415, 422))
async def change_own_password(request: Request, me: Me, given: PasswordChange) -> None:
    """Change one's password, which ends all of one's logins, this one too."""
    current = given.current_password.get_secret_value()
    new = given.new_password.get_secret_value()
    async with counted_proof(request), get_ground(request).hashing:
        is_changed = await writing_in_thread(
            request, lambda db: change_password(db, me.user_id, current, new)
        )
    require_found(is_changed, "user")


@router.post("/second-factor", responses=refusals(401, 403, 409))
async def begin_own_second_factor(db: Writing, me: Me) -> Enrolled:
    """Get a secret for an authenticator; it counts once a first code confirms it."""
    enrolment = found(await begin_second_factor(db, me.user_id), "user")
    return Enrolled(
        secret=enrolment.secret.get_secret_value(), uri=enrolment.uri.get_secret_value()
    )


@router.post("/second-factor/confirm", responses=refusals(400, 401, 403, 404, 413, 415, 422))
async def confirm_own_second_factor(db: Writing, me: Me, given: CodeGiven) -> RecoveryCodes:
    """Turn the second factor on with a first code, and get the recovery codes."""
    codes = await confirm_second_factor(db, me.user_id, given.code.get_secret_value())
    made = found(codes, "second factor to confirm")
    return RecoveryCodes(codes=[code.get_secret_value() for code in made])


@router.delete(
    "/second-factor", status_code=204, responses=refusals(400, 401, 403, 404, 413, 415, 422)
)
async def remove_own_second_factor(request: Request, me: Me, given: CodeGiven) -> None:
    """Turn the second factor off; a code of it is needed once more."""
    sessions = get_ground(request).async_sessions
    async with counted_proof(request), unit_of_work(sessions, actor=me.actor) as db:
        if not await has_second_factor(db, me.user_id):
            require_found(await remove_second_factor(db, me.user_id), "second factor")
        elif not await use_second_factor(db, me.user_id, given.code.get_secret_value()):
            raise Invalid("code", "is not the authenticator's present code, and no recovery code")
        else:
            await remove_second_factor(db, me.user_id)


@router.get("/sessions", responses=refusals(401, 403, 422))
async def get_own_sessions(
    request: Request, db: Reading, me: Me, paging: PageAsked
) -> Page[LoginSessionRead]:
    """List one's logins, newest first."""
    rows = await get_sessions(db, me.user_id, paging.skip, paging.limit)
    total = await count_sessions(db, me.user_id)
    return page_of(request, paging, LoginSessionRead, rows, total=total)


@router.delete("/sessions", responses=refusals(401, 403))
async def end_other_sessions(db: Writing, me: Me) -> Ended:
    """End all of one's logins but the present one."""
    return Ended(ended=await revoke_sessions(db, me.user_id, keep=me.session_id))


@router.delete("/sessions/{session_id}", status_code=204, responses=refusals(401, 403, 404))
async def end_own_session(db: Writing, me: Me, session_id: str) -> None:
    """End one of one's logins."""
    require_found(await revoke_session(db, session_id, user_id=me.user_id), "login")
