"""The backup of devices, against simulated ones over real SSH, on both databases."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text, update

from netraven import clock
from netraven.admin.settings import get_number
from netraven.archive.backups import get_backup_content_bytes
from netraven.archive.series import get_latest_completed
from netraven.archive.transcripts import get_transcript
from netraven.db import Actor, ActorKind, new_id
from netraven.db.enums import (
    BackupStatus,
    HostKeyState,
    JobType,
    ResultStatus,
    RunReason,
    RunStatus,
)
from netraven.errors import Invalid
from netraven.inventory.devices import create_device, update_device
from netraven.inventory.hostkeys import accept_host_key, get_host_keys
from netraven.inventory.tag_rules import create_tag_rule
from netraven.inventory.tags import add_tag_to_device, create_tag, get_devices_for_tag
from netraven.jobs.engine import MemoryEngine
from netraven.jobs.leases import acquire_device_lease
from netraven.jobs.results import get_job_results
from netraven.jobs.runs import cancel_job_log, create_job_log
from netraven.lab import Fault, Fleet, run_in_thread
from netraven.lab.spec import DeviceSpec
from netraven.models import (
    AdminSetting,
    AuditEvent,
    Backup,
    Credential,
    CredentialTag,
    Device,
    DeviceLease,
    JobLog,
    JobLogEntry,
)
from netraven.schemas.credential import CredentialCreate, CredentialTagCreate
from netraven.schemas.device import DeviceCreate, DeviceUpdate
from netraven.schemas.job import JobLogCreate
from netraven.schemas.tag import TagCreate
from netraven.schemas.tag_rule import TagRuleCreate
from netraven.tasks.progress import DeviceDone, RunSummary
from netraven.vault.credentials import create_credential
from netraven.vault.links import associate_credential_with_tag
from netraven.worker.embedded import Place, see_through
from tests.conftest import Database

OPERATOR = Actor(kind=ActorKind.USER, name="op")
PASSWORD = "correct-horse"


def spec(hostname: str, platform: str = "cisco_ios", fault: Fault | None = None) -> DeviceSpec:
    return DeviceSpec(hostname=hostname, platform=platform, password=PASSWORD, fault=fault)


def run_here(
    database: Database,
    device_ids: Sequence[UUID],
    on_result: Callable[[DeviceDone], None] | None = None,
    *,
    config_types: Sequence[str] = ("running",),
) -> RunSummary:
    """Back the devices up in this process, by the engine for tests; return how the run ended."""
    with database.unit() as db:
        wanted = JobLogCreate(
            job_type=JobType.BACKUP,
            device_ids=list(device_ids),
            job_data={"config_types": list(config_types)},
        )
        run_id = create_job_log(db, wanted).id
    place = Place(
        sessions=database.sessions,
        actor=OPERATOR,
        home=None,
        make_engine=lambda _database, _executor: MemoryEngine(),
    )
    summary = asyncio.run(see_through(place, run_id, on_result))
    assert summary is not None
    return summary


class Site:
    """A simulated fleet with an installation that knows it."""

    def __init__(self, database: Database, fleet: Fleet) -> None:
        self.database = database
        self.fleet = fleet
        with database.unit() as db:
            login = CredentialCreate(
                name="lab", username="netraven", password=SecretStr(PASSWORD), tags=[]
            )
            credential = create_credential(db, login)
            self.ids = {
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

    def forget_platform(self, device_id: UUID) -> None:
        """Let a device be one whose platform nobody has named."""
        with self.database.unit() as db:
            update_device(db, device_id, DeviceUpdate(device_type="auto"))

    def back_up(
        self, *hostnames: str, config_types: Sequence[str] = ("running",)
    ) -> tuple[RunSummary, dict[str, DeviceDone]]:
        """Back these devices up, all without a name; return the summary and what was told."""
        done: dict[str, DeviceDone] = {}
        summary = run_here(
            self.database,
            [self.ids[name] for name in hostnames or self.ids],
            lambda each: done.update({each.hostname: each}),
            config_types=config_types,
        )
        return summary, done

    def content(self, hostname: str) -> str | None:
        """Return the text of the device's latest completed backup."""
        with self.database.unit() as db:
            latest = get_latest_completed(db, [self.ids[hostname]])
            if not latest:
                return None
            content = get_backup_content_bytes(db, latest[self.ids[hostname]].id)
        return None if content is None else content.decode()

    def held_leases(self) -> Sequence[DeviceLease]:
        """Return the leases that somebody still holds."""
        with self.database.unit() as db:
            alive = select(DeviceLease).where(DeviceLease.expires_at > clock.now())
            return db.scalars(alive).all()

    def set_number(self, key: str, value: int) -> None:
        """Set an administrator's setting."""
        with self.database.unit() as db:
            assert get_number(db, key) != value
            row = AdminSetting(
                id=new_id(),
                key=key,
                value=value,
                value_type="number",
                category=key.split(".", 1)[0],
                is_required=True,
                is_sensitive=False,
                display_order=1,
                is_builtin=True,
            )
            db.add(row)


