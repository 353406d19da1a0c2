"""Private keys, read once before they are kept: an unusable one is refused where it is given."""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_ssh_private_key,
)

from netraven.errors import Invalid

_OPENSSH = b"-----BEGIN OPENSSH PRIVATE KEY-----"
_LOGIN_KEYS = (RSAPrivateKey, EllipticCurvePrivateKey, Ed25519PrivateKey, Ed448PrivateKey)


def check_private_key(text: str, passphrase: str | None) -> None:
    """Raise Invalid("private_key") unless this is an SSH key that the passphrase opens.

    Keys are in OpenSSH's form or PEM (PKCS #1, PKCS #8, SEC 1). A passphrase is not needed
    where the key is not encrypted, and does no harm there.
    """
    secret = passphrase.encode() if passphrase else None
    try:
        key = _load(text.strip().encode() + b"\n", secret)
    except UnsupportedAlgorithm:
        raise Invalid("private_key", "its kind or encryption is not supported") from None
    except (ValueError, TypeError):
        raise Invalid("private_key", _fault(text, passphrase)) from None
    if not isinstance(key, _LOGIN_KEYS):
        raise Invalid("private_key", "is not an RSA, ECDSA or Ed25519 key")


def _load(raw: bytes, secret: bytes | None) -> object:
    load = load_ssh_private_key if raw.startswith(_OPENSSH) else load_pem_private_key
    try:
        return load(raw, secret)
    except TypeError:
        # "Password was given but private key is not encrypted": it opens without.
        if secret is None:
            raise
        return load(raw, None)


def _fault(text: str, passphrase: str | None) -> str:
    if "PRIVATE KEY-----" not in text:
        return "is not a private key in OpenSSH or PEM form"
    if passphrase:
        return "cannot be opened: the passphrase is wrong, or the key is damaged"
    return "cannot be opened: it needs its passphrase, or it is damaged"
