"""`netraven serve` as a process of its own: from nothing to the first administrator, and away."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.api.conftest import BASE, PASSWORD


@dataclass(frozen=True)
class Served:
    """A running program, its address, and the set-up token that `netraven init` told."""

    program: subprocess.Popen[str]
    client: httpx.Client
    setup_token: str


def netraven(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from netraven.cli.main import main; main()", *arguments]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    surroundings = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    surroundings["NETRAVEN_HOME"] = str(tmp_path / "home")
    made = subprocess.run(
        netraven("init", "--json"), env=surroundings, capture_output=True, text=True, check=True
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = subprocess.Popen(
        netraven("serve", "--port", str(port)),
        env=surroundings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # Connecting is tried again, with growing pauses, until somebody listens.
    transport = httpx.HTTPTransport(retries=8)
    url = f"http://127.0.0.1:{port}"
    with httpx.Client(base_url=url, transport=transport, timeout=60) as client:
        yield Served(program, client, json.loads(made.stdout)["setup_token"])
    program.kill()
    program.communicate(timeout=60)


def test_from_nothing_to_the_first_administrator_and_away(served: Served) -> None:
    ask = served.client
    alive = ask.get("/healthz")
    stranger = ask.get(f"{BASE}/devices")
    admin = {"username": "ana", "email": "ana@example.com", "password": PASSWORD}
    made = ask.post(f"{BASE}/setup", json={"token": served.setup_token, **admin})
    login = {"username": "ana", "password": PASSWORD}
    tokens = ask.post(f"{BASE}/auth/token", json=login).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    device = {"hostname": "core-1", "ip_address": "192.0.2.1", "device_type": "cisco_ios"}
    added = ask.post(f"{BASE}/devices", json=device, headers=headers)

    served.program.send_signal(signal.SIGTERM)
    out, err = served.program.communicate(timeout=60)

    assert alive.json()["status"] == "ok"
    assert stranger.status_code == 401
    assert (made.status_code, made.json()["role"]) == (201, "admin")
    assert added.status_code == 201
    assert served.program.returncode == 0
    assert "Traceback" not in out + err
    for secret in (PASSWORD, served.setup_token, tokens["access_token"], tokens["refresh_token"]):
        assert secret not in out + err