@contextmanager
def site(database: Database, *specs: DeviceSpec) -> Iterator[Site]:
    with run_in_thread(Fleet(specs, shares_host_key=True)) as fleet:
        yield Site(database, fleet)


def test_every_device_is_stored_as_it_is(sync_database: Database) -> None:
    specs = [
        spec("r1"),
        spec("r2", "juniper_junos"),
        spec("r3", "aruba_aoscx"),
        spec("r4", "linux"),
    ]
    with site(sync_database, *specs) as lab:
        summary, done = lab.back_up()
        contents = {name: lab.content(name) for name in lab.ids}
        wanted = {name: lab.fleet.device(name).running_config() for name in lab.ids}

    assert summary.status is RunStatus.SUCCEEDED
    assert summary.new_versions == 4
    assert summary.results == {ResultStatus.SUCCEEDED: 4}
    assert {name: each.version for name, each in done.items()} == dict.fromkeys(lab.ids, 1)
    assert contents == wanted
    assert lab.held_leases() == []
    with sync_database.unit() as db:
        device = db.get_one(Device, lab.ids["r1"])
        results = get_job_results(db, summary.run_id)
        keys = get_host_keys(db, lab.ids["r1"])
    assert device.last_backup_status is BackupStatus.COMPLETED
    assert device.serial_number == lab.fleet.device("r1").plan.serial
    assert [each.device_hostname for each in results] == ["r1", "r2", "r3", "r4"]
    assert all(each.credential_name == "lab" and each.backup_id for each in results)
    assert [key.state for key in keys] == [HostKeyState.TRUSTED]


def test_what_did_not_change_gets_no_new_version(sync_database: Database) -> None:
    with site(sync_database, spec("r1"), spec("r2", "arista_eos")) as lab:
        lab.back_up()
        summary, done = lab.back_up()

    assert (summary.new_versions, summary.unchanged) == (0, 2)
    assert not any(each.is_new for each in done.values())
    with sync_database.unit() as db:
        assert len(db.scalars(select(Backup)).all()) == 2


def test_each_configuration_that_the_run_wants_is_a_series_of_its_own(
    sync_database: Database,
) -> None:
    with site(sync_database, spec("r1"), spec("r2", "linux")) as lab:
        summary, done = lab.back_up(config_types=["running", "startup"])
        again, _ = lab.back_up("r1", config_types=["startup", "running"])

    with sync_database.unit() as db:
        rows = list(db.scalars(select(Backup).where(Backup.device_id == lab.ids["r1"])))
        told = {row.id: row.config_type for row in rows}
        results = get_job_results(db, summary.run_id) + get_job_results(db, again.run_id)
    assert summary.results == {ResultStatus.SUCCEEDED: 2}
    assert [(row.version, row.status) for row in rows] == [(1, BackupStatus.COMPLETED)] * 2
    assert {row.config_type for row in rows} == {"running", "startup"}
    assert (done["r1"].message, done["r2"].message) == (
        "",
        "r2: the platform linux has no startup configuration",
    )
    (first, _, second) = (each.backup_id and told.get(each.backup_id) for each in results)
    assert (first, second) == ("running", "startup")


