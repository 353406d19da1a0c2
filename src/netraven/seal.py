"""Authenticated encryption of bytes under a named, versioned key.

Envelope encryption: each value gets a data key of its own (AES-256-GCM), and that data key is
wrapped by the ring's active key. The place of a value (table, primary key, column) is bound in as
additional data, so a value opens only where it was put.

Layout of a sealed value: format (1 byte), key fingerprint (4), CRC-16 of these (2),
wrapping nonce (12), wrapped data key (48), ciphertext with tag (length of the plain bytes + 16).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from typing_extensions import override

from netraven.errors import Corrupt, Invalid, KeyUnavailable

KEY_BYTES = 32
SEAL_OVERHEAD_BYTES = 83

_FORMAT = 1
_HEADER_BYTES = 7
_WRAPPED_BYTES = KEY_BYTES + 16
_BODY_AT = _HEADER_BYTES + 12 + _WRAPPED_BYTES
# A data key seals exactly one value, so its nonce never repeats under it.
_ONLY_NONCE = bytes(12)


class KeyState(StrEnum):
    """What a key may do: seal and open, only open, or nothing."""

    ACTIVE = "active"
    DECRYPT_ONLY = "decrypt-only"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value lives; it opens nowhere else."""

    table: str
    row: str
    column: str

    def as_bytes(self) -> bytes:
        """Return the unambiguous additional data of this place."""
        parts = (self.table, self.row, self.column)
        return b"".join(len(raw).to_bytes(2) + raw for raw in (part.encode() for part in parts))


@dataclass(frozen=True, slots=True)
class SealingKey:
    """One versioned key of 32 random bytes; `key_id` is its fingerprint, 8 hex digits."""

    version: int
    state: KeyState
    secret: bytes = field(repr=False)

    @property
    def fingerprint(self) -> bytes:
        """Return 4 bytes that name the key and tell nothing about it."""
        return hashlib.sha256(b"netraven sealing key" + self.secret).digest()[:4]

    @property
    def key_id(self) -> str:
        """Return the name shown to people, such as `v1-9f86d081`."""
        return f"v{self.version}-{self.fingerprint.hex()}"


