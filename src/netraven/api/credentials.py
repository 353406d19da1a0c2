"""Credentials: kept, linked to tags, and revealed with a reason."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, SecretStr
from sqlalchemy.orm import Session

from netraven.api.access import guarded_router
from netraven.api.reasons import Reason
from netraven.api.replies import READ, WITH_BODY, found, refusals, require_found
from netraven.request.pages import Page, PageAsked, page_of
from netraven.request.units import Reading, Writing, writing_in_thread
from netraven.schemas.credential import (
    DEFAULT_PRIORITY,
    CredentialCreate,
    CredentialRead,
    CredentialStats,
    CredentialTagCreate,
    CredentialUpdate,
    Priority,
)
from netraven.vault.credentials import (
    count_credentials,
    create_credential,
    delete_credential,
    get_credential,
    get_credentials,
    update_credential,
)
from netraven.vault.links import associate_credential_with_tag, remove_credential_from_tag
from netraven.vault.secrets import reveal_credential
from netraven.vault.standing import get_credential_stats

router = guarded_router("/credentials", "Credentials")


class PriorityGiven(BaseModel):
    """The place of a credential among those of a tag; lower ones are tried first."""

    model_config = ConfigDict(extra="forbid")

    priority: Priority = DEFAULT_PRIORITY


class Revealed(BaseModel):
    """A credential's secrets in clear."""

    username: str
    password: str | None
    private_key: str | None
    private_key_passphrase: str | None
    enable_secret: str | None


@router.get("", responses=refusals(*READ, 422))
async def list_credentials(
    *,
    request: Request,
    db: Reading,
    paging: PageAsked,
    search: Annotated[str | None, Query(max_length=255)] = None,
    tag_id: str | None = None,
    aaa_domain: Annotated[str | None, Query(max_length=100)] = None,
) -> Page[CredentialRead]:
    """List credentials by name, never a secret."""
    rows = await get_credentials(
        db, paging.skip, paging.limit, search=search, tag_id=tag_id, aaa_domain=aaa_domain
    )
    total = await paging.count(
        rows, lambda: count_credentials(db, search=search, tag_id=tag_id, aaa_domain=aaa_domain)
    )
    return page_of(request, paging, CredentialRead, rows, total=total)


@router.post("", status_code=201, responses=refusals(*WITH_BODY, 409))
async def make_credential(request: Request, credential: CredentialCreate) -> CredentialRead:
    """Keep a login; its secrets are sealed."""
    return await writing_in_thread(
        request, lambda db: CredentialRead.model_validate(create_credential(db, credential))
    )


@router.get("/statistics", responses=refusals(*READ))
async def show_statistics(db: Reading, tag_id: str | None = None) -> CredentialStats:
    """Show how well credentials do, those of one tag where it is named."""
    return await get_credential_stats(db, tag_id=tag_id)


@router.get("/{credential_id}", responses=refusals(*READ, 404))
async def show_credential(db: Reading, credential_id: str) -> CredentialRead:
    """Show one credential, never a secret."""
    return CredentialRead.model_validate(
        found(await get_credential(db, credential_id), "credential")
    )


@router.patch("/{credential_id}", responses=refusals(*WITH_BODY, 404, 409))
async def change_credential(
    request: Request, credential_id: str, change: CredentialUpdate
) -> CredentialRead:
    """Change a credential; a new secret, or `frozen` false, thaws it."""

    def take(db: Session) -> CredentialRead:
        row = found(update_credential(db, credential_id, change), "credential")
        return CredentialRead.model_validate(row)

    return await writing_in_thread(request, take)


@router.delete("/{credential_id}", status_code=204, responses=refusals(*READ, 404, 409))
async def remove_credential(db: Writing, credential_id: str) -> None:
    """Delete a credential that no device is pinned to."""
    require_found(await delete_credential(db, credential_id), "credential")


@router.post("/{credential_id}/reveal", responses=refusals(*WITH_BODY, 404, 503))
async def reveal(request: Request, credential_id: str, given: Reason) -> Revealed:
    """Show a credential's secrets; the reason goes on record first."""
    secrets = found(
        await writing_in_thread(
            request, lambda db: reveal_credential(db, credential_id, purpose=given.reason)
        ),
        "credential",
    )
    return Revealed(
        username=secrets.username,
        password=_clear(secrets.password),
        private_key=_clear(secrets.private_key),
        private_key_passphrase=_clear(secrets.private_key_passphrase),
        enable_secret=_clear(secrets.enable_secret),
    )


@router.put("/{credential_id}/tags/{tag_id}", status_code=204, responses=refusals(*WITH_BODY, 404))
async def link_to_tag(db: Writing, credential_id: str, tag_id: str, given: PriorityGiven) -> None:
    """Give a tag's devices the credential, or change its priority there."""
    link = CredentialTagCreate(credential_id=credential_id, tag_id=tag_id, priority=given.priority)
    found(await associate_credential_with_tag(db, link), "credential or tag")


@router.delete("/{credential_id}/tags/{tag_id}", status_code=204, responses=refusals(*READ, 404))
async def unlink_from_tag(db: Writing, credential_id: str, tag_id: str) -> None:
    """Take the credential from a tag's devices."""
    require_found(await remove_credential_from_tag(db, credential_id, tag_id), "link")


def _clear(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