def test_configuration_that_the_platform_does_not_have_fails_by_its_name(
    sync_database: Database,
) -> None:
    with site(sync_database, spec("r1", "linux")) as lab:
        _, done = lab.back_up(config_types=["startup"])

    with sync_database.unit() as db:
        row = db.scalars(select(Backup)).one()
    assert done["r1"].message == "r1: the platform linux has no startup configuration"
    assert (row.status, row.config_type) == (BackupStatus.FAILED, "startup")


def test_rules_of_another_program_make_no_new_version(sync_database: Database) -> None:
    with site(sync_database, spec("r1", "arista_eos")) as lab:
        lab.back_up()
        with sync_database.unit() as db:
            db.execute(update(Backup).values(normal_hash="0-older:" + "0" * 64))
        summary, _ = lab.back_up()

    assert summary.unchanged == 1


def test_each_fault_costs_only_its_device_and_says_why(sync_database: Database) -> None:
    faulty = {
        "dead": Fault.DEAD,
        "http": Fault.NOT_SSH,
        "cut": Fault.CUT,
        "dropped": Fault.DROP,
        "closed": Fault.REFUSE_LOGIN,
    }
    specs = [spec(name, fault=fault) for name, fault in faulty.items()]
    with site(sync_database, *specs, *(spec(f"r{number}") for number in range(5))) as lab:
        summary, done = lab.back_up()

    good = {name for name, each in done.items() if each.status is ResultStatus.SUCCEEDED}
    assert good == {f"r{number}" for number in range(5)}
    assert summary.status is RunStatus.PARTIAL
    assert summary.quarantined == 1
    assert {name: each.reason for name, each in done.items() if name not in good} == {
        "dead": "unreachable",
        "http": "negotiation_failed",
        "cut": "quarantined",
        "dropped": "session_lost",
        "closed": "login_refused",
    }
    assert all(name in each.message for name, each in done.items() if name not in good)
    assert lab.content("cut") is None
    with sync_database.unit() as db:
        rows = {row.device_id: row for row in db.scalars(select(Backup))}
        views = {name: get_transcript(db, rows[lab.ids[name]].id) for name in faulty}
        credential = db.scalars(select(Credential)).one()
    assert rows[lab.ids["cut"]].status is BackupStatus.QUARANTINED
    assert rows[lab.ids["dropped"]].status is BackupStatus.FAILED
    assert rows[lab.ids["dropped"]].content_hash is None
    assert all(view is not None and view.step for view in views.values())
    assert (credential.success_count, credential.failure_count) == (7, 1)
    assert credential.frozen_at is None


def test_logins_count_for_the_link_that_offered_them(sync_database: Database) -> None:
    with site(sync_database, spec("r1"), spec("r2")) as lab:
        with sync_database.unit() as db:
            far = create_tag(db, TagCreate(name="far"))
            near = create_tag(db, TagCreate(name="near"))
            credential = db.scalars(select(Credential)).one()
            for tag, priority in ((far, 200), (near, 50)):
                associate_credential_with_tag(
                    db,
                    CredentialTagCreate(
                        credential_id=credential.id, tag_id=tag.id, priority=priority
                    ),
                )
            for tag in (far, near):
                add_tag_to_device(db, lab.ids["r1"], tag.id)
            db.get_one(Device, lab.ids["r1"]).credential_id = None
        lab.back_up()

    with sync_database.unit() as db:
        links = {link.tag_id: link for link in db.scalars(select(CredentialTag))}
        credential = db.scalars(select(Credential)).one()
    assert links[near.id].success_count == 1
    assert links[near.id].last_success is not None
    assert links[far.id].success_count == 0
    assert credential.success_count == 2


def test_a_rule_over_the_model_holds_as_soon_as_the_device_has_said_it(
    sync_database: Database,
) -> None:
    with site(sync_database, spec("r1"), spec("r2", "linux")) as lab:
        model = lab.fleet.device("r1").plan.hardware.model
        with sync_database.unit() as db:
            tag = create_tag(db, TagCreate(name="by model"))
            criteria = {"field": "model", "operator": "equals", "value": model}
            rule = {"name": "m", "tag_id": tag.id, "rule_criteria": criteria}
            create_tag_rule(db, TagRuleCreate.model_validate(rule))
        lab.back_up()

    with sync_database.unit() as db:
        assert [device.hostname for device in get_devices_for_tag(db, tag.id)] == ["r1"]


