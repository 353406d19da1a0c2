"""NetRaven's whole way of a device: collect, grade, normalise, delta, seal, commit; on SQLite."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.contestants import Stopwatch, report, take_task
from netraven.db import SYSTEM, KeyRing, make_sessions, new_id, unit_of_work
from netraven.db.enums import JobType, ValueType
from netraven.db.schema import upgrade_schema
from netraven.inventory.devices import create_device
from netraven.inventory.tags import initialize_default_tag
from netraven.jobs.dbos_engine import DbosEngine
from netraven.jobs.runs import create_job_log
from netraven.lab.spec import Endpoint
from netraven.log import configure_logging
from netraven.models import AdminSetting, Device
from netraven.schemas.credential import CredentialCreate, CredentialTagLink
from netraven.schemas.device import DeviceCreate
from netraven.schemas.job import JobLogCreate
from netraven.tasks.progress import DeviceDone
from netraven.vault.credentials import create_credential
from netraven.worker.embedded import Place, see_through

AT_ONCE = "system.jobs.max_concurrent_devices"


def install(home: Path, endpoints: list[Endpoint]) -> None:
    """Make an installation that knows these devices and the one login of them all."""
    url, keyring = _url(home), KeyRing.generate()
    (home / "keyring").write_text(keyring.to_text())
    upgrade_schema(url)
    with unit_of_work(make_sessions(url, keyring)) as db:
        everywhere = CredentialTagLink(tag_id=initialize_default_tag(db).id)
        login = CredentialCreate(
            name="farm",
            username=endpoints[0].username,
            password=SecretStr(endpoints[0].password),
            tags=[everywhere],
        )
        create_credential(db, login)
        for endpoint in endpoints:
            device = DeviceCreate(
                hostname=endpoint.hostname,
                ip_address=endpoint.address,
                port=endpoint.port,
                device_type=endpoint.platform,
            )
            create_device(db, device)


def allow(home: Path, *, at_once: int) -> None:
    """Set how many devices are collected at once."""
    with unit_of_work(open_installation(home)) as db:
        row = db.scalar(select(AdminSetting).where(AdminSetting.key == AT_ONCE))
        if row is None:
            row = AdminSetting(id=new_id(), key=AT_ONCE, value_type=ValueType.NUMBER)
            row.category = "jobs"
            db.add(row)
        row.value = at_once


def open_installation(home: Path) -> sessionmaker[Session]:
    """Return the installation that `install` made."""
    return make_sessions(_url(home), KeyRing.from_text((home / "keyring").read_text()))


def main() -> None:
    configure_logging(level="warning", log_format="console")
    endpoints, options = take_task()
    home = Path(str(options["home"]))
    sessions = open_installation(home)
    with unit_of_work(sessions, read_only=True) as db:
        device_ids = list(db.scalars(select(Device.id).order_by(Device.hostname_key)))
    done: Counter[str] = Counter()

    def count(result: DeviceDone) -> None:
        done[f"{result.backup_status}, {'new' if result.is_new else 'seen'}"] += 1

    watch = Stopwatch()
    with unit_of_work(sessions) as db:
        wanted = JobLogCreate(job_type=JobType.BACKUP, device_ids=list(device_ids))
        run = create_job_log(db, wanted)
    place = Place(sessions=sessions, actor=SYSTEM, home=home, make_engine=DbosEngine)
    asyncio.run(see_through(place, run.id, count))
    reading = watch.stop(len(device_ids))
    expected = {f"completed, {options['expects']}": len(endpoints)}
    if done != expected:
        raise SystemExit(f"not every device was backed up as it should be: {dict(done)}")
    report(reading)


def _url(home: Path) -> str:
    return f"sqlite:///{home / 'netraven.sqlite3'}"


if __name__ == "__main__":
    main()
