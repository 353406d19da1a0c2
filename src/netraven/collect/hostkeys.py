"""Whether a host key may be trusted: the first one, the known ones, or any."""

from __future__ import annotations

import base64
import binascii
import hashlib

from netraven.collect.target import HostKeyPolicy
from netraven.collect.walk import Step
from netraven.errors import HostKeyChanged


def public_key_line(public_bytes: bytes) -> str:
    """Return an SSH wire-format public key as an OpenSSH line without a comment."""
    return f"{_key_type(public_bytes)} {base64.b64encode(public_bytes).decode()}"


def fingerprint(line: str) -> str:
    """Return `SHA256:...` of an OpenSSH public-key line, as ssh-keygen prints it."""
    digest = hashlib.sha256(_wire_bytes(line)).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def key_types(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Return the types of the keys in order (`ssh-ed25519`), each once."""
    return tuple(dict.fromkeys(line.split()[0] for line in lines if line.split()))


def judge_host_key(
    name: str, *, policy: HostKeyPolicy, known: tuple[str, ...], shown: str
) -> HostKeyChanged | None:
    """Return why the shown key must not be used, or None where it may.

    All keys are OpenSSH public-key lines; their comments do not count.
    """
    if policy is HostKeyPolicy.IGNORE:
        return None
    trusted = {_bare(line) for line in known}
    if shown in trusted or (policy is HostKeyPolicy.TOFU and not trusted):
        return None
    remedy = f"compare it with the device and run `netraven device hostkey accept {name}`"
    if not trusted:
        return HostKeyChanged(
            f"{name} has no trusted host key and its policy is `pinned`; it shows"
            f" {fingerprint(shown)}; nothing secret was sent; {remedy}",
            step=Step.HOST_KEY,
            awaited="a trusted host key",
        )
    expected = ", ".join(sorted(fingerprint(line) for line in known))
    return HostKeyChanged(
        f"{name} shows another host key than the trusted one: {fingerprint(shown)} instead of"
        f" {expected}; nothing secret was sent; if the change is expected, {remedy}",
        step=Step.HOST_KEY,
        awaited="the trusted host key",
    )


def _bare(line: str) -> str:
    return " ".join(line.split()[:2])


def _wire_bytes(line: str) -> bytes:
    """Bytes that are no base64 have a fingerprint too, so that a spoilt line cannot hide a key."""
    parts = line.split()
    encoded = parts[1] if len(parts) > 1 else line
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return encoded.encode()


def _key_type(public_bytes: bytes) -> str:
    size = int.from_bytes(public_bytes[:4])
    return public_bytes[4 : 4 + size].decode("ascii", "replace")