@pytest.mark.long
def test_a_device_that_says_nothing_ends_at_its_deadline(sync_database: Database) -> None:
    with site(sync_database, spec("mute", fault=Fault.HANG), spec("r1")) as lab:
        lab.set_number("system.jobs.device_deadline_seconds", 10)
        _, done = lab.back_up()

    assert done["mute"].reason == "timeout"
    assert done["mute"].duration_ms < 30_000
    assert done["r1"].status is ResultStatus.SUCCEEDED


def test_a_credential_that_two_devices_refuse_is_frozen(sync_database: Database) -> None:
    refusing = [spec(f"r{number}", fault=Fault.REFUSE_LOGIN) for number in range(12)]
    with site(sync_database, *refusing) as lab:
        summary, done = lab.back_up()
        again, done_again = lab.back_up()

    assert summary.status is RunStatus.FAILED
    assert {each.reason for each in done.values()} == {"login_refused", "login_withheld"}
    with sync_database.unit() as db:
        credential = db.scalars(select(Credential)).one()
        frozen = db.scalars(
            select(AuditEvent).where(AuditEvent.event_name == "credential_frozen")
        ).all()
        refusals = db.scalars(
            select(JobLogEntry).where(JobLogEntry.category == "login_refused")
        ).all()
    assert credential.failure_count == len(refusals) == 2
    assert credential.frozen_reason is not None
    assert credential.frozen_reason.startswith("refused by r")
    assert len(frozen) == 1
    assert again.status is RunStatus.FAILED
    assert {each.reason for each in done_again.values()} == {"no_credentials"}
    assert all("frozen" in each.message for each in done_again.values())


def test_a_device_that_another_run_collects_is_left_to_it(sync_database: Database) -> None:
    with site(sync_database, spec("r1"), spec("r2")) as lab:
        with sync_database.unit() as db:
            token = acquire_device_lease(db, lab.ids["r1"], "somebody else")
        summary, done = lab.back_up()

    assert done["r1"].status is ResultStatus.SKIPPED
    assert done["r1"].reason == "overlap"
    assert done["r2"].status is ResultStatus.SUCCEEDED
    assert summary.status is RunStatus.SUCCEEDED
    (lease,) = lab.held_leases()
    assert (lease.owner, lease.token) == ("somebody else", token)


def test_what_cannot_be_collected_is_said_at_once(sync_database: Database) -> None:
    with site(sync_database, spec("r1"), spec("r2"), spec("r3")) as lab:
        with sync_database.unit() as db:
            devices = {row.hostname: row for row in db.scalars(select(Device))}
            devices["r1"].device_type = "abandoned_os"
            devices["r2"].credential_id = None
        summary, done = lab.back_up()

    assert done["r1"].reason == "unknown_platform"
    assert "abandoned_os" in done["r1"].message
    assert done["r2"].reason == "no_credentials"
    assert done["r3"].status is ResultStatus.SUCCEEDED
    assert summary.status is RunStatus.PARTIAL


def test_a_changed_host_key_is_refused_until_it_is_accepted(sync_database: Database) -> None:
    with site(sync_database, spec("r1")) as lab:
        lab.back_up()
        with sync_database.unit() as db:
            (first,) = get_host_keys(db, lab.ids["r1"])
            first.public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 43
        _, refused = lab.back_up()
        with sync_database.unit() as db:
            keys = {key.state: key for key in get_host_keys(db, lab.ids["r1"])}
            accept_host_key(db, keys[HostKeyState.OFFERED].id)
        _, done = lab.back_up()

    assert refused["r1"].reason == "host_key_changed"
    assert keys.keys() == {HostKeyState.TRUSTED, HostKeyState.OFFERED}
    assert done["r1"].status is ResultStatus.SUCCEEDED


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_run_cleanly(sync_database: Database, number: signal.Signals) -> None:
    handler = signal.getsignal(number)
    stuck = [spec(f"stuck-{each}", fault=Fault.HANG) for each in range(3)]
    told: list[DeviceDone] = []

    def stop_at_first(done: DeviceDone) -> None:
        told.append(done)
        os.kill(os.getpid(), number)

    with site(sync_database, spec("r1"), *stuck) as lab:
        summary = run_here(sync_database, list(lab.ids.values()), stop_at_first)

    assert summary.status is RunStatus.CANCELLED
    assert [done.hostname for done in told] == ["r1"]
    assert summary.results == {ResultStatus.SUCCEEDED: 1, ResultStatus.CANCELLED: 3}
    assert lab.content("r1") is not None
    assert lab.held_leases() == []
    assert signal.getsignal(number) is handler


