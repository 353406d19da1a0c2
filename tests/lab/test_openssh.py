"""OpenSSH's client, where there is one, gets along with the lab's devices."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from netraven.lab import Endpoint, Fleet, run_in_thread
from tests.lab.memory import PLATFORMS, spec

pytestmark = pytest.mark.skipif(
    shutil.which("ssh") is None, reason="OpenSSH's client is not installed"
)

_OPTIONS = (
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "PubkeyAuthentication=no",
    "NumberOfPasswordPrompts=1",
)
_LEGACY = (
    "KexAlgorithms=+diffie-hellman-group14-sha1",
    "HostKeyAlgorithms=+ssh-rsa",
    "Ciphers=+aes128-cbc",
    "MACs=+hmac-sha1",
)
_COMMANDS = {
    "cisco_asa": "more system:running-config",
    "juniper_junos": "show configuration",
    "linux": "cat /etc/network/interfaces",
}


def ssh(
    endpoint: Endpoint,
    tmp_path: Path,
    *command: str,
    options: tuple[str, ...] = (),
    typed: str = "",
) -> subprocess.CompletedProcess[bytes]:
    askpass = tmp_path / "askpass"
    askpass.write_text('#!/bin/sh\necho "$LAB_PASSWORD"\n')
    askpass.chmod(0o700)
    environment = {
        **os.environ,
        "SSH_ASKPASS": str(askpass),
        "SSH_ASKPASS_REQUIRE": "force",
        "LAB_PASSWORD": endpoint.password,
    }
    flags = [flag for option in (*_OPTIONS, *options) for flag in ("-o", option)]
    where = ["-p", str(endpoint.port), f"{endpoint.username}@{endpoint.address}"]
    return subprocess.run(
        ["ssh", "-F", "/dev/null", *flags, *([] if command else ["-tt"]), *where, *command],
        env=environment,
        input=typed.encode(),
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("platform", PLATFORMS)
def test_one_command_is_answered_without_a_terminal(platform: str, tmp_path: Path) -> None:
    with run_in_thread(Fleet([spec(platform)])) as fleet:
        command = _COMMANDS.get(platform, "show running-config")
        done = ssh(fleet.endpoints[0], tmp_path, command)
        written = fleet.devices[0].running_config()

    assert done.returncode == 0, done.stderr
    shown = done.stdout.decode().replace("\r\n", "\n")
    assert shown.rstrip("\n").endswith(written.rstrip("\n"))


def test_a_person_can_work_on_a_terminal(tmp_path: Path) -> None:
    with run_in_thread(Fleet([spec()])) as fleet:
        done = ssh(fleet.endpoints[0], tmp_path, typed="terminal length 0\nshow version\nexit\n")

    assert "uptime is" in done.stdout.decode()
    assert done.stdout.decode().count("cisco-ios-01#") >= 3


def test_a_legacy_device_needs_legacy_options(tmp_path: Path) -> None:
    with run_in_thread(Fleet([spec(legacy=True)])) as fleet:
        refused = ssh(fleet.endpoints[0], tmp_path, "show version")
        taken = ssh(fleet.endpoints[0], tmp_path, "show version", options=_LEGACY)

    assert "no matching" in refused.stderr.decode()
    assert "uptime is" in taken.stdout.decode()
