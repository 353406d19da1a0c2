"""One device tried as a backup would: told in full, kept nowhere, and never beside a run."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from netraven.db.enums import HostKeyState
from netraven.errors import Conflict, DevicesFailed, HostKeyChanged, LoginRefused
from netraven.inventory.hostkeys import get_host_keys
from netraven.jobs.leases import acquire_device_lease
from netraven.lab import Fault
from netraven.models import AuditEvent, Backup, Device, HostKey, JobLog
from netraven.tasks.probing import ProbedDevice, probe_device
from tests.conftest import Database
from tests.tasks.test_backup import OPERATOR, PASSWORD, Site, site, spec

OLD_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 43


def probed(lab: Site, hostname: str = "r1") -> ProbedDevice:
    return probe_device(lab.database.sessions, lab.ids[hostname], actor=OPERATOR, deadline_s=30)


def test_a_good_device_leaves_no_trace_but_that_its_secret_was_used(
    sync_database: Database,
) -> None:
    with site(sync_database, spec("r1")) as lab:
        found = probed(lab)

    with sync_database.unit() as db:
        kept = [db.scalar(select(func.count()).select_from(row)) for row in (Backup, JobLog)]
        host_keys = db.scalars(select(HostKey)).all()
        revealed = db.scalars(
            select(AuditEvent).where(AuditEvent.event_name == "credential_revealed")
        ).all()
    assert found.probe.error is None
    assert found.facts is not None
    assert found.facts.version
    assert found.dialogue
    assert PASSWORD not in found.dialogue
    assert (kept, host_keys, lab.held_leases()) == ([0, 0], [], [])
    assert [event.description.rpartition(" for ")[2][:5] for event in revealed] == ["test "]


def test_a_refused_login_is_told_and_not_kept(sync_database: Database) -> None:
    with site(sync_database, spec("r1", fault=Fault.REFUSE_LOGIN)) as lab:
        found = probed(lab)

    assert isinstance(found.probe.error, LoginRefused)
    assert found.probe.report.refused_logins == ("lab",)
    assert found.last_seen.startswith("SSH-2.0-")
    assert lab.held_leases() == []


def test_a_changed_host_key_is_remembered_as_offered(sync_database: Database) -> None:
    with site(sync_database, spec("r1")) as lab:
        lab.back_up()
        with sync_database.unit() as db:
            (known,) = get_host_keys(db, lab.ids["r1"])
            shown, known.public_key = known.public_key, OLD_KEY
        found = probed(lab)

    with sync_database.unit() as db:
        keys = {key.state: key.public_key for key in get_host_keys(db, lab.ids["r1"])}
    assert isinstance(found.probe.error, HostKeyChanged)
    assert keys == {HostKeyState.TRUSTED: OLD_KEY, HostKeyState.OFFERED: shown}


def test_a_device_that_a_run_collects_is_left_to_it(sync_database: Database) -> None:
    with site(sync_database, spec("r1")) as lab:
        with sync_database.unit() as db:
            acquire_device_lease(db, lab.ids["r1"], "somebody else")
        with pytest.raises(Conflict, match="another run is collecting from r1"):
            probed(lab)

    (lease,) = lab.held_leases()
    assert lease.owner == "somebody else"


def test_a_device_without_a_credential_is_not_dialled(sync_database: Database) -> None:
    with site(sync_database, spec("r1")) as lab:
        with sync_database.unit() as db:
            db.get_one(Device, lab.ids["r1"]).credential_id = None
        with pytest.raises(DevicesFailed, match="no credential reaches r1"):
            probed(lab)

    assert lab.held_leases() == []
