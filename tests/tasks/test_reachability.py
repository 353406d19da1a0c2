"""The task that finds out which devices answer, against simulated ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import update

from netraven.db.enums import JobType, ResultStatus
from netraven.inventory.devices import create_device, get_device
from netraven.lab import Fault, Fleet, run_in_thread
from netraven.lab.spec import DeviceSpec
from netraven.models import Device
from netraven.schemas.device import DeviceCreate
from netraven.tasks.reachability import answering, check_reachability
from tests.conftest import Database
from tests.tasks.workbench import Workbench


@contextmanager
def site(database: Database, *specs: DeviceSpec) -> Iterator[dict[str, UUID]]:
    """Give the ids of simulated devices, for which there is no credential."""
    with run_in_thread(Fleet(specs, shares_host_key=True)) as fleet:
        with database.unit() as db:
            ids = {
                each.hostname: create_device(
                    db,
                    DeviceCreate(
                        hostname=each.hostname,
                        ip_address=each.address,
                        port=each.port,
                        device_type=each.platform,
                    ),
                ).id
                for each in fleet.endpoints
            }
        yield ids


def test_who_answers_is_noted_at_once_and_without_a_login(sync_database: Database) -> None:
    specs = [spec("up"), spec("dead", Fault.DEAD), spec("web", Fault.NOT_SSH)]
    with site(sync_database, *specs) as ids:
        bench = Workbench(sync_database, JobType.REACHABILITY, *ids.values())

        bench.do(check_reachability)

    told = {one.hostname: (one.status, one.reason) for one in bench.told}
    assert told == {
        "up": (ResultStatus.SUCCEEDED, None),
        "dead": (ResultStatus.FAILED, "unreachable"),
        "web": (ResultStatus.FAILED, "negotiation_failed"),
    }
    results = {one.device_hostname: one for one in bench.results()}
    assert {name: row.status for name, row in results.items()} == {
        name: status for name, (status, _) in told.items()
    }
    assert "refuses connections" in (results["dead"].message or "")
    assert results["up"].duration_ms is not None
    for name, is_up in {"up": True, "dead": False, "web": False}.items():
        device = sync_database.run(get_device, ids[name])
        assert device is not None
        assert device.is_reachable is is_up
        assert device.last_reachability_check is not None


def test_log_tells_what_is_news(sqlite_database: Database) -> None:
    with site(sqlite_database, spec("up"), spec("dead", Fault.DEAD)) as ids:
        first = Workbench(sqlite_database, JobType.REACHABILITY, *ids.values())
        first.do(check_reachability)
        with sqlite_database.unit() as db:
            db.execute(update(Device).where(Device.id == ids["up"]).values(is_reachable=False))
        second = Workbench(sqlite_database, JobType.REACHABILITY, *ids.values())
        second.do(check_reachability)

    assert [line for line in first.log() if "refuses connections" in line] == first.log()
    assert second.log() == ["up answers again"]


def test_device_to_which_there_is_no_way_has_a_reason(sqlite_database: Database) -> None:
    with site(sqlite_database, spec("jump"), spec("behind")) as ids:
        with sqlite_database.unit() as db:
            behind = update(Device).where(Device.id == ids["behind"])
            db.execute(behind.values(jump_device_id=ids["jump"], jump_key=str(ids["jump"])))
        bench = Workbench(sqlite_database, JobType.REACHABILITY, *ids.values())

        bench.do(check_reachability)

    [reached] = [one for one in bench.told if one.status is ResultStatus.SUCCEEDED]
    [passed_over] = [one for one in bench.told if one.status is not ResultStatus.SUCCEEDED]
    assert reached.hostname == "jump"
    assert (passed_over.hostname, passed_over.reason) == ("behind", "no_credentials")
    device = sqlite_database.run(get_device, ids["behind"])
    assert device is not None
    assert device.is_reachable is None


def test_stopped_run_leaves_open_what_it_did_not_come_to(sqlite_database: Database) -> None:
    with site(sqlite_database, spec("up")) as ids:
        bench = Workbench(sqlite_database, JobType.REACHABILITY, *ids.values())
        bench.stop_at_once = True

        bench.do(check_reachability)

    assert not bench.told
    assert [one.status for one in bench.results()] == [ResultStatus.PENDING]


def test_run_ends_with_a_sentence() -> None:
    assert answering({ResultStatus.SUCCEEDED: 38, ResultStatus.FAILED: 2}) == (
        "38 of 40 devices answer"
    )
    assert answering({ResultStatus.SUCCEEDED: 1}) == "1 of 1 device answers"


def spec(hostname: str, fault: Fault | None = None, *, password: str = "-") -> DeviceSpec:
    return DeviceSpec(hostname=hostname, platform="cisco_ios", password=password, fault=fault)
