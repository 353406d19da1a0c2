"""The first administrator, made with the one-time token that `netraven init` shows."""

from __future__ import annotations

from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from netraven.admin.setup import set_up
from netraven.api.access import guarded_router
from netraven.api.replies import refusals
from netraven.db.enums import Role
from netraven.request.caller import actor_of
from netraven.request.units import writing_in_thread
from netraven.schemas.user import Email, FullName, UserCreate, Username, UserRead

router = guarded_router("/setup", "Logging in")


class SetupRequest(BaseModel):
    """The token, and who the first administrator is."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    token: Annotated[SecretStr, Field(min_length=1, max_length=256)]
    username: Username
    email: Email
    password: SecretStr
    full_name: FullName = None


@router.post("", status_code=201, responses=refusals(400, 401, 409, 413, 415, 422))
async def make_first_administrator(request: Request, given: SetupRequest) -> UserRead:
    """Make the first administrator; the token works once, and while there is no user."""
    user = UserCreate(**given.model_dump(exclude={"token"}), role=Role.ADMIN)
    token = given.token.get_secret_value()
    return await writing_in_thread(
        request,
        lambda db: UserRead.model_validate(set_up(db, token, user)),
        actor=actor_of(request, name=given.username),
    )
