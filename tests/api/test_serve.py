"""`netraven serve` as processes of their own: from nothing to the first administrator, and away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil

from netraven.admin.settings import initialize_default_settings
from netraven.db import KeyRing
from netraven.db.schema import upgrade_schema
from tests.api.conftest import BASE, PASSWORD, Site
from tests.conftest import Database
from tests.databases import administer, database_url
from tests.listening import await_listener, free_port

# On a machine with nothing else to do the start takes half of that; what others do there does not
# count, as it would in seconds on the wall.
MOST_CPU_S = 4.5
KNOWN_WITHIN_S = 5.0
LIFETIME = "/settings/security.token.access_token_expire_minutes"


@dataclass(frozen=True)
class Served:
    """A running program and its address."""

    program: subprocess.Popen[str]
    client: httpx.Client

    def cpu_s(self) -> float:
        """Return the seconds of processor that it has used."""
        times = psutil.Process(self.program.pid).cpu_times()
        return float(times.user + times.system)

    def log_in(self, name: str) -> dict[str, Any]:
        """Return the tokens of a login."""
        given = {"username": name, "password": PASSWORD}
        tokens: dict[str, Any] = self.client.post(f"{BASE}/auth/token", json=given).json()
        return tokens


@contextmanager
def served(home: Path, **more: str) -> Iterator[Served]:
    """Yield a server in this home, which answers as soon as it can; end it after."""
    surroundings = {"PATH": os.environ["PATH"], "HOME": str(home), "NETRAVEN_HOME": str(home)}
    port = free_port()
    start = "from netraven.cli.main import main; main()"
    program = subprocess.Popen(
        [sys.executable, "-c", start, "serve", "--port", str(port)],
        env={**surroundings, **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    await_listener(program, port)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        yield Served(program, client)
    program.kill()
    program.communicate(timeout=60)


def until(holds: Callable[[], bool], *, within_s: float = 60.0) -> None:
    """Return when this holds."""
    end_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end_s
        time.sleep(0.02)


def test_from_nothing_to_the_first_administrator_and_away(tmp_path: Path) -> None:
    with served(tmp_path / "home") as server:
        ask = server.client
        alive = ask.get("/healthz")
        until(lambda: ask.get("/readyz").status_code == 200)
        cpu_s = server.cpu_s()
        stranger = ask.get(f"{BASE}/devices")
        setup_token = told_setup_token(server)
        admin = {"username": "ana", "email": "ana@example.com", "password": PASSWORD}
        made = ask.post(f"{BASE}/setup", json={"token": setup_token, **admin})
        tokens = server.log_in("ana")
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        device = {"hostname": "core-1", "ip_address": "192.0.2.1", "device_type": "cisco_ios"}
        added = ask.post(f"{BASE}/devices", json=device, headers=headers)

        server.program.send_signal(signal.SIGTERM)
        out, err = server.program.communicate(timeout=60)

    assert alive.json()["status"] == "ok"
    assert cpu_s < MOST_CPU_S
    assert stranger.status_code == 401
    assert (made.status_code, made.json()["role"]) == (201, "admin")
    assert added.status_code == 201
    assert server.program.returncode == 0
    assert "Traceback" not in out + err
    for secret in (PASSWORD, setup_token, tokens["access_token"], tokens["refresh_token"]):
        assert secret not in out + err


def test_a_home_that_lost_its_key_ring_or_database_is_not_made_anew(tmp_path: Path) -> None:
    (tmp_path / "keyring").write_text("not a key ring\n")

    with served(tmp_path) as server:
        _, err = server.program.communicate(timeout=60)

    assert server.program.returncode != 0
    assert "netraven init" in err
    assert [path.name for path in tmp_path.iterdir()] == ["keyring"]


def test_settings_hold_in_every_process_within_seconds(
    tmp_path: Path, postgres_server: str, keyring: KeyRing
) -> None:
    name = f"processes_{uuid4().hex}"
    administer(postgres_server, f'CREATE DATABASE "{name}"')
    url = database_url(postgres_server, name)
    upgrade_schema(url)
    database = Database(url, keyring, "sync")
    with database.unit() as db:
        initialize_default_settings(db)
    Site.add_user_to(database, "boss", "admin")
    shared = {"NETRAVEN_DATABASE_URL": url, "NETRAVEN_KEYRING": keyring.to_text()}

    with served(tmp_path / "one", **shared) as one, served(tmp_path / "other", **shared) as other:
        before = other.log_in("boss")
        headers = {"Authorization": f"Bearer {before['access_token']}"}
        changed = one.client.put(f"{BASE}{LIFETIME}", headers=headers, json={"value": 5})
        began = time.monotonic()
        until(lambda: other.log_in("boss")["expires_in"] == 300)
        took_s = time.monotonic() - began
        pids = {one.program.pid, other.program.pid}
    administer(postgres_server, f'DROP DATABASE "{name}" WITH (FORCE)')

    assert before["expires_in"] == 1800
    assert changed.status_code == 200
    assert took_s < KNOWN_WITHIN_S
    assert len(pids) == 2


def told_setup_token(server: Served) -> str:
    """Return the token that the server told when it made its installation."""
    assert server.program.stdout is not None
    for line in server.program.stdout:
        if line.startswith("Set-up token"):
            return line.split()[-1]
    message = "no set-up token was told"
    raise AssertionError(message)