class KeyRing:
    """The keys of one installation: exactly one active, any number that only open."""

    def __init__(self, keys: Iterable[SealingKey]) -> None:
        self.keys = tuple(sorted(keys, key=lambda key: key.version))
        active = [key for key in self.keys if key.state is KeyState.ACTIVE]
        if len(active) != 1:
            reason = f"a key ring needs exactly one active key, this one has {len(active)}"
            raise Invalid("keyring", reason)
        if len({key.version for key in self.keys}) != len(self.keys):
            raise Invalid("keyring", "two keys have the same version")
        self.active = active[0]
        self._by_fingerprint = {key.fingerprint: key for key in self.keys}
        self._ciphers = {key.fingerprint: AESGCM(key.secret) for key in self.keys}

    @override
    def __repr__(self) -> str:
        return f"KeyRing({', '.join(key.key_id for key in self.keys)})"

    @classmethod
    def generate(cls) -> KeyRing:
        """Return a ring with one new random key."""
        return cls([SealingKey(1, KeyState.ACTIVE, os.urandom(KEY_BYTES))])

    @classmethod
    def from_text(cls, text: str) -> KeyRing:
        """Read `version state base64-key` entries, parted by line ends or `;`.

        Raises Invalid("keyring") naming the entry, never its key.
        """
        entries = [entry.strip() for entry in text.replace(";", "\n").splitlines()]
        lines = [entry for entry in entries if entry and not entry.startswith("#")]
        return cls(_read_key(number, line) for number, line in enumerate(lines, start=1))

    def to_text(self) -> str:
        """Return the form that `from_text` reads; it holds the keys in clear."""
        return "".join(
            f"{key.version} {key.state.value} {base64.b64encode(key.secret).decode()}\n"
            for key in self.keys
        )

    def rotated(self) -> KeyRing:
        """Return a ring with a new active key; the one active before only opens."""
        older = [
            replace(key, state=KeyState.DECRYPT_ONLY) if key is self.active else key
            for key in self.keys
        ]
        newest = max(key.version for key in self.keys) + 1
        return KeyRing([*older, SealingKey(newest, KeyState.ACTIVE, os.urandom(KEY_BYTES))])

    def seal(self, plain: bytes, place: Place) -> bytes:
        """Return `plain` sealed for `place` under a new data key."""
        data_key = os.urandom(KEY_BYTES)
        bound = place.as_bytes()
        return self._wrap(data_key, bound) + AESGCM(data_key).encrypt(_ONLY_NONCE, plain, bound)

    def open(self, sealed: bytes, place: Place) -> bytes:
        """Return the plain bytes; raises Corrupt or KeyUnavailable, never altered bytes."""
        bound = place.as_bytes()
        data_key = self._unwrap(sealed, place, bound)
        try:
            return AESGCM(data_key).decrypt(_ONLY_NONCE, sealed[_BODY_AT:], bound)
        except InvalidTag:
            raise Corrupt(_subject(place)) from None

    def rewrap(self, sealed: bytes, place: Place) -> bytes:
        """Return the same value with its data key wrapped by the active key."""
        bound = place.as_bytes()
        return self._wrap(self._unwrap(sealed, place, bound), bound) + sealed[_BODY_AT:]

    def is_current(self, sealed: bytes) -> bool:
        """Tell whether the active key wraps this value."""
        return sealed.startswith(self.active_mark)

    @property
    def active_mark(self) -> bytes:
        """Return the bytes with which each value begins that the active key wraps."""
        return bytes([_FORMAT]) + self.active.fingerprint

    def _wrap(self, data_key: bytes, bound: bytes) -> bytes:
        named = self.active_mark
        nonce = os.urandom(12)
        wrapped = self._ciphers[self.active.fingerprint].encrypt(nonce, data_key, bound)
        return named + _checksum(named) + nonce + wrapped

    def _unwrap(self, sealed: bytes, place: Place, bound: bytes) -> bytes:
        named = sealed[: _HEADER_BYTES - 2]
        # The checksum tells a damaged key name from the name of a key that is not here.
        if len(sealed) < _BODY_AT + 16 or sealed[5:_HEADER_BYTES] != _checksum(named):
            raise Corrupt(_subject(place))
        if named[0] != _FORMAT:
            raise KeyUnavailable(f"of format {named[0]}")
        key = self._by_fingerprint.get(named[1:])
        if key is None:
            raise KeyUnavailable(named[1:].hex())
        if key.state is KeyState.RETIRED:
            raise KeyUnavailable(key.key_id, f"the sealing key {key.key_id} is retired")
        try:
            nonce, wrapped = sealed[_HEADER_BYTES : _HEADER_BYTES + 12], sealed[19:_BODY_AT]
            return self._ciphers[key.fingerprint].decrypt(nonce, wrapped, bound)
        except InvalidTag:
            raise Corrupt(_subject(place)) from None


def _read_key(number: int, line: str) -> SealingKey:
    try:
        version, state, encoded = line.split()
        secret = base64.b64decode(encoded, validate=True)
        key = SealingKey(int(version), KeyState(state), secret)
    except (ValueError, binascii.Error):
        reason = f"entry {number} is not `version state base64-key`"
        raise Invalid("keyring", reason) from None
    if len(secret) != KEY_BYTES:
        reason = f"the key of entry {number} has {len(secret)} bytes instead of {KEY_BYTES}"
        raise Invalid("keyring", reason)
    return key


def _checksum(named: bytes) -> bytes:
    return (zlib.crc32(named) & 0xFFFF).to_bytes(2)


def _subject(place: Place) -> str:
    return f"the sealed {place.column} of {place.table} {place.row}"
