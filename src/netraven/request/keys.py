"""The keys of tokens and CSRF marks, drawn from the installation key; none is stored."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class TokenKeys:
    """One key for each purpose; all processes of an installation have the same ones."""

    access: bytes = field(repr=False)
    refresh: bytes = field(repr=False)
    csrf: bytes = field(repr=False)
    cursor: bytes = field(repr=False)
    sign_on: bytes = field(repr=False)

    @classmethod
    def drawn_from(cls, installation_key: bytes) -> TokenKeys:
        """Return the keys of this installation (HKDF-SHA256, RFC 5869)."""
        purposes = ("access", "refresh", "csrf", "cursor", "sign-on")
        return cls(*(_derived(installation_key, purpose) for purpose in purposes))


def _derived(installation_key: bytes, purpose: str) -> bytes:
    named = f"netraven {purpose} tokens".encode()
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=named).derive(
        installation_key
    )
