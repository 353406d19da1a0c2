from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from netraven.collect.fetch import fetch
from netraven.collect.limits import Limits
from netraven.collect.negotiation import (
    Suite,
    explain_mismatch,
    missing_kinds,
    prefer_host_keys,
    read_offer,
    suite_for,
)
from netraven.errors import NegotiationFailed
from netraven.platforms.cisco_ios import CISCO_IOS
from tests.collect.peers import CONFIG, LOGIN, Device

LIMITS = Limits(connect_s=20, idle_s=20, deadline_s=60)
SHA1_KEX = {"kex_algs": ["diffie-hellman-group1-sha1", "diffie-hellman-group14-sha1"]}
OLD: dict[str, Any] = {
    **SHA1_KEX,
    "encryption_algs": ["aes128-cbc", "3des-cbc"],
    "mac_algs": ["hmac-sha1", "hmac-md5"],
    "signature_algs": ["ssh-rsa"],
}
WEAK = ("sha1", "md5", "cbc", "ssh-dss", "arcfour", "blowfish")


@cache
def sha1_key() -> asyncssh.SSHKey:
    key = asyncssh.generate_private_key("ssh-rsa")
    key.sig_algorithms = (b"ssh-rsa",)
    return key


def names(suite: Suite) -> list[str]:
    return [name for kind in suite.as_dict().values() for name in kind]


def test_modern_algorithms_hold_nothing_weak() -> None:
    modern = names(suite_for(legacy=False))

    assert not [name for name in modern if any(weak in name for weak in WEAK)]
    assert "ssh-rsa" not in modern


def test_cheap_algorithms_come_first_and_the_others_stay() -> None:
    suite = suite_for(legacy=False)

    assert suite.kex[0] == "curve25519-sha256"
    assert suite.ciphers[0] == "aes128-gcm@openssh.com"
    assert {"chacha20-poly1305@openssh.com", "aes256-ctr"} <= set(suite.ciphers)
    assert {"diffie-hellman-group14-sha256", "diffie-hellman-group16-sha512"} <= set(suite.kex)


def test_legacy_adds_old_algorithms_behind_all_modern_ones() -> None:
    modern, legacy = suite_for(legacy=False), suite_for(legacy=True)

    for kind, offered in legacy.as_dict().items():
        assert offered[: len(modern.as_dict()[kind])] == modern.as_dict()[kind]
    assert {"diffie-hellman-group1-sha1", "diffie-hellman-group-exchange-sha1"} <= set(legacy.kex)
    assert {"3des-cbc", "aes128-cbc"} <= set(legacy.ciphers)
    assert {"hmac-sha1", "hmac-md5"} <= set(legacy.macs)
    assert {"ssh-rsa", "ssh-dss"} <= set(legacy.host_keys)


def test_the_type_of_a_known_key_is_asked_for_first() -> None:
    ordered = prefer_host_keys(suite_for(legacy=False), ("ssh-rsa",))

    assert ordered[:2] == ("rsa-sha2-512", "rsa-sha2-256")
    assert sorted(ordered) == sorted(suite_for(legacy=False).host_keys)


def test_an_unknown_mac_does_not_matter_to_a_cipher_that_needs_none() -> None:
    ours = suite_for(legacy=False)
    theirs = replace(ours, ciphers=("aes128-gcm@openssh.com",), macs=("hmac-md5",))

    assert missing_kinds(ours, theirs) == ()
    assert missing_kinds(ours, replace(theirs, ciphers=("aes128-ctr",))) == ("MAC",)


def test_legacy_is_recommended_only_where_it_helps() -> None:
    ours = suite_for(legacy=False)
    old = replace(ours, kex=("diffie-hellman-group1-sha1",))
    unheard_of = replace(old, ciphers=("rot13",))

    assert "set `legacy_ssh` for this device" in explain_mismatch("r1", ours, old)
    assert "legacy_ssh" not in explain_mismatch("r1", ours, unheard_of)
    assert "rot13" in explain_mismatch("r1", ours, unheard_of)


@pytest.mark.parametrize("cut", [0, 3, 4, 40, 90])
def test_a_damaged_offer_is_read_as_far_as_it_goes(cut: int) -> None:
    whole = b"".join(len(part).to_bytes(4) + part for part in (b"a", b"b", b"c", bytes(200)))

    assert read_offer(whole[:cut]) is None or read_offer(whole[:cut]) is not None


