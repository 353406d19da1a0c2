"""What is wrong with a device costs that device only, and is told in one sentence."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from netraven.admin.settings import update_admin_setting_value
from netraven.cli.evidence import last_words
from netraven.db.enums import HostKeyState
from netraven.inventory.devices import get_device_by_hostname
from netraven.inventory.hostkeys import record_host_keys
from netraven.lab import Fault, Fleet
from netraven.models import Device
from tests.cli.conftest import Answer, Program
from tests.cli.laboratory import PASSWORD, SHORTEST_DEADLINE_S, served, spec

USAGE, NOT_FOUND, DEVICES_FAILED = 2, 3, 8
OLD_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGF2ZXJ5b2xkYW5kd3JvbmdrZXlvZnRoZWxhYm9y"
FAULTS = {
    "healthy": None,
    "dead": Fault.DEAD,
    "refusing": Fault.REFUSE_LOGIN,
    "silent": Fault.HANG,
    "stalled": Fault.STALL,
    "endless": Fault.ENDLESS,
    "garbage": Fault.GARBAGE,
    "cut": Fault.CUT,
    "dropping": Fault.DROP,
    "web": Fault.NOT_SSH,
    "replaced": None,
    "unresolvable": None,
    "foreign": None,
}


@dataclass(frozen=True, slots=True)
class Swept:
    """One run over everything that can be wrong."""

    program: Program
    fleet: Fleet
    answer: Answer

    def result(self, hostname: str) -> dict[str, Any]:
        rows: list[dict[str, Any]] = self.answer.json["devices"]
        return next(row for row in rows if row["hostname"] == hostname)


@pytest.fixture(scope="module")
def swept(home_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swept]:
    """Back all of them up at once, with little patience and room."""
    home = tmp_path_factory.mktemp("swept") / "home"
    shutil.copytree(home_template, home)
    with pytest.MonkeyPatch.context() as monkeypatch:
        program = Program(home, monkeypatch)
        devices = [spec(name, fault) for name, fault in FAULTS.items()]
        with served(program, *devices) as fleet:
            _spoil(program)
            run = ("backup", "run", "--all", "--deadline", SHORTEST_DEADLINE_S, "--json")
            yield Swept(program, fleet, program.run(*run))


@pytest.mark.parametrize(
    ("hostname", "code", "words"),
    [
        ("dead", "unreachable", "refuses connections; check that SSH is switched on"),
        ("unresolvable", "unreachable", "the name no-such-host.invalid does not resolve"),
        ("refusing", "login_refused", "refuses credential lab; check its user name and secret"),
        ("silent", "timeout", "cut off after 10 s while waiting for the SSH version"),
        ("stalled", "timeout", "cut off after 10 s while running a command"),
        ("endless", "output_too_large", "sent more than 1048576 bytes"),
        ("web", "negotiation_failed", "speaks HTTP, not SSH; check the port"),
        ("replaced", "host_key_changed", "another host key"),
        ("foreign", "unknown_platform", "does not know the platform vax_vms of foreign"),
    ],
)
def test_a_device_that_gives_nothing_says_why(
    swept: Swept, hostname: str, code: str, words: str
) -> None:
    result = swept.result(hostname)
    listed = swept.program.json("backup", "list", hostname)["items"]

    assert (result["status"], result["reason"]) == ("failed", code)
    assert words in result["message"]
    assert hostname in result["message"]
    assert "\n" not in result["message"]
    assert [(row["status"], row["version"], row["size"]) for row in listed] == [
        ("failed", None, None)
    ]


@pytest.mark.parametrize("hostname", ["garbage", "cut", "dropping"])
def test_what_a_device_says_in_pieces_is_never_a_good_backup(swept: Swept, hostname: str) -> None:
    result = swept.result(hostname)
    good = swept.program.json("backup", "list", hostname, "--status", "completed")
    shown = swept.program.run("backup", "show", hostname)

    assert result["status"] == "failed"
    assert result["message"].startswith(f"{hostname}")
    assert good["total"] == 0
    assert shown.exit_code == NOT_FOUND
    assert f"{hostname} has no completed running backup yet" in shown.err


def test_each_costs_only_itself(swept: Swept) -> None:
    run = swept.answer.json["run"]

    assert swept.answer.exit_code == DEVICES_FAILED
    assert swept.result("healthy")["backup_status"] == "completed"
    assert run["status"] == "partial"
    assert run["results"] == {"failed": len(FAULTS) - 1, "succeeded": 1}
    assert run["took_s"] < 3 * SHORTEST_DEADLINE_S


def test_the_run_tells_them_with_their_reasons(swept: Swept) -> None:
    shown = swept.program.ok("run", "show").out
    logged = swept.program.json("run", "logs", "--level", "warning")["items"]

    for hostname in FAULTS.keys() - {"healthy"}:
        assert hostname in shown
        assert any(hostname in line["message"] for line in logged)
    assert "healthy" not in shown


def test_no_sentence_holds_a_secret_or_a_trace(swept: Swept) -> None:
    told = swept.answer.text + swept.program.ok("run", "show", "--json").text
    told += swept.program.ok("run", "logs", "--level", "debug").text

    assert PASSWORD not in told
    assert "Traceback" not in told
    assert "unexpected" not in told


def test_nothing_bad_is_in_the_archive(swept: Swept) -> None:
    verified = swept.program.json("verify")
    kept = swept.program.json("backup", "list", "--status", "completed")["items"]

    assert [row["device"]["hostname"] for row in kept] == ["healthy"]
    assert (verified["corrupt"], verified["unavailable"]) == ([], [])


@pytest.mark.parametrize(
    ("hostname", "code", "words"),
    [
        ("dead", "unreachable", "refuses connections"),
        ("web", "negotiation_failed", "speaks HTTP"),
        ("replaced", "host_key_changed", "another host key"),
        ("unresolvable", "unreachable", "does not resolve"),
    ],
)
def test_a_test_of_the_device_tells_the_same(
    swept: Swept, hostname: str, code: str, words: str
) -> None:
    answer = swept.program.run("device", "test", hostname, "--json")

    assert answer.exit_code == DEVICES_FAILED
    assert answer.json["error"]["code"] == code
    assert words in answer.json["error"]["message"]


def test_who_speaks_another_protocol_is_not_taken_for_an_old_device(swept: Swept) -> None:
    told = swept.program.run("device", "test", "web").out

    assert "check the port" in told
    assert "--legacy-ssh" not in told


@pytest.mark.parametrize(
    ("hostname", "step", "awaited"),
    [
        ("dead", "connecting", "a TCP connection"),
        ("refusing", "logging in", "an answer to the login"),
        ("silent", "waiting for the SSH version", "an SSH version line"),
        ("stalled", "running a command", "the prompt"),
        ("replaced", "checking the host key", "the trusted host key"),
    ],
)
def test_how_the_session_went_is_kept_and_told(
    swept: Swept, hostname: str, step: str, awaited: str
) -> None:
    told = swept.program.json("backup", "why", f"{hostname}@failed")
    shown = swept.program.ok("backup", "why", hostname).out

    assert told["transcript"]["step"] == step
    assert awaited in told["transcript"]["awaited"]
    assert step in shown
    assert swept.result(hostname)["reason"] in shown


def test_the_last_words_of_a_stalled_device_are_kept_with_its_secrets_hidden(swept: Swept) -> None:
    shown = swept.program.ok("backup", "why", "stalled", "--transcript").out
    secrets = swept.fleet.device("stalled").secrets

    assert "show running-config" in shown
    assert "interface " in shown
    assert "‹secret:" in shown
    assert not [secret for secret in secrets if secret in shown]


def test_what_came_last_is_shown_once_and_of_much_only_three_lines(swept: Swept) -> None:
    shown = swept.program.ok("backup", "why", "garbage").out
    escapes = "\\x1b\\x00" * 1000

    assert shown.count("Last seen") == 1
    assert "What came last" not in shown
    assert last_words("core-1#") == "core-1#"
    assert len(last_words(escapes)) == 240
    assert escapes.endswith(last_words(escapes)[1:])


def test_a_good_device_has_nothing_to_explain(swept: Swept) -> None:
    answer = swept.program.run("backup", "why", "healthy")

    assert answer.exit_code == NOT_FOUND
    assert "healthy has no failed and no quarantined running backup" in answer.err


def test_a_device_with_a_platform_that_is_gone_cannot_be_tested(swept: Swept) -> None:
    answer = swept.program.run("device", "test", "foreign")

    assert answer.exit_code == DEVICES_FAILED
    assert "does not know the platform vax_vms of foreign; put its file into" in answer.err


def test_an_unknown_platform_is_not_let_in(swept: Swept) -> None:
    answer = swept.program.run("device", "add", "vax-1", "192.0.2.77", "--platform", "vax_vms")

    assert answer.exit_code == USAGE
    assert answer.err.startswith("netraven: platform: vax_vms is not a known platform; ")
    assert "`netraven platform list`" in answer.err
    assert swept.program.run("device", "show", "vax-1").exit_code == NOT_FOUND


def test_a_changed_host_key_is_believed_when_it_is_accepted(swept: Swept) -> None:
    program = swept.program
    before = {
        key["state"]: key for key in program.json("device", "hostkey", "show", "replaced")["items"]
    }
    unasked = program.run("device", "hostkey", "accept", "replaced")
    accepted = program.json("device", "hostkey", "accept", "replaced", "--yes")
    again = program.run("backup", "run", "replaced")

    assert before.keys() == {"trusted", "offered"}
    assert unasked.exit_code == USAGE
    assert all(key["fingerprint"] in unasked.out for key in before.values())
    assert "there is no terminal to ask at" in unasked.err
    assert accepted == {"hostname": "replaced", "accepted": before["offered"]["fingerprint"]}
    assert again.exit_code == 0
    nothing_left = program.run("device", "hostkey", "accept", "replaced", "--yes")
    assert nothing_left.exit_code == NOT_FOUND
    assert "has shown no other key than the trusted one" in nothing_left.err


def _spoil(program: Program) -> None:
    """Do to the inventory what a lab cannot: names, keys and platforms of another time."""
    program.ok("device", "update", "unresolvable", "--address", "no-such-host.invalid")
    with program.unit() as db:
        replaced = get_device_by_hostname(db, "replaced")
        assert replaced is not None
        record_host_keys(db, {replaced.id: OLD_KEY}, HostKeyState.TRUSTED)
        foreign = update(Device).where(Device.hostname == "foreign")
        db.execute(foreign.values(device_type="vax_vms"))
        update_admin_setting_value(db, "system.backup.max_size_mib", 1)
