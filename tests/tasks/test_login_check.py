"""Reachability with a credential: who takes it is found out, and no account is locked."""

from __future__ import annotations

from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import select

from netraven.db.enums import JobType, ResultStatus
from netraven.inventory.devices import get_device
from netraven.lab import Fault
from netraven.models import Backup, Credential, JobLogEntry
from netraven.schemas.credential import CredentialCreate
from netraven.tasks.reachability import check_reachability
from netraven.vault.credentials import create_credential
from tests.conftest import Database
from tests.tasks.test_command import PASSWORD
from tests.tasks.test_reachability import site, spec
from tests.tasks.workbench import Workbench


def test_credential_is_tried_on_devices_that_have_none(sync_database: Database) -> None:
    login = add_login(sync_database, PASSWORD)
    with site(sync_database, spec("r1", password=PASSWORD), spec("dead", Fault.DEAD)) as ids:
        bench = begin(sync_database, ids, login)

        bench.do(check_reachability)

    told = {one.hostname: (one.status, one.reason) for one in bench.told}
    assert told == {
        "r1": (ResultStatus.SUCCEEDED, None),
        "dead": (ResultStatus.FAILED, "unreachable"),
    }
    for name, answers in {"r1": True, "dead": False}.items():
        device = sync_database.run(get_device, ids[name])
        assert device is not None
        assert device.is_reachable is answers
    with sync_database.unit() as db:
        credential = db.scalars(select(Credential)).one()
        assert not db.scalars(select(Backup)).all()
    assert (credential.success_count, credential.failure_count) == (1, 0)


def test_device_that_refuses_it_answers_all_the_same(sqlite_database: Database) -> None:
    login = add_login(sqlite_database, "last-year")
    with site(sqlite_database, spec("r1", password=PASSWORD)) as ids:
        bench = begin(sqlite_database, ids, login)

        bench.do(check_reachability)

    assert [(one.status, one.reason) for one in bench.told] == [
        (ResultStatus.FAILED, "login_refused")
    ]
    device = sqlite_database.run(get_device, ids["r1"])
    assert device is not None
    assert device.is_reachable
    with sqlite_database.unit() as db:
        assert db.scalars(select(Credential)).one().failure_count == 1
        categories = list(db.scalars(select(JobLogEntry.category)))
    assert "login_refused" in categories


def test_credential_that_many_refuse_is_frozen(sqlite_database: Database) -> None:
    login = add_login(sqlite_database, "last-year")
    devices = [spec(f"r{number}", password=PASSWORD) for number in range(8)]
    with site(sqlite_database, *devices) as ids:
        bench = begin(sqlite_database, ids, login)

        bench.do(check_reachability)

    with sqlite_database.unit() as db:
        credential = db.scalars(select(Credential)).one()
    assert credential.frozen_at is not None
    assert credential.failure_count == 2
    assert {one.reason for one in bench.told} == {"login_refused", "login_withheld"}


def begin(database: Database, ids: dict[str, UUID], credential_id: UUID) -> Workbench:
    options = {"credential_id": str(credential_id)}
    return Workbench(database, JobType.REACHABILITY, *ids.values(), options=options)


def add_login(database: Database, password: str) -> UUID:
    wanted = CredentialCreate(
        name="lab", username="netraven", password=SecretStr(password), tags=[]
    )
    return database.run(create_credential, wanted).id