async def test_a_legacy_device_is_refused_and_its_offer_named() -> None:
    async with Device(algorithms=OLD, keys=(sha1_key(),)).served() as device:
        with pytest.raises(NegotiationFailed) as caught:
            await fetch(device.target("old-1"), (LOGIN,), CISCO_IOS, LIMITS)

    message = str(caught.value)
    assert "old-1" in message
    assert "diffie-hellman-group1-sha1" in message
    assert "3des-cbc" in message
    assert "hmac-md5" in message
    assert "set `legacy_ssh` for this device" in message
    assert not caught.value.retryable
    assert caught.value.report is not None
    assert caught.value.report.offered is not None
    assert caught.value.report.offered["cipher"] == ("aes128-cbc", "3des-cbc")
    assert device.seen.auth_begun == 0


@pytest.mark.parametrize(
    "weakness",
    [
        SHA1_KEX,
        {"encryption_algs": ["3des-cbc"]},
        {"encryption_algs": ["aes128-ctr"], "mac_algs": ["hmac-md5"]},
    ],
)
async def test_one_weak_kind_is_enough_to_refuse(weakness: dict[str, Any]) -> None:
    async with Device(algorithms=weakness).served() as device:
        with pytest.raises(NegotiationFailed, match="set `legacy_ssh` for this device"):
            await fetch(device.target(), (LOGIN,), CISCO_IOS, LIMITS)


async def test_a_device_with_a_sha1_host_key_alone_is_refused_and_named() -> None:
    async with Device(keys=(sha1_key(),)).served() as device:
        with pytest.raises(NegotiationFailed, match="host key, it offers ssh-rsa"):
            await fetch(device.target(), (LOGIN,), CISCO_IOS, LIMITS)


async def test_a_legacy_device_is_read_where_it_is_allowed() -> None:
    async with Device(algorithms=OLD, keys=(sha1_key(),)).served() as device:
        target = replace(device.target(), legacy_ssh=True)
        capture = await fetch(target, (LOGIN,), CISCO_IOS, LIMITS)

    assert capture.running.text == CONFIG
    assert capture.negotiated.kex == "diffie-hellman-group14-sha1"
    assert capture.negotiated.cipher == "aes128-cbc"
    assert capture.negotiated.mac == "hmac-sha1"
    assert capture.negotiated.host_key == "ssh-rsa"


async def test_legacy_permission_does_not_weaken_a_modern_device() -> None:
    async with Device().served() as device:
        target = replace(device.target(), legacy_ssh=True)
        capture = await fetch(target, (LOGIN,), CISCO_IOS, LIMITS)

    assert capture.negotiated.kex == "curve25519-sha256"
    assert capture.negotiated.cipher == "aes128-gcm@openssh.com"


async def test_no_agent_configuration_or_key_file_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / ".ssh"
    folder.mkdir()
    (folder / "config").write_text("Host *\n  Ciphers 3des-cbc\n  Port 1\n  User somebody\n")
    (folder / "known_hosts").write_text("* ssh-ed25519 AAAA\n")
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(folder / "id_ed25519")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
    device = Device(public_keys=frozenset({key.export_public_key()}))

    async with device.served():
        capture = await fetch(device.target(), (LOGIN,), CISCO_IOS, LIMITS)

    assert capture.negotiated.cipher == "aes128-gcm@openssh.com"
    assert device.seen.secrets == [("backup", LOGIN.password)]


async def test_packets_of_nothing_are_sent_for_ciphers_in_cbc_mode_alone() -> None:
    modern = await packets_heard(Device())
    old = await packets_heard(Device(keys=(sha1_key(),), algorithms=OLD))

    assert modern < 0.7 * old


async def packets_heard(device: Device) -> int:
    """Return how many packets of a whole session the device gets once keys are exchanged."""
    connections = []

    async def talk(stdin: asyncssh.SSHReader[bytes], stdout: asyncssh.SSHWriter[bytes]) -> None:
        connections.append(stdout.channel.get_connection())
        await device.command_line(stdin, stdout)

    device.talk = talk
    async with device.served():
        target = replace(device.target(), legacy_ssh=True)
        await fetch(target, (LOGIN,), CISCO_IOS, LIMITS)
        await device.seen.closed.wait()
    heard: int = connections[0]._recv_seq  # noqa: SLF001  the library tells it nowhere else
    return heard
