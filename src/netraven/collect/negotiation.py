"""Which SSH algorithms are offered to a device, and why two ends find none in common."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from asyncssh.encryption import get_default_encryption_algs, get_encryption_algs
from asyncssh.kex import get_default_kex_algs, get_kex_algs
from asyncssh.mac import get_default_mac_algs, get_mac_algs

from netraven.errors import Negotiated

_FIRST_KEX = (
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
)
_FIRST_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")
_HOST_KEYS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
    "ssh-ed448",
)
_LEGACY_KEX = (
    "diffie-hellman-group14-sha1",
    "diffie-hellman-group-exchange-sha1",
    "diffie-hellman-group1-sha1",
)
_LEGACY_CIPHERS = ("aes256-cbc", "aes192-cbc", "aes128-cbc", "3des-cbc")
_LEGACY_MACS = (
    "hmac-sha1-etm@openssh.com",
    "hmac-sha1",
    "hmac-sha1-96",
    "hmac-md5",
    "hmac-md5-96",
)
_LEGACY_HOST_KEYS = ("ssh-rsa", "ssh-dss")
_WITHOUT_MAC = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com")
_SIGNATURES = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")}

_COOKIE_SIZE = 16
_MARKERS = ("ext-info-", "kex-strict-")  # extensions that are announced as key exchanges


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One end's algorithms by kind, preferred ones first; names as in the SSH registries."""

    kex: tuple[str, ...]
    host_keys: tuple[str, ...]
    ciphers: tuple[str, ...]
    macs: tuple[str, ...]

    def as_dict(self) -> dict[str, tuple[str, ...]]:
        """Return the lists under the kinds' names, as failure reports show them."""
        return {
            "key exchange": self.kex,
            "host key": self.host_keys,
            "cipher": self.ciphers,
            "MAC": self.macs,
        }


@cache
def suite_for(*, legacy: bool) -> Suite:
    """Return what is offered: modern algorithms, or these followed by the legacy ones.

    The order prefers what costs little CPU (AES-GCM, curve25519); nothing modern is left out.
    """
    modern = Suite(
        kex=_ordered(get_default_kex_algs(), _FIRST_KEX, _LEGACY_KEX),
        host_keys=_HOST_KEYS,
        ciphers=_ordered(get_default_encryption_algs(), _FIRST_CIPHERS, _LEGACY_CIPHERS),
        macs=_ordered(get_default_mac_algs(), (), _LEGACY_MACS),
    )
    if not legacy:
        return modern
    return Suite(
        kex=modern.kex + _known(_LEGACY_KEX, get_kex_algs()),
        host_keys=modern.host_keys + _LEGACY_HOST_KEYS,
        ciphers=modern.ciphers + _known(_LEGACY_CIPHERS, get_encryption_algs()),
        macs=modern.macs + _known(_LEGACY_MACS, get_mac_algs()),
    )


@lru_cache(maxsize=64)
def prefer_host_keys(suite: Suite, key_types: tuple[str, ...]) -> tuple[str, ...]:
    """Return the suite's host-key algorithms, those of the known keys first.

    A device that owns keys of several types then shows the one that is known.
    """
    wanted = [name for kind in key_types for name in _SIGNATURES.get(kind, (kind,))]
    first = tuple(name for name in wanted if name in suite.host_keys)
    return first + tuple(name for name in suite.host_keys if name not in first)


def read_offer(hash_prefix: bytes) -> Suite | None:
    """Return the device's algorithms, None where its KEXINIT has not come.

    `hash_prefix` holds both versions and both KEXINIT payloads as SSH strings (RFC 4253 §8);
    what works in one direction only does not count.
    """
    _, _, _, theirs = _strings(hash_prefix, count=4)
    return _read_kexinit(theirs[1 + _COOKIE_SIZE :]) if theirs else None


def agreed(ours: Suite, theirs: Suite, server: str) -> Negotiated:
    """Return what the two ends choose: the first of ours that the device has too."""
    cipher = _first(ours.ciphers, theirs.ciphers)
    mac = cipher if cipher in _WITHOUT_MAC else _first(ours.macs, theirs.macs)
    return Negotiated(
        server=server,
        kex=_first(ours.kex, theirs.kex),
        host_key=_first(ours.host_keys, theirs.host_keys),
        cipher=cipher,
        mac=mac,
    )


def missing_kinds(ours: Suite, theirs: Suite) -> tuple[str, ...]:
    """Return the kinds of algorithm of which the two ends share none, in SSH's order."""
    mine, other = ours.as_dict(), theirs.as_dict()
    missing = [kind for kind in mine if not _first(mine[kind], other[kind])]
    if "MAC" in missing and _first(ours.ciphers, theirs.ciphers) in _WITHOUT_MAC:
        missing.remove("MAC")
    return tuple(missing)


def explain_mismatch(name: str, ours: Suite, theirs: Suite) -> str:
    """Return one sentence: what the device offers, and whether `legacy_ssh` would help."""
    missing = missing_kinds(ours, theirs)
    offers = "; ".join(
        f"no common {kind}, it offers {', '.join(theirs.as_dict()[kind]) or 'none'}"
        for kind in missing
    )
    legacy = suite_for(legacy=True)
    if missing_kinds(legacy, theirs):
        remedy = "nothing that NetRaven supports would help, so update the device's SSH server"
    else:
        remedy = "set `legacy_ssh` for this device to allow these"
    return f"{name} and NetRaven cannot agree on SSH algorithms ({offers}); {remedy}"


def _ordered(
    defaults: list[bytes], first: tuple[str, ...], without: tuple[str, ...]
) -> tuple[str, ...]:
    names = [name.decode() for name in defaults if not name.startswith(b"gss-")]
    rest = [name for name in names if name not in first and name not in without]
    return (*(name for name in first if name in names), *rest)


def _known(wanted: tuple[str, ...], supported: list[bytes]) -> tuple[str, ...]:
    return tuple(name for name in wanted if name.encode() in supported)


def _first(ours: tuple[str, ...], theirs: tuple[str, ...]) -> str:
    return next((name for name in ours if name in theirs), "")


# Devices of one kind offer the same; only the cookie before it is new each time.
@lru_cache(maxsize=256)
def _read_kexinit(lists: bytes) -> Suite:
    kex, host_keys, ciphers_out, ciphers_in, macs_out, macs_in = (
        tuple(raw.decode("ascii", "replace").split(",")) if raw else ()
        for raw in _strings(lists, count=6)
    )
    return Suite(
        kex=tuple(name for name in kex if not name.startswith(_MARKERS)),
        host_keys=host_keys,
        ciphers=tuple(name for name in ciphers_out if name in ciphers_in),
        macs=tuple(name for name in macs_out if name in macs_in),
    )


def _strings(data: bytes, *, count: int) -> Iterator[bytes]:
    """What a damaged packet lacks comes out empty."""
    offset = 0
    for _ in range(count):
        size = int.from_bytes(data[offset : offset + 4])
        yield data[offset + 4 : offset + 4 + size]
        offset += 4 + size
