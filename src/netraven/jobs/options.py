"""What a job is told besides its devices: `job_data`, of another shape for each type of job."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from netraven.db import as_uuid, operation
from netraven.db.enums import JobType
from netraven.db.types import JsonValue
from netraven.errors import Invalid
from netraven.jobs.commands import check_commands
from netraven.models import Credential
from netraven.schemas.job import (
    BackupOptions,
    CommandOptions,
    ReachabilityOptions,
    RetentionOptions,
    TagRulesOptions,
    VerifyOptions,
)

NEEDS_DEVICES = frozenset({JobType.BACKUP, JobType.REACHABILITY, JobType.COMMAND})

_SHAPES: dict[JobType, type[BaseModel]] = {
    JobType.BACKUP: BackupOptions,
    JobType.REACHABILITY: ReachabilityOptions,
    JobType.RETENTION: RetentionOptions,
    JobType.COMMAND: CommandOptions,
    JobType.VERIFY: VerifyOptions,
    JobType.TAG_RULES: TagRulesOptions,
}


@operation
def checked_options(
    db: Session, job_type: JobType, options: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    """Return the options as they were given; raises Invalid("job_data") for unfit ones."""
    try:
        checked = _SHAPES[job_type].model_validate(dict(options))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "it"
        raise Invalid("job_data", f"{place}: {first['msg']}") from None
    if isinstance(checked, CommandOptions):
        check_commands(checked.commands)
    if isinstance(checked, ReachabilityOptions) and checked.credential_id is not None:
        credential = select(Credential.id).where(Credential.id == as_uuid(checked.credential_id))
        if db.scalar(credential) is None:
            raise Invalid("job_data", f"there is no credential {checked.credential_id}")
    return dict(options)
