"""One installation twice: at one the program works as ever, at the other by its server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from typing_extensions import override

from netraven import clock
from netraven.admin.api_tokens import create_api_token
from netraven.admin.permissions import SCOPES
from netraven.admin.users import create_user
from netraven.archive.storing import store_backup
from netraven.archive.transcripts import Transcript, store_transcripts
from netraven.db import KeyRing
from netraven.db.enums import BackupStatus, HostKeyState, Protocol
from netraven.inventory.devices import create_device
from netraven.inventory.hostkeys import record_host_keys
from netraven.inventory.tags import create_tag
from netraven.schemas.access import ApiTokenCreate
from netraven.schemas.backup import BackupCreate
from netraven.schemas.device import DeviceCreate
from netraven.schemas.tag import TagCreate
from netraven.schemas.user import UserCreate
from tests.api.server import running
from tests.cli.conftest import Answer, Program
from tests.conftest import Database
from tests.listening import await_listener, free_port

PASSWORD = "Correct-horse-7"
TEXT = (
    "hostname {name}\nip http server\ninterface Gi0/1\n description uplink\n"
    "ntp server 10.0.0.1\nusername ops secret 5 $1$abcd$ThisIsTheHash\nend\n"
)

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00)?|\b\d\d:\d\d:\d\d\b")
_SPAN = re.compile(
    r"\b\d+(\.\d+)? ?(s|min|ms|h|d)\b(/s)?|, \d+\.\d/s|\"(duration_ms|took_s)\": [\d.]+"
)
# Here the system's user acts, there whose token it is.
_WHO = re.compile(r"\"(created_by_name|accepted_by|actor_name)\": \"\w+\"|\b(By|Made by) +\w+\n")


class Placed(Program):
    """The program in surroundings of its own, whatever those of the others are."""

    def __init__(self, home: Path, **variables: str) -> None:
        self.home = home
        self._variables = {"NETRAVEN_HOME": str(home), **variables}

    @override
    def run(self, *arguments: object, stdin: str = "") -> Answer:
        """Run a command as `main` does, in this process."""
        with pytest.MonkeyPatch.context() as surroundings:
            for name, value in self._variables.items():
                surroundings.setenv(name, value)
            return super().run(*arguments, stdin=stdin)


@dataclass(frozen=True)
class Twins:
    """Two installations that began alike; what is told of one fits the other but for names' ids."""

    here: Program
    there: Program

    def run(self, *arguments: object, stdin: str = "") -> tuple[Answer, Answer]:
        """Run a command here, and by the server there."""
        return self.here.run(*arguments, stdin=stdin), self.there.run(*arguments, stdin=stdin)


def comparable(answer: Answer) -> tuple[int, str, str]:
    """Return an answer without what differs between any two times that a command is run."""
    return answer.exit_code, _comparable(answer.out), _comparable(answer.err)


def _comparable(text: str) -> str:
    for pattern, mark in ((_ID, "<id>"), (_TIME, "<time>"), (_SPAN, "<span>"), (_WHO, "<who>")):
        text = pattern.sub(mark, text)
    return re.sub(r" +", " ", text)


def furnish(program: Program) -> str:
    """Put one or two of everything into an installation; return an administrator's token."""
    now = clock.now()
    with program.unit() as db:
        lab = create_tag(db, TagCreate(name="lab", description="in the laboratory"))
        for number in range(3):
            name = f"core-{number}"
            device = create_device(
                db,
                DeviceCreate(
                    hostname=name,
                    ip_address=f"192.0.2.{number + 1}",
                    device_type="cisco_ios",
                    tag_ids=[lab.id],
                    site="Oslo",
                    protocol=Protocol.TELNET if number == 2 else Protocol.SSH,
                ),
            )
            text = TEXT.format(name=name)
            kept = BackupCreate(device_id=device.id)
            store_backup(db, kept, content=text, now=now - timedelta(days=9))
            if number == 0:
                key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0Z0p0p0p0p0p0p0p0p0p0p0p0p0p0p0p0p0p0p"
                record_host_keys(db, {device.id: key}, HostKeyState.OFFERED)
            if number < 2:
                changed = text.replace("10.0.0.1", "10.0.0.9") + "banner \udce9t\udce9\n" * number
                content = changed.encode("utf-8", "surrogateescape")
                again = BackupCreate(device_id=device.id, author="ana")
                store_backup(db, again, content=content, now=now - timedelta(hours=1))
            if number == 1:
                half = BackupCreate(device_id=device.id, status=BackupStatus.QUARANTINED)
                bad = store_backup(db, half, content="hostname co", now=now).backup
                told = Transcript(step="reading the configuration", dialogue="core-1#", text="x")
                store_transcripts(db, {bad.id: told})
        admin = UserCreate.model_validate(
            {"username": "ana", "email": "ana@example.com", "password": PASSWORD, "role": "admin"}
        )
        user = create_user(db, admin)
        token = ApiTokenCreate(name="tests", scopes=list(SCOPES))
        made = create_api_token(db, user.id, token)
    assert made is not None
    for command in (
        ("credential", "add", "ops", "--username", "ops", "--tag", "lab:10", "--password-stdin"),
        ("rule", "add", "cores", "--tag", "lab", "--where", "hostname startswith core-"),
        ("schedule", "add", "nightly", "--at", "02:00", "--tag", "lab"),
        ("blackout", "add", "fair", "--tag", "lab", "--from", "03:00", "--until", "03:01"),
    ):
        program.ok(*command, stdin="hunter2hunter2\n")
    return made.secret.get_secret_value()


@contextmanager
def answered(home: Path) -> Iterator[str]:
    """Serve a home by a thread of this process, where no run is to be worked on."""
    ring = KeyRing.from_text((home / "keyring").read_text())
    with running(Database(f"sqlite:///{home / 'netraven.sqlite3'}", ring, "sync")) as server:
        yield server.url


@contextmanager
def served(home: Path, *options: str, **variables: str) -> Iterator[str]:
    """Serve a home by a process of its own; yield its address once it answers."""
    port = free_port()
    surroundings = {"PATH": os.environ["PATH"], "HOME": str(home), "NETRAVEN_HOME": str(home)}
    script = Path(sys.executable).with_name("netraven")
    process = subprocess.Popen(
        [str(script), "serve", "--port", str(port), *options],
        env={**surroundings, **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    scheme = "https" if "NETRAVEN_TLS_KEY" in variables else "http"
    url = f"{scheme}://127.0.0.1:{port}"
    try:
        await_listener(process, port)
        assert process.poll() is None
        yield url
    finally:
        process.kill()  # how a server ends of itself is told in tests/api/test_serve.py
        process.wait(timeout=60)


def copied(source: Path, target: Path) -> Path:
    """Copy a home that nobody uses."""
    shutil.copytree(source, target)
    return target
