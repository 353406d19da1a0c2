"""A copy of the key ring that only its passphrase opens."""

from __future__ import annotations

import base64
import json
import os
from typing import Annotated, Literal

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from netraven.errors import Invalid
from netraven.seal import KEY_BYTES, KeyRing

MIN_PASSPHRASE = 12

_NONCE_BYTES = 12
_SALT_BYTES = 16


class KeyringCopy(BaseModel):
    """What stands in the file; `keys` names the keys, and the rest tells how to open them.

    The costs are bounded, so that a forged file cannot take the machine's memory or its day.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["netraven key ring copy 1"] = "netraven key ring copy 1"
    keys: list[str]
    kdf: Literal["argon2id"] = "argon2id"
    # About half a second on one core of 2026; the file may lie about for ten years.
    time_cost: Annotated[int, Field(ge=1, le=64)] = 4
    memory_kib: Annotated[int, Field(ge=8, le=1024 * 1024)] = 128 * 1024
    parallelism: Annotated[int, Field(ge=1, le=16)] = 1
    salt: str
    nonce: str
    sealed: str


def make_keyring_copy(keyring: KeyRing, passphrase: str) -> str:
    """Return the ring as JSON text, sealed under the passphrase; half a second of work.

    Raises Invalid("passphrase") for one of fewer than 12 characters.
    """
    if len(passphrase) < MIN_PASSPHRASE:
        raise Invalid("passphrase", f"must have {MIN_PASSPHRASE} characters or more")
    copy = KeyringCopy(
        keys=[key.key_id for key in keyring.keys],
        salt=_encoded(os.urandom(_SALT_BYTES)),
        nonce=_encoded(os.urandom(_NONCE_BYTES)),
        sealed="",
    )
    cipher = AESGCM(_derived(copy, passphrase))
    sealed = cipher.encrypt(_decoded(copy.nonce), keyring.to_text().encode(), _bound(copy))
    return copy.model_copy(update={"sealed": _encoded(sealed)}).model_dump_json(indent=2) + "\n"


def open_keyring_copy(text: str, passphrase: str) -> KeyRing:
    """Return the ring of a copy; raises Invalid("copy") or Invalid("passphrase")."""
    try:
        copy = KeyringCopy.model_validate_json(text)
        nonce, sealed = _decoded(copy.nonce), _decoded(copy.sealed)
        if len(nonce) != _NONCE_BYTES or len(_decoded(copy.salt)) != _SALT_BYTES:
            raise Invalid("copy", "is damaged")
    except (ValidationError, ValueError):
        raise Invalid("copy", "is not what `netraven key export` wrote") from None
    try:
        plain = AESGCM(_derived(copy, passphrase)).decrypt(nonce, sealed, _bound(copy))
    except InvalidTag:
        reason = "does not open this copy; it is another one, or the file was changed"
        raise Invalid("passphrase", reason) from None
    return KeyRing.from_text(plain.decode("ascii"))


def _derived(copy: KeyringCopy, passphrase: str) -> bytes:
    return hash_secret_raw(
        passphrase.encode("utf-8", "surrogatepass"),
        _decoded(copy.salt),
        time_cost=copy.time_cost,
        memory_cost=max(copy.memory_kib, 8 * copy.parallelism),
        parallelism=copy.parallelism,
        hash_len=KEY_BYTES,
        type=Type.ID,
    )


def _bound(copy: KeyringCopy) -> bytes:
    """Return all that is not sealed, so that none of it can be changed."""
    return json.dumps(copy.model_dump(exclude={"sealed"}), sort_keys=True).encode()


def _encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