def test_runs_whose_devices_hang_take_no_place_from_the_next(sync_database: Database) -> None:
    specs = [spec(f"stuck-{number}", fault=Fault.HANG) for number in range(6)]
    with site(sync_database, *specs, spec("r1")) as lab:
        with sync_database.unit() as db:
            stuck = [
                create_job_log(db, JobLogCreate(job_type=JobType.BACKUP, device_ids=[each])).id
                for name, each in lab.ids.items()
                if name != "r1"
            ]
        summary, _ = lab.back_up("r1")

    with sync_database.unit() as db:
        runs = list(db.scalars(select(JobLog).where(JobLog.id.in_(stuck))))
    assert summary.status is RunStatus.SUCCEEDED
    assert {run.status for run in runs} == {RunStatus.RUNNING}


def test_a_run_that_is_cancelled_elsewhere_stops(sync_database: Database) -> None:
    def cancel(_done: DeviceDone) -> None:
        with sync_database.unit() as db:
            cancel_job_log(db, db.scalars(select(JobLog.id)).one())

    with site(sync_database, spec("r1"), spec("stuck", fault=Fault.HANG)) as lab:
        summary = run_here(sync_database, list(lab.ids.values()), cancel)

    assert summary.status is RunStatus.CANCELLED


def test_a_database_that_fails_ends_the_run(sync_database: Database) -> None:
    with site(sync_database, spec("r1")) as lab:
        with sync_database.unit() as db:
            db.execute(text("DROP TABLE host_keys"))
            db.execute(text("CREATE TABLE host_keys (id INTEGER)"))
        summary, done = lab.back_up()

    assert (summary.status, done["r1"].reason) == (RunStatus.FAILED, RunReason.ERROR)
    with sync_database.unit() as db:
        assert db.scalars(select(Backup)).all() == []


def test_a_device_that_is_not_there_is_refused_before_a_run_begins(
    sync_database: Database,
) -> None:
    with pytest.raises(Invalid, match="device_ids"):
        run_here(sync_database, [new_id()])

    with sync_database.unit() as db:
        assert db.scalars(select(JobLog)).all() == []


def test_a_run_without_devices_is_skipped(sync_database: Database) -> None:
    summary = run_here(sync_database, [])

    assert summary.status is RunStatus.SKIPPED


def test_a_device_without_a_platform_is_backed_up_as_what_it_turns_out_to_be(
    sync_database: Database,
) -> None:
    with site(sync_database, spec("r1"), spec("r2", "juniper_junos")) as lab:
        for device_id in lab.ids.values():
            lab.forget_platform(device_id)
        _, done = lab.back_up()

        with sync_database.unit() as db:
            found = {row.hostname: row.device_type for row in db.scalars(select(Device))}
            kept = {row.device_type for row in db.scalars(select(Backup))}

    assert {each.status for each in done.values()} == {ResultStatus.SUCCEEDED}
    assert found == {"r1": "cisco_ios", "r2": "juniper_junos"}
    assert kept == {"cisco_ios", "juniper_junos"}


def test_a_device_that_cannot_be_asked_what_it_is_fails_and_waits(
    sync_database: Database,
) -> None:
    with site(sync_database, spec("r1", fault=Fault.DEAD)) as lab:
        lab.forget_platform(lab.ids["r1"])
        _, done = lab.back_up()

        with sync_database.unit() as db:
            found = db.scalars(select(Device.device_type)).one()

    assert done["r1"].status is ResultStatus.FAILED
    assert "\n" not in done["r1"].message
    assert found == "auto"
