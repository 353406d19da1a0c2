"""The task that gives commands to devices, against simulated ones over real SSH."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import select

from netraven import clock
from netraven.db import Actor, ActorKind
from netraven.db.enums import JobType, ResultStatus
from netraven.inventory.devices import create_device
from netraven.jobs.entries import get_job_log_entries
from netraven.lab import Fault, Fleet, run_in_thread
from netraven.lab.spec import DeviceSpec
from netraven.models import AuditEvent, Backup, Credential, DeviceLease, JobLogEntry
from netraven.schemas.credential import CredentialCreate
from netraven.schemas.device import DeviceCreate
from netraven.tasks.command import ANSWER, answered, run_commands
from netraven.vault.credentials import create_credential
from tests.conftest import Database
from tests.tasks.workbench import Workbench

PASSWORD = "correct-horse"


@contextmanager
def site(database: Database, *specs: DeviceSpec) -> Iterator[dict[str, UUID]]:
    """Give the ids of simulated devices with a credential that they take."""
    login = CredentialCreate(name="lab", username="netraven", password=SecretStr(PASSWORD), tags=[])
    with run_in_thread(Fleet(specs, shares_host_key=True)) as fleet:
        with database.unit() as db:
            credential = create_credential(db, login)
            ids = {
                each.hostname: create_device(
                    db,
                    DeviceCreate(
                        hostname=each.hostname,
                        ip_address=each.address,
                        port=each.port,
                        device_type=each.platform,
                        credential_id=credential.id,
                    ),
                ).id
                for each in fleet.endpoints
            }
        yield ids


def test_answers_are_kept_as_entries(sync_database: Database) -> None:
    with site(sync_database, spec("r1"), spec("r2")) as ids:
        bench = begin(sync_database, ids, "show version", "show inventory")

        bench.do(run_commands)

    assert {one.hostname: one.status for one in bench.told} == dict.fromkeys(
        ("r1", "r2"), ResultStatus.SUCCEEDED
    )
    answers = kept(sync_database, bench.run_id)
    assert sorted((one.message, one.device_id) for one in answers) == sorted(
        (f"{name}: {command}", ids[name])
        for name in ids
        for command in ("show version", "show inventory")
    )
    by_message = {one.message: details(one) for one in answers}
    assert "r1 uptime is" in by_message["r1: show version"]["answer"]
    assert by_message["r1: show version"]["is_whole"]
    with sync_database.unit() as db:
        assert not db.scalars(select(Backup)).all()
        held = db.scalars(select(DeviceLease)).all()
        credential = db.scalars(select(Credential)).one()
    assert all(lease.expires_at <= clock.now() for lease in held)
    assert credential.success_count == 2
    assert [row.credential_name for row in bench.results()] == ["lab", "lab"]


def test_secrets_are_not_kept(sync_database: Database) -> None:
    with site(sync_database, spec("r1")) as ids:
        bench = begin(sync_database, ids, "show running-config")

        bench.do(run_commands)

    [answer] = kept(sync_database, bench.run_id)
    text = details(answer)["answer"]
    assert "hostname r1" in text
    assert "‹secret:" in text
    assert "enable secret 5 $" not in text


def test_long_answer_is_cut(sqlite_database: Database) -> None:
    with site(sqlite_database, replace(spec("r1"), size_bytes=200_000)) as ids:
        bench = begin(sqlite_database, ids, "show running-config")

        bench.do(run_commands)

    [answer] = kept(sqlite_database, bench.run_id)
    assert not details(answer)["is_whole"]
    assert "bytes left out" in details(answer)["answer"]
    assert len(details(answer)["answer"].encode()) < 70_000


def test_what_is_not_allowed_reaches_no_device(sync_database: Database) -> None:
    with site(sync_database, spec("r1"), spec("j1", "juniper_junos")) as ids:
        bench = begin(sync_database, ids, "show version", "reload")

        bench.do(run_commands)

    assert {one.reason for one in bench.told} == {"command_not_allowed"}
    assert "'reload' is not known to be harmless on" in bench.told[0].message
    assert not kept(sync_database, bench.run_id)
    with sync_database.unit() as db:
        assert db.scalars(select(Credential)).one().success_count == 0


def test_command_that_a_device_does_not_know_is_told(sqlite_database: Database) -> None:
    with site(sqlite_database, spec("r1")) as ids:
        bench = begin(sqlite_database, ids, "show nonsense", "show version")

        bench.do(run_commands)

    [done] = bench.told
    assert (done.status, done.reason) == (ResultStatus.FAILED, "command_refused")
    assert done.message == "r1 does not take 'show nonsense'"
    assert len(kept(sqlite_database, bench.run_id)) == 2


def test_dead_device_costs_only_itself(sqlite_database: Database) -> None:
    with site(sqlite_database, spec("r1"), spec("dead", fault=Fault.NOT_SSH)) as ids:
        bench = begin(sqlite_database, ids, "show version")

        bench.do(run_commands)

    told = {one.hostname: (one.status, one.reason) for one in bench.told}
    assert told == {
        "r1": (ResultStatus.SUCCEEDED, None),
        "dead": (ResultStatus.FAILED, "negotiation_failed"),
    }


def test_giving_commands_is_audited(sqlite_database: Database) -> None:
    ana = Actor(kind=ActorKind.USER, name="ana")
    with site(sqlite_database, spec("r1")) as ids:
        bench = Workbench(
            sqlite_database,
            JobType.COMMAND,
            *ids.values(),
            options={"commands": ["show version"]},
            actor=ana,
        )

        bench.do(run_commands)

    with sqlite_database.unit() as db:
        wanted = select(AuditEvent).where(AuditEvent.event_name == "commands_run")
        event = db.scalars(wanted).one()
    assert (event.actor_name, event.changes) == ("ana", {"commands": ["show version"]})
    assert event.target_id == str(bench.run_id)


def test_run_ends_with_a_sentence() -> None:
    told = answered({ResultStatus.SUCCEEDED: 2, ResultStatus.FAILED: 1})

    assert told == "2 of 3 devices answered every command"


def begin(database: Database, ids: dict[str, UUID], *commands: str) -> Workbench:
    options: dict[str, Any] = {"commands": list(commands)}
    return Workbench(database, JobType.COMMAND, *ids.values(), options=options)


def kept(database: Database, run_id: UUID) -> list[JobLogEntry]:
    """Return the entries that hold answers."""
    entries = database.run(get_job_log_entries, run_id)
    return [entry for entry in entries if entry.category == ANSWER]


def details(entry: JobLogEntry) -> dict[str, Any]:
    assert entry.details is not None
    return entry.details


def spec(hostname: str, platform: str = "cisco_ios", fault: Fault | None = None) -> DeviceSpec:
    return DeviceSpec(hostname=hostname, platform=platform, password=PASSWORD, fault=fault)
