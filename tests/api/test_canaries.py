"""No secret leaves (promise P5): canaries are planted, and every byte of every answer is read.

Each route is asked by everybody, with what it wants and with nonsense that holds canaries: bodies,
parameters, addresses, tokens. Two routes may show a secret, to whom the access table lets, with a
reason: unsealing a backup and revealing a credential.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import make_url, select
from sqlalchemy.orm import Session

from netraven.admin.builtin_settings import BUILTIN_SETTINGS
from netraven.admin.permissions import ROLES
from netraven.admin.second_factor import begin_second_factor
from netraven.admin.settings import update_admin_setting_value
from netraven.admin.setup import make_setup_token
from netraven.api.access import ACCESS, BASE
from netraven.archive.storing import store_backup
from netraven.archive.transcripts import Transcript, store_transcripts
from netraven.db.enums import BackupStatus, Grade, ResultStatus, Role
from netraven.jobs.entries import append_job_log_entries
from netraven.jobs.results import record_job_result
from netraven.jobs.runs import create_job_log, finish_job_log, start_job_log
from netraven.jobs.schedules import create_scheduled_job
from netraven.log import configure_logging
from netraven.models import Tag
from netraven.request.authentication import COOKIE
from netraven.schemas.backup import BackupCreate
from netraven.schemas.credential import CredentialCreate
from netraven.schemas.job import JobLogCreate, JobLogEntryCreate, JobResultCreate
from netraven.schemas.schedule import ScheduledJobCreate
from netraven.vault.credentials import create_credential
from tests.api.conftest import PASSWORD, Site, password_hash

CONFIGURED, SAID, LOGIN, ENABLE, SETTING, SENT = (
    f"canary{place}{uuid4().hex[:12]}"
    for place in ("Configured", "Said", "Login", "Enable", "Setting", "Sent")
)
# No secret, but a line of a configuration, which no log, error or metric holds either.
LINE = f"canaryLine{uuid4().hex[:12]}"
CONFIGURATION = (
    f"hostname core-1\nsnmp-server community {CONFIGURED} RO\n"
    f"interface Vlan1\n description {LINE}\n"
    f"username ana password 0 {CONFIGURED}\ntacacs-server key {CONFIGURED}\nend\n"
)
DIALOGUE = f"core-1#show run\r\nsnmp-server community {SAID} RO\r\n% Error\r\n"

# What an address wants besides its path.
ASKED = {
    "GET /search": {"pattern": "community"},
    "GET /biography": {"line": "end"},
    "GET /stories": {"since": "2020-01-01T00:00:00Z"},
}
BODIES: dict[str, dict[str, object]] = {
    "POST /backups/{backup_id}/unseal": {"reason": "a test"},
    "POST /credentials/{credential_id}/reveal": {"reason": "a test"},
    "POST /account/password": {"old_password": PASSWORD, "new_password": SENT},
    "PATCH /backups/{backup_id}": {"comment": "seen"},
    "POST /runs": {"job_type": "backup", "all_devices": True},
    "POST /rules/test": {
        "rule_criteria": {"field": "hostname", "operator": "equals", "value": "core-1"}
    },
}
SHOWING = {
    f"POST {BASE}/backups/{{backup_id}}/unseal",
    f"POST {BASE}/credentials/{{credential_id}}/reveal",
}
ORDER = ("GET", "POST", "PUT", "PATCH", "DELETE")

Answer: TypeAlias = tuple[str, int, str]


@dataclass(frozen=True)
class Planted:
    """What must not be seen, and the ids of what holds it."""

    secrets: dict[str, str]
    ids: dict[str, str]


def plant(site: Site) -> Planted:
    """Store canaries wherever NetRaven keeps a secret."""
    with site.database.unit() as db:
        setup = make_setup_token(db)
    owner = site.add_user("owner", "operator")
    device_id = site.add_device("core-1")
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with site.database.unit() as db:
        kept, other, doubted = plant_backups(db, device_id)
        run, schedule = plant_work(db, device_id, owner, kept)
        credential = create_credential(db, credential_of(pem))
        for builtin in BUILTIN_SETTINGS:
            if builtin.is_sensitive:
                update_admin_setting_value(db, builtin.key, SETTING)
        tag = db.scalars(select(Tag.id)).one()
        factor = begin_second_factor(db, owner)
    assert factor is not None
    assert setup is not None
    secrets = {
        "a configuration": CONFIGURED,
        "a transcript": SAID,
        "a password": LOGIN,
        "an enable secret": ENABLE,
        "a private key": pem.splitlines()[1],
        "a setting": SETTING,
        "a second factor": factor.secret.get_secret_value(),
        "somebody's token": site.token(owner),
        "the set-up token": setup,
        "the key ring": site.database.keyring.to_text().split()[-1],
    }
    ids = {
        "device_id": device_id,
        "backup_id": doubted,
        "other_id": other,
        "credential_id": credential.id,
        "run_id": run,
        "schedule_id": schedule,
        "tag_id": tag,
        "user_id": owner,
        "key": "notification.email.smtp_password",
        "name": "cisco_ios",
    }
    return Planted(secrets, {name: str(value) for name, value in ids.items()})


def credential_of(pem: str) -> CredentialCreate:
    secrets = {"password": LOGIN, "enable_secret": ENABLE, "private_key": pem}
    return CredentialCreate.model_validate({"name": "lab", "username": "backup", **secrets})


def plant_backups(db: Session, device_id: UUID) -> tuple[UUID, UUID, UUID]:
    """Store two versions and a doubted one with its transcript, and return their ids."""
    create = BackupCreate(device_id=device_id)
    kept = store_backup(db, create, content=CONFIGURATION).backup
    other = store_backup(db, create, content=CONFIGURATION + "!\n").backup
    doubt = {"status": BackupStatus.QUARANTINED, "grade": Grade.C, "evidence": {}}
    doubted = store_backup(db, create.model_copy(update=doubt), content=CONFIGURATION[:40]).backup
    store_transcripts(db, {doubted.id: Transcript(step="command", dialogue=DIALOGUE)})
    return kept.id, other.id, doubted.id


def plant_work(db: Session, device_id: UUID, owner: UUID, backup_id: UUID) -> tuple[UUID, UUID]:
    """Store a run that has ended and a schedule, and return their ids."""
    wanted = {"job_type": "backup", "device_ids": [device_id]}
    run = create_job_log(db, JobLogCreate.model_validate(wanted), owner)
    start_job_log(db, run.id)
    append_job_log_entries(db, run.id, [JobLogEntryCreate(message="backed up core-1")])
    done = JobResultCreate(status=ResultStatus.SUCCEEDED, backup_id=backup_id)
    record_job_result(db, run.id, device_id, done)
    finish_job_log(db, run.id)
    nightly = {"name": "nightly", "schedule_type": "daily", "schedule_time": "02:30"}
    create = ScheduledJobCreate.model_validate({**wanted, **nightly})
    return run.id, create_scheduled_job(db, create, owner).id


def routes() -> Iterator[tuple[str, str, str]]:
    """Yield every route: its entry in the access table, its method and its pattern."""
    parted = (entry.partition(" ") for entry in ACCESS)
    entries = [(f"{method} {pattern}", method, pattern) for method, _, pattern in parted]
    yield from sorted(entries, key=lambda entry: (ORDER.index(entry[1]), entry[2]))


async def asked(
    site: Site, planted: Planted, headers: dict[str, str], who: str
) -> list[tuple[str, str]]:
    """Return every answer that this caller gets, by what was asked: status, headers and body."""
    answers: list[tuple[str, str]] = []

    async def ask(entry: str, method: str, address: str, **more: object) -> None:
        reply = await site.client.request(method, address, **more)  # type: ignore[arg-type]
        site.client.cookies.clear()
        told = [f"{name}: {value}" for name, value in reply.headers.items()]
        # A new token is shown to who asked for it; it is nobody else's.
        answers.append((f"{entry} as {who}: {reply.status_code}", "\n".join([*told, reply.text])))

    for entry, method, pattern in routes():
        address = re.sub(r"{(\w+)}", lambda name: planted.ids.get(name[1], LINE), pattern)
        short = entry.replace(f" {BASE}", " ")
        body = None if method == "GET" else BODIES.get(short, {})
        if pattern not in {f"{BASE}/auth/logout", f"{BASE}/account/sessions"}:
            await ask(entry, method, address, headers=headers, json=body, params=ASKED.get(short))
        await ask(entry, method, f"{address}", headers=headers, params={"what": SENT})
        # Bodies are read alike whoever may send them.
        if method == "GET" or who not in {"nobody", Role.ADMIN}:
            continue
        nonsense = {name: [SENT] for name in ("password", "value", "username", "token", "name")}
        await ask(entry, method, address, headers=headers, json=nonsense)
        broken = f'{{"password": "{SENT}'.encode()
        typed = {**headers, "Content-Type": "application/json"}
        await ask(entry, method, address, headers=typed, content=broken)
    for forged in ({"Authorization": f"Bearer {SENT}"}, {"Cookie": f"{COOKIE}={SENT}"}):
        await ask("a forgery", "GET", f"{BASE}/devices", headers=forged)
    await ask("nowhere", "GET", f"{BASE}/{SENT}", headers=headers)
    return answers


@pytest.mark.parametrize("who", ["nobody", *Role])
async def test_no_secret_leaves_by_any_route_log_metric_or_column(
    *,
    site: Site,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    who: str,
) -> None:
    configure_logging(level="debug", log_format="json")
    caplog.set_level("INFO")
    planted = plant(site)
    headers: dict[str, str] = {}
    if who in list(Role):
        headers["Authorization"] = f"Bearer {site.token(site.add_user('ana', who))}"

    answers = await asked(site, planted, headers, who)

    # The client's own log tells what it asked.
    others = [each.getMessage() for each in caplog.records if not each.name.startswith("http")]
    logged = "\n".join([*capsys.readouterr(), *others])
    hidden = {**planted.secrets, "what was sent": SENT, "a password's hash": password_hash()}
    faults = [
        f"{what} in {asked_for}"
        for asked_for, told in answers
        for what, secret in hidden.items()
        if secret in told and not _may_show(asked_for)
    ]
    faults += [f"a line in {each}" for each, told in answers if _is_refusal(each) and LINE in told]
    faults += [f"{what} in the log" for what, secret in hidden.items() if secret in logged]
    faults += ["a line in the log"] * (LINE in logged)
    faults += [f"{what} in the database" for what in _in_clear(site, planted.secrets)]
    assert not faults, "\n".join(faults)
    shown = {each.partition(" as ")[0] for each, _ in answers if _may_show(each)}
    allowed = ROLES[Role(who)] if who in list(Role) else frozenset()
    assert shown == {entry for entry in SHOWING if ACCESS[entry] in allowed}
    followed = any("text/event-stream" in told and "event: end" in told for _, told in answers)
    assert followed is (who != "nobody")


def _may_show(asked_for: str) -> bool:
    entry, _, rest = asked_for.partition(" as ")
    return entry in SHOWING and rest.endswith(": 200")


def _is_refusal(asked_for: str) -> bool:
    return int(asked_for.rpartition(" ")[2]) >= 400 or "/metrics" in asked_for


def _in_clear(site: Site, secrets: dict[str, str]) -> list[str]:
    """Return what the database holds in clear; SQLite's is a file that can be read."""
    url = make_url(site.database.url)
    if url.get_backend_name() != "sqlite":
        return []
    path = Path(url.database or "")
    held = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    return [what for what, secret in secrets.items() if secret.encode() in held]


def test_the_canaries_would_be_found() -> None:
    told = json.dumps({"detail": f"no such value: {SENT}"})

    assert SENT in told
    assert not _may_show(f"POST {BASE}/backups/{{backup_id}}/unseal as viewer: 403")
